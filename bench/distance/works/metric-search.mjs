import { neighborSearch } from '../../../dist/engine/neighbors/index.js';

export const title = '10 nearest of 20,000 × 64 points, and those within a radius, by metric, 1,000 queries';
export const data = 'normals';
export const peers = { 'scikit-learn': 'python' };
/** The mean of the distances found and of the numbers within, which is to be theirs. */
export const tolerance = { checksum: 1e-6 };
const ROWS = 20_000;

export async function measure({ data, engine, small, fastest }) {
  const rows = small ? 1500 : ROWS;
  const points = pointsOf(data, 0, rows);
  const queries = pointsOf(data, rows, small ? 100 : 1000);
  const seconds = {};
  let checksum = 0;
  for (const metric of ['cosine', 'manhattan', 'chebyshev']) {
    const search = await neighborSearch(engine, points, { metric });
    const [time, { distances }] = await fastest(() => search.nearest(queries, 10));
    seconds[metric] = time;
    checksum += distances.reduce((sum, value) => sum + value, 0) / distances.length;
    search[Symbol.dispose]();
  }
  const search = await neighborSearch(engine, points);
  const [within, { distances }] = await fastest(() => search.within(queries, 8.5));
  search[Symbol.dispose]();
  return { seconds: { ...seconds, within }, quality: { checksum: checksum + distances.length / queries.count } };
}

function pointsOf({ columns }, from, count) {
  const dimension = columns.length;
  const values = new Float64Array(count * dimension);
  columns.forEach((column, j) => {
    for (let i = 0; i < count; i++) values[i * dimension + j] = column[from + i];
  });
  return { values, count, dimension };
}
