"""Makes tests/fixtures/boosting-peers.json: what LightGBM's and scikit-learn's boosted trees predict on easy data, after
scikit-learn's own test_compare_lightgbm.

    python tests/agreement/boosting-peers.py > tests/fixtures/boosting-peers.json

Needs lightgbm, scikit-learn and numpy. Every feature has no more distinct values than bins, so that the bins are the same
everywhere; the target is a clear function of the features, so that no two splits gain nearly the same.
"""
import json

import lightgbm as lgb
import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

ROWS, FEATURES = 400, 5
# Rows whose predictions are kept.
EVERY = 7


def data(levels, seed):
    """`levels` distinct values a feature."""
    random = np.random.default_rng(seed)
    x = np.round(random.normal(size=(ROWS, FEATURES)), 4)
    values = np.sort(x, axis=0)[:: max(1, ROWS // levels)][:levels]
    for j in range(FEATURES):
        x[:, j] = values[np.abs(x[:, j][:, None] - values[:, j][None]).argmin(axis=1), j]
    weights = np.array([3.0, -2.0, 1.3, 0.7, 0.4])
    y = np.round(x @ weights + np.sin(3 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2], 4)
    return x, y


def target_of(task, y):
    if task == "regression":
        return y
    return np.digitize(y, [0.0] if task == "binary" else [-1.5, 1.5])


def predicted(model, x):
    return model.predict_proba(x)[:, 1:].T if hasattr(model, "predict_proba") else model.predict(x)[None]


def main():
    tables, cases = {}, []
    for levels in (16, 255):
        x, y = data(levels, levels)
        tables[str(levels)] = {"x": x.T.tolist(), "y": y.tolist()}
        for task in ("regression", "binary", "multiclass"):
            target = target_of(task, y)
            for leaf in (1, 20):
                for leaves, rounds in ((4, 1), (31, 1), (255, 1), (8, 5)):
                    ours = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
                    theirs = lgb.LGBMRegressor if task == "regression" else lgb.LGBMClassifier
                    hist = ours(
                        learning_rate=0.1,
                        max_iter=rounds,
                        max_leaf_nodes=leaves,
                        min_samples_leaf=leaf,
                        max_bins=levels,
                        early_stopping=False,
                    ).fit(x, target)
                    light = theirs(
                        # Its hessians of several classes are K / (K - 1) times as large, and so its leaves smaller.
                        learning_rate=0.1 * (1.5 if task == "multiclass" else 1),
                        n_estimators=rounds,
                        num_leaves=leaves,
                        min_child_samples=leaf,
                        # It shares bins out to both sides of 0 by rows: enough for every distinct value wherever it lies.
                        max_bin=4 * levels,
                        min_data_in_bin=1,
                        deterministic=True,
                        feature_pre_filter=False,
                        enable_bundle=False,
                        verbose=-1,
                        n_jobs=1,
                    ).fit(x, target)
                    shown = {"sklearn": hist, "lightgbm": light}
                    case = {"levels": levels, "task": task, "minSamplesLeaf": leaf, "maxLeafNodes": leaves, "maxIter": rounds}
                    case |= {name: np.round(predicted(model, x)[:, ::EVERY], 7).tolist() for name, model in shown.items()}
                    if np.max(np.abs(np.subtract(case["sklearn"], case["lightgbm"]))) < 1e-6:
                        case["both"] = case.pop("sklearn")
                        del case["lightgbm"]
                    cases.append(case)
    versions = {"sklearn": sklearn.__version__, "lightgbm": lgb.__version__, "every": EVERY}
    print("{" + json.dumps(versions)[1:-1] + ', "tables": ' + json.dumps(tables) + ', "cases": [')
    print(",\n".join(json.dumps(case) for case in cases))
    print("]}")


main()
