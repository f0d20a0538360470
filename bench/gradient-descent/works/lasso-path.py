import numpy as np
import sklearn
from sklearn.linear_model import lasso_path


def work(data):
    def solve():
        # lasso_path centres nothing: what LassoCV does around it.
        mean, middle = data.by_column.mean(axis=0), data.y.mean()
        x = np.asfortranarray(data.by_column - mean)
        return mean, middle, lasso_path(x, data.y - middle, eps=1e-3, n_alphas=100, tol=1e-6)
    seconds, (mean, middle, (alphas, coefficients, _)) = data.fastest(solve)
    total = 0.0
    for k in range(9, 100, 10):
        rest = data.y - middle - (data.by_column - mean) @ coefficients[:, k]
        total += rest @ rest / (2 * len(rest)) + alphas[k] * np.abs(coefficients[:, k]).sum()
    return {'version': sklearn.__version__, 'seconds': {'fit': seconds}, 'quality': {'objective': float(total / 10)}}


PEERS = {'scikit-learn': work}
