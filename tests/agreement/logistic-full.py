"""Makes tests/fixtures/logistic-full.json: scikit-learn's objectives of logistic regression on whole data sets.

    python logistic-full.py DATA > tests/fixtures/logistic-full.json

DATA holds adult/adult_train.csv.gz and mnist10k/mnist10k.csv.gz. Needs scikit-learn. .ci/logistic.mjs makes the same columns.
"""
import csv
import gzip
import json
import os
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]


def rows_of(path):
    with gzip.open(path, "rt") as file:
        return [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(file)]


def adult(folder):
    rows = rows_of(os.path.join(folder, "adult", "adult_train.csv.gz"))
    columns = []
    for name in rows[0]:
        if name == "income":
            continue
        values = [row[name] for row in rows]
        if name in NUMBERS:
            x = np.array(values, dtype=float)
            columns.append((x - x.mean()) / x.std())
        else:
            columns += [np.array([float(v == level) for v in values]) for level in sorted(set(values))]
    return np.array(columns).T, np.array([row["income"].startswith(">") for row in rows]).astype(int)


def mnist(folder):
    rows = rows_of(os.path.join(folder, "mnist10k", "mnist10k.csv.gz"))
    x = np.array([[float(row[f"p{j}"]) for j in range(784)] for row in rows]) / 255
    return x, np.array([int(row["label"]) for row in rows])


def objective(x, y, model, c):
    margins = x @ model.coef_.T + model.intercept_
    if margins.shape[1] == 1:
        margins = np.hstack([np.zeros((len(y), 1)), margins])
    top = margins.max(axis=1)
    losses = top + np.log(np.exp(margins - top[:, None]).sum(axis=1)) - margins[np.arange(len(y)), y]
    return float(losses.mean() + (model.coef_ ** 2).sum() / 2 / c / len(y))


folder = sys.argv[1]
x, y = adult(folder)
found = {"adult": {"C": 1, "objective": objective(x, y, LogisticRegression(C=1, solver="newton-cholesky", tol=1e-12).fit(x, y), 1)}}
x, y = mnist(folder)
found["mnist10k"] = {"C": 0.01, "objective": objective(x, y, LogisticRegression(C=0.01, tol=1e-8, max_iter=5000).fit(x, y), 0.01)}
print(json.dumps(found))
