"""Makes tests/fixtures/generalized-linear.json: what scikit-learn and statsmodels find for smooth losses of linear models.

    python generalized-linear.py > tests/fixtures/generalized-linear.json

Needs scikit-learn and statsmodels. The rows are in the file, so that the test needs nothing else. Every case has the
coefficients, the intercepts and the value of the objective, as the estimator's documentation defines it.
"""
import json
import warnings

import numpy as np
import statsmodels.api as sm
from sklearn._loss import HalfGammaLoss, HalfPoissonLoss, HalfTweedieLoss, HalfTweedieLossIdentity
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import (
    GammaRegressor,
    HuberRegressor,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)

warnings.filterwarnings("ignore")


def rounded(x):
    return [[float(f"{v:.6g}") for v in column] for column in np.asarray(x).T]


def table(columns, target, weights=None):
    made = {"columns": columns, "target": [float(f"{v:.6g}") for v in target]}
    if weights is not None:
        made["weights"] = weights.tolist()
    return made


def matrix(data):
    return np.array(data["columns"]).T, np.array(data["target"]), np.array(data["weights"])


def weighing(rows):
    return 0.25 + (np.arange(rows) % 5) / 4


cancer = load_breast_cancer()
rows = slice(0, None, 3)
breast = table(rounded(cancer.data[rows]), cancer.target[rows], weighing(len(cancer.target[rows])))
# Four columns that do not part the classes.
few = table(rounded(cancer.data[rows][:, [1, 4, 8, 9]]), cancer.target[rows], weighing(len(cancer.target[rows])))
digits = load_digits()
images = table(rounded(digits.data[::6] / 16), digits.target[::6], weighing(len(digits.target[::6])))
d = load_diabetes(scaled=False)
diabetes = table(rounded(d.data[::2]), d.target[::2], weighing(len(d.target[::2])))


def logistic(name, data, penalty, c=1.0, ratio=None, weighted=False, balanced=False):
    x, y, w = matrix(data)
    # scikit-learn's solvers are slow on columns of different scale: the penalty is on these columns as they are here.
    shift, unit = x.mean(axis=0), np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    x = (x - shift) / unit
    share = {"none": 0, "l1": 1, "l2": 0, "elasticnet": ratio}[penalty]
    solver = "saga" if share > 0 else "newton-cholesky" if len(set(y)) == 2 else "lbfgs"
    model = LogisticRegression(
        C=np.inf if penalty == "none" else c, l1_ratio=share, solver=solver, tol=1e-9 if solver == "saga" else 1e-12,
        max_iter=20000, class_weight="balanced" if balanced else None, random_state=1,
    ).fit(x, y, sample_weight=w if weighted else None)
    weights = w if weighted else np.ones(len(y))
    if balanced:
        weights = weights * (len(y) / (len(set(y)) * np.bincount(y.astype(int))))[y.astype(int)]
    margins = x @ model.coef_.T + model.intercept_
    if margins.shape[1] == 1:
        margins = np.hstack([np.zeros((len(y), 1)), margins])
    top = margins.max(axis=1)
    losses = top + np.log(np.exp(margins - top[:, None]).sum(axis=1)) - margins[np.arange(len(y)), y.astype(int)]
    norm1, norm2 = np.abs(model.coef_).sum(), (model.coef_ ** 2).sum() / 2
    value = (weights * losses).sum() + (0 if penalty == "none" else (share * norm1 + (1 - share) * norm2) / c)
    return {
        "data": name, "penalty": penalty, "C": c, "l1Ratio": ratio, "weighted": weighted, "balanced": balanced,
        "coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist(), "objective": value,
    }


def generalized(model, loss, weighted, **facts):
    x, y, w = matrix(diabetes)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model.fit(x, y, sample_weight=w if weighted else None)
    weights = w if weighted else np.ones(len(y))
    raw = x @ model.coef_ + model.intercept_
    losses = loss.loss(y, raw) + loss.constant_to_optimal_zero(y)
    value = (weights * losses).sum() / weights.sum() + model.alpha / 2 * (model.coef_ ** 2).sum()
    return {
        **facts, "alpha": model.alpha, "weighted": weighted, "coefficients": model.coef_.tolist(),
        "intercept": float(model.intercept_), "objective": float(value),
    }


