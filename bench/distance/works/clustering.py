import resource

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering

SETTINGS = {'eps': 2.0, 'minSamples': 10, 'minClusterSize': 25, 'nClusters': 20}


def shares(labels):
    return float(((np.unique(labels, return_counts=True)[1] / len(labels)) ** 2).sum())


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def of_sklearn(data, settings=SETTINGS):
    x = np.ascontiguousarray(data.x, dtype=np.float64)
    jobs, clusters = data.threads, settings['nClusters']
    models = {
        'dbscan': DBSCAN(eps=settings['eps'], min_samples=settings['minSamples'], n_jobs=jobs),
        'hdbscan': HDBSCAN(min_cluster_size=settings['minClusterSize'], n_jobs=jobs, copy=True),
        'single': AgglomerativeClustering(clusters, linkage='single'),
        'ward': AgglomerativeClustering(clusters),
    }
    seconds, quality = {}, {}
    for name, model in models.items():
        if name == 'ward':
            quality['MB before ward'] = peak()
        seconds[name], fitted = data.fastest(lambda: model.fit(x), 1)
        quality[f'{name}Clusters'] = shares(fitted.labels_)
    return {'seconds': seconds, 'quality': quality}


PEERS = {'scikit-learn': of_sklearn}
