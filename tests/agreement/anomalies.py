"""Makes tests/fixtures/anomalies.json: scores of scikit-learn's EllipticEnvelope, LocalOutlierFactor and NearestNeighbors.

    python anomalies.py > tests/fixtures/anomalies.json

Needs scikit-learn. The rows themselves are in the file. Of elliptic envelopes the least determinant of many seeds is kept:
one run of scikit-learn's search often ends above it. `tight` are envelopes that are searched for, `given` those whose inner
rows are all or follow from the data.
"""
import json
import sys
import warnings

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

warnings.filterwarnings("ignore")
random = np.random.RandomState(0)
mixing = np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 0.4]])
sets = {
    "clean": np.round(np.vstack([random.normal(size=(60, 3)) @ mixing, random.normal(6, 3, size=(20, 3))]), 3),
    "setosa": load_iris().data[:50, :3],
    "cancer": load_breast_cancer().data[:300, :5],
    "wine": load_wine().data[:, :6],
    "alcohol": load_wine().data[:, :1],
    # A little off its grid: of equally far neighbours scikit-learn takes those that its trees find first.
    "iris": np.round(load_iris().data + random.uniform(-0.01, 0.01, size=(150, 4)), 5),
}
# Rows that lie thrice and more: more of them than neighbours.
sets["duplicates"] = np.vstack([np.repeat(sets["clean"][:8], 4, axis=0), sets["clean"][8:40]])


def flags(predicted):
    return [int(value < 0) for value in predicted]


def envelope(name, seeds=1, **parameters):
    x, best = sets[name], None
    for seed in range(seeds):
        model = EllipticEnvelope(random_state=seed, **parameters).fit(x)
        determinant = np.linalg.slogdet(model.raw_covariance_)[1]
        if best is None or determinant < best[0]:
            best = determinant, model
    determinant, model = best
    return {
        "set": name,
        "parameters": parameters,
        "logDeterminant": determinant,
        "score": (-model.score_samples(x)).tolist(),
        "prediction": flags(model.predict(x)),
    }


def outlier_factor(name, every=2, **parameters):
    x = sets[name]
    train, new = x[::every], x[1::every]
    model = LocalOutlierFactor(novelty=True, **parameters).fit(train)
    return {
        "set": name,
        "every": every,
        "parameters": {**parameters, **({} if "n_neighbors" in parameters else {"n_neighbors": 20})},
        "factor": (-model.negative_outlier_factor_).tolist(),
        "score": (-model.score_samples(new)).tolist(),
        "prediction": flags(model.predict(new)),
    }


def neighbor_distance(name, k, method):
    x = sets[name]
    train, new = x[::2], x[1::2]
    index = NearestNeighbors(n_neighbors=k).fit(train)
    reduce = {"largest": lambda d: d[:, -1], "mean": lambda d: d.mean(axis=1), "median": lambda d: np.median(d, axis=1)}
    own, others = (reduce[method](index.kneighbors(rows)[0]) for rows in (None, new))
    return {
        "set": name,
        "k": k,
        "method": method,
        "own": own.tolist(),
        "score": others.tolist(),
        "threshold": float(np.percentile(own, 90)),
    }


json.dump(
    {
        "sets": {name: x.tolist() for name, x in sets.items()},
        "tight": [
            envelope("clean", 40),
            envelope("setosa", 40),
            envelope("cancer", 40),
            envelope("clean", 40, contamination=0.3),
            envelope("clean", 40, support_fraction=0.7),
            envelope("clean", 40, assume_centered=True),
        ],
        "given": [
            envelope("wine", support_fraction=1.0),
            envelope("cancer", support_fraction=1.0, contamination=0.02),
            envelope("alcohol"),
        ],
        "factors": [
            outlier_factor("iris"),
            outlier_factor("iris", n_neighbors=5, contamination=0.1),
            outlier_factor("wine", n_neighbors=10),
            outlier_factor("duplicates", n_neighbors=3),
            outlier_factor("cancer", n_neighbors=35, metric="manhattan"),
            outlier_factor("cancer", n_neighbors=12, metric="cosine", contamination=0.05),
            outlier_factor("iris", n_neighbors=7, metric="chebyshev"),
            outlier_factor("setosa", n_neighbors=100),
        ],
        "distances": [
            neighbor_distance(name, k, method)
            for name, k in (("iris", 5), ("wine", 4), ("duplicates", 3))
            for method in ("largest", "mean", "median")
        ],
    },
    sys.stdout,
)
