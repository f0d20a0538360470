import { measured } from './clustering.mjs';

export { peers, tolerance } from './clustering.mjs';
export const title =
  'Clusters of 20,000 × 2 f64: DBSCAN (eps .15), HDBSCAN (25), agglomerative (ward, 8 clusters; single linkage)';
export const data = 'shapes';

export function measure(job) {
  return measured(job, { eps: job.small ? 0.4 : 0.15, minSamples: 10, minClusterSize: 25, nClusters: 8 });
}
