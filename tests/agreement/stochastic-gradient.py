"""Makes tests/fixtures/stochastic-gradient.json: coefficients of scikit-learn's SGD, rows in their order.

    python stochastic-gradient.py > tests/fixtures/stochastic-gradient.json

Needs scikit-learn. Without shuffling and with a fixed number of epochs the steps are the same, so the coefficients are, to
rounding. Rows are standardised and rounded, and stand in the file.
"""
import json
import warnings

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import SGDClassifier, SGDRegressor

warnings.filterwarnings("ignore")
FIXED = {"shuffle": False, "tol": None}


def standard(x):
    return ((x - x.mean(axis=0)) / x.std(axis=0)).round(4)


def fitted(estimator, x, y, weights, **parameters):
    model = estimator(**FIXED, **parameters).fit(x, y, sample_weight=weights)
    return {"coefficients": np.ravel(model.coef_).tolist(), "intercepts": np.atleast_1d(model.intercept_).tolist()}


iris, diabetes = load_iris(), load_diabetes()
order = np.random.default_rng(5).permutation(150)[:90]
xc, yc = standard(iris.data[order]), iris.target[order]
xr, yr = standard(diabetes.data[:80]), (diabetes.target[:80] / 100).round(3)
weights = 0.25 + (np.arange(90) % 7) / 4

classifiers = [
    {"loss": "hinge", "learning_rate": "optimal"},
    {"loss": "log_loss", "learning_rate": "optimal", "penalty": "elasticnet", "alpha": 0.01},
    {"loss": "modified_huber", "learning_rate": "constant", "eta0": 0.02},
    {"loss": "squared_hinge", "learning_rate": "invscaling", "eta0": 0.05, "power_t": 0.5},
    {"loss": "perceptron", "learning_rate": "constant", "eta0": 1.0, "penalty": None},
    {"loss": "log_loss", "learning_rate": "constant", "eta0": 0.1, "average": 20},
    {"loss": "log_loss", "learning_rate": "constant", "eta0": 0.1, "penalty": "l1", "alpha": 0.02},
]
regressors = [
    {"loss": "squared_error", "learning_rate": "invscaling", "eta0": 0.01, "power_t": 0.25},
    {"loss": "huber", "learning_rate": "constant", "eta0": 0.05, "epsilon": 0.5, "penalty": "l1", "alpha": 0.01},
    {"loss": "epsilon_insensitive", "learning_rate": "constant", "eta0": 0.01, "epsilon": 0.1, "average": 1},
    {"loss": "squared_epsilon_insensitive", "learning_rate": "optimal", "alpha": 0.1, "epsilon": 0.1},
]


def camel(parameters):
    names = {"learning_rate": "learningRate", "power_t": "powerT"}
    return {names.get(k, k): ("none" if k == "penalty" and v is None else v) for k, v in parameters.items()}


def case(estimator, x, y, parameters, w=None):
    return {
        "parameters": {**camel(parameters), "maxIter": 4},
        "weighted": w is not None,
        **fitted(estimator, x, y, w, max_iter=4, **parameters),
    }


print(
    json.dumps(
        {
            "classes": {"columns": xc.T.tolist(), "target": yc.tolist(), "weights": weights.tolist()},
            "values": {"columns": xr.T.tolist(), "target": yr.tolist()},
            "several": [case(SGDClassifier, xc, yc, p) for p in classifiers],
            "two": [case(SGDClassifier, xc, (yc == 1).astype(int), p, weights) for p in classifiers[:2]],
            "regression": [case(SGDRegressor, xr, yr, p) for p in regressors],
        }
    )
)
