// Exact search on the whole of digits, letter and mnist10k: the neighbours of scikit-learn's brute force in
// tests/fixtures/neighbors-full.json, up to ties, by every algorithm that knows the metric. `node .ci/neighbors.mjs DATA`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createEngine } from '../dist/engine/engine.js';
import { neighborSearch, pairwiseDistances } from '../dist/engine/neighbors/index.js';
import { treeMetrics } from '../dist/kernels/kd-tree.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/neighbors-full.json', import.meta.url), 'utf8'));

function pointsOf(path, target) {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().trimEnd();
  const [head, ...lines] = text.split('\n').map((line) => line.trim().split(','));
  const at = head.indexOf(head.find((name) => name.replaceAll('"', '') === target));
  const rows = lines.map((line) => line.filter((_, j) => j !== at).map(Number));
  return { values: Float64Array.from(rows.flat()), count: rows.length, dimension: rows[0].length };
}

const some = ({ values, dimension }, rows) => ({
  values: Float64Array.from(rows.flatMap((row) => [...values.subarray(row * dimension, (row + 1) * dimension)])),
  count: rows.length,
  dimension,
});

let failures = 0;
const engine = await createEngine();
for (const [key, { file, target, step, k, indices }] of Object.entries(expected)) {
  const metric = key.split(' ')[1];
  const points = pointsOf(join(process.argv[2], file), target);
  const rows = Array.from({ length: Math.ceil(points.count / step) }, (_, i) => i * step);
  const queries = some(points, rows);
  const buffer = Buffer.from(indices, 'base64');
  const wanted = Array.from({ length: rows.length * k }, (_, i) => buffer.readUInt16LE(2 * i));
  // A tree of 784 coordinates passes nothing over: it would take a while.
  const trees = treeMetrics.includes(metric) && points.dimension < 100;
  for (const algorithm of trees ? ['brute', 'kd-tree'] : ['brute']) {
    const start = performance.now();
    const search = await neighborSearch(engine, points, { metric, algorithm });
    const found = await search.nearest(queries, k);
    const seconds = (performance.now() - start) / 1000;
    let [others, wrong] = [0, 0];
    for (let i = 0; i < rows.length; i++) {
      const places = [...Array(k).keys()].filter((place) => found.indices[i * k + place] !== wanted[i * k + place]);
      if (places.length === 0) continue;
      others += places.length;
      const theirs = some(
        points,
        places.map((place) => wanted[i * k + place]),
      );
      const apart = await pairwiseDistances(engine, some(queries, [i]), theirs, metric);
      // As near to the last bit, but for cosine, whose sums they add in another order.
      const slack = metric === 'cosine' ? 1e-12 : 0;
      wrong += places.filter((place, n) => Math.abs(apart[n] - found.distances[i * k + place]) > slack).length;
    }
    search[Symbol.dispose]();
    if (wrong > 0) failures++;
    const verdict = wrong > 0 ? `FAILED: ${wrong} are not as near` : 'all as near';
    console.log(
      `${key} ${algorithm}: ${rows.length} × ${k} of ${points.count}, ${others} other indices, ${verdict} (${seconds.toFixed(1)} s)`,
    );
  }
}
await engine.close();
process.exit(failures > 0 ? 1 : 0);
