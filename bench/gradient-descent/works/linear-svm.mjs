import { LinearSVC } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  'Linear support vector machines, 100,000 × 50 f64, C = 0.1: squared hinge in the primal, hinge in the dual';
export const data = 'sides';
export const peers = { 'scikit-learn (liblinear)': 'python' };
export const tolerance = { 'squared hinge objective': 1e-3, 'hinge objective': 0.5 };

const C = 0.1;

export async function measure({ data, engine, fastest }) {
  const table = tableOf(data, 0, data.meta.rows);
  const fit = (loss) => () =>
    new LinearSVC({ C, loss, interceptScaling: 1, tol: 1e-5 }).fit(table, { target: 'target', engine });
  const [primal, squared] = await fastest(fit('squared_hinge'));
  const [dual, plain] = await fastest(fit('hinge'));
  return {
    seconds: { primal, dual },
    quality: { 'squared hinge objective': objective(data, squared, 2), 'hinge objective': objective(data, plain, 1) },
  };
}

/** ½·(|w|² + b²) + C·Σ max(0, 1 − y·f)^power */
function objective({ columns, targets }, model, power) {
  const { inputs, coefficients, intercepts } = model.program.operations.find(({ op }) => op === 'linear');
  const decisions = new Float64Array(targets.length).fill(intercepts[0]);
  inputs.forEach((column, k) => {
    for (let row = 0; row < decisions.length; row++) decisions[row] += coefficients[k] * columns[column][row];
  });
  let cost = 0;
  for (let row = 0; row < targets.length; row++) {
    cost += Math.max(0, 1 - (2 * targets[row] - 1) * decisions[row]) ** power;
  }
  const size = coefficients.reduce((sum, w) => sum + w * w, intercepts[0] ** 2);
  return 0.5 * size + C * cost;
}
