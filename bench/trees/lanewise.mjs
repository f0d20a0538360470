// One training of Lanewise: `lanewise.mjs '{"backend", "folder", "threads", "predictions"}'` prints one line of JSON, as
// peers.py does for the peers.
import { writeFileSync } from 'node:fs';
import { createEngine, GradientBoostingClassifier, GradientBoostingRegressor } from '../../dist/index.js';
import { peak, readData, tableOf, version } from '../files.mjs';

const job = JSON.parse(process.argv[2]);
const seconds = () => performance.now() / 1000;

/** Median microseconds of one row with the scorer that a server keeps: values in, prediction out. */
function latency(model, data, from) {
  const scorer = model.scorer();
  const rows = Array.from({ length: 500 }, (_, i) => {
    const row = new Float64Array(model.program.inputs.length);
    model.program.inputs.forEach(({ name }, place) => {
      row[place] = data.columns[data.meta.columns.findIndex((column) => column.name === name)][from + i];
    });
    return row;
  });
  const output = new Float64Array(model.program.outputs.length);
  const times = [];
  for (let i = 0; i < 20_000; i++) {
    const begin = process.hrtime.bigint();
    scorer.into(rows[i % rows.length], output);
    times.push(Number(process.hrtime.bigint() - begin));
  }
  const sorted = times.slice(5_000).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] / 1000;
}

function predictionsOf(table, meta) {
  if (meta.task === 'regression') return table.getChild('prediction').toArray();
  const probabilities = table.schema.fields.map(({ name }) => name).filter((name) => name.startsWith('probability_'));
  if (meta.classes === 2) return table.getChild(probabilities[1]).toArray();
  const all = new Float64Array(table.numRows * probabilities.length);
  probabilities.forEach((name, k) => {
    table
      .getChild(name)
      .toArray()
      .forEach((value, row) => {
        all[row * probabilities.length + k] = value;
      });
  });
  return all;
}

const data = readData(job.folder);
const { meta } = data;
const [train, test] = [tableOf(data, 0, meta.train), tableOf(data, meta.train, meta.rows)];
const engine = await createEngine({ backend: job.backend, threads: job.threads });
const kind = meta.task === 'regression' ? GradientBoostingRegressor : GradientBoostingClassifier;
// The same hyper-parameters as the peers in peers.py: 100 rounds, 31 leaves, rate .1, 255 bins, 20 rows a leaf, no early stopping.
const estimator = new kind({ earlyStopping: 'false' });
// Compiled code and pool, on rows too few to matter.
if (!job.scoresOnly) await estimator.with({ maxIter: 10 }).fit(tableOf(data, 0, 2_000), { target: 'target', engine });

const before = peak();
let binned;
const begin = seconds();
const model = await estimator.fit(train, {
  target: 'target',
  engine,
  onProgress: ({ what, done, total }) => {
    if (what === 'column' && done === total) binned = seconds();
  },
});
const end = seconds();
const after = peak();
let predict = Number.POSITIVE_INFINITY;
let predicted;
for (let round = 0; round < (job.scoresOnly ? 1 : 3); round++) {
  const start = seconds();
  predicted = await model.predict(test, { engine });
  predict = Math.min(predict, seconds() - start);
}
const values = Float64Array.from(predictionsOf(predicted, meta));
writeFileSync(job.predictions, new Uint8Array(values.buffer));
await engine.close();
const apart = binned === undefined ? {} : { binning: binned - begin, boosting: end - binned };
const one = job.scoresOnly ? undefined : latency(model, data, meta.train);
console.log(
  JSON.stringify({ version, fit: end - begin, ...apart, predict, one, memory: after, memoryAdded: after - before }),
);
