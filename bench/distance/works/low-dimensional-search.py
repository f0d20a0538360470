import numpy as np
import scipy
import sklearn
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors


def measured(data, build, nearest, count, version):
    three, eight = (np.ascontiguousarray(data.x[:, :width]) for width in (3, 8))
    asked, wide = (np.ascontiguousarray(data.test[:, :width]) for width in (3, 8))
    seconds = {}
    seconds['build'], search = data.fastest(lambda: build(three))
    seconds['3 columns'], distances = data.fastest(lambda: nearest(search, asked))
    seconds['within .1'], within = data.fastest(lambda: count(search, asked))
    search = build(eight)
    seconds['8 columns'], _ = data.fastest(lambda: nearest(search, wide), 1)
    return {'version': version, 'seconds': seconds,
            'quality': {'tenth distance': float(distances[:, 9].mean()), 'within': int(within)}}


def scikit_learn(algorithm):
    def peer(data):
        def build(x):
            return NearestNeighbors(n_neighbors=10, algorithm=algorithm, n_jobs=data.threads).fit(x)

        def count(search, queries):
            return sum(map(len, search.radius_neighbors(queries, 0.1, return_distance=False)))
        return measured(data, build, lambda search, queries: search.kneighbors(queries)[0], count, sklearn.__version__)
    return peer


def scipy_tree(data):
    def count(search, queries):
        return search.query_ball_point(queries, 0.1, workers=data.threads, return_length=True).sum()
    return measured(data, cKDTree, lambda search, queries: search.query(queries, 10, workers=data.threads)[0], count,
                    scipy.__version__)


PEERS = {'scikit-learn kd_tree': scikit_learn('kd_tree'), 'scikit-learn auto': scikit_learn('auto'),
         'scipy cKDTree': scipy_tree}
