// LIBSVM compiled to WebAssembly, twice. Both take arrays of arrays and predict row by row.
function split({ columns, targets, meta }) {
  const rows = Array.from({ length: meta.rows }, (_, row) => columns.map((column) => column[row]));
  return {
    train: rows.slice(0, meta.train),
    labels: Array.from(targets.subarray(0, meta.train)),
    test: rows.slice(meta.train),
    truth: targets.subarray(meta.train),
  };
}

const seconds = (begin) => (performance.now() - begin) / 1000;
const errorOf = (labels, truth) => labels.filter((label, row) => label !== truth[row]).length / truth.length;

async function libsvmJs({ data, require }) {
  const { train, labels, test, truth } = split(data);
  const SVM = await require('libsvm-js');
  const options = { type: SVM.SVM_TYPES.C_SVC, kernel: SVM.KERNEL_TYPES.RBF, cost: 1, gamma: 1 / train[0].length };
  const svm = new SVM({ ...options, cacheSize: 200 });
  let begin = performance.now();
  svm.train(train, labels);
  const fit = seconds(begin);
  begin = performance.now();
  const predicted = svm.predict(test);
  const predict = seconds(begin);
  const { version } = require('libsvm-js/package.json');
  return { version, seconds: { fit, predict }, quality: { 'test error': errorOf(predicted, truth) } };
}

async function libsvmWasm({ data, require }) {
  const { train, labels, test, truth } = split(data);
  // It would fetch its module from a path, which only browsers can.
  delete globalThis.fetch;
  const { SVM, SVMParam } = require('libsvm-wasm');
  const svm = new SVM(new SVMParam({ svm_type: 0, kernel_type: 2, C: 1, gamma: 1 / train[0].length, cache_size: 200 }));
  await svm.init();
  svm.feedSamples(train, labels); // not timed: it copies all rows once for each row
  let begin = performance.now();
  await svm.train();
  const fit = seconds(begin);
  begin = performance.now();
  const predicted = test.map((row) => svm.predict(row));
  const predict = seconds(begin);
  const { version } = require('libsvm-wasm/package.json');
  return { version, seconds: { fit, predict }, quality: { 'test error': errorOf(predicted, truth) } };
}

export const peers = { 'libsvm-js': libsvmJs, 'libsvm-wasm': libsvmWasm };
