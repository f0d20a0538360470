import warnings

import numpy as np
import sklearn
from sklearn.svm import LinearSVC

C = 0.1


def objective(data, model, power):
    short = np.maximum(0, 1 - (2 * data.y - 1) * model.decision_function(data.x))
    return float(0.5 * ((model.coef_ ** 2).sum() + model.intercept_[0] ** 2) + C * (short ** power).sum())


def work(data):
    warnings.filterwarnings('ignore')  # the dual may not be done after its 1,000 passes
    primal, squared = data.fastest(lambda: LinearSVC(C=C, dual=False, tol=1e-5).fit(data.x, data.y))
    dual, plain = data.fastest(lambda: LinearSVC(C=C, loss='hinge', tol=1e-3, random_state=0).fit(data.x, data.y), 1)
    quality = {'squared hinge objective': objective(data, squared, 2), 'hinge objective': objective(data, plain, 1)}
    return {'version': sklearn.__version__, 'seconds': {'primal': primal, 'dual': dual}, 'quality': quality}


PEERS = {'scikit-learn (liblinear)': work}
