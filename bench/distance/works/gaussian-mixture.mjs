import { GaussianMixture } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Gaussian mixture, 10 components of 50,000 × 32 f64, 10 iterations from the same clusters';
export const data = 'blobs';
export const peers = { 'scikit-learn': 'python' };
/** Negative log-likelihoods a row. */
export const tolerance = { full: 1e-6, diag: 1e-6 };
const ROWS = 50_000;
const K = 10;

export async function measure({ data, engine, fastest }) {
  const table = tableOf(data, 0, Math.min(ROWS, data.meta.rows));
  const initialCenters = Array.from({ length: K }, (_, k) => data.columns.map((column) => column[k])).flat();
  const [seconds, quality] = [{}, {}];
  for (const covarianceType of ['full', 'diag']) {
    const estimator = new GaussianMixture({ nComponents: K, covarianceType, initialCenters, maxIter: 10, tol: 0 });
    const [fit, model] = await fastest(() => estimator.fit(table, { target: 'target', engine }));
    seconds[covarianceType] = fit;
    quality[covarianceType] = -model.mixture.meanLogLikelihood;
  }
  return { seconds, quality };
}
