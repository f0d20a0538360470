import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

ROWS, K = 50_000, 10
warnings.filterwarnings('ignore')


class FromRows(GaussianMixture):
    """Begins with the clusters of k-means from the first rows."""

    def _initialize_parameters(self, X, random_state, xp=None):
        labels = KMeans(K, init=X[:K], n_init=1).fit(X).labels_
        self._initialize(X, np.eye(K)[labels])


def work(data):
    x = data.x[:ROWS]
    seconds, quality = {}, {}
    for kind in ('full', 'diag'):
        model = FromRows(K, covariance_type=kind, max_iter=10, tol=0)
        seconds[kind], model = data.fastest(lambda: model.fit(x))
        quality[kind] = -float(model.score(x))
    return {'version': sklearn.__version__, 'seconds': seconds, 'quality': quality}


PEERS = {'scikit-learn': work}
