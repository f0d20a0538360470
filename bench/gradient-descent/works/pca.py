import numpy as np
import sklearn
from sklearn.decomposition import PCA


def unexplained(data, components):
    centred = data.x - data.x.mean(axis=0)
    return float(1 - ((centred @ components.T) ** 2).sum() / (centred ** 2).sum())


def scikit_learn(data):
    seconds, model = data.fastest(lambda: PCA(10).fit(data.x))
    return {'version': sklearn.__version__, 'seconds': {'fit': seconds},
            'quality': {'unexplained': unexplained(data, model.components_)}}


def covariance(data):
    def work():
        mean = data.x.mean(axis=0)
        products = data.x.T @ data.x - len(data.x) * np.outer(mean, mean)
        return np.linalg.eigh(products / (len(data.x) - 1))[1][:, ::-1][:, :10].T
    seconds, components = data.fastest(work)
    return {'version': np.__version__, 'seconds': {'fit': seconds}, 'quality': {'unexplained': unexplained(data, components)}}


PEERS = {'scikit-learn': scikit_learn, 'numpy covariance and eigh': covariance}
