// Clusterings of letter (20,000 × 16) and mnist10k (10,000 × 784), or of their first rows: the labels are scikit-learn's, by
// the hashes of tests/fixtures/clustering-full.json (made by tests/agreement/clustering-full.py), clusters numbered in the
// order of their first rows; where starts are drawn (spectral), the adjusted Rand index of the labels is above 0.99.
// `node .ci/clustering.mjs DATA [MODEL]`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { adjustedRand } from '../dist/evaluate/clustering.js';
import {
  AgglomerativeClustering,
  DBSCAN,
  HDBSCAN,
  MeanShift,
  OPTICS,
  SpectralClustering,
  tableFromRegisters,
} from '../dist/index.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/clustering-full.json', import.meta.url), 'utf8'));
const estimators = {
  dbscan: DBSCAN,
  hdbscan: HDBSCAN,
  agglomerative: AgglomerativeClustering,
  optics: OPTICS,
  'mean-shift': MeanShift,
  spectral: SpectralClustering,
};
const files = { letter: ['letter.csv', 'lettr'], mnist10k: ['mnist10k.csv.gz', 'label'] };
/** Spectral clusterings whose starts differ agree up to this. */
const LEAST_INDEX = 0.99;

function columnsOf(folder, name) {
  const [file, target] = files[name];
  const bytes = readFileSync(join(folder, name, file));
  const [head, ...rows] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll('"', '').split(','));
  return head.flatMap((column, j) =>
    column === target
      ? []
      : [{ name: column, type: 'number', values: Float64Array.from(rows, (row) => Number(row[j])) }],
  );
}

const tableOf = (columns, rows) =>
  tableFromRegisters(columns.map((column) => ({ ...column, values: column.values.slice(0, rows) })));

function numbered(labels) {
  const numbers = new Map();
  return Int32Array.from(labels, (label) => {
    if (label < 0) return -1;
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label);
  });
}

/** undefined where the labels are as expected, else how they are not. */
function difference(found, { sha256, labels, clusters, noise }) {
  if (labels) {
    const index = adjustedRand(Int8Array.from(Buffer.from(labels, 'base64')), found);
    return index > LEAST_INDEX
      ? undefined
      : `adjusted Rand index ${index.toFixed(4)}, at least ${LEAST_INDEX} expected`;
  }
  const hash = createHash('sha256')
    .update(new Uint8Array(numbered(found).buffer))
    .digest('hex');
  return hash === sha256 ? undefined : `expected ${clusters} clusters, ${noise} of none`;
}

let wrong = 0;
for (const [name, cases] of Object.entries(expected)) {
  const columns = columnsOf(process.argv[2], name);
  for (const wanted of cases) {
    const { estimator, given, rows, clusters } = wanted;
    if (process.argv[3] && process.argv[3] !== estimator) continue;
    const begin = performance.now();
    const { labels, training } = await new estimators[estimator](given).fit(tableOf(columns, rows));
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const off = difference(labels, wanted);
    if (off) wrong++;
    const said = off ? `falls short: ${off}; found ${training.verdict}` : 'holds';
    const of = rows ? `${name}, first ${rows} rows` : name;
    console.log(`${said}: ${of}, ${estimator} ${JSON.stringify(given)}: ${clusters} clusters, ${seconds} s`);
  }
}
process.exit(wrong > 0 ? 1 : 0);
