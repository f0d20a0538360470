"""Shapley values of LightGBM's, XGBoost's and scikit-learn's trees, as shap and LightGBM give them, for tests/explain.

Writes tests/fixtures/explain.json: each model's trees as the arrays of an ensemble operation, rows, and what was given for
them. python tests/agreement/explain.py; lightgbm 4.7, xgboost 3.2, scikit-learn 1.9, shap as printed into the file.
"""

import itertools
import json
import math
import pathlib

import lightgbm
import numpy as np
import shap
import sklearn
import xgboost
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor

random = np.random.default_rng(7)
ROWS, FEATURES, EXPLAINED = 400, 6, 9


def numbers():
    x = np.round(random.normal(size=(ROWS, FEATURES)), 2).astype(np.float32).astype(np.float64)
    x[:, 4] = random.integers(0, 9, ROWS)
    y = 2 * x[:, 0] + x[:, 1] * x[:, 2] + (x[:, 4] % 3 == 1) + 0.1 * random.normal(size=ROWS)
    return x, y


class Trees:
    """Arrays of an ensemble operation (src/scoring/program.ts)."""

    def __init__(self, width=1):
        self.width = width
        self.nodes = []
        self.roots = []
        self.leaves = []
        self.categories = []

    def add(self, **node):
        defaults = dict(feature=-1, threshold=0.0, left=-1, right=-1, missing=0, offset=-1, words=0, cover=0.0)
        self.nodes.append({**defaults, **node})
        return len(self.nodes) - 1

    def leaf(self, value, cover):
        self.leaves.append(np.ravel(value).tolist())
        return self.add(left=len(self.leaves) - 1, cover=float(cover))

    def arrays(self, outputs, base, average=False):
        column = lambda name: [node[name] for node in self.nodes]
        return {
            "outputs": outputs,
            "base": list(map(float, base)),
            "average": average,
            "leafWidth": self.width,
            "roots": self.roots,
            "feature": column("feature"),
            "threshold": column("threshold"),
            "left": column("left"),
            "right": column("right"),
            "missingGoesLeft": column("missing"),
            "categoryOffset": column("offset"),
            "categoryWords": column("words"),
            "categories": self.categories,
            "leafValues": sum(self.leaves, []),
            "cover": column("cover"),
        }


def from_lightgbm(model):
    trees = Trees()

    def walk(node):
        if "leaf_index" not in node and "split_feature" not in node:
            return trees.leaf(node["leaf_value"], node.get("leaf_count", 0))
        if "leaf_index" in node:
            return trees.leaf(node["leaf_value"], node["leaf_count"])
        entry = dict(feature=node["split_feature"], cover=float(node["internal_count"]), missing=int(node["default_left"]))
        if node["decision_type"] == "==":
            codes = [int(code) for code in node["threshold"].split("||")]
            entry.update(offset=len(trees.categories), words=1, missing=0)
            trees.categories.append(sum(1 << code for code in codes))
        else:
            entry.update(threshold=node["threshold"])
        at = trees.add(**entry)
        trees.nodes[at]["left"] = walk(node["left_child"])
        trees.nodes[at]["right"] = walk(node["right_child"])
        return at

    for tree in model.dump_model()["tree_info"]:
        trees.roots.append(walk(tree["tree_structure"]))
    return trees


def from_xgboost(model):
    trees = Trees()
    for text in model.get_dump(dump_format="json", with_stats=True):

        def walk(node):
            if "leaf" in node:
                return trees.leaf(node["leaf"], node["cover"])
            # XGBoost goes left below the threshold, in float32.
            below = np.nextafter(np.float32(node["split_condition"]), np.float32(-np.inf))
            missing = int(node["missing"] == node["yes"])
            at = trees.add(feature=int(node["split"][1:]), threshold=float(below), missing=missing, cover=node["cover"])
            children = {child["nodeid"]: child for child in node["children"]}
            trees.nodes[at]["left"] = walk(children[node["yes"]])
            trees.nodes[at]["right"] = walk(children[node["no"]])
            return at

        trees.roots.append(walk(json.loads(text)))
    return trees


def from_sklearn(model, width=1, value=lambda tree, node: tree.value[node, 0]):
    trees = Trees(width)
    for estimator in model.estimators_:
        tree = estimator.tree_

        def walk(node):
            cover = tree.weighted_n_node_samples[node]
            if tree.children_left[node] < 0:
                return trees.leaf(value(tree, node), cover)
            at = trees.add(feature=int(tree.feature[node]), threshold=float(tree.threshold[node]), cover=float(cover))
            trees.nodes[at]["left"] = walk(tree.children_left[node])
            trees.nodes[at]["right"] = walk(tree.children_right[node])
            return at

        trees.roots.append(walk(0))
    return trees


def by_output(values):
    """rows × features (× outputs), or a list of them, as [output][row][feature]."""
    values = np.asarray(values)
    return (values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)).tolist()


def cells(rows):
    return [[None if np.isnan(value) else float(value) for value in row] for row in rows]


cases = {}
x, y = numbers()
gaps = x.copy()
gaps[random.random(gaps.shape) < 0.15] = np.nan
shown = slice(0, EXPLAINED)
quiet = dict(verbose=-1, num_threads=1, deterministic=True, seed=3)

