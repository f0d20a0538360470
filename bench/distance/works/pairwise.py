import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import (
    cosine_distances, euclidean_distances, haversine_distances, manhattan_distances, nan_euclidean_distances,
    pairwise_distances,
)

ROWS = 2000


def halves(data):
    rows = 500 if data.small else ROWS
    x = data.x.astype(float)
    return x[:rows], x[rows:2 * rows]


def changed(a, b, change):
    return np.ascontiguousarray(change(a)), np.ascontiguousarray(change(b))


def whole(x):
    return np.floor(x + 0.5)


def measured(data, metrics, common, version):
    a, b = halves(data)
    given = {'hamming': changed(a, b, whole), 'jaccard': changed(a, b, lambda x: x > 0),
             'haversine': changed(a[:, :2], b[:, :2], lambda x: x / 4)}
    seconds, checksum = {}, 0
    for name, distances in metrics.items():
        x, y = given.get(name, (a, b))
        seconds[name], found = data.fastest(lambda: distances(x, y))
        if name in common:
            checksum += float(found.mean())
    return {'version': version, 'seconds': seconds, 'quality': {'checksum': checksum}}


COMMON = ['euclidean', 'sqeuclidean', 'cosine', 'manhattan', 'chebyshev', 'hamming', 'jaccard']


def scikit_learn(data):
    def by(metric):
        return lambda x, y: pairwise_distances(x, y, metric=metric, n_jobs=data.threads)

    return measured(data, {
        'euclidean': euclidean_distances,
        'sqeuclidean': lambda x, y: euclidean_distances(x, y, squared=True),
        'cosine': cosine_distances,
        'dot': lambda x, y: -(x @ y.T),
        'manhattan': manhattan_distances,
        'chebyshev': by('chebyshev'),
        'hamming': by('hamming'),
        'jaccard': by('jaccard'),
        'haversine': haversine_distances,
        'nan-euclidean': nan_euclidean_distances,
    }, COMMON, sklearn.__version__)


def scipy_peer(data):
    names = {'manhattan': 'cityblock'}
    return measured(data, {name: lambda x, y, name=name: cdist(x, y, names.get(name, name)) for name in COMMON},
                    COMMON, scipy.__version__)


PEERS = {'scikit-learn': scikit_learn, 'scipy': scipy_peer}
