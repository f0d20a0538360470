// Clusterings of letter (20,000 × 16) and mnist10k (10,000 × 784): the labels are scikit-learn's, by the hashes of
// tests/fixtures/clustering-full.json, clusters numbered in the order of their first rows. `node .ci/clustering.mjs DATA`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AgglomerativeClustering, DBSCAN, HDBSCAN, tableFromRegisters } from '../dist/index.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/clustering-full.json', import.meta.url), 'utf8'));
const estimators = { dbscan: DBSCAN, hdbscan: HDBSCAN, agglomerative: AgglomerativeClustering };
const files = { letter: ['letter.csv', 'lettr'], mnist10k: ['mnist10k.csv.gz', 'label'] };

function tableOf(folder, name) {
  const [file, target] = files[name];
  const bytes = readFileSync(join(folder, name, file));
  const [head, ...rows] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll('"', '').split(','));
  const columns = head.flatMap((column, j) =>
    column === target
      ? []
      : [{ name: column, type: 'number', values: Float64Array.from(rows, (row) => Number(row[j])) }],
  );
  return tableFromRegisters(columns);
}

function hashOf(labels) {
  const numbers = new Map();
  const named = Int32Array.from(labels, (label) => {
    if (label < 0) return -1;
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label);
  });
  return createHash('sha256').update(new Uint8Array(named.buffer)).digest('hex');
}

let wrong = 0;
for (const [name, cases] of Object.entries(expected)) {
  const table = tableOf(process.argv[2], name);
  for (const { estimator, given, sha256, clusters, noise } of cases) {
    const begin = performance.now();
    const { labels, training } = await new estimators[estimator](given).fit(table);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const same = hashOf(labels) === sha256;
    if (!same) wrong++;
    const said = same
      ? 'holds'
      : `falls short: expected ${clusters} clusters, ${noise} of none; found ${training.verdict}`;
    console.log(`${said}: ${name}, ${estimator} ${JSON.stringify(given)}: ${clusters} clusters, ${seconds} s`);
  }
}
process.exit(wrong > 0 ? 1 : 0);
