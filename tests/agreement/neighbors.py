"""Makes tests/fixtures/neighbors.json: distances, neighbours, predictions and imputations of scikit-learn and scipy.

    python neighbors.py ../../../shared/data > tests/fixtures/neighbors.json

Needs numpy, scipy and scikit-learn (1.9.1). Gower's distance, which neither has, is the plain formula below.
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris, load_wine
from sklearn.impute import KNNImputer
from sklearn.metrics.pairwise import (
    cosine_distances,
    haversine_distances,
    nan_euclidean_distances,
    pairwise_distances,
)
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

shared = Path(sys.argv[1])
random = np.random.default_rng(7)


def plain(values):
    values = np.asarray(values, dtype=float)
    return [[None if np.isnan(v) else float(v) for v in row] for row in values] if values.ndim == 2 else [
        None if np.isnan(v) else float(v) for v in values
    ]


def penguins():
    with open(next((shared / "penguins").glob("*.csv"))) as file:
        rows = list(csv.DictReader(file))
    names = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    rows = [row for row in rows if all(row[name] not in ("", "NA") for name in names)]
    species = sorted({row["species"] for row in rows})
    return np.array([[float(row[name]) for name in names] for row in rows]), np.array(
        [species.index(row["species"]) for row in rows]
    )


def gower(a, b, kinds, ranges, weights):
    """Gower, "A General Coefficient of Similarity and Some of Its Properties", Biometrics, 1971."""
    result = np.empty((len(a), len(b)))
    for i, x in enumerate(a):
        for k, y in enumerate(b):
            there = [j for j in range(len(x)) if not np.isnan(x[j]) and not np.isnan(y[j])]
            total = sum(weights[j] for j in there)
            apart = sum(
                weights[j] * (min(1, abs(x[j] - y[j]) / ranges[j]) if kinds[j] == "numeric" else float(x[j] != y[j]))
                for j in there
            )
            result[i, k] = apart / total if total > 0 else np.nan
    return result


def distances():
    a, b = random.normal(size=(7, 5)).round(3), random.normal(size=(9, 5)).round(3)
    few_a, few_b = random.integers(0, 3, (7, 5)).astype(float), random.integers(0, 3, (9, 5)).astype(float)
    gaps_a, gaps_b = a.copy(), b.copy()
    gaps_a[random.random(a.shape) < 0.3] = np.nan
    gaps_b[random.random(b.shape) < 0.3] = np.nan
    places_a = np.column_stack([random.uniform(-1.5, 1.5, 7), random.uniform(-3.1, 3.1, 7)]).round(4)
    places_b = np.column_stack([random.uniform(-1.5, 1.5, 9), random.uniform(-3.1, 3.1, 9)]).round(4)
    places_b[0], places_b[1] = places_a[0], -places_a[1]
    mixed_a, mixed_b = gaps_a.copy(), gaps_b.copy()
    mixed_a[:, :2], mixed_b[:, :2] = few_a[:, :2], few_b[:, :2]
    kinds, ranges, weights = ["categorical"] * 2 + ["numeric"] * 3, [0, 0, 2.5, 3, 1.5], [1, 0.5, 2, 1, 1]
    zero_a = a.copy()
    zero_a[2] = 0
    pairs = {
        "euclidean": (a, b, cdist(a, b)),
        "sqeuclidean": (a, b, cdist(a, b, "sqeuclidean")),
        "cosine": (zero_a, b, cosine_distances(zero_a, b)),
        "dot": (a, b, -(a @ b.T)),
        "manhattan": (a, b, pairwise_distances(a, b, metric="manhattan")),
        "chebyshev": (a, b, pairwise_distances(a, b, metric="chebyshev")),
        "hamming": (few_a, few_b, pairwise_distances(few_a, few_b, metric="hamming")),
        "jaccard": (few_a, few_b, pairwise_distances(few_a != 0, few_b != 0, metric="jaccard")),
        "haversine": (places_a, places_b, haversine_distances(places_a, places_b)),
        "nan-euclidean": (gaps_a, gaps_b, nan_euclidean_distances(gaps_a, gaps_b)),
        "gower": (mixed_a, mixed_b, gower(mixed_a, mixed_b, kinds, ranges, weights)),
    }
    return {
        "pairs": {name: {"a": plain(x), "b": plain(y), "distances": plain(d)} for name, (x, y, d) in pairs.items()},
        "gower": {"kinds": kinds, "ranges": ranges, "weights": weights},
    }


METRICS = ["euclidean", "manhattan", "chebyshev", "cosine"]


def neighbors(points):
    found = {}
    for metric in METRICS:
        search = NearestNeighbors(n_neighbors=6, algorithm="brute", metric=metric).fit(points)
        lengths, indices = search.kneighbors(points[::9] + 0.01)
        radius = float(np.quantile(lengths, 0.6))
        within = search.radius_neighbors(points[::9] + 0.01, radius=radius, return_distance=False)
        found[metric] = {
            "indices": indices.tolist(),
            "distances": plain(lengths),
            "radius": radius,
            "within": [sorted(int(i) for i in row) for row in within],
        }
    return found


def models(points, classes):
    rows = points[::7] + 0.05
    weights = ["uniform", "distance"]
    target = points[:, 0] * 2 - points[:, -1]
    result = {}
    for metric in METRICS:
        for weight in weights:
            made = KNeighborsClassifier(7, weights=weight, metric=metric).fit(points[:, 1:], classes)
            mean = KNeighborsRegressor(7, weights=weight, metric=metric).fit(points[:, 1:], target)
            result[f"{metric} {weight}"] = {
                "classifier": plain(made.predict_proba(rows[:, 1:])),
                "regressor": plain(mean.predict(rows[:, 1:])),
            }
    for weight in weights:
        made = RadiusNeighborsClassifier(0.8, weights=weight, outlier_label="most_frequent").fit(points, classes)
        mean = RadiusNeighborsRegressor(0.8, weights=weight).fit(points, target)
        far = rows.copy()
        far[::4] += 3
        result[f"radius {weight}"] = {
            "classifier": plain(made.predict_proba(far)),
            "prediction": [int(label) for label in made.predict(far)],
            "regressor": plain(mean.predict(far)),
        }
    return result


def imputations(points):
    # Rounded numbers tie; a little noise keeps scikit-learn from choosing among equals as it likes.
    gaps = points + random.normal(size=points.shape) * 1e-3
    gaps = gaps.round(6)
    gaps[random.random(gaps.shape) < 0.15] = np.nan
    gaps[5] = np.nan
    # No copies: their distances, 0, come out of products as 1e-8.
    fresh = (gaps[::6] + random.normal(size=gaps[::6].shape) * 0.05).round(6)
    fresh[random.random(fresh.shape) < 0.3] = np.nan
    result = {"train": plain(gaps), "fresh": plain(fresh), "filled": {}}
    for weights in ["uniform", "distance"]:
        for count in [1, 5, 200]:
            imputer = KNNImputer(n_neighbors=count, weights=weights).fit(gaps)
            result["filled"][f"{weights} {count}"] = {
                "train": plain(imputer.transform(gaps)),
                "fresh": plain(imputer.transform(fresh)),
            }
    return result


# Iris without ties, among which scikit-learn chooses as it likes.
jittered = (load_iris().data + random.normal(size=(150, 4)) * 1e-2).round(5)
iris, wine, birds = load_iris(), load_wine(), penguins()
print(
    json.dumps(
        {
            "distances": distances(),
            "sets": {
                "iris": {"points": iris.data.tolist(), "classes": iris.target.tolist(), "found": neighbors(iris.data)},
                "wine": {"points": wine.data.tolist(), "classes": wine.target.tolist(), "found": neighbors(wine.data)},
                "penguins": {"points": birds[0].tolist(), "classes": birds[1].tolist(), "found": neighbors(birds[0])},
            },
            "models": models(jittered, iris.target),
            "jittered": jittered.tolist(),
            "imputations": imputations(iris.data[::2]),
        },
        separators=(",", ":"),
    )
)
