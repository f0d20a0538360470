import { AgglomerativeClustering, DBSCAN, HDBSCAN } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  'Clusters of 10,000 × 16 f64: DBSCAN (eps 2), HDBSCAN (25), agglomerative (ward, 20 clusters; single linkage)';
export const data = 'clouds';
export const peers = { 'scikit-learn': 'python' };
/** Σ (share of a cluster)², which equal clusterings share. HDBSCAN's may differ by ties. */
export const tolerance = { dbscanClusters: 1e-9, hdbscanClusters: 1e-2, wardClusters: 1e-9, singleClusters: 1e-9 };

export const settings = { eps: 2, minSamples: 10, minClusterSize: 25, nClusters: 20 };

export function measure(job) {
  return measured(job, settings);
}

export async function measured({ data, engine, fastest }, { eps, minSamples, minClusterSize, nClusters }) {
  const table = tableOf(data, 0, data.meta.rows);
  const cluster = (estimator, times) => fastest(() => estimator.fit(table, { engine, target: 'target' }), times);
  const [dbscan, dense] = await cluster(new DBSCAN({ eps, minSamples }));
  const [hdbscan, stable] = await cluster(new HDBSCAN({ minClusterSize }), 1);
  const [single, chained] = await cluster(new AgglomerativeClustering({ nClusters, linkage: 'single' }), 1);
  const before = process.resourceUsage().maxRSS / 1e3;
  const [ward, merged] = await cluster(new AgglomerativeClustering({ nClusters }), 1);
  return {
    seconds: { dbscan, hdbscan, single, ward },
    quality: {
      dbscanClusters: shares(dense.labels),
      hdbscanClusters: shares(stable.labels),
      singleClusters: shares(chained.labels),
      wardClusters: shares(merged.labels),
      'MB before ward': before,
    },
  };
}

function shares(labels) {
  const sizes = new Map();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, size) => sum + (size / labels.length) ** 2, 0);
}
