import { LinearRegression } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Least squares with standard errors, 500,000 × 50 f64';
export const data = 'linear';
export const peers = { statsmodels: 'python', 'scikit-learn (coefficients alone)': 'python' };
export const tolerance = { objective: 1e-6 };

export async function measure({ data, engine, fastest }) {
  const rows = data.meta.rows;
  const table = tableOf(data, 0, rows);
  const [fit, model] = await fastest(() => new LinearRegression().fit(table, { target: 'target', engine }));
  const errors = model.summary.coefficients.map(({ standardError }) => standardError);
  return {
    seconds: { fit },
    quality: {
      objective: model.summary.residualSumOfSquares,
      'mean standard error': errors.reduce((a, b) => a + b) / errors.length,
    },
  };
}
