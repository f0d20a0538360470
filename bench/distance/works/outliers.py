import sklearn
from sklearn.covariance import EllipticEnvelope
from sklearn.neighbors import LocalOutlierFactor

ROWS = 20_000


def scikit_learn(data):
    x = data.x[:ROWS]
    factors, model = data.fastest(lambda: LocalOutlierFactor(n_jobs=data.threads).fit(x))
    envelope, _ = data.fastest(lambda: EllipticEnvelope(random_state=0).fit(x), 1)
    return {'version': sklearn.__version__, 'seconds': {'factors': factors, 'envelope': envelope},
            'quality': {'checksum': float(-model.negative_outlier_factor_.mean())}}


PEERS = {'scikit-learn': scikit_learn}
