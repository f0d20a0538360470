"""Makes tests/fixtures/recommendation.json: what numpy says of a few rows of factors, likenesses and scores of lists.

    python tests/agreement/recommendation.py > tests/fixtures/recommendation.json
"""
import json

import numpy as np
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

rng = np.random.default_rng(11)
users, items, rank = 30, 20, 5
matrix = np.where(rng.random((users, items)) < 0.3, rng.integers(1, 6, (users, items)), 0).astype(float)
matrix[:, 19] = 0  # nobody met it
matrix[0, 19] = 2


def implicit_row(weights, others, alpha, reg):
    """Hu, Koren, Volinsky 2008: (YᵀCY + λI)⁻¹ YᵀCp, all pairs written out."""
    confidence = 1 + alpha * weights
    preference = (weights > 0).astype(float)
    system = others.T @ np.diag(confidence) @ others + reg * np.eye(others.shape[1])
    return np.linalg.solve(system, others.T @ (confidence * preference))


def implicit_als(weights, alpha, reg, sweeps):
    """To the end, so that the start does not matter: the loss of a stationary point."""
    x, y = rng.normal(size=(users, rank)), rng.normal(size=(items, rank))
    for _ in range(sweeps):
        y = np.array([implicit_row(weights[:, i], x, alpha, reg) for i in range(items)])
        x = np.array([implicit_row(weights[u], y, alpha, reg) for u in range(users)])
    confidence, preference = 1 + alpha * weights, (weights > 0).astype(float)
    return float((confidence * (preference - x @ y.T) ** 2).sum() + reg * ((x**2).sum() + (y**2).sum()))


best = min(implicit_als(matrix, 2.0, 1.0, 600) for _ in range(12))

# Likeness of items: cosine, shrunk by how many users met both.
met = (matrix > 0).astype(float)
cosines = cosine_similarity(matrix.T) * (met.T @ met / (met.T @ met + 10))
np.fill_diagonal(cosines, 0)

# Biases as ridge regression on indicators: the minimum that alternation nears.
rows, columns = np.nonzero(matrix)
ratings = matrix[rows, columns]
design = np.zeros((len(ratings), users + items))
design[np.arange(len(ratings)), rows] = 1
design[np.arange(len(ratings)), users + columns] = 1
biases = np.linalg.solve(design.T @ design + 5 * np.eye(users + items), design.T @ (ratings - ratings.mean()))

lists = rng.permuted(np.tile(np.arange(50), (8, 1)), axis=1)[:, :10]
relevant = [sorted(rng.choice(50, size, replace=False).tolist()) for size in (1, 2, 5, 10, 12, 20, 30, 3)]
scores = []
for ranked, wanted in zip(lists.tolist(), relevant):
    # Whole rankings for scikit-learn: the list first, then everything else.
    truth = np.array([[1.0 if item in wanted else 0.0 for item in range(50)]])
    order = np.array([[100.0 - ranked.index(item) if item in ranked else 0.0 for item in range(50)]])
    scores.append(ndcg_score(truth, order, k=10))

print(
    json.dumps(
        {
            "matrix": matrix.astype(int).tolist(),
            "implicitLoss": best,
            "cosines": cosines.tolist(),
            "mean": float(ratings.mean()),
            "biases": biases.tolist(),
            "lists": lists.tolist(),
            "relevant": relevant,
            "ndcg": scores,
        }
    )
)
