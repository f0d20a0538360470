"""Golden values of scikit-learn's Gaussian mixtures, from the clusters of the same k-means: tests/fixtures/gaussian-mixture.json.

Run from the root: OPENBLAS_CORETYPE=SKYLAKEX python tests/agreement/gaussian-mixture.py
"""
import json
import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import (
    _compute_precision_cholesky,
    _estimate_gaussian_parameters,
)

warnings.filterwarnings('ignore')


def mixture(x, rows, kind):
    start = x[rows]
    labels = KMeans(len(rows), init=start, n_init=1, tol=1e-4, max_iter=300).fit(x).labels_
    shares = np.eye(len(rows))[labels]
    totals, means, covariances = _estimate_gaussian_parameters(x, shares, 1e-6, kind)
    factors = _compute_precision_cholesky(covariances, kind)
    precisions = {
        'full': lambda: np.array([f @ f.T for f in factors]),
        'tied': lambda: factors @ factors.T,
        'diag': lambda: factors**2,
        'spherical': lambda: factors**2,
    }[kind]()
    weights = totals / totals.sum()
    model = GaussianMixture(
        len(rows), covariance_type=kind, weights_init=weights, means_init=means, precisions_init=precisions, tol=1e-6, max_iter=200
    ).fit(x)
    return {
        'iterations': model.n_iter_,
        'converged': model.converged_,
        'score': model.score(x),
        'bic': model.bic(x),
        'aic': model.aic(x),
        'weights': model.weights_.tolist(),
        'means': model.means_.ravel().tolist(),
        'covariances': np.asarray(model.covariances_).ravel().tolist(),
        'labels': model.predict(x).tolist(),
        'samples': model.score_samples(x)[:5].tolist(),
        'probabilities': model.predict_proba(x)[:5].tolist(),
    }


sets = {}
for name, load, rows in (('iris', load_iris, [0, 60, 120]), ('wine', load_wine, [0, 70, 150])):
    x = load().data
    if name == 'wine':
        x = ((x - x.mean(0)) / x.std(0))[:, :6]
    sets[name] = {
        'columns': x.T.tolist(),
        'start': rows,
        'mixtures': {kind: mixture(x, rows, kind) for kind in ('full', 'tied', 'diag', 'spherical')},
    }
with open('tests/fixtures/gaussian-mixture.json', 'w') as out:
    json.dump({'scikit-learn': sklearn.__version__, 'sets': sets}, out, separators=(',', ':'))
    out.write('\n')
