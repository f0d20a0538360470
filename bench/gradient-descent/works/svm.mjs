import { SVC } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Support vector machine, RBF, 5,000 × 28, C = 1, gamma = 1/28; 5,000 rows predicted';
export const data = 'support';
export const peers = { 'scikit-learn SVC': 'python', 'libsvm-js': 'node', 'libsvm-wasm': 'node' };
// All stop at violations of 0.001: a few thousandths of an objective of some thousands.
export const tolerance = { 'dual objective': 0.05, 'test error': 0.002 };

export async function measure({ data, engine, fastest }) {
  const { train, rows } = data.meta;
  const [table, held] = [tableOf(data, 0, train), tableOf(data, train, rows)];
  const machine = new SVC({ gamma: 1 / data.columns.length });
  const [fit, model] = await fastest(() => machine.fit(table, { target: 'target', engine }));
  const [predict, predicted] = await fastest(() => model.predict(held, { engine }));
  const labels = predicted.getChild('prediction');
  let wrong = 0;
  for (let row = train; row < rows; row++) if (Number(labels.get(row - train)) !== data.targets[row]) wrong++;
  const quality = { 'dual objective': model.training.history.at(-1).loss, 'test error': wrong / (rows - train) };
  return { seconds: { fit, predict }, quality };
}
