import { EllipticEnvelope, LocalOutlierFactor } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title = 'Local outlier factor (20 neighbours) and elliptic envelope of 20,000 × 32 f64';
export const data = 'blobs';
export const peers = { 'scikit-learn': 'python' };
/** The mean factor, which is to be theirs; the envelope is sought at random, by each in its own way. */
export const tolerance = { checksum: 1e-6 };
const ROWS = 20_000;

export async function measure({ data, engine, fastest }) {
  const table = tableOf(data, 0, Math.min(ROWS, data.meta.rows));
  const [factors, model] = await fastest(() => new LocalOutlierFactor().fit(table, { engine, target: 'target' }));
  const [envelope] = await fastest(() => new EllipticEnvelope().fit(table, { engine, target: 'target' }), 1);
  const mean = model.scores.reduce((sum, score) => sum + score, 0) / model.scores.length;
  return { seconds: { factors, envelope }, quality: { checksum: mean } };
}
