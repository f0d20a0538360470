import { PCA } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Principal components, 10 of 500,000 × 50 f64';
export const data = 'linear';
export const peers = { 'scikit-learn': 'python', 'numpy covariance and eigh': 'python' };
export const tolerance = { unexplained: 1e-6 };

export async function measure({ data, engine, fastest }) {
  const rows = data.meta.rows;
  const table = tableOf(data, 0, rows);
  const columns = data.meta.columns.map(({ name }) => name);
  const [fit, model] = await fastest(() => new PCA({ nComponents: 10 }).fit(table, { engine, columns }));
  return { seconds: { fit }, quality: { unexplained: unexplained(data.columns, rows, model.components) } };
}

/** The share of the variance that lies along none of the components. */
function unexplained(columns, rows, components) {
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / rows);
  const count = components.length / columns.length;
  let [total, along] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const scores = new Float64Array(count);
    columns.forEach((values, j) => {
      const value = values[row] - means[j];
      total += value * value;
      for (let k = 0; k < count; k++) scores[k] += value * components[k * columns.length + j];
    });
    for (const score of scores) along += score * score;
  }
  return 1 - along / total;
}
