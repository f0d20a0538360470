import { neighborSearch } from '../../../dist/engine/neighbors/index.js';
import { pointsOf } from '../points.mjs';

export const title =
  'The exact 10 nearest of 200,000 × 3 f64 for 20,000 queries, and of × 8; points within a radius of .1';
export const data = 'few-columns';
export const peers = { 'scikit-learn kd_tree': 'python', 'scikit-learn auto': 'python', 'scipy cKDTree': 'python' };
export const tolerance = { 'tenth distance': 1e-9, within: 0 };

export async function measure({ data, engine, fastest }) {
  const three = pointsOf(data, 3);
  const eight = pointsOf(data, 8);
  const seconds = {};
  const timed = async (phase, work) => {
    const [least, result] = await fastest(work);
    seconds[phase] = least;
    return result;
  };
  const placed = async (points) => {
    const search = await neighborSearch(engine, points);
    search[Symbol.dispose]();
  };
  await timed('build', () => placed(three.points));
  const search = await neighborSearch(engine, three.points);
  const found = await timed('3 columns', () => search.nearest(three.queries, 10));
  const counts = await timed('within .1', () => search.countWithin(three.queries, 0.1));
  search[Symbol.dispose]();
  const wide = await neighborSearch(engine, eight.points);
  await timed('8 columns', () => wide.nearest(eight.queries, 10));
  wide[Symbol.dispose]();
  let sum = 0;
  for (let i = 0; i < three.queries.count; i++) sum += found.distances[10 * i + 9];
  const within = counts.reduce((total, count) => total + count, 0);
  return { seconds, quality: { 'tenth distance': sum / three.queries.count, within } };
}
