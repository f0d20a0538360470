import numpy as np
import sklearn
import statsmodels
import statsmodels.api as sm
from sklearn.linear_model import PoissonRegressor

ALPHA = 0.001


def quality(data, x, coefficients, intercept):
    score = x @ coefficients + intercept
    y = data.y
    deviance = np.where(y > 0, y * (np.log(np.maximum(y, 1)) - score), 0) - y + np.exp(score)
    return {'mean half deviance + penalty': float(deviance.mean() + ALPHA / 2 * (coefficients ** 2).sum())}


def fit(solver):
    def work(data):
        x = data.x.astype(np.float64)
        make = lambda: PoissonRegressor(alpha=ALPHA, solver=solver, tol=1e-8, max_iter=1000).fit(x, data.y)
        seconds, model = data.fastest(make)
        return {'version': sklearn.__version__, 'seconds': {'fit': seconds}, 'quality': quality(data, x, model.coef_, model.intercept_)}
    return work


def statsmodels_glm(data):
    # Without the penalty: statsmodels has none for this fit.
    x = data.x.astype(np.float64)
    seconds, model = data.fastest(lambda: sm.GLM(data.y, sm.add_constant(x), family=sm.families.Poisson()).fit(tol=1e-10))
    found = quality(data, x, model.params[1:], model.params[0])
    return {'version': statsmodels.__version__, 'seconds': {'fit': seconds}, 'quality': found}


PEERS = {
    'scikit-learn newton-cholesky': fit('newton-cholesky'), 'scikit-learn lbfgs': fit('lbfgs'), 'statsmodels GLM': statsmodels_glm,
}
