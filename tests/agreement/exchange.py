"""Makes tests/fixtures/exchange: models that LightGBM and XGBoost saved, and what they predict for some rows.

    python tests/agreement/exchange.py

Needs lightgbm, xgboost, numpy and pandas. The rows hold missing values, zeros and what LightGBM takes for zero, infinities (for
LightGBM, XGBoost refuses them), labels never seen, and the f64 values around every f32 threshold of XGBoost's.
"""
import json
import os
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

warnings.filterwarnings("ignore")
FOLDER = "tests/fixtures/exchange"
ROWS = 400
random = np.random.default_rng(7)
golden = []


def frame(rows):
    """Numbers with gaps and ties, zeros of all kinds, labels of texts (enough for two words of bits), codes."""
    table = pd.DataFrame(
        {
            "a": random.normal(size=rows),
            "b": np.round(random.normal(size=rows), 1),
            "zeros": random.choice([0.0, -0.0, 1e-36, -1e-36, 2e-35, -1.0, 1.0, 3.5], rows),
            "label": random.choice([f"L{i}" for i in range(40)] + ["é", "z"], rows),
            "code": random.integers(0, 70, rows).astype(float),
        }
    )
    for name, step in {"a": 7, "zeros": 11, "label": 9, "code": 13}.items():
        table.loc[table.index[::step], name] = np.nan if name != "label" else None
    return table


train = frame(ROWS)
LABELS = sorted(train["label"].dropna().unique())
target = (
    train["a"].fillna(1.5)
    + np.where(train["zeros"].abs() < 1e-30, 1.0, -0.5)
    + train["label"].map(lambda text: LABELS.index(text) % 3, na_action="ignore").fillna(1).astype(float)
    + (train["code"].fillna(5) % 4)
    + 0.1 * random.normal(size=ROWS)
).to_numpy()
classes = np.digitize(target, [1.5, 3.5])
fresh = frame(40)
fresh.loc[1, "label"] = "never seen"
fresh.loc[2, "code"] = 99
fresh.loc[3, "a"] = np.inf
fresh.loc[4, "a"] = -np.inf


def labelled(table):
    return table.assign(label=pd.Categorical(table["label"], categories=LABELS))


def plain(values):
    """Numbers as JSON holds them: f64 in full, missing as null, infinities by name."""
    result = []
    for value in values:
        if isinstance(value, str):
            result.append(value)
        elif value is None or np.isnan(value):
            result.append(None)
        else:
            result.append(float(value) if np.isfinite(value) else str(value).replace("inf", "Infinity"))
    return result


def note(file, table, predictions, **more):
    columns = {str(name): plain(table[name].astype(object)) for name in table.columns}
    predictions = np.asarray(predictions, dtype=float)
    golden.append({"file": file, **more, "columns": columns, "predictions": np.atleast_2d(predictions.T).tolist()})


def lightgbm_case(name, params, columns, y, categories=(), group=None, rounds=3, **more):
    table, rows = (labelled(t)[columns] if "label" in columns else t[columns] for t in (train, fresh))
    data = lgb.Dataset(table, y, group=group, categorical_feature=list(categories) or "auto", params={"verbose": -1})
    base = {"num_leaves": 6, "min_data_in_leaf": 5, "verbose": -1, "seed": 1, "num_threads": 1, "cat_smooth": 1}
    model = lgb.train({**base, "min_data_per_group": 5, **params}, data, rounds)
    model.save_model(f"{FOLDER}/{name}.txt")
    shown = fresh[columns]
    note(f"{name}.txt", shown, model.predict(rows), **more)


