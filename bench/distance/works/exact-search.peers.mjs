// ml-knn takes arrays of arrays and looks for one query after the other in a tree: it has a tenth of the points and of the queries.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function mlKnn({ data, require }) {
  const KNN = require('ml-knn').default ?? require('ml-knn');
  const cut = data.meta.train;
  const rows = (from, count) =>
    Array.from({ length: count }, (_, row) => data.columns.map((column) => column[from + row]));
  const points = rows(0, Math.ceil(cut / 10));
  const queries = rows(cut, Math.ceil((data.meta.rows - cut) / 10));
  const begin = performance.now();
  new KNN(
    points,
    points.map((_, row) => row % 2),
    { k: 10 },
  ).predict(queries);
  const search = (performance.now() - begin) / 1000;
  const { version } = JSON.parse(
    readFileSync(join(process.env.LANEWISE_NODE_PEERS, 'node_modules/ml-knn/package.json'), 'utf8'),
  );
  return { version, seconds: { search }, quality: {} };
}

export const peers = { 'ml-knn of 5,000 for 500': mlKnn };