booster = lightgbm.train(
    dict(objective="regression", num_leaves=12, min_data_in_leaf=5, **quiet),
    lightgbm.Dataset(gaps, y, categorical_feature=[4]),
    num_boost_round=8,
)
contributions = booster.predict(gaps[shown], pred_contrib=True)
cases["LightGBM, missing values and categories"] = {
    **from_lightgbm(booster).arrays(1, [0]),
    "rows": cells(gaps[shown]),
    "values": by_output(contributions[:, :-1]),
    "expected": [float(contributions[0, -1])],
}

booster = lightgbm.train(
    dict(objective="multiclass", num_class=3, num_leaves=7, min_data_in_leaf=5, **quiet),
    lightgbm.Dataset(x, np.digitize(y, [-1, 1])),
    num_boost_round=4,
)
contributions = booster.predict(x[shown], pred_contrib=True).reshape(EXPLAINED, 3, FEATURES + 1)
cases["LightGBM, three classes"] = {
    **from_lightgbm(booster).arrays(3, [0, 0, 0]),
    "rows": cells(x[shown]),
    "values": np.moveaxis(contributions[:, :, :-1], 1, 0).tolist(),
    "expected": contributions[0, :, -1].tolist(),
}

booster = xgboost.train(
    dict(objective="reg:squarederror", max_depth=4, base_score=0, nthread=1, seed=3), xgboost.DMatrix(gaps, y), 6
)
trees = from_xgboost(booster)
explainer = shap.TreeExplainer(booster)
cases["XGBoost, missing values"] = {
    **trees.arrays(1, [0]),
    "rows": cells(gaps[shown]),
    "values": by_output(booster.predict(xgboost.DMatrix(gaps[shown]), pred_contribs=True)[:, :-1]),
    "interactions": booster.predict(xgboost.DMatrix(gaps[shown]), pred_interactions=True)[:, :-1, :-1].tolist(),
    "tolerance": 2e-5,
}

forest = RandomForestRegressor(n_estimators=6, max_depth=6, random_state=3).fit(x, y)
explainer = shap.TreeExplainer(forest)
cases["scikit-learn, forest of numbers"] = {
    **from_sklearn(forest).arrays(1, [0], True),
    "rows": cells(x[shown]),
    "values": by_output(explainer.shap_values(x[shown])),
    "interactions": explainer.shap_interaction_values(x[shown]).tolist(),
    "expected": np.ravel(explainer.expected_value).tolist(),
}
background = x[100:140]


def by_definition(row):
    """Over all coalitions, by the model's own predict: shap's interventional values are off by 9e-4 in rows 7 and 8."""

    def game(coalition):
        mixed = background.copy()
        mixed[:, list(coalition)] = row[list(coalition)]
        return forest.predict(mixed).mean()

    worth = {c: game(c) for n in range(FEATURES + 1) for c in itertools.combinations(range(FEATURES), n)}
    values = np.zeros(FEATURES)
    for coalition, value in worth.items():
        for j in set(range(FEATURES)) - set(coalition):
            weight = 1 / FEATURES / math.comb(FEATURES - 1, len(coalition))
            values[j] += weight * (worth[tuple(sorted((*coalition, j)))] - value)
    return values


cases["scikit-learn, forest of numbers"]["background"] = cells(background)
cases["scikit-learn, forest of numbers"]["against"] = by_output(np.array([by_definition(row) for row in x[shown]]))

forest = RandomForestClassifier(n_estimators=5, max_depth=5, random_state=3).fit(x, np.digitize(y, [-1, 1]))
explainer = shap.TreeExplainer(forest)
shares = lambda tree, node: tree.value[node, 0] / tree.value[node, 0].sum()
cases["scikit-learn, forest of three classes"] = {
    **from_sklearn(forest, 3, shares).arrays(3, [0, 0, 0], True),
    "rows": cells(x[shown]),
    "values": by_output(explainer.shap_values(x[shown])),
    "expected": np.ravel(explainer.expected_value).tolist(),
}

isolation = IsolationForest(n_estimators=10, max_samples=64, random_state=3).fit(x)


def depth_value(tree, node):
    """Path length as shap takes it: depth plus the average of what is left."""
    depth, at = 0, node
    parents = {int(child): p for p in range(tree.node_count) for child in (tree.children_left[p], tree.children_right[p])}
    while at in parents:
        at, depth = parents[at], depth + 1
    n = tree.n_node_samples[node]
    rest = 0.0 if n <= 1 else 1.0 if n == 2 else 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    return depth + rest


explainer = shap.TreeExplainer(isolation)
cases["scikit-learn, isolation forest"] = {
    **from_sklearn(isolation, 1, depth_value).arrays(1, [0], True),
    "rows": cells(x[shown]),
    "values": by_output(explainer.shap_values(x[shown])),
}

versions = {module.__name__: module.__version__ for module in (lightgbm, xgboost, sklearn, shap, np)}
path = pathlib.Path(__file__).parent.parent / "fixtures" / "explain.json"
path.write_text(json.dumps({"versions": versions, "cases": cases}, separators=(",", ":")) + "\n")
print(versions, path.stat().st_size)
