"""Errors of LightGBM, XGBoost and scikit-learn with monotone constraints, sampled rows and dropouts, on data that
tests/models/boosting-growth.test.ts makes anew: tests/fixtures/boosting-growth.json.

    pip install numpy scikit-learn lightgbm xgboost && python tests/agreement/boosting-growth.py
"""

import json
import pathlib
import sys
import warnings

import lightgbm
import numpy
import sklearn
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor

warnings.filterwarnings("ignore")
TRAIN, ROWS, FEATURES, SEEDS = 3000, 6000, 6, 8


def noise(row, column):
    """As `noise` in tests/models/tree-data.ts: in [0, 1), of the row and the column alone."""
    row, column = numpy.uint32(row), numpy.uint32(column)
    with numpy.errstate(over="ignore"):
        state = (row + numpy.uint32(1)) * numpy.uint32(0x9E3779B1) ^ (column + numpy.uint32(1)) * numpy.uint32(0x85EBCA6B)
        state = (state ^ (state >> numpy.uint32(15))) * numpy.uint32(0x2C1B3C6D)
        state = (state ^ (state >> numpy.uint32(12))) * numpy.uint32(0x297A2D39)
    return (state ^ (state >> numpy.uint32(15))) / 4294967296


def data():
    rows = numpy.arange(ROWS, dtype=numpy.uint32)
    x = numpy.stack([noise(rows, k) for k in range(FEATURES)], axis=1)
    truth = 2 * x[:, 0] - 2 * x[:, 1] + numpy.sin(12 * x[:, 2]) + x[:, 3] * x[:, 4]
    return x, truth, truth + 3 * (noise(rows, 99) - 0.5)


X, TRUTH, Y = data()
COMMON = dict(n_estimators=100, learning_rate=0.1)
LEAVES = dict(num_leaves=31, min_child_samples=20, min_child_weight=1e-3, verbose=-1, n_jobs=1)
MONOTONE = [1, -1, 0, 0, 0, 0]


def error(model):
    """Against the truth without its noise: what constraints win is not hidden by what nobody can know."""
    model.fit(X[:TRAIN], Y[:TRAIN])
    return float(numpy.sqrt(numpy.mean((model.predict(X[TRAIN:]) - TRUTH[TRAIN:]) ** 2)))


def over_seeds(make):
    errors = [error(make(seed)) for seed in range(SEEDS)]
    return {"mean": float(numpy.mean(errors)), "deviation": float(numpy.std(errors, ddof=1))}


def lgb(**parameters):
    return lambda seed=0: lightgbm.LGBMRegressor(**COMMON, **LEAVES, random_state=seed, **parameters)


def xgb(**parameters):
    return lambda seed=0: xgboost.XGBRegressor(
        **COMMON, tree_method="hist", grow_policy="lossguide", max_leaves=31, max_depth=0, n_jobs=1, random_state=seed,
        **parameters,
    )


def hgb(**parameters):
    return HistGradientBoostingRegressor(max_iter=100, learning_rate=0.1, early_stopping=False, **parameters)


result = {
    "about": f"python {sys.version.split()[0]}, numpy {numpy.__version__}, scikit-learn {sklearn.__version__}, "
    f"lightgbm {lightgbm.__version__}, xgboost {xgboost.__version__}; root mean squared error against the noiseless truth",
    "free": {"lightgbm": error(lgb()()), "xgboost": error(xgb()()), "scikit-learn": error(hgb())},
    "monotone": {
        "lightgbm": error(lgb(monotone_constraints=MONOTONE)()),
        "xgboost": error(xgb(monotone_constraints=tuple(MONOTONE))()),
        "scikit-learn": error(hgb(monotonic_cst=MONOTONE)),
    },
    "interactions": {
        "lightgbm": error(lgb(interaction_constraints=[[0, 1], [2], [3, 4, 5]])()),
        "xgboost": error(xgb(interaction_constraints="[[0, 1], [2], [3, 4, 5]]")()),
        "scikit-learn": error(hgb(interaction_cst=[{0, 1}, {2}, {3, 4, 5}])),
    },
    "goss": {"lightgbm": over_seeds(lgb(data_sample_strategy="goss", top_rate=0.2, other_rate=0.1))},
    "bagging": {
        "lightgbm": over_seeds(lgb(subsample=0.5, subsample_freq=1)),
        "xgboost": over_seeds(xgb(subsample=0.5)),
    },
    "columns": {
        "lightgbm": over_seeds(lgb(colsample_bytree=0.5)),
        "xgboost": over_seeds(xgb(colsample_bynode=0.5)),
    },
    "dart": {"lightgbm": over_seeds(lgb(boosting_type="dart", uniform_drop=True))},
}
path = pathlib.Path(__file__).parent.parent / "fixtures" / "boosting-growth.json"
path.write_text(json.dumps(result, indent=2) + "\n")
print(json.dumps(result, indent=2))
