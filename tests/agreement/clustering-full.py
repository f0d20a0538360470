"""Makes tests/fixtures/clustering-full.json: scikit-learn's clusterings of letter and mnist10k, as hashes.

    python clustering-full.py ../shared/data > tests/fixtures/clustering-full.json

Needs scikit-learn; takes some minutes and 3 GB. A hash is SHA-256 over the labels as 32-bit integers, clusters numbered in the
order of their first rows, noise -1. Features are whole numbers, so that distances tie often: ties of single edges are
sorted stably, as in clustering.py.
"""
import csv
import gzip
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import sklearn.cluster._hdbscan.hdbscan
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering

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


def summary(labels):
    numbers = {}
    named = np.array([-1 if label < 0 else numbers.setdefault(label, len(numbers)) for label in labels], dtype="<i4")
    return {"sha256": hashlib.sha256(named.tobytes()).hexdigest(), "clusters": len(numbers), "noise": int((named < 0).sum())}


def case(estimator, given, model, x):
    found = {"estimator": estimator, "given": given, **summary(model.fit(x).labels_)}
    print(found, file=sys.stderr, flush=True)
    return found


def dbscan(x, eps, samples):
    return case("dbscan", {"eps": eps, "minSamples": samples}, DBSCAN(eps=eps, min_samples=samples), x)


def hdbscan(x, size):
    return case("hdbscan", {"minClusterSize": size}, HDBSCAN(min_cluster_size=size, copy=True), x)


def agglomerative(x, linkage, clusters):
    given = {"linkage": linkage, "nClusters": clusters}
    return case("agglomerative", given, AgglomerativeClustering(clusters, linkage=linkage), x)


out = {"letter": [], "mnist10k": []}
x = letter()
# Between whole squares, so that no distance is on the edge.
out["letter"] += [dbscan(x, 2.9, 10), hdbscan(x, 15)]
out["letter"] += [agglomerative(x, linkage, 26) for linkage in ["single", "ward", "average"]]
x = mnist10k()
out["mnist10k"] += [dbscan(x, 1500.1, 10), agglomerative(x, "single", 10), agglomerative(x, "ward", 10), hdbscan(x, 15)]
json.dump(out, sys.stdout, indent=1)
