"""Makes tests/fixtures/linear-regression.json: what statsmodels says of ordinary and weighted least squares.

    python linear-regression.py > tests/fixtures/linear-regression.json

Needs statsmodels and scikit-learn (for the diabetes data, as they were measured; the rows are in the file).
"""
import json

import numpy as np
import statsmodels.api as sm
from sklearn.datasets import load_diabetes


def figures(fit):
    low, high = np.asarray(fit.conf_int(alpha=0.05)).T
    return {
        "estimate": fit.params.tolist(),
        "standardError": fit.bse.tolist(),
        "t": fit.tvalues.tolist(),
        "p": fit.pvalues.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "whole": {
            "observations": int(fit.nobs),
            "modelDegreesOfFreedom": int(fit.df_model),
            "residualDegreesOfFreedom": int(fit.df_resid),
            "residualSumOfSquares": fit.ssr,
            "residualStandardError": float(np.sqrt(fit.mse_resid)),
            "rSquared": fit.rsquared,
            "adjustedRSquared": fit.rsquared_adj,
            "fStatistic": float(fit.fvalue),
            "fPValue": float(fit.f_pvalue),
            "logLikelihood": fit.llf,
            "aic": fit.aic,
            "bic": fit.bic,
            "conditionNumber": float(fit.condition_number),
        },
    }


x, y = load_diabetes(return_X_y=True, scaled=False)
weights = 0.25 + (np.arange(len(y)) % 7) / 4
ones = sm.add_constant(x)
bmi = x[:, 2]
print(
    json.dumps(
        {
            "columns": {f"x{j}": x[:, j].tolist() for j in range(x.shape[1])},
            "target": y.tolist(),
            "weights": weights.tolist(),
            "ordinary": figures(sm.OLS(y, ones).fit()),
            "throughOrigin": figures(sm.OLS(y, x).fit()),
            "weighted": figures(sm.WLS(y, ones, weights=weights).fit()),
            "cubicOfBmi": figures(sm.OLS(y, np.vander(bmi, 4, increasing=True)).fit()),
        }
    )
)
