"""Makes tests/fixtures/neighbors-full.json: scikit-learn's nearest neighbours (brute force) on digits, letter and mnist10k.

    python neighbors-full.py ../../../shared/data > tests/fixtures/neighbors-full.json

Queries are every `step`-th row; all rows are the points, so that the first neighbour of a row is itself or its duplicate.
Indices are 16-bit, little-endian, in base 64.
"""
import base64
import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.neighbors import NearestNeighbors

shared = Path(sys.argv[1])
K = 10


def points(path, target):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        header, *rows = csv.reader(file)
    at = header.index(target)
    return np.array([[float(value) for j, value in enumerate(row) if j != at] for row in rows])


result = {}
for name, file, target, step in [
    ("digits", "digits/digits.csv", "target", 3),
    ("letter", "letter/letter.csv", "lettr", 21),
    ("mnist10k", "mnist10k/mnist10k.csv.gz", "label", 20),
]:
    x = points(shared / file, target)
    for metric in ["euclidean", "manhattan", "cosine"]:
        search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric).fit(x)
        found = search.kneighbors(x[::step], return_distance=False)
        data = base64.b64encode(found.astype("<u2").tobytes()).decode()
        result[f"{name} {metric}"] = {"file": file, "target": target, "step": step, "k": K, "indices": data}
print(json.dumps(result, separators=(",", ":")))
