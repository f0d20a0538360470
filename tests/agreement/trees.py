"""Makes tests/fixtures/trees.json: what scikit-learn's tree ensembles score on the taxi trips of examples/nyc-taxi.

    python tests/agreement/trees.py > tests/fixtures/trees.json

Needs scikit-learn and pandas. Row r is in fold r mod 5. Numbers keep their gaps for boosting and get the training median for
the forest; categories are numbered by label, a missing one -1.
"""
import json

import numpy as np
import pandas as pd
import sklearn
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import roc_auc_score

FEATURES = ["passengers", "distance", "color", "pickup_zone", "dropoff_zone", "pickup_borough", "dropoff_borough"]


def encoded(table, medians):
    columns = []
    for name in FEATURES:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            columns.append(column.fillna(medians[name]) if medians is not None else column)
        else:
            columns.append(pd.Series(pd.Categorical(column).codes.astype(float)))
    return np.column_stack(columns)


def scores(table, target, model, forest):
    fold = np.arange(len(table)) % 5
    values = []
    for k in range(5):
        medians = table.loc[fold != k, ["passengers", "distance"]].median() if forest else None
        x = encoded(table, medians)
        fitted = model().fit(x[fold != k], target[fold != k])
        if hasattr(fitted, "predict_proba"):
            values.append(roc_auc_score(target[fold == k], fitted.predict_proba(x[fold == k])[:, 1]))
        else:
            error = fitted.predict(x[fold == k]) - target[fold == k]
            values.append(float(np.sqrt(np.mean(error**2))))
    return {"folds": [float(value) for value in values], "std": float(np.std(values))}


def main():
    table = pd.read_csv("examples/nyc-taxi/data/taxis.csv")
    fare = table["fare"].to_numpy()
    tolls = (table["tolls"] > 0).to_numpy().astype(int)
    result = {
        "sklearn": sklearn.__version__,
        "fare, gradient-boosting": scores(table, fare, lambda: HistGradientBoostingRegressor(random_state=0), False),
        "tolls, gradient-boosting": scores(table, tolls, lambda: HistGradientBoostingClassifier(random_state=0), False),
        "fare, random-forest": scores(
            table, fare, lambda: RandomForestRegressor(n_estimators=30, random_state=0, n_jobs=1), True
        ),
        "tolls, random-forest": scores(
            table, tolls, lambda: RandomForestClassifier(n_estimators=30, random_state=0, n_jobs=1), True
        ),
    }
    print(json.dumps(result, indent=2))


main()
