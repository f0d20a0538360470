// k-means on whole sets: from the same first rows, scikit-learn's labels and inertia (tests/fixtures/k-means-full.json) by every
// algorithm; and with twenty starts on standardised columns, the figures of the reference. `node .ci/k-means.mjs DATA`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { adjustedRand, KMeans, normalizedMutualInformation, silhouette, tableFromRegisters } from '../dist/index.js';

const { sets } = JSON.parse(readFileSync(new URL('../tests/fixtures/k-means-full.json', import.meta.url), 'utf8'));
const files = {
  iris: ['iris/iris.csv', ['target']],
  wine: ['wine/wine.csv', ['target']],
  penguins: ['penguins/penguins.csv', ['species', 'island', 'sex', 'year']],
  digits: ['digits/digits.csv', ['target', 'label', 'digit', 'class']],
  letter: ['letter/letter.csv', ['lettr']],
  mnist10k: ['mnist10k/mnist10k.csv.gz', ['label']],
};
/** KMeans(k, n_init=20) of scikit-learn on standardised columns: inertia, silhouette, ARI and NMI against the truth. */
const reference = {
  iris: [3, 139.82, 0.4599, 0.6201, 0.6595],
  wine: [3, 1277.928, 0.2849, 0.8975, 0.8759],
  penguins: [3, 370.766, 0.4462, 0.7994, 0.7899],
  digits: [10, 69432.684, 0.1439, 0.4655, 0.625],
};

/** Columns of the rows that lack nothing, and the first of the others, as numbers of its values. */
function read(name) {
  const [file, others] = files[name];
  const bytes = readFileSync(join(process.argv[2], file));
  const [head, ...lines] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll('"', '').split(','));
  const rows = lines.filter((row) => row.every((cell) => cell !== 'NA' && cell !== ''));
  const columns = head.flatMap((column, j) => (others.includes(column) ? [] : [rows.map((row) => Number(row[j]))]));
  const at = head.findIndex((column) => others.includes(column));
  const names = [...new Set(rows.map((row) => row[at]))];
  return {
    columns: columns.map((column) => Float64Array.from(column)),
    truth: rows.map((row) => names.indexOf(row[at])),
  };
}

const tableOf = (columns) =>
  tableFromRegisters(columns.map((values, j) => ({ name: `x${j}`, type: 'number', values })));

function hashOf(labels) {
  const numbers = new Map();
  const named = Int32Array.from(labels, (label) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label);
  });
  return createHash('sha256').update(new Uint8Array(named.buffer)).digest('hex');
}

let wrong = 0;
function say(holds, text) {
  if (!holds) wrong++;
  console.log(`${holds ? 'holds' : 'falls short'}: ${text}`);
}

for (const [name, { start, inertia, sha256, rows }] of Object.entries(sets)) {
  const { columns } = read(name);
  const initialCenters = start.flatMap((row) => columns.map((column) => column[row]));
  for (const algorithm of ['lloyd', 'hamerly', 'elkan']) {
    const begin = performance.now();
    const model = await new KMeans({ nClusters: start.length, initialCenters, algorithm, tol: 0 }).fit(
      tableOf(columns),
    );
    const seconds = ((performance.now() - begin) / 1000).toFixed(2);
    const found = model.training.history.at(-1).loss;
    const same = rows === columns[0].length && hashOf(model.labels) === sha256 && Math.abs(found / inertia - 1) < 1e-6;
    say(same, `${name} from the same centres, ${algorithm}: inertia ${found} (${inertia}), ${seconds} s`);
  }
}

for (const [name, [k, inertia, shape, rand, information]] of Object.entries(reference)) {
  const { columns, truth } = read(name);
  const standard = columns.map((column) => {
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length) || 1;
    return column.map((value) => (value - mean) / deviation);
  });
  const model = await new KMeans({ nClusters: k, nInit: 20 }).fit(tableOf(standard), { seed: 42 });
  const found = model.training.history.at(-1).loss;
  const labels = Array.from(model.labels);
  const figures = [
    silhouette(standard, labels),
    adjustedRand(truth, labels),
    normalizedMutualInformation(truth, labels),
  ];
  // A lower inertia is another clustering, whose other figures may differ a little.
  const near = [shape, rand, information].every((figure, i) => Math.abs(figure - figures[i]) < 0.02);
  const shown = figures.map((figure) => figure.toFixed(4)).join(', ');
  say(found < inertia * 1.0001 && near, `${name}, 20 starts: inertia ${found.toFixed(3)} (${inertia}); ${shown}`);
}
process.exit(wrong > 0 ? 1 : 0);
