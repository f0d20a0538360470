"""Golden values of scikit-learn's k-means from given first rows, on whole sets: tests/fixtures/k-means-full.json.

Run from the root with the folder of data sets: OPENBLAS_CORETYPE=SKYLAKEX python tests/agreement/k-means.py ../shared/data
"""
import csv
import gzip
import hashlib
import json
import os
import sys

import numpy as np
import sklearn
from sklearn.cluster import KMeans

# name: (file, columns that are no features, clusters, step between the rows that start)
SETS = {
    'iris': ('iris/iris.csv', ['target'], 3, 50),
    'wine': ('wine/wine.csv', ['target'], 3, 59),
    'penguins': ('penguins/penguins.csv', ['species', 'island', 'sex', 'year'], 3, 111),
    'digits': ('digits/digits.csv', ['target', 'label', 'digit', 'class'], 10, 179),
    'letter': ('letter/letter.csv', ['lettr'], 26, 769),
    'mnist10k': ('mnist10k/mnist10k.csv.gz', ['label'], 10, 999),
}


def read(name):
    file, others, *_ = SETS[name]
    path = os.path.join(sys.argv[1], file)
    lines = list(csv.reader(gzip.open(path, 'rt') if path.endswith('.gz') else open(path)))
    kept = [j for j, column in enumerate(lines[0]) if column not in others]
    # Rows that lack anything are left out.
    whole = [row for row in lines[1:] if all(cell not in ('NA', '') for cell in row)]
    return np.array([[float(row[j]) for j in kept] for row in whole])


def numbered(labels):
    """Clusters in the order of their first rows."""
    names = {}
    return np.array([names.setdefault(label, len(names)) for label in labels], dtype='<i4')


def direct(x, centers):
    """Lloyd by direct differences, the first centre of equals: scikit-learn's expanded distances part ties by rounding."""
    before = None
    while True:
        distances = np.zeros((len(x), len(centers)))
        for j in range(x.shape[1]):
            distances += (x[:, j : j + 1] - centers[None, :, j]) ** 2
        labels = distances.argmin(1)
        if before is not None and (labels == before).all():
            return labels
        before = labels
        centers = np.array([x[labels == k].sum(0) / (labels == k).sum() for k in range(len(centers))])


found = {}
for name, (_, _, k, step) in SETS.items():
    x = read(name)
    start = [step * i for i in range(k)]
    model = KMeans(k, init=x[start], n_init=1, tol=0, max_iter=300, algorithm='lloyd').fit(x)
    labels = model.labels_
    # The letters' small whole numbers lie between centres so often that scikit-learn's own algorithms disagree on 60 rows.
    if name == 'letter':
        labels = direct(x, x[start])
    found[name] = {
        'rows': len(x),
        'columns': x.shape[1],
        'start': start,
        'inertia': model.inertia_,
        'iterations': model.n_iter_,
        'sha256': hashlib.sha256(numbered(labels).tobytes()).hexdigest(),
    }
with open('tests/fixtures/k-means-full.json', 'w') as out:
    json.dump({'scikit-learn': sklearn.__version__, 'sets': found}, out, indent=1)
    out.write('\n')
