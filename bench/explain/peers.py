"""Trains LightGBM's trees, times its pred_contrib and shap's TreeExplainer on them, and writes trees and rows for Lanewise.

    python bench/explain/peers.py FOLDER

One thread each; the least of three runs. FOLDER gets trees.json and peers.json.
"""

import json
import pathlib
import sys
import time

import lightgbm
import numpy as np
import shap

agreement = pathlib.Path(__file__).parents[2] / "tests" / "agreement" / "explain.py"
source = agreement.read_text()
transcribe = {}
exec("import numpy as np\n" + source[source.index("class Trees") : source.index("def from_xgboost")], transcribe)

random = np.random.default_rng(1)
rows, features, explained = 20_000, 28, 4_000
x = random.normal(size=(rows, features))
y = (x[:, 0] * x[:, 1] + x[:, 2] ** 2 + np.sin(3 * x[:, 3]) + 0.5 * random.normal(size=rows) > 1).astype(int)


def least(work, runs=3):
    best = None
    for _ in range(runs):
        start = time.process_time()
        work()
        seconds = time.process_time() - start
        best = seconds if best is None else min(best, seconds)
    return best


results = []
for leaves, depth in ((31, -1), (255, -1)):
    parameters = dict(objective="binary", num_leaves=leaves, max_depth=depth, min_data_in_leaf=20, verbose=-1, num_threads=1)
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, y), num_boost_round=100)
    shown = x[:explained]
    explainer = shap.TreeExplainer(booster)
    few = x[:40]
    results.append(
        {
            "leaves": leaves,
            "trees": transcribe["from_lightgbm"](booster).arrays(1, [0]),
            "sums": booster.predict(shown, raw_score=True).tolist(),
            "values": booster.predict(shown[:50], pred_contrib=True)[:, :-1].tolist(),
            "LightGBM pred_contrib": least(lambda: booster.predict(shown, pred_contrib=True, num_threads=1)) / explained,
            "shap TreeExplainer": least(lambda: explainer.shap_values(shown[:400]), 2) / 400,
            "shap interactions": least(lambda: explainer.shap_interaction_values(few), 1) / len(few),
        }
    )

folder = pathlib.Path(sys.argv[1])
versions = {"LightGBM": lightgbm.__version__, "shap": shap.__version__}
(folder / "trees.json").write_text(json.dumps({"versions": versions, "rows": x[:explained].T.tolist(), "models": results}))
for result in results:
    print({name: value for name, value in result.items() if name not in ("trees", "sums", "values")})
