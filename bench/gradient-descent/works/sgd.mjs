import { SgdClassifier } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  'Stochastic gradient descent, log loss, 1,000,000 × 28, five epochs of a row a step, scaling included';
export const data = 'higgs';
export const peers = { 'scikit-learn': 'python' };
export const tolerance = { 'test error': 0.01 };

export async function measure({ data, engine, fastest }) {
  const { train, rows } = data.meta;
  const [table, held] = [tableOf(data, 0, train), tableOf(data, train, rows)];
  const estimator = new SgdClassifier({ maxIter: 5, tol: null });
  const [fit, model] = await fastest(() => estimator.fit(table, { target: 'target', engine }));
  const labels = (await model.predict(held, { engine })).getChild('prediction');
  let wrong = 0;
  for (let row = train; row < rows; row++) if (Number(labels.get(row - train)) !== data.targets[row]) wrong++;
  return { seconds: { fit }, quality: { 'test error': wrong / (rows - train) } };
}
