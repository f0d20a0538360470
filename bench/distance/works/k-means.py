import warnings

import faiss
import numpy as np
import sklearn
from sklearn.cluster import KMeans

K, ITERATIONS = 50, 20
warnings.filterwarnings('ignore')


def fitted(algorithm, kind):
    def work(data):
        x = data.x.astype(kind)
        model = KMeans(K, init=x[:K], n_init=1, max_iter=ITERATIONS, tol=0, algorithm=algorithm)
        fit, model = data.fastest(lambda: model.fit(x))
        predict, _ = data.fastest(lambda: model.predict(x))
        quality = {'inertia a row': float(model.inertia_) / len(x)}
        return {'version': sklearn.__version__, 'seconds': {'fit': fit, 'predict': predict}, 'quality': quality}

    return work


def faiss_kmeans(data):
    faiss.omp_set_num_threads(data.threads)
    x = data.x.astype(np.float32)

    def train():
        # It would learn from 256 rows a cluster.
        model = faiss.Kmeans(x.shape[1], K, niter=ITERATIONS, max_points_per_centroid=len(x))
        model.train(x, init_centroids=x[:K])
        return model

    fit, model = data.fastest(train)
    predict, found = data.fastest(lambda: model.index.search(x, 1))
    quality = {'inertia a row': float(found[0].sum(dtype=float)) / len(x)}
    return {'version': faiss.__version__, 'seconds': {'fit': fit, 'predict': predict}, 'quality': quality}


PEERS = {
    'scikit-learn lloyd': fitted('lloyd', np.float64),
    'scikit-learn elkan': fitted('elkan', np.float64),
    'scikit-learn lloyd f32': fitted('lloyd', np.float32),
    'faiss f32': faiss_kmeans,
}