def tweedie(power, link, alpha, weighted=False):
    model = TweedieRegressor(power=power, link=link, alpha=alpha, tol=1e-9, max_iter=50000, solver="newton-cholesky" if link == "log" else "lbfgs")
    loss = (HalfTweedieLoss if link == "log" else HalfTweedieLossIdentity)(power=power)
    return generalized(model, loss, weighted, power=power, link=link)


def huber(epsilon, alpha, weighted=False):
    x, y, w = matrix(diabetes)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = y + np.where(np.arange(len(y)) % 11 == 3, 400, 0)
    model = HuberRegressor(epsilon=epsilon, alpha=alpha, tol=1e-10, max_iter=20000).fit(x, y, w if weighted else None)
    weights = w if weighted else np.ones(len(y))
    z = np.abs(y - x @ model.coef_ - model.intercept_) / model.scale_
    h = np.where(z <= epsilon, z * z, 2 * epsilon * z - epsilon ** 2)
    value = (weights * (model.scale_ + h * model.scale_)).sum() + alpha * (model.coef_ ** 2).sum()
    return {
        "epsilon": epsilon, "alpha": alpha, "weighted": weighted, "coefficients": model.coef_.tolist(),
        "intercept": float(model.intercept_), "scale": float(model.scale_), "objective": float(value),
    }


def quantile(q, alpha, weighted=False, fit_intercept=True):
    x, y, w = matrix(diabetes)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model = QuantileRegressor(quantile=q, alpha=alpha, solver="highs", fit_intercept=fit_intercept).fit(x, y, w if weighted else None)
    weights = w if weighted else np.ones(len(y))
    rest = y - x @ model.coef_ - model.intercept_
    pinball = np.maximum(q * rest, (q - 1) * rest)
    value = (weights * pinball).sum() / weights.sum() + alpha * np.abs(model.coef_).sum()
    return {
        "quantile": q, "alpha": alpha, "weighted": weighted, "fitIntercept": fit_intercept,
        "coefficients": model.coef_.tolist(), "intercept": float(model.intercept_), "objective": float(value),
    }


def errors():
    x, y, _ = matrix(few)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    logit = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12, method="newton")
    xd, yd, _ = matrix(diabetes)
    xd = sm.add_constant((xd - xd.mean(axis=0)) / xd.std(axis=0))
    poisson = sm.GLM(yd, xd, family=sm.families.Poisson()).fit(tol=1e-12)
    gamma = sm.GLM(yd, xd, family=sm.families.Gamma(sm.families.links.Log())).fit(tol=1e-12)
    shown = lambda model: {"estimates": model.params.tolist(), "errors": model.bse.tolist()}
    return {"logistic": shown(logit), "poisson": shown(poisson), "gamma": {**shown(gamma), "scale": float(gamma.scale)}}


print(json.dumps({
    "tables": {"breast": breast, "few": few, "digits": images, "diabetes": diabetes},
    "logistic": [
        logistic("few", few, "none"), logistic("few", few, "none", weighted=True),
        logistic("breast", breast, "l2", 0.3), logistic("breast", breast, "l2", 1.0, balanced=True),
        logistic("breast", breast, "l1", 0.1), logistic("breast", breast, "l1", 1.0, weighted=True),
        logistic("breast", breast, "elasticnet", 0.5, 0.4), logistic("digits", images, "l2", 0.1),
        logistic("digits", images, "l1", 0.3), logistic("digits", images, "elasticnet", 0.2, 0.5, weighted=True),
    ],
    "tweedie": [
        *[generalized(PoissonRegressor(alpha=a, tol=1e-10, max_iter=20000, solver="newton-cholesky"), HalfPoissonLoss(), w, power=1, link="log") for a, w in ((0, False), (0.1, False), (10, True))],
        *[generalized(GammaRegressor(alpha=a, tol=1e-10, max_iter=20000, solver="newton-cholesky"), HalfGammaLoss(), w, power=2, link="log") for a, w in ((0, False), (0.1, True))],
        tweedie(1.5, "log", 0.1), tweedie(3, "log", 0.1), tweedie(0, "identity", 1.0, True), tweedie(0, "log", 0.5),
    ],
    "huber": [huber(1.35, 0.0001), huber(1.1, 0.0001, True), huber(2.0, 1.0)],
    "quantile": [
        quantile(0.5, 0), quantile(0.1, 0), quantile(0.9, 0, True), quantile(0.5, 1.0), quantile(0.25, 0.3, True),
        quantile(0.5, 0.1, False, False), quantile(0.3, 100.0),
    ],
    "errors": errors(),
}))
