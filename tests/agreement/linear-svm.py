"""Makes tests/fixtures/linear-svm.json: linear support vector machines of scikit-learn (liblinear, and libsvm where the
intercept is free of the penalty), at tight tolerances.

    python linear-svm.py > tests/fixtures/linear-svm.json

Needs scikit-learn. `objective` is liblinear's, ½·|w|² (or |w|₁) + C·Σ weight·loss, the penalised intercept included.
"""
import json
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

warnings.filterwarnings("ignore")
TIGHT = {"tol": 1e-10, "max_iter": 200_000, "random_state": 0}


def standard(x):
    return ((x - x.mean(axis=0)) / x.std(axis=0)).round(4)


def losses(name, y, f, epsilon):
    base = np.maximum(0, 1 - y * f) if name.endswith("hinge") else np.maximum(0, np.abs(y - f) - epsilon)
    return base**2 if name.startswith("squared") else base


def objective(model, x, y, penalised, weights):
    w, b = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    size = np.abs(w).sum() + penalised * abs(b) if getattr(model, "penalty", "l2") == "l1" else 0.5 * (w @ w + penalised * b * b)
    name = getattr(model, "loss", "epsilon_insensitive" if isinstance(model, SVR) else "hinge")
    cost = losses(name, y, x @ w + b, getattr(model, "epsilon", 0))
    return float(size + model.C * (weights * cost).sum())


def answer(model, x, y, signed, penalised=1, weights=None):
    model.fit(x, y, sample_weight=weights)
    weights = np.ones(len(y)) if weights is None else weights
    return {
        "coefficients": np.ravel(model.coef_).tolist(),
        "intercept": float(np.ravel(model.intercept_)[0]),
        "objective": objective(model, x, signed, penalised, weights),
    }


def names(parameters):
    camel = {"fit_intercept": "fitIntercept"}
    return {camel.get(k, k): v for k, v in parameters.items()}


cancer, diabetes, iris = load_breast_cancer(), load_diabetes(), load_iris()
xc, yc = standard(cancer.data[:120, :8]), cancer.target[:120]
xd, yd = standard(diabetes.data[:80]), diabetes.target[:80].round(1)
xi, yi = standard(iris.data[::2]), iris.target[::2]
weights = 0.25 + (np.arange(120) % 7) / 4
signed = 2.0 * yc - 1

grid = [
    {"loss": "squared_hinge", "C": 0.1},
    {"loss": "squared_hinge", "C": 10.0},
    {"loss": "hinge", "C": 0.1},
    {"loss": "hinge", "C": 2.0},
    {"loss": "squared_hinge", "penalty": "l1", "dual": False, "C": 0.3},
    {"loss": "squared_hinge", "C": 1.0, "fit_intercept": False},
]
regressions = [
    {"loss": "epsilon_insensitive", "C": 1.0, "epsilon": 5.0},
    {"loss": "squared_epsilon_insensitive", "C": 0.5, "epsilon": 1.0},
]
several = LinearSVC(**TIGHT).fit(xi, yi)

print(
    json.dumps(
        {
            "two": {"columns": xc.T.tolist(), "target": yc.tolist(), "weights": weights.tolist()},
            "values": {"columns": xd.T.tolist(), "target": yd.tolist()},
            "three": {"columns": xi.T.tolist(), "target": yi.tolist()},
            "classifiers": [
                {"parameters": names({k: v for k, v in p.items() if k != "dual"}), **answer(LinearSVC(**p, **TIGHT), xc, yc, signed)}
                for p in grid
            ],
            "weighted": answer(LinearSVC(**TIGHT), xc, yc, signed, weights=weights),
            "regressors": [{"parameters": p, **answer(LinearSVR(**p, **TIGHT), xd, yd, yd)} for p in regressions],
            "free": answer(SVC(kernel="linear", tol=1e-9), xc, yc, signed, penalised=0),
            "freeRegression": answer(SVR(kernel="linear", tol=1e-9, epsilon=5.0), xd, yd, yd, penalised=0),
            "several": {"coefficients": several.coef_.tolist(), "intercepts": several.intercept_.tolist()},
        }
    )
)
