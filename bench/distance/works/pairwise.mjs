import { pairwiseDistances } from '../../../dist/engine/neighbors/index.js';

const ROWS = 2000;
export const title = 'Distances of all pairs of 2,000 × 2,000 points of 64 f64 (haversine: of 2), by metric';
export const data = 'normals';
export const peers = { 'scikit-learn': 'python', scipy: 'python' };
/** The sum of the means, which is to be theirs. */
export const tolerance = { checksum: 1e-6 };

const metrics = [
  'euclidean',
  'sqeuclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
  'hamming',
  'jaccard',
  'haversine',
  'gower',
  'nan-euclidean',
];
/** Those that every peer has. */
const common = new Set(['euclidean', 'sqeuclidean', 'cosine', 'manhattan', 'chebyshev', 'hamming', 'jaccard']);

export async function measure({ data, engine, small, fastest }) {
  const rows = small ? 500 : ROWS;
  const points = (from, change) => pointsOf(data, from, rows, change);
  const changes = {
    hamming: (value) => Math.round(value),
    jaccard: (value) => (value > 0 ? 1 : 0),
    haversine: (value) => value / 4,
  };
  const seconds = {};
  let checksum = 0;
  for (const metric of metrics) {
    const [a, b] = [points(0, changes[metric]), points(rows, changes[metric])].map((all) =>
      metric === 'haversine' ? firstTwo(all) : all,
    );
    const gower = { kinds: Array(a.dimension).fill('numeric') };
    const [time, distances] = await fastest(() => pairwiseDistances(engine, a, b, metric, { gower }));
    seconds[metric] = time;
    if (common.has(metric)) checksum += distances.reduce((sum, value) => sum + value, 0) / distances.length;
  }
  return { seconds, quality: { checksum } };
}

function pointsOf({ columns }, from, count, change = (value) => value) {
  const dimension = columns.length;
  const values = new Float64Array(count * dimension);
  columns.forEach((column, j) => {
    for (let i = 0; i < count; i++) values[i * dimension + j] = change(column[from + i]);
  });
  return { values, count, dimension };
}

function firstTwo({ values, count, dimension }) {
  const pairs = Float64Array.from({ length: 2 * count }, (_, i) => values[Math.floor(i / 2) * dimension + (i % 2)]);
  return { values: pairs, count, dimension: 2 };
}
