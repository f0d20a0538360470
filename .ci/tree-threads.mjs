// Two threads are not slower than one where there is little to share: boosting of adult and of letter, in turns, the fastest
// of a few fits, with a generous margin. `node .ci/tree-threads.mjs DATA`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createEngine, GradientBoostingClassifier, tableFromRegisters } from '../dist/index.js';

const MARGIN = 1.25;
const folder = process.argv[2];
const sets = [
  { name: 'adult', path: join(folder, 'adult', 'adult_train.csv.gz'), target: 'income', rounds: 60, turns: 6 },
  { name: 'letter', path: join(folder, 'letter', 'letter.csv'), target: 'lettr', rounds: 8, turns: 6 },
];

const engines = [];
for (const backend of ['native', 'wasm']) {
  try {
    engines.push([backend, [await createEngine({ backend, threads: 1 }), await createEngine({ backend, threads: 2 })]]);
  } catch (error) {
    console.log(`not measured: ${backend}: ${error.message}`);
  }
}

let failed = engines.length === 0;
for (const { name, path, target, rounds, turns } of sets) {
  const table = tableOf(path, target);
  const estimator = new GradientBoostingClassifier({ maxIter: rounds, earlyStopping: 'false' });
  for (const [backend, pair] of engines) {
    const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let turn = 0; turn <= turns; turn++) {
      // The first is for compiled code alone.
      for (const which of turn % 2 ? [0, 1] : [1, 0]) {
        const begin = performance.now();
        await estimator.fit(table, { target, engine: pair[which] });
        if (turn > 0) least[which] = Math.min(least[which], performance.now() - begin);
      }
    }
    const [one, two] = least;
    const holds = two <= MARGIN * one;
    failed ||= !holds;
    console.log(
      `${holds ? 'ok' : 'FAILED'} ${name}, ${backend}: ${one.toFixed(0)} ms on one thread, ${two.toFixed(0)} on two`,
    );
  }
}
process.exit(failed ? 1 : 0);

/** A CSV file: columns of numbers as numbers, others as categories. */
function tableOf(path, target) {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().replaceAll('"', '');
  const [head, ...rows] = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(',').map((cell) => cell.trim()));
  const columns = head.map((name, j) => {
    const cells = rows.map((row) => row[j]);
    if (name !== target && cells.every((cell) => cell !== '' && !Number.isNaN(Number(cell)))) {
      return { name, type: 'number', values: Float64Array.from(cells, Number) };
    }
    const labels = [...new Set(cells)].sort();
    const codes = new Map(labels.map((label, code) => [label, code]));
    return { name, type: 'category', labels, values: Float64Array.from(cells, (cell) => codes.get(cell)) };
  });
  return tableFromRegisters(columns);
}
