"""Makes tests/fixtures/discriminant-analysis.json: what scikit-learn's discriminant analyses make of small public data.

    python discriminant-analysis.py > tests/fixtures/discriminant-analysis.json

Needs scikit-learn. The rows are in the file: every second of wine, every fifth of breast_cancer with its first ten columns.
"""
import json

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis


def linear(x, y, **parameters):
    model = LinearDiscriminantAnalysis(**parameters).fit(x, y)
    return {
        "coefficients": model.coef_.tolist(),
        "intercepts": model.intercept_.tolist(),
        "probabilities": model.predict_proba(x[::7]).tolist(),
    }


def quadratic(x, y, **parameters):
    model = QuadraticDiscriminantAnalysis(tol=0, **parameters).fit(x, y)
    return {"probabilities": model.predict_proba(x[::7]).tolist()}


def work(x, y):
    classes = len(np.unique(y))
    priors = (np.arange(classes) + 1.0) / sum(range(classes + 1))
    doubled = np.hstack([x, x[:, :1] + x[:, 1:2]])
    return {
        "columns": {f"x{j}": x[:, j].tolist() for j in range(x.shape[1])},
        "target": y.tolist(),
        "priors": priors.tolist(),
        "linear": {
            "svd": linear(x, y),
            "svd, priors": linear(x, y, priors=priors),
            "svd, collinear": linear(doubled, y),
            "lsqr": linear(x, y, solver="lsqr"),
            "lsqr, auto": linear(x, y, solver="lsqr", shrinkage="auto"),
            "lsqr, 0.3": linear(x, y, solver="lsqr", shrinkage=0.3),
            "eigen, auto, priors": linear(x, y, solver="eigen", shrinkage="auto", priors=priors),
        },
        "quadratic": {
            "plain": quadratic(x, y),
            "priors": quadratic(x, y, priors=priors),
            "regParam 0.1": quadratic(x, y, reg_param=0.1),
            "auto": quadratic(x, y, solver="eigen", shrinkage="auto"),
            "0.3": quadratic(x, y, solver="eigen", shrinkage=0.3),
        },
    }


wine, cancer = load_wine(), load_breast_cancer()
print(
    json.dumps(
        {
            "wine": work(wine.data[::2], wine.target[::2]),
            "breast_cancer": work(cancer.data[::5, :10], cancer.target[::5]),
        }
    )
)
