import { neighborSearch } from '../../../dist/engine/neighbors/index.js';
import { pointsOf } from '../points.mjs';

export const title =
  'How exact search grows, from 25,000 × 32, 2,000 queries, 10 neighbours: seconds by points, columns, neighbours';
export const data = 'normals';
export const peers = { 'scikit-learn brute': 'python', 'faiss flat': 'python' };
/** growth.py has the same. */
const SIZES = { points: [6250, 12_500, 25_000, 50_000], columns: [8, 16, 32, 64], neighbors: [1, 10, 50, 100] };
const BASE = { columns: 32, neighbors: 10 };

export async function measure({ data, engine, small, fastest }) {
  const sizes = small ? { points: [500, 1000, 2000], columns: [8, 16, 32, 64], neighbors: [1, 10, 50, 100] } : SIZES;
  const base = { ...BASE, points: sizes.points.at(-2) };
  const seconds = async (what, size) => {
    const { points: count, columns, neighbors } = { ...base, ...(what && { [what]: size }) };
    const { points, queries } = pointsOf(data, columns);
    const among = first(points, count);
    const asked = first(queries, small ? 80 : 2000);
    const [least] = await fastest(async () => {
      const search = await neighborSearch(engine, among, { algorithm: 'brute' });
      try {
        return await search.nearest(asked, neighbors);
      } finally {
        search[Symbol.dispose]();
      }
    });
    return least;
  };
  const search = await seconds();
  const growth = {};
  for (const [what, all] of Object.entries(sizes)) {
    growth[what] = [];
    for (const size of all) growth[what].push([size, await seconds(what, size)]);
  }
  return { seconds: { search }, quality: {}, growth, flops: 2 * base.points * (small ? 80 : 2000) * base.columns };
}

const first = ({ values, dimension }, count) => ({ values: values.subarray(0, count * dimension), count, dimension });
