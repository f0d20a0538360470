"""What scikit-learn and umap-learn say of a small data set: tests/fixtures/embedding.json.

python tests/agreement/embedding.py > tests/fixtures/embedding.json   (scikit-learn 1.9.1, umap-learn)
"""
import json

import numpy as np
import umap
from scipy.spatial.distance import squareform
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import pairwise_distances
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

random = np.random.RandomState(7)
rows = 40
points = np.round(random.normal(size=(rows, 4)) * [1, 2, 0.5, 3], 3)
places = np.round(random.normal(size=(rows, 2)), 3)

# All pairs: as many neighbours as there are other rows, so that the dense form is the law of the sparse one.
perplexity = (rows - 1) / 3
squares = pairwise_distances(points, squared=True)
joint = _joint_probabilities(squares.astype(np.float32), perplexity, 0)
divergence, gradient = _kl_divergence(places.ravel(), joint, 1, rows, 2)

k = 6
graph, _, _ = fuzzy_simplicial_set(points, k, np.random.RandomState(0), "euclidean")

curves = [[0.1, 1.0], [0.0, 1.0], [0.5, 1.0], [0.25, 2.0]]
print(json.dumps({
    "rows": rows,
    "points": points.ravel().tolist(),
    "places": places.ravel().tolist(),
    "perplexity": perplexity,
    "joint": squareform(joint).ravel().tolist(),
    "divergence": divergence,
    "gradient": gradient.tolist(),
    "neighbors": k,
    "fuzzy": graph.toarray().ravel().tolist(),
    "curves": [{"minDist": d, "spread": s, "ab": list(map(float, find_ab_params(s, d)))} for d, s in curves],
    "trustworthiness": [{"nNeighbors": n, "value": trustworthiness(points, places, n_neighbors=n)} for n in (1, 5, 12)],
}))
