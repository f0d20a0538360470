// Anomalies on real sets: the area under the curve of every detector is that of scikit-learn's in
// tests/fixtures/anomaly-areas.json, of envelopes no less than its least over seeds. `node .ci/anomalies.mjs DATA`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EllipticEnvelope, LocalOutlierFactor, NeighborDistance, tableFromRegisters } from '../dist/index.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/anomaly-areas.json', import.meta.url), 'utf8'));
const folder = process.argv[2];
const detectors = [new LocalOutlierFactor(), new NeighborDistance(), new EllipticEnvelope({ supportFraction: 0.75 })];

let failed = false;
for (const [name, set] of Object.entries(expected)) {
  const { table, odd } = rowsOf(join(folder, name, `${name}.csv`), set);
  for (const detector of detectors) {
    const begin = performance.now();
    const model = await detector.fit(table);
    const seconds = ((performance.now() - begin) / 1000).toFixed(2);
    const scores = model.scores ?? (await model.predict(table)).getChild('score').toArray();
    const area = areaUnderCurve(odd, scores);
    const theirs = [set[detector.name]].flat();
    const [least, most] = [Math.min(...theirs), Math.max(...theirs)];
    // Equally far neighbours, of which there are many on grids of whole numbers, are taken in another order.
    const holds = area >= least - 2e-3;
    failed ||= !holds;
    const range = least === most ? least.toFixed(4) : `${least.toFixed(4)} to ${most.toFixed(4)}`;
    console.log(
      `${holds ? 'ok' : 'FAILED'} ${name}, ${detector.name}: ${area.toFixed(4)}, scikit-learn ${range}; ${seconds} s`,
    );
  }
}
process.exit(failed ? 1 : 0);

/** The set's rows, standardised, and which of them are anomalies. */
function rowsOf(path, { inlier, anomaly, few, rows: count }) {
  const [head, ...lines] = readFileSync(path, 'utf8').replaceAll('"', '').trimEnd().split(/\r?\n/);
  const names = head.split(',');
  const target = names.findIndex((column) => ['target', 'lettr', 'letter'].includes(column));
  let anomalies = 0;
  const rows = lines
    .map((line) => line.split(','))
    .filter((row) => row[target] === inlier || (row[target] === anomaly && anomalies++ < few));
  if (rows.length !== count) throw new Error(`Expected ${count} rows of ${path} but there are ${rows.length}`);
  const columns = names.flatMap((column, j) => {
    if (j === target) return [];
    const x = Float64Array.from(rows, (row) => Number(row[j]));
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length) || 1;
    return [{ name: column, type: 'number', values: x.map((value) => (value - mean) / deviation) }];
  });
  return { table: tableFromRegisters(columns), odd: rows.map((row) => row[target] === anomaly) };
}

/** The share of pairs of an anomaly and another row in which the anomaly scores more; of equals half. */
function areaUnderCurve(odd, scores) {
  let [wins, pairs] = [0, 0];
  for (let i = 0; i < odd.length; i++) {
    if (!odd[i]) continue;
    for (let k = 0; k < odd.length; k++) {
      if (odd[k]) continue;
      wins += scores[i] > scores[k] ? 1 : scores[i] === scores[k] ? 0.5 : 0;
      pairs++;
    }
  }
  return wins / pairs;
}
