"""Writes tests/fixtures/lists.json: metrics of ranked lists by scikit-learn, deviances and pinball losses besides.

    python tests/agreement/lists.py > tests/fixtures/lists.json

NDCG is ndcg_score of the gains 2^grade - 1, which averages over ties. Average precision is
label_ranking_average_precision_score of one list, which puts relevant rows last among ties. Reciprocal rank and hit rate
are derived here from scipy's rankdata(method="max") under the same rule.
"""
import json

import numpy as np
from scipy.stats import rankdata
from sklearn import metrics as m

rng = np.random.default_rng(20261123)


def lists(sizes, digits):
    groups, grades, scores = [], [], []
    for code, size in enumerate(sizes):
        grade = rng.integers(0, 4, size) * (rng.uniform(size=size) < 0.6)
        groups += [code] * size
        grades += grade.tolist()
        scores += np.round(grade + rng.normal(0, 1.5, size), digits).tolist()
    groups, grades, scores = map(np.array, (groups, grades, scores))
    figures = {"ndcg": [], "ndcg@5": [], "ndcg@10": [], "mean_average_precision": []}
    figures |= {"mean_reciprocal_rank": [], "hit_rate@1": [], "hit_rate@3": []}
    for code in range(len(sizes)):
        own = groups == code
        grade, score = grades[own], scores[own]
        if not (grade > 0).any():
            continue
        gains = 2.0**grade - 1
        if len(grade) == 1:
            place, ndcg = 1, lambda k: 1.0
        else:
            place = rankdata(-score, method="max")[grade > 0].min()
            ndcg = lambda k: m.ndcg_score([gains], [score], k=k)
        figures["ndcg"].append(ndcg(None))
        figures["ndcg@5"].append(ndcg(5))
        figures["ndcg@10"].append(ndcg(10))
        figures["mean_average_precision"].append(m.label_ranking_average_precision_score([grade > 0], [score]))
        figures["mean_reciprocal_rank"].append(1 / place)
        figures["hit_rate@1"].append(float(place <= 1))
        figures["hit_rate@3"].append(float(place <= 3))
    return {
        "groups": groups.tolist(),
        "grades": grades.tolist(),
        "scores": scores.tolist(),
        "figures": {name: float(np.mean(values)) for name, values in figures.items()},
    }


def amounts(rows):
    target = np.round(rng.gamma(2, 5, rows) * (rng.uniform(size=rows) < 0.8), 2)
    prediction = np.round(np.abs(target + rng.normal(0, 3, rows)) + 0.1, 2)
    weights = np.round(rng.uniform(0.2, 3, rows), 2)
    figures = {}
    for power in (1.1, 1.5, 1.9):
        figures[f"neg_mean_tweedie_deviance@{power}"] = -m.mean_tweedie_deviance(
            target, prediction, power=power, sample_weight=weights
        )
    for alpha in (0.05, 0.5, 0.9):
        figures[f"neg_mean_pinball_loss@{alpha}"] = -m.mean_pinball_loss(
            target, prediction, alpha=alpha, sample_weight=weights
        )
    return {
        "target": target.tolist(),
        "prediction": prediction.tolist(),
        "weights": weights.tolist(),
        "figures": figures,
    }


print(
    json.dumps(
        {
            "plain": lists(rng.integers(1, 30, 25), 6),
            "ties": lists(rng.integers(1, 30, 25), 0),
            "amounts": amounts(200),
        },
        indent=1,
    )
)
