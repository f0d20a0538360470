import numpy as np
import sklearn
import statsmodels
import statsmodels.api as sm
from sklearn.linear_model import LinearRegression


def statsmodels_ols(data):
    def work():
        fit = sm.OLS(data.y, sm.add_constant(data.x)).fit()
        return fit.params, fit.bse, fit.ssr
    seconds, (_, errors, squares) = data.fastest(work)
    return {'version': statsmodels.__version__, 'seconds': {'fit': seconds},
            'quality': {'objective': float(squares), 'mean standard error': float(errors.mean())}}


def scikit_learn(data):
    seconds, model = data.fastest(lambda: LinearRegression().fit(data.x, data.y))
    squares = ((data.y - model.predict(data.x)) ** 2).sum()
    return {'version': sklearn.__version__, 'seconds': {'fit': seconds}, 'quality': {'objective': float(squares)}}


PEERS = {'statsmodels': statsmodels_ols, 'scikit-learn (coefficients alone)': scikit_learn}
