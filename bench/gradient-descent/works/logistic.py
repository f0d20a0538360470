import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression


def fit(solver):
    def work(data):
        # Fortran order in f64 is what its solvers compute with.
        x = data.x.astype(np.float64)
        seconds, model = data.fastest(lambda: LogisticRegression(solver=solver, max_iter=1000).fit(x, data.y))
        margins = x @ model.coef_[0] + model.intercept_[0]
        loss = np.logaddexp(0, np.where(data.y == 1, -margins, margins)).mean()
        loss += (model.coef_ ** 2).sum() / (2 * len(x))
        return {'version': sklearn.__version__, 'seconds': {'fit': seconds}, 'quality': {'mean loss + penalty': float(loss)}}
    return work


PEERS = {'scikit-learn lbfgs': fit('lbfgs'), 'scikit-learn newton-cholesky': fit('newton-cholesky')}
