"""Makes tests/fixtures/linear-models.json: coefficients and predictions of scikit-learn on small public data sets.

    python linear-models.py > tests/fixtures/linear-models.json

Needs scikit-learn. The rows themselves are in the file (every third of iris and wine, 60 of diabetes), so that the test
needs nothing else.
"""
import json
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

warnings.filterwarnings("ignore")


def columns(x):
    return {f"x{j}": [float(v) for v in x[:, j]] for j in range(x.shape[1])}


def logistic(x, y, c, weights=None):
    model = LogisticRegression(C=c, tol=1e-12, max_iter=200000).fit(x, y, sample_weight=weights)
    return {
        "C": c,
        "coefficients": model.coef_.tolist(),
        "intercepts": model.intercept_.tolist(),
        "probabilities": model.predict_proba(x)[:5].tolist(),
    }


def kmeans(x, start, rows):
    model = KMeans(n_clusters=len(start), init=x[start], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(x)
    return {
        "start": start,
        "inertia": float(model.inertia_),
        "centers": model.cluster_centers_.tolist(),
        "labels": model.labels_[:rows].tolist(),
    }


iris, wine, diabetes = load_iris(), load_wine(), load_diabetes()
xi, yi = iris.data[::3], iris.target[::3]
xw, yw = wine.data[::3], wine.target[::3]
xd, yd = diabetes.data[:60, :5] * 10, diabetes.target[:60]
weights = 0.25 + (np.arange(len(yd)) % 7) / 4
standard = (xw - xw.mean(axis=0)) / xw.std(axis=0)
ridges = {str(alpha): Ridge(alpha=alpha).fit(xd, yd) for alpha in (0.1, 1.0, 10.0)}
weighted = Ridge(alpha=1.0).fit(xd, yd, sample_weight=weights)
through = Ridge(alpha=1.0, fit_intercept=False).fit(xd, yd)
ols = LinearRegression().fit(xd, yd)
doubled = LinearRegression().fit(np.hstack([xd, xd[:, :1]]), yd)
binary = yi > 0
wi = 0.5 + (np.arange(len(yi)) % 3)

print(
    json.dumps(
        {
            "iris": {"columns": columns(xi), "target": yi.tolist()},
            "wine": {"columns": columns(standard), "target": yw.tolist()},
            "diabetes": {"columns": columns(xd), "target": yd.tolist(), "weights": weights.tolist()},
            "ridge": [{"alpha": float(a), "coefficients": m.coef_.tolist(), "intercept": m.intercept_} for a, m in ridges.items()],
            "weightedRidge": {"coefficients": weighted.coef_.tolist(), "intercept": weighted.intercept_},
            "ridgeThroughOrigin": {"coefficients": through.coef_.tolist()},
            "leastSquares": {"coefficients": ols.coef_.tolist(), "intercept": ols.intercept_},
            "collinear": {"coefficients": doubled.coef_.tolist(), "intercept": doubled.intercept_},
            "binaryLogistic": [logistic(xi, yi == 1, c) for c in (0.1, 1.0)],
            "weightedLogistic": {"weights": wi.tolist(), **logistic(xi, yi == 1, 1.0, wi)},
            "multinomial": [logistic(xi, yi, 1.0)],
            "multinomialWine": [logistic(standard, yw, 1.0)],
            "kmeans": {"iris": kmeans(xi, [0, 17, 34], 50), "wine": kmeans(standard, [0, 21, 41, 50], 60)},
            "neighbors": {
                "classifier": KNeighborsClassifier().fit(xi, yi).predict_proba(xi[::4] + 0.05).tolist(),
                "regressor": KNeighborsRegressor(weights="distance").fit(xd, yd).predict(xd[::5] + 0.01).tolist(),
            },
        }
    )
)
