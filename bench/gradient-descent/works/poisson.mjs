import { PoissonRegressor } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Poisson regression, 200,000 × 20, alpha = 0.001';
export const data = 'counts';
export const peers = {
  'scikit-learn newton-cholesky': 'python',
  'scikit-learn lbfgs': 'python',
  'statsmodels GLM': 'python',
};
export const tolerance = { 'mean half deviance + penalty': 1e-8 };

export async function measure({ data, engine, fastest }) {
  const table = tableOf(data, 0, data.targets.length);
  const [fit, model] = await fastest(() =>
    new PoissonRegressor({ alpha: 0.001 }).fit(table, { target: 'target', engine }),
  );
  return { seconds: { fit }, quality: { 'mean half deviance + penalty': objective(data, model) } };
}

/** Mean of y·log(y/mean) − y + mean, and 0.0005·|coefficients|², of the model as it will predict. */
function objective({ columns, targets }, model) {
  const { coefficients, intercepts, inputs } = model.program.operations.find(({ op }) => op === 'linear');
  const names = model.program.inputs.map(({ name }) => Number(name.slice(1)));
  const scores = new Float64Array(targets.length).fill(intercepts[0]);
  inputs.forEach((input, j) => {
    const values = columns[names[input]];
    for (let row = 0; row < scores.length; row++) scores[row] += coefficients[j] * values[row];
  });
  let deviance = 0;
  for (let row = 0; row < scores.length; row++) {
    const y = targets[row];
    deviance += (y > 0 ? y * (Math.log(y) - scores[row]) : 0) - y + Math.exp(scores[row]);
  }
  return deviance / scores.length + 0.0005 * coefficients.reduce((sum, value) => sum + value * value, 0);
}
