"""Makes tests/fixtures/anomaly-areas.json: the areas under the curves of scikit-learn's detectors on sets of ../shared.

    python anomaly-areas.py DATA > tests/fixtures/anomaly-areas.json

Needs scikit-learn. Inliers are all rows of one class, anomalies the first few of another; columns are standardised. Detectors
learn from all of these rows and score them, neighbours among the others. .ci/anomalies.mjs holds Lanewise to it.
"""
import csv
import json
import os
import sys

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

# Set: (file, inliers, anomalies, how many of these)
SETS = {
    "breast_cancer": ("breast_cancer/breast_cancer.csv", "benign", "malignant", 36),
    "digits": ("digits/digits.csv", "0", "6", 10),
    "letter": ("letter/letter.csv", "A", "B", 20),
}


def rows_of(path, inlier, anomaly, few):
    with open(path) as file:
        header, *rows = csv.reader(file)
    target = next(j for j, name in enumerate(header) if name in ("target", "lettr", "letter"))
    kept, anomalies = [], 0
    for row in rows:
        if row[target] == inlier or (row[target] == anomaly and anomalies < few):
            anomalies += row[target] == anomaly
            kept.append(row)
    x = np.array([[float(cell) for j, cell in enumerate(row) if j != target] for row in kept])
    deviation = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1), np.array([row[target] == anomaly for row in kept])


areas = {}
for name, (path, inlier, anomaly, few) in SETS.items():
    x, odd = rows_of(os.path.join(sys.argv[1], path), inlier, anomaly, few)
    envelopes = [EllipticEnvelope(support_fraction=0.75, random_state=seed).fit(x) for seed in range(5)]
    areas[name] = {
        "inlier": inlier,
        "anomaly": anomaly,
        "few": few,
        "rows": len(x),
        "columns": x.shape[1],
        "local-outlier-factor": roc_auc_score(odd, -LocalOutlierFactor().fit(x).negative_outlier_factor_),
        "knn-distance": roc_auc_score(odd, NearestNeighbors(n_neighbors=5).fit(x).kneighbors()[0][:, -1]),
        "elliptic-envelope": [roc_auc_score(odd, -envelope.score_samples(x)) for envelope in envelopes],
    }
json.dump(areas, sys.stdout, indent=1)
