"""Makes tests/fixtures/elastic-net.json: lasso and elastic net of scikit-learn, at tight tolerances.

    python elastic-net.py > tests/fixtures/elastic-net.json

Needs scikit-learn. The rows themselves are in the file, so that the test needs nothing else. `objective` is that of
scikit-learn's documentation, evaluated at its own coefficients.
"""
import json
import warnings

import numpy as np
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, enet_path
from sklearn.model_selection import KFold

warnings.filterwarnings("ignore")
TIGHT = {"tol": 1e-17, "max_iter": 100_000}


def columns(x):
    return {f"x{j}": [float(v) for v in x[:, j]] for j in range(x.shape[1])}


def objective(x, y, w, b, alpha, ratio, weights=None):
    weights = np.ones(len(y)) if weights is None else weights
    rest = y - x @ w - b
    loss = 0.5 * (weights * rest**2).sum() / weights.sum()
    return float(loss + alpha * (ratio * np.abs(w).sum() + 0.5 * (1 - ratio) * (w**2).sum()))


def fitted(x, y, alpha, ratio, weights=None, **options):
    if ratio == 1:
        model = Lasso(alpha=alpha, **TIGHT, **options)
    else:
        model = ElasticNet(alpha=alpha, l1_ratio=ratio, **TIGHT, **options)
    model.fit(x, y, sample_weight=weights)
    return {
        "alpha": alpha,
        "l1Ratio": ratio,
        "coefficients": model.coef_.tolist(),
        "intercept": float(model.intercept_),
        "objective": objective(x, y, model.coef_, model.intercept_, alpha, ratio, weights),
    }


def path(x, y, ratio, count):
    xc, yc = x - x.mean(axis=0), y - y.mean()
    alphas, coefficients, _ = enet_path(xc, yc, l1_ratio=ratio, n_alphas=count, eps=1e-3, **TIGHT)
    return {"l1Ratio": ratio, "alphas": alphas.tolist(), "coefficients": coefficients.T.tolist()}


def search(model, x, y):
    model.fit(x, y)
    return {
        "alpha": float(model.alpha_),
        "l1Ratio": float(getattr(model, "l1_ratio_", 1.0)),
        "alphas": np.atleast_2d(model.alphas_).tolist(),
        "errors": np.atleast_3d(model.mse_path_).reshape(-1, *model.mse_path_.shape[-2:]).tolist(),
        "coefficients": model.coef_.tolist(),
        "intercept": float(model.intercept_),
    }


diabetes, wine = load_diabetes(), load_wine()
xd, yd = diabetes.data[:120], diabetes.target[:120]
xw, yw = wine.data[::2, 1:], wine.data[::2, 0]
rng = np.random.default_rng(3)
wide = rng.normal(size=(20, 60)).round(3)
answer = (wide[:, :3] @ np.array([3.0, -2.0, 1.0]) + 0.1 * rng.normal(size=20)).round(3)
weights = 0.25 + (np.arange(len(yd)) % 7) / 4
weights[::10] = 0
folds = KFold(4)

print(
    json.dumps(
        {
            "diabetes": {"columns": columns(xd), "target": yd.tolist(), "weights": weights.tolist()},
            "wine": {"columns": columns(xw), "target": yw.tolist()},
            "wide": {"columns": columns(wide), "target": answer.tolist()},
            "fits": {
                "diabetes": [fitted(xd, yd, a, r) for a in (0.01, 0.3, 2.0) for r in (1, 0.7, 0.2)],
                "wine": [fitted(xw, yw, a, r) for a in (0.001, 0.05) for r in (1, 0.5)],
                "wide": [fitted(wide, answer, a, r) for a in (0.03, 0.2) for r in (1, 0.5)],
            },
            "weighted": fitted(xd, yd, 0.2, 0.8, weights),
            "origin": fitted(xd, yd, 0.2, 0.8, fit_intercept=False),
            "positive": fitted(xd, yd, 0.2, 0.8, positive=True),
            "paths": {
                "diabetes": [path(xd, yd, 1, 20), path(xd, yd, 0.4, 10)],
                "wine": [path(xw, yw, 1, 20)],
                "wide": [path(wide, answer, 1, 12)],
            },
            "lassoCv": search(LassoCV(cv=folds, alphas=15, **TIGHT), xd, yd),
            "elasticNetCv": search(ElasticNetCV(cv=folds, alphas=8, l1_ratio=[0.2, 0.9], **TIGHT), xd, yd),
        }
    )
)