def xgboost_case(name, params, columns, y, kind="json", categories=(), group=None, rounds=3, numpy=False, edit=None, ascii=True, **more):
    plain_labels = lambda t: t.replace({"label": {"é": "e"}}) if ascii else t  # noqa: E731
    category_labels = lambda t: t.assign(  # noqa: E731
        label=pd.Categorical(t["label"], categories=sorted({"e" if ascii and text == "é" else text for text in LABELS}))
    )
    table = category_labels(plain_labels(train))[columns]
    types = ["c" if column in ("label", *categories) else "float" for column in columns]
    names = None if numpy else columns
    as_matrix = lambda t, target=None: xgb.DMatrix(  # noqa: E731
        t.to_numpy(dtype=float) if numpy else t,
        target,
        feature_names=names,
        feature_types=types if numpy and categories else None,
        enable_categorical=True,
    )
    data = as_matrix(table, y)
    if group is not None:
        data.set_group(group)
    base = {"max_depth": 3, "min_child_weight": 0.5, "max_cat_to_onehot": 3, "seed": 1, "nthread": 1}
    model = xgb.train({**base, **params}, data, rounds)
    text = model.save_raw(kind)
    if edit is not None:
        document = json.loads(text)
        edit(document)
        text = json.dumps(document, separators=(",", ":")).encode()
        model = xgb.Booster(model_file=bytearray(text))
    with open(f"{FOLDER}/{name}.{kind if kind == 'json' else 'ubj'}", "wb") as file:
        file.write(text)
    rows = around_thresholds(model, columns)
    rows = plain_labels(rows)
    encoded = category_labels(rows)[columns] if "label" in columns else rows[columns]
    best = more.pop("best", None)
    scored = model.predict(as_matrix(encoded), iteration_range=(0, best + 1) if best is not None else (0, 0), strict_shape=True)
    shown = rows[columns].rename(columns={column: f"f{i}" for i, column in enumerate(columns)}) if numpy else rows[columns]
    note(f"{name}.{kind if kind == 'json' else 'ubj'}", shown, scored.reshape(len(rows), -1).squeeze(), **more)
    return model


def around_thresholds(model, columns):
    """The fresh rows without infinities and labels never seen, and rows around f32 thresholds, in f64."""
    rows = fresh.replace([np.inf, -np.inf], 0.25)
    rows.loc[1, "label"] = "z"
    learner = json.loads(model.save_raw("json"))["learner"]["gradient_booster"]
    trees = (learner.get("model") or learner["gbtree"]["model"])["trees"]
    added = []
    for tree in trees[:2]:
        for node, left in enumerate(tree["left_children"]):
            if left < 0 or tree["split_type"][node] == 1:
                continue
            threshold = np.float32(tree["split_conditions"][node])
            below, above = np.nextafter(threshold, np.float32(-np.inf)), np.nextafter(threshold, np.float32(np.inf))
            for other in (below, above):
                half = (float(threshold) + float(other)) / 2
                for value in (half, np.nextafter(half, -np.inf), np.nextafter(half, np.inf), float(threshold)):
                    row = rows.iloc[len(added) % 30].copy()
                    row[columns[tree["split_indices"][node]]] = value
                    added.append(row)
    return pd.concat([rows, pd.DataFrame(added)], ignore_index=True) if added else rows


