"""Writes tests/fixtures/evaluate.json: metrics by scikit-learn, distributions and intervals by SciPy.

    python -m venv golden-venv && golden-venv/bin/pip install scikit-learn==1.9.1 scipy==1.17.1
    golden-venv/bin/python tests/agreement/evaluate.py
"""
import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics as m
from sklearn.model_selection import TimeSeriesSplit

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261123)


def classification(classes, rows, digits, never_predicted=None):
    target = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[target]
    probabilities = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), digits)
    probabilities[:, -1] = 1 - probabilities[:, :-1].sum(1)
    choice = probabilities.copy()
    if never_predicted is not None:
        choice[:, never_predicted] = -1
    prediction = choice.argmax(1)
    weights = np.round(rng.uniform(0.2, 3, rows), 2)
    scores = {}
    for name, w in (("plain", None), ("weighted", weights)):
        s = {
            "accuracy": m.accuracy_score(target, prediction, sample_weight=w),
            "balanced_accuracy": m.balanced_accuracy_score(target, prediction, sample_weight=w),
            "matthews_corrcoef": m.matthews_corrcoef(target, prediction, sample_weight=w),
            "cohen_kappa": m.cohen_kappa_score(target, prediction, sample_weight=w),
            "neg_log_loss": -m.log_loss(target, probabilities, sample_weight=w),
            "neg_brier_score": -m.brier_score_loss(
                target, probabilities, sample_weight=w, labels=list(range(classes))
            ),
        }
        for family, f in (("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score)):
            if classes == 2:
                s[family] = f(target, prediction, sample_weight=w)
            for average in ("macro", "weighted", "micro"):
                s[f"{family}_{average}"] = f(target, prediction, average=average, sample_weight=w)
        if classes == 2:
            s["roc_auc"] = m.roc_auc_score(target, probabilities[:, 1], sample_weight=w)
            s["average_precision"] = m.average_precision_score(target, probabilities[:, 1], sample_weight=w)
        else:
            s["roc_auc_ovr"] = m.roc_auc_score(target, probabilities, multi_class="ovr", sample_weight=w)
            s["roc_auc_ovr_weighted"] = m.roc_auc_score(
                target, probabilities, multi_class="ovr", average="weighted", sample_weight=w
            )
            if w is None:
                s["roc_auc_ovo"] = m.roc_auc_score(target, probabilities, multi_class="ovo")
                s["roc_auc_ovo_weighted"] = m.roc_auc_score(
                    target, probabilities, multi_class="ovo", average="weighted"
                )
        scores[name] = s
    return {
        "target": target.tolist(),
        "prediction": prediction.tolist(),
        "probabilities": probabilities.T.tolist(),
        "weights": weights.tolist(),
        "scores": scores,
    }


def regression(rows):
    target = np.round(rng.gamma(2, 5, rows), 2)
    prediction = np.round(np.abs(target + rng.normal(0, 3, rows)) + 0.1, 2)
    weights = np.round(rng.uniform(0.2, 3, rows), 2)
    scores = {}
    for name, w in (("plain", None), ("weighted", weights)):
        k = {"sample_weight": w}
        scores[name] = {
            "neg_mean_squared_error": -m.mean_squared_error(target, prediction, **k),
            "neg_root_mean_squared_error": -m.root_mean_squared_error(target, prediction, **k),
            "neg_mean_absolute_error": -m.mean_absolute_error(target, prediction, **k),
            "neg_median_absolute_error": -m.median_absolute_error(target, prediction, **k),
            "neg_mean_absolute_percentage_error": -m.mean_absolute_percentage_error(target, prediction, **k),
            "neg_max_error": -m.max_error(target, prediction),
            "r2": m.r2_score(target, prediction, **k),
            "explained_variance": m.explained_variance_score(target, prediction, **k),
            "neg_mean_squared_log_error": -m.mean_squared_log_error(target, prediction, **k),
            "neg_root_mean_squared_log_error": -m.root_mean_squared_log_error(target, prediction, **k),
            "neg_mean_poisson_deviance": -m.mean_poisson_deviance(target, prediction, **k),
            "neg_mean_gamma_deviance": -m.mean_gamma_deviance(target, prediction, **k),
        }
    return {
        "target": target.tolist(),
        "prediction": prediction.tolist(),
        "weights": weights.tolist(),
        "scores": scores,
    }


def clustering(rows):
    truth = rng.integers(0, 3, rows)
    points = np.round(rng.normal(size=(rows, 2)) + 2.5 * np.eye(3)[truth][:, :2], 3)
    labels = np.where(rng.uniform(size=rows) < 0.25, rng.integers(0, 4, rows), truth)
    return {
        "columns": points.T.tolist(),
        "truth": truth.tolist(),
        "labels": labels.tolist(),
        "silhouette": m.silhouette_score(points, labels),
        "davies_bouldin": m.davies_bouldin_score(points, labels),
        "calinski_harabasz": m.calinski_harabasz_score(points, labels),
        "adjusted_rand_score": m.adjusted_rand_score(truth, labels),
        "normalized_mutual_info_score": m.normalized_mutual_info_score(truth, labels),
    }


def distributions():
    ts = [0, 0.1, 0.7, 1.5, 2.776, 5, 12, 40]
    dfs = [1, 2, 4, 9.5, 49, 1000]
    xs = [0.01, 0.5, 1, 3.84, 11, 60, 400]
    zs = [-9, -5, -3, -1.96, -0.3, 0, 0.5, 2.2, 6]
    ps = [1e-12, 1e-4, 0.025, 0.31, 0.5, 0.8, 0.975, 0.9999]
    return {
        "student_two_sided": [[t, df, 2 * stats.t.sf(t, df)] for t in ts for df in dfs],
        "student_cdf": [[s * t, df, stats.t.cdf(s * t, df)] for t in ts for df in dfs for s in (-1, 1)],
        "student_critical": [[level, df, stats.t.ppf(0.5 + level / 2, df)] for level in (0.5, 0.9, 0.95, 0.999) for df in dfs],
        "chi_squared_tail": [[x, df, stats.chi2.sf(x, df)] for x in xs for df in (1, 2, 5, 30, 200)],
        "normal_cdf": [[z, stats.norm.cdf(z)] for z in zs],
        "normal_quantile": [[p, stats.norm.ppf(p)] for p in ps],
        "log_gamma": [[x, scipy.special.gammaln(x)] for x in (0.1, 0.5, 1, 1.5, 2, 7.25, 100, 1e6)],
        "incomplete_beta": [
            [x, a, b, scipy.special.betainc(a, b, x)]
            for x in (0.001, 0.2, 0.5, 0.93)
            for a in (0.5, 2, 30)
            for b in (0.5, 3, 80)
        ],
    }


def bootstrap_mean():
    values = np.round(rng.exponential(3, 60), 3)
    intervals = {}
    for method in ("percentile", "BCa"):
        r = stats.bootstrap((values,), np.mean, n_resamples=100_000, method=method, rng=np.random.default_rng(1))
        intervals[method] = [r.confidence_interval.low, r.confidence_interval.high]
    return {"values": values.tolist(), "intervals": intervals}


def time_series():
    x = np.zeros((53, 1))
    cases = []
    for k in ({"n_splits": 5}, {"n_splits": 3, "gap": 4}, {"n_splits": 4, "test_size": 6, "max_train_size": 15, "gap": 1}):
        folds = [[train.tolist(), test.tolist()] for train, test in TimeSeriesSplit(**k).split(x)]
        cases.append({"options": k, "folds": folds})
    return cases


golden = {
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
    "classification": {
        "binary with ties": classification(2, 80, 1),
        "binary": classification(2, 61, 4),
        "four classes": classification(4, 90, 3),
        "a class is never predicted": classification(3, 50, 3, never_predicted=1),
    },
    "regression": {"even": regression(60), "odd": regression(41)},
    "clustering": clustering(70),
    "distributions": distributions(),
    "bootstrap": bootstrap_mean(),
    "time_series": time_series(),
}
path = pathlib.Path(__file__).parents[1] / "fixtures" / "evaluate.json"
path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")
