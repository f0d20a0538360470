"""Holds the files of exchange-export.mjs to Lanewise's predictions: LightGBM and XGBoost load them and predict the same rows.

    python tests/agreement/exchange-exported.py FOLDER [--write]

With --write, tests/fixtures/exchange/exported.json gets the SHA-256 of every file made of a fixture, so that the tests know that
it is this very file that LightGBM or XGBoost agreed with. LightGBM: raw sums are the same bits, the links differ by units in the
last place. XGBoost: f32 leaves and sums, 2^-24 of the sum of sizes for each tree and for the link.
"""
import hashlib
import json
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

TOLERANCE = {"lightgbm": 4e-15, "xgboost": 2e-6, "xgboost-ubj": 2e-6}


def number(cell):
    return np.nan if cell is None else float(str(cell).replace("Infinity", "inf"))


def frame(case):
    """Label columns as categories of the model's labels (a label never seen is missing), or as codes where all are numbers."""
    labels = case["labels"]
    numbered = all(label.isdigit() for texts in labels.values() for label in texts)
    table = {}
    for name in case["inputs"]:
        cells = case["columns"][name]
        if name not in labels:
            table[name] = [number(cell) for cell in cells]
        elif numbered and case["format"] == "lightgbm":
            table[name] = [number(cell) for cell in cells]
        else:
            texts = [None if cell is None else str(cell).removesuffix(".0") for cell in cells]
            texts = [text if text in labels[name] else None for text in texts]
            table[name] = pd.Categorical(texts, categories=labels[name])
    return pd.DataFrame(table)


def rows_known(case, table):
    """Rows without a label never seen, without infinities, which XGBoost refuses, and without what LightGBM reads as 0."""
    known = np.ones(len(table), bool)
    for name in case["inputs"]:
        cells = case["columns"][name]
        if name in case["labels"]:
            texts = [None if cell is None else str(cell).removesuffix(".0") for cell in cells]
            known &= np.array([text is None or text in case["labels"][name] for text in texts])
        elif case["format"] == "lightgbm":
            if not case["name"].startswith("lightgbm"):
                known &= ~((table[name].abs() <= 1.1e-35) & (table[name] != 0)).to_numpy()
        else:
            known &= np.isfinite(table[name].fillna(0).to_numpy())
    return known


def main():
    folder = sys.argv[1]
    hashes, worst, failures = {}, {}, []
    for case in json.load(open(f"{folder}/cases.json")):
        path = f"{folder}/{case['file']}"
        table = frame(case)
        known = rows_known(case, table)
        expected = np.array(case["predictions"], dtype=float).T[known]
        if case["format"] == "lightgbm":
            model = lgb.Booster(model_file=path)
            table.columns = model.feature_name()
            predicted = model.predict(table[known])
        else:
            model = xgb.Booster(model_file=path)
            predicted = model.predict(xgb.DMatrix(table[known], enable_categorical=True))
        predicted = np.asarray(predicted, dtype=float).reshape(expected.shape)
        difference = np.max(np.abs(predicted - expected) / np.maximum(1, np.abs(expected)))
        worst[case["format"]] = max(worst.get(case["format"], 0), difference)
        if not difference <= TOLERANCE[case["format"]]:
            failures.append(f"{case['file']}: {difference} {case['notes']}")
        if not case["name"].startswith("own-"):
            hashes[case["file"]] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    print("largest difference", worst, "of", len(hashes), "files of fixtures")
    for failure in failures:
        print("FAILS", failure)
    if failures:
        sys.exit(1)
    if "--write" in sys.argv:
        with open("tests/fixtures/exchange/exported.json", "w") as file:
            json.dump({"lightgbm": lgb.__version__, "xgboost": xgb.__version__, "sha256": hashes}, file, indent=1)
            file.write("\n")


main()
