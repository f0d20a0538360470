import { defineParameters, type Parameters } from '../../parameters.js';

export const spectralParameters = defineParameters({
  nClusters: { type: 'integer', default: 8, min: 1, meaning: 'clusters to form', tune: { low: 2, high: 20 } },
  affinity: {
    type: 'choice',
    default: 'rbf',
    choices: ['rbf', 'nearest_neighbors', 'precomputed', 'precomputed_nearest_neighbors'],
    meaning:
      'which rows hold together: rbf, all, by e^(−gamma · squared distance); nearest_neighbors, each and its nearest: less memory; precomputed, the columns are the affinities to each row; precomputed_nearest_neighbors, they are the distances',
  },
  gamma: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning: 'of rbf: how fast the hold lessens with the distance',
    tune: { low: 0.001, high: 10, log: true },
  },
  nNeighbors: {
    type: 'integer',
    default: 10,
    min: 1,
    meaning: 'of the nearest_neighbors: the nearest rows, the row itself among them',
    tune: { low: 5, high: 50, log: true },
  },
  assignLabels: {
    type: 'choice',
    default: 'kmeans',
    choices: ['kmeans', 'discretize', 'cluster_qr'],
    meaning:
      'how clusters are read off the eigenvectors: k-means; by turning them towards indicators, from a drawn row (discretize) or from rows that stand for the clusters, which draws nothing (cluster_qr)',
  },
  nInit: { type: 'integer', default: 10, min: 1, meaning: 'runs of kmeans on the eigenvectors; the best is kept' },
});
export type SpectralParameters = Parameters<typeof spectralParameters>;
