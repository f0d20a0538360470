import { MultilayerPerceptronClassifier } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Network 784-128-10 (relu, Adam), one epoch of 60,000 f32 rows in batches of 128';
export const data = 'images';
export const peers = { 'scikit-learn': 'python', 'TensorFlow.js wasm': 'node' };
export const tolerance = { 'test error': 0.01 };

export async function measure({ data, engine, fastest }) {
  const { train, rows } = data.meta;
  const table = tableOf(data, 0, train);
  const network = new MultilayerPerceptronClassifier({ hiddenLayerSizes: [128], batchSize: 128, maxIter: 1 });
  const [fit, model] = await fastest(() => network.fit(table, { target: 'target', engine }));
  const test = tableOf(data, train, rows);
  const [predict, predicted] = await fastest(() => model.predict(test, { engine }));
  const labels = predicted.getChild('prediction');
  let wrong = 0;
  for (let row = 0; row < test.numRows; row++) if (Number(labels.get(row)) !== data.targets[train + row]) wrong++;
  return {
    seconds: { fit, predict },
    quality: { 'test error': wrong / test.numRows },
    // Forward and the gradient of both layers, and the derivatives by what lies between them.
    flops: 2 * train * (2 * (784 * 128 + 128 * 10) + 128 * 10),
  };
}
