#!/usr/bin/env python3
"""Trees, pruning paths and anomaly scores of scikit-learn, for tests/models/{decision-tree,isolation-forest}.test.ts.

Writes tests/fixtures/decision-trees.json. Data are rounded to f32, which is what scikit-learn's trees see. A tree is
marked `unique` where ten seeds, which only break ties between equally good splits, grow the same one.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

out = Path(__file__).parent.parent / "fixtures" / "decision-trees.json"


def load(name, rows):
    data = getattr(datasets, f"load_{name}")()
    order = np.random.default_rng(7).permutation(len(data.target))[:rows]
    x = data.data[order].astype(np.float32)
    return x, data.target[order]


def structure(tree):
    t = tree.tree_
    return {
        "feature": t.feature.tolist(),
        "threshold": t.threshold.tolist(),
        "left": t.children_left.tolist(),
        "right": t.children_right.tolist(),
        "cover": t.weighted_n_node_samples.tolist(),
        "impurity": t.impurity.tolist(),
    }


def same(a, b):
    return (a.tree_.node_count == b.tree_.node_count and np.array_equal(a.tree_.feature, b.tree_.feature)
            and np.array_equal(a.tree_.threshold, b.tree_.threshold))


sets = {"iris": load("iris", 150), "wine": load("wine", 178), "breast_cancer": load("breast_cancer", 200),
        "diabetes": load("diabetes", 200)}
cases = []
for name, (x, y) in sets.items():
    classes = name != "diabetes"
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    variants = [{}, {"max_depth": 3}, {"min_samples_leaf": 7}, {"max_leaf_nodes": 8}, {"min_impurity_decrease": 0.01},
                {"criterion": "entropy" if classes else "poisson", "max_depth": 4}, {"min_weight_fraction_leaf": 0.05},
                {"ccp_alpha": 0.01 if classes else 60.0}]
    if classes:
        variants.append({"class_weight": "balanced", "max_depth": 4})
    train = np.arange(len(y)) % 3 != 0
    for parameters in variants:
        trees = [kind(random_state=seed, **parameters).fit(x[train], y[train]) for seed in range(10)]
        case = {"data": name, "parameters": parameters, "unique": all(same(trees[0], t) for t in trees[1:]),
                "leaves": [int(t.get_n_leaves()) for t in trees], **structure(trees[0])}
        predicted = trees[0].predict_proba(x) if classes else trees[0].predict(x)[:, None]
        case["predictions"] = predicted.tolist()
        cases.append(case)
    weights = np.arange(len(y)) % 4
    tree = kind(random_state=0, max_depth=3).fit(x[train], y[train], sample_weight=weights[train])
    others = [kind(random_state=s, max_depth=3).fit(x[train], y[train], sample_weight=weights[train]) for s in range(1, 10)]
    predicted = tree.predict_proba(x) if classes else tree.predict(x)[:, None]
    cases.append({"data": name, "parameters": {"max_depth": 3}, "weighted": True, "unique": all(same(tree, t) for t in others),
                  "leaves": [int(tree.get_n_leaves())], **structure(tree), "predictions": predicted.tolist()})

paths = []
for name in ("iris", "breast_cancer", "diabetes"):
    x, y = sets[name]
    kind = DecisionTreeRegressor if name == "diabetes" else DecisionTreeClassifier
    parameters = {"max_depth": 5}
    found = [kind(random_state=s, **parameters).cost_complexity_pruning_path(x, y) for s in range(10)]
    paths.append({"data": name, "parameters": parameters, "ccpAlphas": found[0].ccp_alphas.tolist(),
                  "impurities": found[0].impurities.tolist(),
                  "unique": all(len(p.ccp_alphas) == len(found[0].ccp_alphas) and np.allclose(p.ccp_alphas, found[0].ccp_alphas)
                                for p in found)})

# Two targets at once.
x, y = sets["diabetes"]
both = np.stack([y, 3 * x[:, 2] + 0.01 * y], axis=1)
trees = [DecisionTreeRegressor(max_depth=4, random_state=s).fit(x, both) for s in range(10)]
several = {"second": both[:, 1].tolist(), "unique": all(same(trees[0], t) for t in trees[1:]), **structure(trees[0]),
           "predictions": trees[0].predict(x).tolist()}

# Anomalies: malignant tumours among benign ones, thinned to one in ten; zeros of the digits among other digits.
anomalies = {}
data = datasets.load_breast_cancer()
malignant = np.flatnonzero(data.target == 0)[:36]
benign = np.flatnonzero(data.target == 1)[:324]
rows = np.sort(np.concatenate([malignant, benign]))
features = [0, 1, 2, 3, 5, 6, 7, 20, 21, 27]
x = data.data[rows][:, features].astype(np.float32)
label = (data.target[rows] == 0).astype(int)
scores = [-IsolationForest(random_state=s).fit(x).score_samples(x) for s in range(20)]
areas = [float(roc_auc_score(label, s)) for s in scores]
anomalies["breast_cancer"] = {
    "x": x.tolist(), "label": label.tolist(), "areas": areas, "score": np.mean(scores, axis=0).tolist(),
    "spread": float(np.mean(np.std(scores, axis=0))),
    "offset": [float(-IsolationForest(random_state=s, contamination=0.1).fit(x).offset_) for s in range(20)],
}

json.dump({
    "by": f"scikit-learn {sklearn.__version__}",
    "data": {name: {"x": x.tolist(), "y": y.tolist()} for name, (x, y) in sets.items()},
    "cases": cases, "paths": paths, "several": several, "anomalies": anomalies,
}, open(out, "w"), separators=(",", ":"))
print({(c["data"], str(c["parameters"])): c["unique"] for c in cases}, file=sys.stderr)
print([(p["data"], p["unique"]) for p in paths], several["unique"], {k: np.mean(a["areas"]) for k, a in anomalies.items()}, file=sys.stderr)
