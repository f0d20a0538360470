import { NeighborIndex } from '../../../dist/engine/neighbors/neighbor-index.js';
import { HnswIndex } from '../../../dist/index.js';

export const title =
  'Approximate 10 nearest of 50,000 × 64 normals, 5,000 queries, recall ≥ 0.95; M 16, efConstruction 200';
export const data = 'normals';
export const peers = { hnswlib: 'python', usearch: 'python', 'faiss HNSW': 'python' };
/** Of the 10 nearest, the share that was not found. */
export const tolerance = { missed: 0.01 };

/** Widths that are tried, narrow first, until the recall is reached. */
const widths = [
  10, 15, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 500, 600, 800,
];
const RECALL = 0.95;
const K = 10;

export async function measure({ data, engine, small, fastest }) {
  const dimension = data.columns.length;
  const rows = data.meta.train;
  const points = rowMajor(data.columns, 0, rows);
  const queries = rowMajor(data.columns, rows, data.meta.rows);
  const truth = await exact(engine, points, queries, dimension);
  const index = new HnswIndex({ dimension, M: 16, efConstruction: 200, metric: 'sqeuclidean', engine });
  const [build] = await fastest(() => index.add(points), 1);
  for (const efSearch of widths) {
    const recall = recallOf(await index.search(queries, K, { efSearch }), truth);
    if (recall < RECALL && efSearch < widths.at(-1)) continue;
    const [search] = await fastest(() => index.search(queries, K, { efSearch }), small ? 1 : 3);
    const quality = {
      missed: 1 - recall,
      efSearch,
      'queries/s': truth.length / K / search,
      'index MB': index.bytes / 1e6,
    };
    index[Symbol.dispose]();
    return { seconds: { search, build }, quality };
  }
}

function rowMajor(columns, start, end) {
  const values = new Float32Array((end - start) * columns.length);
  columns.forEach((column, j) => {
    for (let row = start; row < end; row++) values[(row - start) * columns.length + j] = column[row];
  });
  return values;
}

async function exact(engine, points, queries, dimension) {
  const of = (values) => ({ values: Float64Array.from(values), count: values.length / dimension, dimension });
  const index = new NeighborIndex(engine, of(points));
  const { indices } = await index.nearest(of(queries), K);
  index[Symbol.dispose]();
  return indices;
}

function recallOf(answers, truth) {
  let found = 0;
  answers.forEach(({ ids }, query) => {
    const nearest = new Set(truth.subarray(query * K, query * K + K));
    for (const id of ids) if (nearest.has(id)) found++;
  });
  return found / truth.length;
}
