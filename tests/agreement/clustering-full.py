"""Makes tests/fixtures/clustering-full.json: scikit-learn's clusterings of letter and mnist10k, as hashes.

    python clustering-full.py ../shared/data > tests/fixtures/clustering-full.json

Needs scikit-learn; takes half an hour and 3 GB. A hash is SHA-256 over the labels as 32-bit integers, clusters numbered in the
order of their first rows, noise -1. Features are whole numbers, so that distances tie often: ties of single edges are
sorted stably, as in clustering.py.
"""
import base64
import csv
import gzip
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn.cluster._hdbscan.hdbscan
from sklearn.cluster import DBSCAN, HDBSCAN, OPTICS, AgglomerativeClustering, MeanShift, SpectralClustering

data = Path(sys.argv[1])


def stable_hierarchy(min_spanning_tree):
    order = np.argsort(min_spanning_tree["distance"], kind="stable")
    return sklearn.cluster._hdbscan.hdbscan.make_single_linkage(min_spanning_tree[order])


sklearn.cluster._hdbscan.hdbscan._process_mst = stable_hierarchy


def columns(lines, target):
    head, *rows = csv.reader(lines)
    at = head.index(target)
    return np.array([[float(cell) for j, cell in enumerate(row) if j != at] for row in rows])


def letter():
    return columns((data / "letter" / "letter.csv").read_text().splitlines(), "lettr")


def mnist10k():
    return columns(gzip.open(data / "mnist10k" / "mnist10k.csv.gz", "rt"), "label")


def numbered(labels):
    numbers = {}
    return np.array([-1 if label < 0 else numbers.setdefault(label, len(numbers)) for label in labels], dtype="<i4")


def case(estimator, given, model, x, rows=None, labels=False):
    """Fits the first `rows` rows, or all; `labels`: the labels themselves are kept, a byte each."""
    begin = time.time()
    named = numbered(model.fit(x[:rows]).labels_)
    found = {"estimator": estimator, "given": given, "clusters": int(named.max()) + 1, "noise": int((named < 0).sum())}
    if rows:
        found["rows"] = rows
    if labels:
        found["labels"] = base64.b64encode(named.astype(np.uint8).tobytes()).decode()
    else:
        found["sha256"] = hashlib.sha256(named.tobytes()).hexdigest()
    print({**found, "labels": None}, f"{time.time() - begin:.0f} s", file=sys.stderr, flush=True)
    return found


def dbscan(x, eps, samples):
    return case("dbscan", {"eps": eps, "minSamples": samples}, DBSCAN(eps=eps, min_samples=samples), x)


def hdbscan(x, size):
    return case("hdbscan", {"minClusterSize": size}, HDBSCAN(min_cluster_size=size, copy=True), x)


def agglomerative(x, linkage, clusters):
    given = {"linkage": linkage, "nClusters": clusters}
    return case("agglomerative", given, AgglomerativeClustering(clusters, linkage=linkage), x)


def optics(x, samples, rows=None):
    return case("optics", {"minSamples": samples}, OPTICS(min_samples=samples), x, rows)


def mean_shift(x, bandwidth, rows):
    return case("mean-shift", {"bandwidth": bandwidth}, MeanShift(bandwidth=bandwidth), x, rows)


def spectral(x, clusters, neighbors, rows):
    given = {"nClusters": clusters, "affinity": "nearest_neighbors", "nNeighbors": neighbors}
    model = SpectralClustering(clusters, affinity="nearest_neighbors", n_neighbors=neighbors, n_init=100, random_state=0)
    return case("spectral", {**given, "nInit": 100}, model, x, rows, labels=True)


def letter_cases(x):
    # Between whole squares, so that no distance is on the edge.
    yield dbscan(x, 2.9, 10)
    yield hdbscan(x, 15)
    for linkage in ["single", "ward", "average", "complete"]:
        yield agglomerative(x, linkage, 26)
    yield optics(x, 10)
    yield mean_shift(x, 6.3, 2000)
    # With fewer neighbours the graph falls apart, and the eigenvectors are not determined.
    yield spectral(x, 4, 60, 5000)


def mnist10k_cases(x):
    yield dbscan(x, 1500.1, 10)
    for linkage in ["single", "ward", "average", "complete"]:
        yield agglomerative(x, linkage, 10)
    yield hdbscan(x, 15)
    yield optics(x, 10, 5000)
    yield mean_shift(x, 2000.1, 1000)
    yield spectral(x, 10, 10, 5000)


if __name__ == "__main__":
    cases = {"letter": list(letter_cases(letter())), "mnist10k": list(mnist10k_cases(mnist10k()))}
    json.dump(cases, sys.stdout, indent=1)
