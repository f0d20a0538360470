import { LogisticRegression } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Logistic regression, 1,000,000 × 28 f32, C = 1';
export const data = 'higgs';
export const peers = { 'scikit-learn lbfgs': 'python', 'scikit-learn newton-cholesky': 'python' };
// The stopping rules differ: scikit-learn's own default leaves about 1e-7.
export const tolerance = { 'mean loss + penalty': 1e-6 };

export async function measure({ data, engine, fastest }) {
  const rows = data.meta.train;
  const table = tableOf(data, 0, rows);
  const [fit, model] = await fastest(() => new LogisticRegression().fit(table, { target: 'target', engine }));
  return { seconds: { fit }, quality: { 'mean loss + penalty': objective(data, rows, model) } };
}

/** Mean log loss + |coefficients|² / (2·C·rows), of the model as it will predict. */
function objective({ columns, targets }, rows, model) {
  const { coefficients, intercepts, inputs } = model.program.operations.find(({ op }) => op === 'linear');
  const names = model.program.inputs.map(({ name }) => Number(name.slice(1)));
  const margins = new Float64Array(rows).fill(intercepts[0]);
  inputs.forEach((input, j) => {
    const values = columns[names[input]];
    for (let row = 0; row < rows; row++) margins[row] += coefficients[j] * values[row];
  });
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const margin = targets[row] === 1 ? margins[row] : -margins[row];
    loss += margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
  }
  return loss / rows + coefficients.reduce((sum, value) => sum + value * value, 0) / (2 * rows);
}
