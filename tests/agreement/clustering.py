"""Makes tests/fixtures/clustering.json: labels, trees, orderings and reachabilities of scikit-learn's clusterings.

    python clustering.py ../shared/data > tests/fixtures/clustering.json

Needs scikit-learn. The rows are in the file: iris, wine and penguins (the 333 complete rows, four measurements)
standardised to three digits, and digits, a character a pixel (base 36). Labels are numbered as scikit-learn numbers them.
Of digits, OPTICS takes every third row.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn.cluster._hdbscan.hdbscan
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AgglomerativeClustering,
    MeanShift,
    SpectralClustering,
    cluster_optics_dbscan,
    estimate_bandwidth,
)
from sklearn.datasets import load_digits, load_iris, load_wine

data = Path(sys.argv[1])


def standard(x, digits=3):
    return np.round((x - x.mean(axis=0)) / x.std(axis=0), digits)


def penguins():
    lines = (data / "penguins" / "penguins.csv").read_text().splitlines()
    names = [name.strip('"') for name in lines[0].split(",")]
    rows = [dict(zip(names, (cell.strip('"') for cell in line.split(",")))) for line in lines[1:]]
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    kept = [row for row in rows if all(row[c] not in ("", "NA") for c in [*columns, "sex"])]
    return standard(np.array([[float(row[c]) for c in columns] for row in kept]))


sets = {
    "iris": standard(load_iris().data),
    "wine": standard(load_wine().data),
    "penguins": penguins(),
    "digits": load_digits().data,
}
true = {"iris": 3, "wine": 3, "penguins": 3, "digits": 10}
# eps, min_samples, min_cluster_size
scales = {"iris": (0.5, 5, 8), "wine": (2.3, 5, 6), "penguins": (0.55, 6, 10), "digits": (22.0, 8, 15)}


def listed(values):
    return np.asarray(values).tolist()


def agglomerative(x, clusters):
    cases = []
    for linkage in ["ward", "complete", "average", "single"]:
        for metric in ["euclidean"] if linkage == "ward" else ["euclidean", "manhattan", "cosine", "chebyshev"]:
            model = AgglomerativeClustering(
                n_clusters=clusters, linkage=linkage, metric=metric, compute_distances=True
            ).fit(x)
            small = len(x) < 200
            cases.append({
                "linkage": linkage,
                "metric": metric,
                "nClusters": clusters,
                "labels": listed(model.labels_),
                "children": listed(np.sort(model.children_, axis=1).ravel()) if small else None,
                "distances": listed(model.distances_) if small else None,
            })
    threshold = float(np.quantile(AgglomerativeClustering(None, distance_threshold=0.0).fit(x).distances_, 0.95))
    model = AgglomerativeClustering(None, distance_threshold=threshold).fit(x)
    cases.append({"linkage": "ward", "metric": "euclidean", "distanceThreshold": threshold, "labels": listed(model.labels_)})
    return cases


def dbscan(x, eps, samples):
    cases = []
    for metric, factor in [("euclidean", 1.0), ("manhattan", 1.6 if x.shape[1] < 10 else 2.8 if x.shape[1] < 20 else 4.5), ("chebyshev", 0.7 if x.shape[1] < 10 else 0.6)]:
        model = DBSCAN(eps=eps * factor, min_samples=samples, metric=metric).fit(x)
        cases.append({
            "eps": eps * factor,
            "minSamples": samples,
            "metric": metric,
            "labels": listed(model.labels_),
            "cores": listed(model.core_sample_indices_),
        })
    return cases


def stable_hierarchy(min_spanning_tree):
    order = np.argsort(min_spanning_tree["distance"], kind="stable")
    return sklearn.cluster._hdbscan.hdbscan.make_single_linkage(min_spanning_tree[order])


# Edges of equal mutual reachability are the rule, and scikit-learn sorts them by NumPy's unstable sort, whose order depends on
# the processor. Sorted stably, the answer is one.
sklearn.cluster._hdbscan.hdbscan._process_mst = stable_hierarchy


def hdbscan(x, samples, size):
    # cluster_selection_epsilon fails in scikit-learn 1.9.1 with NumPy 2 (traverse_upwards makes a number of an array).
    cases = []
    for given in [
        {"min_cluster_size": size},
        {"min_cluster_size": size, "min_samples": samples},
        {"min_cluster_size": size, "min_samples": samples, "cluster_selection_method": "leaf"},
        {"min_cluster_size": size, "min_samples": samples, "allow_single_cluster": True},
        {"min_cluster_size": size, "min_samples": samples, "metric": "manhattan"},
    ]:
        model = HDBSCAN(copy=True, **given).fit(x)
        cases.append({
            "given": given,
            "labels": listed(model.labels_),
            "probabilities": listed(np.round(model.probabilities_, 9)),
        })
    return cases


def optics(x, eps, samples, size):
    cases = []
    for given in [
        {"min_samples": samples},
        {"min_samples": samples, "xi": 0.1, "min_cluster_size": size},
        {"min_samples": samples, "max_eps": 2 * eps, "xi": 0.03},
        {"min_samples": samples, "xi": 0.05, "predecessor_correction": False},
    ]:
        model = OPTICS(**given).fit(x)
        cut = cluster_optics_dbscan(
            reachability=model.reachability_, core_distances=model.core_distances_, ordering=model.ordering_, eps=eps
        )
        cases.append({
            "given": given,
            "labels": listed(model.labels_),
            "ordering": listed(model.ordering_),
            "reachability": [None if np.isinf(r) else round(float(r), 10) for r in model.reachability_],
            "predecessor": listed(model.predecessor_),
            "eps": eps,
            "cut": listed(cut),
        })
    return cases


def spectral(x, clusters):
    cases = []
    for given in [{"affinity": "rbf", "gamma": 0.1}, {"affinity": "nearest_neighbors", "n_neighbors": 10}]:
        if given["affinity"] == "rbf" and len(x) > 500:
            given["gamma"] = 0.001
        model = SpectralClustering(n_clusters=clusters, n_init=20, random_state=0, **given).fit(x)
        cases.append({"given": given, "nClusters": clusters, "labels": listed(model.labels_)})
    return cases


def mean_shift(x):
    bandwidth = estimate_bandwidth(x, quantile=0.2)
    cases = []
    for given in [{}, {"bin_seeding": True}, {"cluster_all": False, "bandwidth": bandwidth}]:
        model = MeanShift(**given).fit(x)
        cases.append({"given": given, "labels": listed(model.labels_), "centers": listed(model.cluster_centers_)})
    return {"bandwidth": bandwidth, "bandwidth30": estimate_bandwidth(x), "cases": cases}


out = {"sets": {}}
for name, x in sets.items():
    eps, samples, size = scales[name]
    if name == "digits":
        rows = "".join(np.base_repr(int(value), 36).lower() for value in x.ravel())
    else:
        rows = listed(x.ravel())
    out["sets"][name] = {
        "rows": rows,
        "dimension": x.shape[1],
        "agglomerative": agglomerative(x, true[name]),
        "dbscan": dbscan(x, eps, samples),
        "hdbscan": hdbscan(x, samples, size),
        "optics": optics(x if name != "digits" else x[::3], eps, samples, size),
        "spectral": spectral(x, true[name]),
        **({"meanShift": mean_shift(x)} if name != "digits" else {}),
    }
json.dump(out, sys.stdout, separators=(",", ":"))
