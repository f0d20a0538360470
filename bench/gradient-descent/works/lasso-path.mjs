import { lassoPath } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  'Lasso path, 20,000 × 300 f64, neighbours correlated by 0.7, 100 penalties down to 1/1000, gap 1e-6';
export const data = 'neighbours';
export const peers = { 'scikit-learn': 'python' };
export const tolerance = { objective: 0.002 };

export async function measure({ data, engine, fastest }) {
  const table = tableOf(data, 0, data.meta.rows);
  const [fit, path] = await fastest(() => lassoPath(table, { target: 'target', tol: 1e-6, engine }));
  return { seconds: { fit }, quality: { objective: objective(data, path) } };
}

/** The mean over every tenth penalty of half the mean squared error + alpha·Σ|w|. */
function objective({ columns, targets }, { alphas, coefficients, intercepts }) {
  let sum = 0;
  for (let k = 9; k < alphas.length; k += 10) {
    const rest = targets.map((value) => value - intercepts[k]);
    columns.forEach((values, j) => {
      const w = coefficients[k][j];
      if (w !== 0) for (let row = 0; row < rest.length; row++) rest[row] -= w * values[row];
    });
    const loss = rest.reduce((total, value) => total + value * value, 0) / (2 * rest.length);
    sum += loss + alphas[k] * coefficients[k].reduce((total, w) => total + Math.abs(w), 0);
  }
  return sum / 10;
}
