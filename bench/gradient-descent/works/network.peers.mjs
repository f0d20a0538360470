import { dirname, join } from 'node:path';

// TensorFlow.js on its WebAssembly backend (SIMD; threads only in browsers). Making the tensors is not timed.
async function tensorflow({ data, small, require }) {
  const tf = require('@tensorflow/tfjs');
  const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/wasm-out/`);
  await tf.setBackend('wasm');
  await tf.ready();
  const { train, rows } = data.meta;
  const tensor = (start, end) => {
    const values = new Float32Array((end - start) * data.columns.length);
    data.columns.forEach((column, j) => {
      for (let row = start; row < end; row++) values[(row - start) * data.columns.length + j] = column[row];
    });
    return tf.tensor2d(values, [end - start, data.columns.length]);
  };
  const [x, y, test] = [
    tensor(0, train),
    tf.tensor1d(Float32Array.from(data.targets.subarray(0, train))),
    tensor(train, rows),
  ];
  let [fit, predict, wrong] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  for (let run = 0; run < (small ? 1 : 2); run++) {
    const model = tf.sequential();
    model.add(tf.layers.dense({ units: 128, activation: 'relu', inputShape: [data.columns.length] }));
    model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
    model.compile({ optimizer: tf.train.adam(0.001), loss: 'sparseCategoricalCrossentropy' });
    let begin = performance.now();
    await model.fit(x, y, { epochs: 1, batchSize: 128, shuffle: true, verbose: 0 });
    fit = Math.min(fit, (performance.now() - begin) / 1000);
    begin = performance.now();
    const labels = await model.predict(test, { batchSize: 1024 }).argMax(1).data();
    predict = Math.min(predict, (performance.now() - begin) / 1000);
    wrong = labels.filter((label, row) => label !== data.targets[train + row]).length;
  }
  const { version } = require(join('@tensorflow/tfjs', 'package.json'));
  return { version, seconds: { fit, predict }, quality: { 'test error': wrong / (rows - train) } };
}

export const peers = { 'TensorFlow.js wasm': tensorflow };
