"""Writes tests/fixtures/boosting-losses.json: predictions of other people's boosting on easy data, loss by loss.

    python tests/agreement/boosting-losses.py > tests/fixtures/boosting-losses.json

Easy data: few distinct values, so that bins are the values themselves, and effects far larger than the noise, so that the
best split is never in doubt. scikit-learn's HistGradientBoosting* for what it has, LightGBM for tweedie and lambdarank.
"""
import json

import lightgbm as lgb
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

rng = np.random.default_rng(20261123)
ROWS = 480
x = np.column_stack([rng.integers(0, 12, ROWS), rng.integers(0, 7, ROWS), rng.integers(0, 5, ROWS)]).astype(float)
effect = np.select([x[:, 0] < 3, x[:, 0] < 8], [0.2, 1.1], 2.4) + np.where(x[:, 1] > 3, 0.7, 0.0) + 0.15 * x[:, 2]
w = np.round(rng.uniform(0.5, 2, ROWS), 2)
targets = {
    "amount": np.round(np.exp(effect) * rng.gamma(8, 1 / 8, ROWS), 4),
    "count": rng.poisson(np.exp(effect)).astype(float),
    "class": (effect + rng.normal(0, 0.6, ROWS) > 1.5).astype(int) + (effect + rng.normal(0, 0.6, ROWS) > 2.6),
}
# Newton's steps are left alone up to 4: far from the mean Lanewise bounds them, which others do not.
targets["mild"] = np.round(np.exp(effect / 3) * rng.gamma(8, 1 / 8, ROWS), 4)
targets["flag"] = (targets["class"] > 0).astype(int)
common = {"max_iter": 4, "max_leaf_nodes": 5, "min_samples_leaf": 15, "learning_rate": 0.3, "early_stopping": False}


def regress(target, **loss):
    y = targets[target]
    plain = HistGradientBoostingRegressor(**common, **loss).fit(x, y)
    weighted = HistGradientBoostingRegressor(**common, **loss).fit(x, y, sample_weight=w)
    return {"target": target, "plain": plain.predict(x).tolist(), "weighted": weighted.predict(x).tolist()}


def classify(target):
    y = targets[target]
    plain = HistGradientBoostingClassifier(**common).fit(x, y)
    balanced = HistGradientBoostingClassifier(**common, class_weight="balanced").fit(x, y)
    return {
        "target": target,
        "plain": plain.predict_proba(x)[:, -1].tolist(),
        "balanced": balanced.predict_proba(x)[:, -1].tolist(),
    }


def light(target, params, rounds=4, **extra):
    settings = {
        "num_leaves": 5,
        "min_data_in_leaf": 15,
        "learning_rate": 0.3,
        "min_data_in_bin": 1,
        "num_threads": 1,
        "deterministic": True,
        "verbosity": -1,
        "min_sum_hessian_in_leaf": 1e-3,
        "boost_from_average": True,
        **params,
    }
    data = lgb.Dataset(x, targets[target], free_raw_data=False, **extra)
    booster = lgb.train(settings, data, num_boost_round=rounds)
    return booster.predict(x)


groups = np.sort(rng.integers(0, 40, ROWS))
targets["grade"] = np.clip(np.floor(effect + rng.normal(0, 0.4, ROWS)), 0, 4)
sizes = np.unique(groups, return_counts=True)[1]
ranked = light("grade", {"objective": "lambdarank", "lambdarank_truncation_level": 10}, 2, group=sizes)
print(
    json.dumps(
        {
            "x": x.T.tolist(),
            "weights": w.tolist(),
            "groups": groups.tolist(),
            "targets": {name: values.tolist() for name, values in targets.items()},
            "losses": {
                "squared_error": regress("amount", loss="squared_error"),
                "absolute_error": regress("amount", loss="absolute_error"),
                "quantile": regress("amount", loss="quantile", quantile=0.8),
                "poisson": regress("count", loss="poisson"),
                "gamma": regress("mild", loss="gamma"),
            },
            "tweedie": light("amount", {"objective": "tweedie", "tweedie_variance_power": 1.5}).tolist(),
            "lambdarank": ranked.tolist(),
            "flag": classify("flag"),
            "class": classify("class"),
        }
    )
)
