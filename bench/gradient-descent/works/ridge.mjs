import { Ridge } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Ridge regression, 500,000 × 50 f64, alpha = 1';
export const data = 'linear';
export const peers = { 'scikit-learn': 'python', 'numpy normal equations': 'python' };
export const tolerance = { objective: 1e-3 };

export async function measure({ data, engine, fastest }) {
  const rows = data.meta.rows;
  const table = tableOf(data, 0, rows);
  const [fit, model] = await fastest(() => new Ridge().fit(table, { target: 'target', engine }));
  return { seconds: { fit }, quality: { objective: objective(data, rows, model) } };
}

/** Sum of squared errors + |coefficients|². */
function objective({ columns, targets }, rows, model) {
  const { coefficients, intercepts } = model.program.operations.find(({ op }) => op === 'linear');
  const residuals = targets.map((value) => value - intercepts[0]);
  columns.forEach((values, j) => {
    for (let row = 0; row < rows; row++) residuals[row] -= coefficients[j] * values[row];
  });
  const sum = (values) => values.reduce((total, value) => total + value * value, 0);
  return sum(residuals) + sum(coefficients);
}
