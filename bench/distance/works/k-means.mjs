import { KMeans } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'k-means, 50 clusters of 200,000 × 32 f64, 20 iterations from the same rows';
export const data = 'blobs';
export const peers = {
  'scikit-learn lloyd': 'python',
  'scikit-learn elkan': 'python',
  'scikit-learn lloyd f32': 'python',
  'faiss f32': 'python',
  'ml-kmeans of 20,000': 'node',
};
/** The mean squared distance; those that round to f32, or put empty clusters elsewhere, end a little aside. */
export const tolerance = { 'inertia a row': 1e-3 };
const K = 50;
const ITERATIONS = 20;

export async function measure({ data, engine, fastest }) {
  const { rows } = data.meta;
  const table = tableOf(data, 0, rows);
  const initialCenters = Array.from({ length: K }, (_, k) => data.columns.map((column) => column[k])).flat();
  const seconds = {};
  let model;
  for (const algorithm of ['hamerly', 'lloyd', 'elkan']) {
    const estimator = new KMeans({ nClusters: K, initialCenters, maxIter: ITERATIONS, tol: 0, algorithm });
    const [least, found] = await fastest(() => estimator.fit(table, { target: 'target', engine }));
    seconds[algorithm === 'hamerly' ? 'fit' : `fit, ${algorithm}`] = least;
    model ??= found;
  }
  const [predict] = await fastest(() => model.predict(table, { engine }));
  return { seconds: { ...seconds, predict }, quality: { 'inertia a row': model.training.history.at(-1).loss / rows } };
}
