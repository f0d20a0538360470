"""Makes tests/fixtures/svm.json: dual objectives, support vectors and decision values of scikit-learn's LIBSVM.

    python svm.py > tests/fixtures/svm.json

Needs scikit-learn. The rows themselves are in the file: iris, every third of breast_cancer and of diabetes, in few digits.
Decision values are those at tol 1e-10; the objectives at the tolerances by which they are named.
"""
import json

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.svm import SVC, SVR, OneClassSVM


def standard(x, digits=3):
    return np.round((x - x.mean(axis=0)) / x.std(axis=0), digits)


iris, cancer, diabetes = load_iris(), load_breast_cancer(), load_diabetes()
sets = {
    "iris": (iris.data, iris.target),
    "cancer": (standard(cancer.data[::3, :12]), cancer.target[::3]),
    "diabetes": (standard(diabetes.data[::3]), diabetes.target[::3]),
}
weights = {name: np.round((np.arange(len(y)) % 5) / 2, 2) for name, (x, y) in sets.items()}  # some are 0


def kernel_of(model, x):
    names = {"rbf": ["gamma"], "linear": [], "poly": ["gamma", "degree", "coef0"], "sigmoid": ["gamma", "coef0"]}
    given = {"gamma": model._gamma, "degree": model.degree, "coef0": model.coef0}
    return pairwise_kernels(x, metric=model.kernel, **{key: given[key] for key in names[model.kernel]})


def beta_of(model, pair, y):
    """The dual variables of a machine, by row: side · alpha."""
    beta = np.zeros(len(y))
    if pair is None:
        beta[model.support_] = model.dual_coef_[0]
        return beta
    a, b = pair
    starts = np.concatenate([[0], np.cumsum(model.n_support_)])
    for own, other in ((a, b), (b, a)):
        place = slice(starts[own], starts[own + 1])
        beta[model.support_[place]] = model.dual_coef_[other - 1 if other > own else other, place]
    return beta


def objective(model, x, y, kind, epsilon=0.0):
    kernel, total = kernel_of(model, x), 0.0
    classes = np.unique(y) if kind == "classification" else []
    pairs = [(a, b) for a in range(len(classes)) for b in range(a + 1, len(classes))] if len(classes) > 2 else [None]
    for pair in pairs:
        beta = beta_of(model, pair, y)
        total += 0.5 * beta @ kernel @ beta
        if kind == "classification":
            total -= np.abs(beta).sum()
        elif kind == "regression":
            total += epsilon * np.abs(beta).sum() - y @ beta
    return float(total)


makers = {"classification": SVC, "regression": SVR, "anomaly-detection": OneClassSVM}
cases = []


def add(kind, name, weighted=False, **parameters):
    x, y = sets[name]
    sample = weights[name] if weighted else None
    case = {"task": kind, "set": name, "weighted": weighted, "parameters": parameters, "objectives": {}}

    def fit(tol):
        extra = {"decision_function_shape": "ovo"} if kind == "classification" else {}
        model = makers[kind](tol=tol, **extra, **parameters)
        return model.fit(x, None if kind == "anomaly-detection" else y, sample_weight=sample)

    epsilon = parameters.get("epsilon", 0.1) if kind == "regression" else 0.0
    for tol in ("1e-3", "1e-6"):
        case["objectives"][tol] = objective(fit(float(tol)), x, y, kind, epsilon)
    exact = fit(1e-10)
    decisions = exact.predict(x) if kind == "regression" else exact.decision_function(x)
    case["supports"] = exact.support_[np.argsort(exact.support_)].tolist()
    case["decisions"] = np.round(np.atleast_2d(decisions.T), 9).tolist()
    if kind == "classification":
        case["predictions"] = exact.predict(x).tolist()
    cases.append(case)


add("classification", "cancer")
add("classification", "cancer", C=100, gamma=0.1)
add("classification", "cancer", kernel="linear", C=0.5)
add("classification", "cancer", kernel="poly", coef0=1)
add("classification", "cancer", kernel="sigmoid", gamma=0.01, coef0=0.1)
add("classification", "cancer", weighted=True, C=3)
add("classification", "iris")
add("classification", "iris", weighted=True, kernel="poly", degree=2)
add("regression", "diabetes", C=100)
add("regression", "diabetes", C=10, epsilon=20, kernel="linear")
add("regression", "diabetes", C=50, epsilon=5, weighted=True, gamma="auto")
add("anomaly-detection", "cancer", nu=0.1)
add("anomaly-detection", "cancer", nu=0.5, kernel="poly", weighted=True)

for c, shape in (("balanced", "cancer"), ({0: 5, 1: 0.5}, "cancer")):
    x, y = sets[shape]
    model = SVC(tol=1e-10, class_weight=c).fit(x, y)
    cases.append({
        "task": "classification", "set": shape, "weighted": False, "parameters": {},
        "classWeight": c if isinstance(c, str) else {str(k): v for k, v in c.items()},
        "objectives": {}, "supports": sorted(model.support_.tolist()),
        "decisions": [np.round(model.decision_function(x), 9).tolist()], "predictions": model.predict(x).tolist(),
    })

ties = SVC(tol=1e-10, C=0.02, gamma=0.1, break_ties=True).fit(*sets["iris"])

print(json.dumps({
    "sets": {
        name: {"columns": x.T.tolist(), "target": y.tolist(), "weights": weights[name].tolist()}
        for name, (x, y) in sets.items()
    },
    "cases": cases,
    "breakTies": ties.predict(sets["iris"][0]).tolist(),
}))