NUMBERS = ["a", "b", "zeros"]
ALL = ["a", "b", "zeros", "label"]
positive = np.exp(target / 4)
groups = [20] * (ROWS // 20)
relevance = np.clip(classes, 0, 2)


def lightgbm_cases():
    lightgbm_case("lightgbm-regression", {"objective": "regression"}, ALL, target)
    lightgbm_case(
        "lightgbm-binary",
        {"objective": "binary", "sigmoid": 2.5, "use_missing": False},
        ["a", "zeros", "code"],
        classes > 0,
        categories=["code"],
    )
    lightgbm_case("lightgbm-zero-missing", {"objective": "multiclass", "num_class": 3, "zero_as_missing": True}, NUMBERS, classes)
    lightgbm_case("lightgbm-ova", {"objective": "multiclassova", "num_class": 3}, ["a", "label"], classes)
    lightgbm_case("lightgbm-rank", {"objective": "lambdarank"}, NUMBERS, relevance, group=groups)
    forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
    lightgbm_case("lightgbm-forest", {"objective": "binary", **forest}, ["a", "label"], classes > 0)
    lightgbm_case("lightgbm-forest-3", {"objective": "multiclass", "num_class": 3, **forest}, NUMBERS, classes)
    lightgbm_case("lightgbm-dart", {"objective": "regression", "boosting": "dart", "drop_rate": 0.5}, NUMBERS, target, rounds=5)
    lightgbm_case("lightgbm-constant", {"objective": "regression", "min_data_in_leaf": 399}, ["a"], target)
    lightgbm_case("lightgbm-sqrt", {"objective": "regression", "reg_sqrt": True}, ["a", "b"], target)
    for objective in ("poisson", "gamma", "tweedie", "regression_l1", "huber", "quantile", "mape", "fair"):
        lightgbm_case(f"lightgbm-{objective}", {"objective": objective}, ["a", "b"], positive)
    lightgbm_case("lightgbm-xentropy", {"objective": "cross_entropy"}, ["a", "b"], classes / 2)
    lightgbm_case("lightgbm-xentlambda", {"objective": "cross_entropy_lambda"}, ["a", "b"], classes / 2)
    linear = lgb.Dataset(train[["b"]], target, params={"linear_tree": True, "verbose": -1})
    lgb.train({"linear_tree": True, "num_leaves": 3, "verbose": -1, "num_threads": 1}, linear, 2).save_model(f"{FOLDER}/lightgbm-linear.txt")


def older(document):
    """As XGBoost 1.7 wrote it: one base_score for all, no categories of frames, no iteration_indptr."""
    document["version"] = [1, 7, 6]
    document["learner"]["learner_model_param"]["base_score"] = "2.5E-1"
    model = document["learner"]["gradient_booster"]["model"]
    model.pop("cats")
    model.pop("iteration_indptr")


def best_second(document):
    document["learner"]["attributes"]["best_iteration"] = "1"


def xgboost_cases():
    xgboost_case("xgboost-regression", {"objective": "reg:squarederror"}, NUMBERS, target)
    xgboost_case("xgboost-labels", {"objective": "binary:logistic"}, ALL, classes > 0, kind="ubj")
    xgboost_case(
        "xgboost-codes",
        {"objective": "reg:squarederror", "base_score": 0.5},
        ["a", "code"],
        target,
        categories=["code"],
        numpy=True,
    )
    xgboost_case(
        "xgboost-softprob",
        {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.7},
        ["a", "label"],
        classes,
        rounds=2,
    )
    # Its Python package counts the characters of labels where the format counts bytes, so these are cut wrongly in the file.
    xgboost_case(
        "xgboost-miscounted", {"objective": "reg:squarederror"}, ["a", "label"], target, ascii=False, categories={}, labels={"label": LABELS}
    )
    xgboost_case("xgboost-older", {"objective": "binary:logistic"}, ["a", "b"], classes > 0, edit=older)
    xgboost_case("xgboost-older-3", {"objective": "multi:softprob", "num_class": 3}, ["a", "b"], classes, edit=older, rounds=2)
    xgboost_case("xgboost-dart", {"booster": "dart", "rate_drop": 0.6, "one_drop": 1}, NUMBERS, target, rounds=5)
    xgboost_case("xgboost-best", {"objective": "reg:squarederror"}, NUMBERS, target, rounds=4, edit=best_second, best=1)
    both = np.c_[target, positive]
    xgboost_case("xgboost-vectors", {"multi_strategy": "multi_output_tree"}, ["a", "b"], both, kind="ubj")
    xgboost_case("xgboost-targets", {"objective": "reg:squarederror"}, ["a", "b"], both)
    xgboost_case("xgboost-rank", {"objective": "rank:ndcg"}, ["a", "b"], relevance, group=groups, kind="ubj")
    xgboost_case("xgboost-hinge", {"objective": "binary:hinge"}, ["a", "b"], classes > 0)
    xgboost_case("xgboost-logitraw", {"objective": "binary:logitraw"}, ["a", "b"], classes > 0)
    xgboost_case("xgboost-logistic", {"objective": "reg:logistic"}, ["a", "b"], classes / 2)
    xgboost_case("xgboost-quantile", {"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.8]}, ["a", "b"], target)
    for objective in ("count:poisson", "reg:gamma", "reg:tweedie", "reg:pseudohubererror", "reg:absoluteerror"):
        xgboost_case(f"xgboost-{objective.split(':')[1]}", {"objective": objective}, ["a", "b"], positive)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    lightgbm_cases()
    xgboost_cases()
    document = {"lightgbm": lgb.__version__, "xgboost": xgb.__version__, "cases": golden}
    with open(f"{FOLDER}/golden.json", "w") as file:
        cases = ",\n".join(json.dumps(case) for case in golden)
        versions = json.dumps({"lightgbm": lgb.__version__, "xgboost": xgb.__version__})[1:-1]
        file.write("{" + versions + ', "cases": [\n' + cases + "\n]}\n")
    assert json.load(open(f"{FOLDER}/golden.json")) == document


main()
