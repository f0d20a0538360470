"""Makes tests/fixtures/ridge-cv.json: what scikit-learn's RidgeCV finds on the diabetes data, as they were measured.

    python ridge-cv.py > tests/fixtures/ridge-cv.json

Needs scikit-learn. The rows stand in tests/fixtures/linear-regression.json; "wide" has the first eight of them.
"""
import json

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV

ALPHAS = [0.001, 0.1, 1.0, 10.0, 100.0, 1000.0, 100000.0]


def work(x, y, weights=None, **parameters):
    model = RidgeCV(alphas=ALPHAS, store_cv_results=True, **parameters).fit(x, y, sample_weight=weights)
    total = len(y) if weights is None else weights.sum()
    return {
        "alpha": float(model.alpha_),
        "coefficients": model.coef_.tolist(),
        "intercept": float(model.intercept_),
        "errors": (model.cv_results_.sum(axis=0) / total).tolist(),
    }


x, y = load_diabetes(return_X_y=True, scaled=False)
weights = 0.25 + (np.arange(len(y)) % 7) / 4
print(
    json.dumps(
        {
            "alphas": ALPHAS,
            "plain": work(x, y),
            "weighted": work(x, y, weights),
            "throughOrigin": work(x, y, fit_intercept=False),
            "wide": work(x[:8], y[:8]),
            "wideWeighted": work(x[:8], y[:8], weights[:8]),
        }
    )
)
