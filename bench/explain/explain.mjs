// TreeSHAP beside LightGBM and shap on the same trees: python bench/explain/peers.py FOLDER, then
// node bench/explain/explain.mjs FOLDER. Microseconds of CPU time a row, the least of five runs.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../dist/engine/engine.js';
import { explainEnsembleAgainst, explainEnsembleOn } from '../../dist/engine/trees/tree-shap.js';

const types = {
  base: Float64Array,
  roots: Int32Array,
  feature: Int32Array,
  threshold: Float64Array,
  left: Int32Array,
  right: Int32Array,
  missingGoesLeft: Uint8Array,
  categoryOffset: Int32Array,
  categoryWords: Int32Array,
  categories: Uint32Array,
  leafValues: Float64Array,
  cover: Float64Array,
};

async function least(work, runs = 5) {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return best;
}

const { models, rows: data, versions } = JSON.parse(readFileSync(join(process.argv[2], 'trees.json'), 'utf8'));
const columns = data.map((values) => Float64Array.from(values));
const rows = columns[0].length;
const few = 400;
console.log(`LightGBM ${versions.LightGBM}, shap ${versions.shap}, load ${loadavg()[0].toFixed(1)}`);
for (const model of models) {
  const arrays = Object.entries(types).map(([name, type]) => [name, type.from(model.trees[name])]);
  const operation = {
    ...{ op: 'ensemble', inputs: columns.map((_, j) => j), outputs: [columns.length], average: false, leafWidth: 1 },
    ...Object.fromEntries(arrays),
  };
  const micro = (seconds) => Number((seconds * 1e6).toFixed(1));
  const line = { leaves: model.leaves };
  for (const name of ['LightGBM pred_contrib', 'shap TreeExplainer', 'shap interactions'])
    line[name] = micro(model[name]);
  for (const backend of ['native', 'wasm']) {
    const engine = await createEngine({ backend, threads: 1 });
    const { values, expected } = await explainEnsembleOn(engine, operation, columns, rows);
    let worst = 0;
    for (let row = 0; row < rows; row++) {
      let sum = expected[0];
      for (let j = 0; j < columns.length; j++) sum += values[j * rows + row];
      worst = Math.max(worst, Math.abs(sum - model.sums[row]));
    }
    let apart = 0;
    model.values.forEach((wanted, row) => {
      wanted.forEach((value, j) => (apart = Math.max(apart, Math.abs(value - values[j * rows + row]))));
    });
    line[`${backend} values`] = Number(
      ((await least(() => explainEnsembleOn(engine, operation, columns, rows))) / rows).toFixed(1),
    );
    const cut = columns.map((column) => column.slice(0, few));
    const both = await least(() => explainEnsembleOn(engine, operation, cut, few, { interactions: true }), 3);
    const alone = await least(() => explainEnsembleOn(engine, operation, cut, few), 3);
    line[`${backend} interactions`] = Number(((both - alone) / few).toFixed(1));
    const background = {
      columns: columns.map((column) => column.slice(1000, 1100)),
      weights: new Float64Array(100).fill(0.01),
    };
    line[`${backend} against 100 rows`] = Number(
      ((await least(() => explainEnsembleAgainst(engine, operation, cut, few, background), 2)) / few).toFixed(1),
    );
    line[`${backend} sums off by`] = worst.toExponential(1);
    line[`${backend} off LightGBM's by`] = apart.toExponential(1);
    await engine.close();
  }
  console.log(line);
}
