import numpy as np
import sklearn
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC


def work(data):
    gamma = 1 / data.x.shape[1]
    fit, model = data.fastest(lambda: SVC(gamma=gamma).fit(data.x, data.y))
    predict, labels = data.fastest(lambda: model.predict(data.test))
    beta = model.dual_coef_[0]
    kernel = rbf_kernel(model.support_vectors_, gamma=gamma)
    objective = 0.5 * beta @ kernel @ beta - np.abs(beta).sum()
    quality = {'dual objective': float(objective), 'test error': float((labels != data.test_y).mean())}
    return {'version': sklearn.__version__, 'seconds': {'fit': fit, 'predict': predict}, 'quality': quality}


PEERS = {'scikit-learn SVC': work}
