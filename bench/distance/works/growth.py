import faiss
import numpy as np
import sklearn
from sklearn.neighbors import NearestNeighbors

# growth.mjs has the same.
SIZES = {'points': [6250, 12_500, 25_000, 50_000], 'columns': [8, 16, 32, 64], 'neighbors': [1, 10, 50, 100]}
BASE = {'columns': 32, 'neighbors': 10}


def measured(data, nearest, version):
    sizes = {**SIZES, 'points': [500, 1000, 2000]} if data.small else SIZES
    queries = 80 if data.small else 2000
    base = {**BASE, 'points': sizes['points'][-2]}

    def seconds(**change):
        size = {**base, **change}
        among, asked = (np.ascontiguousarray(part[:, :size['columns']])
                        for part in (data.x[:size['points']], data.test[:queries]))
        return data.fastest(lambda: nearest(among, asked, size['neighbors']))[0]
    search = seconds()
    growth = {what: [[size, seconds(**{what: size})] for size in all_sizes] for what, all_sizes in sizes.items()}
    return {'version': version, 'seconds': {'search': search}, 'quality': {}, 'growth': growth,
            'flops': 2 * base['points'] * queries * base['columns']}


def scikit_learn(data):
    def nearest(x, queries, k):
        return NearestNeighbors(n_neighbors=k, algorithm='brute', n_jobs=data.threads).fit(x).kneighbors(queries)
    return measured(data, nearest, sklearn.__version__)


def faiss_flat(data):
    faiss.omp_set_num_threads(data.threads)

    def nearest(x, queries, k):
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        return index.search(queries, k)
    return measured(data, nearest, faiss.__version__)


PEERS = {'scikit-learn brute': scikit_learn, 'faiss flat': faiss_flat}
