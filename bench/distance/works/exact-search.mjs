import { neighborSearch } from '../../../dist/engine/neighbors/index.js';
import { pointsOf } from '../points.mjs';

export const title = 'The exact 10 nearest of 50,000 × 64 f32 for 5,000 queries';
export const data = 'normals';
export const peers = {
  'scikit-learn brute': 'python',
  'faiss flat': 'python',
  'usearch exact': 'python',
  'ml-knn of 5,000 for 500': 'node',
};
/** The mean distance of the tenth neighbour, which is the same for whoever finds them all. */
export const tolerance = { 'tenth distance': 1e-6 };

export async function measure({ data, engine, fastest }) {
  const { points, queries } = pointsOf(data);
  const nearest = async (among, asked, k) => {
    const search = await neighborSearch(engine, among, { algorithm: 'brute' });
    try {
      return await search.nearest(asked, k);
    } finally {
      search[Symbol.dispose]();
    }
  };
  const seconds = {};
  let found;
  [seconds.search, found] = await fastest(() => nearest(points, queries, 10));
  const half = { ...points, count: points.count >> 1, values: points.values.subarray(0, (points.count >> 1) * 64) };
  [seconds['half the points']] = await fastest(() => nearest(half, queries, 10));
  const narrow = pointsOf(data, 32);
  [seconds['half the columns']] = await fastest(() => nearest(narrow.points, narrow.queries, 10));
  [seconds['100 neighbours']] = await fastest(() => nearest(points, queries, 100));
  let sum = 0;
  for (let i = 0; i < queries.count; i++) sum += found.distances[10 * i + 9];
  return {
    seconds,
    quality: { 'tenth distance': sum / queries.count },
    flops: 2 * points.count * queries.count * points.dimension,
  };
}
