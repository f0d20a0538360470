import faiss
import numpy as np
import sklearn
import usearch
from sklearn.neighbors import NearestNeighbors
from usearch.index import search as usearch_search


def measured(data, nearest, version, times=3):
    half = data.x[:len(data.x) // 2]
    narrow, asked = np.ascontiguousarray(data.x[:, :32]), np.ascontiguousarray(data.test[:, :32])
    seconds = {}
    seconds['search'], distances = data.fastest(lambda: nearest(data.x, data.test, 10), times)
    seconds['half the points'], _ = data.fastest(lambda: nearest(half, data.test, 10), times)
    seconds['half the columns'], _ = data.fastest(lambda: nearest(narrow, asked, 10), times)
    seconds['100 neighbours'], _ = data.fastest(lambda: nearest(data.x, data.test, 100), times)
    return {'version': version, 'seconds': seconds,
            'quality': {'tenth distance': float(np.sqrt(np.maximum(distances[:, 9].astype(float), 0)).mean())}}


def scikit_learn(data):
    def nearest(x, queries, k):
        search = NearestNeighbors(n_neighbors=k, algorithm='brute', n_jobs=data.threads).fit(x)
        return search.kneighbors(queries)[0].astype(float) ** 2
    return measured(data, nearest, sklearn.__version__)


def faiss_flat(data):
    faiss.omp_set_num_threads(data.threads)

    def nearest(x, queries, k):
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        return index.search(queries, k)[0]
    return measured(data, nearest, faiss.__version__)


def usearch_exact(data):
    def nearest(x, queries, k):
        return usearch_search(x, queries, k, 'l2sq', exact=True, threads=data.threads).distances
    return measured(data, nearest, usearch.__version__, 1)


PEERS = {'scikit-learn brute': scikit_learn, 'faiss flat': faiss_flat, 'usearch exact': usearch_exact}
