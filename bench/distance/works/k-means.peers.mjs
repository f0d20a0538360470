// ml-kmeans takes arrays of arrays; of 200,000 rows it takes some ten seconds, so it has a tenth of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function mlKmeans({ data, require }) {
  const { kmeans } = require('ml-kmeans');
  const rows = Math.min(20_000, data.meta.rows);
  const points = Array.from({ length: rows }, (_, row) => data.columns.map((column) => column[row]));
  const begin = performance.now();
  const { clusters, centroids } = kmeans(points, 50, {
    initialization: points.slice(0, 50),
    maxIterations: 20,
    tolerance: 0,
  });
  const fit = (performance.now() - begin) / 1000;
  const centerOf = (cluster) => centroids[cluster].centroid ?? centroids[cluster];
  const inertia = points.reduce(
    (sum, point, row) => sum + point.reduce((part, value, j) => part + (value - centerOf(clusters[row])[j]) ** 2, 0),
    0,
  );
  const { version } = JSON.parse(
    readFileSync(join(process.env.LANEWISE_NODE_PEERS, 'node_modules/ml-kmeans/package.json'), 'utf8'),
  );
  const all = rows === data.meta.rows;
  return { version, seconds: { fit }, quality: { [all ? 'inertia a row' : 'inertia a row of these']: inertia / rows } };
}

export const peers = { 'ml-kmeans of 20,000': mlKmeans };
