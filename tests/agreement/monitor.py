"""Writes tests/fixtures/monitor.json: drift statistics by SciPy and NumPy, the Page–Hinkley detector by river.

    python -m venv golden-venv && golden-venv/bin/pip install scipy==1.17.1 river==0.26.1
    golden-venv/bin/python tests/agreement/monitor.py
"""
import json
import pathlib

import numpy as np
import river
import scipy
from river.drift import PageHinkley
from scipy import stats
from scipy.spatial.distance import jensenshannon

rng = np.random.default_rng(20261124)


def psi(reference, current):
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, 11)))
    edges[0], edges[-1] = -np.inf, np.inf
    a = np.histogram(reference, edges)[0] / len(reference) + 1e-4
    b = np.histogram(current, edges)[0] / len(current) + 1e-4
    return float(np.sum((b - a) * np.log(b / a)))


def pair(reference, current):
    ks = stats.ks_2samp(reference, current, method="asymp")
    return {
        "reference": reference.tolist(),
        "current": current.tolist(),
        "ks": ks.statistic,
        "p": ks.pvalue,
        "wasserstein": stats.wasserstein_distance(reference, current),
        "psi": psi(reference, current),
    }


def counts(reference, current):
    test = stats.chi2_contingency([reference, current], correction=False)
    return {
        "reference": reference,
        "current": current,
        "statistic": test.statistic,
        "p": test.pvalue,
        "df": test.dof,
        "jensen_shannon": jensenshannon(reference, current, base=2),
    }


def page_hinkley(values, **options):
    detector = PageHinkley(mode="up", **options)
    alarms = []
    for i, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            alarms.append(i)
    return {"options": options, "values": values, "alarms": alarms}


stream = np.round(np.concatenate([rng.normal(1, 0.3, 150), rng.normal(1.8, 0.3, 150), rng.normal(1, 0.3, 100)]), 3)
golden = {
    "versions": {"scipy": scipy.__version__, "numpy": np.__version__, "river": river.__version__},
    "pairs": {
        "same": pair(np.round(rng.normal(0, 1, 120), 3), np.round(rng.normal(0, 1, 90), 3)),
        "shifted": pair(np.round(rng.normal(0, 1, 150), 3), np.round(rng.normal(0.8, 1.3, 80), 3)),
        "ties": pair(np.round(rng.gamma(2, 20, 150)), np.round(rng.gamma(2.3, 20, 130))),
    },
    "kolmogorov": [
        [n, d, stats.kstwo.sf(d, n)]
        for n in (200, 1000, 5000, 40000)
        for d in (np.round(np.array([0.4, 0.7, 1.0, 1.3, 1.48, 1.5, 2.0, 3.0, 5.0]) / np.sqrt(n), 5)).tolist()
    ],
    "counts": [
        counts([30, 50, 20], [25, 60, 40]),
        counts([300, 5, 12, 80], [280, 15, 30, 2]),
        counts([10, 20], [11, 19]),
    ],
    "benjamini_hochberg": {
        "p": (p := [0.001, 0.2, 0.04, 0.0004, 0.9, 0.03, 0.04, 1.0]),
        "adjusted": stats.false_discovery_control(p).tolist(),
    },
    "page_hinkley": [
        page_hinkley(stream.tolist(), min_instances=30, delta=0.005, threshold=8.0, alpha=0.9999),
        page_hinkley(stream.tolist(), min_instances=30, delta=0.05, threshold=20.0, alpha=1.0),
        page_hinkley(stream.tolist(), min_instances=200, delta=0.005, threshold=50.0, alpha=0.999),
    ],
}
path = pathlib.Path(__file__).parents[1] / "fixtures" / "monitor.json"
path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")
