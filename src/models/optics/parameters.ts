import { defineParameters, type Parameters } from '../../parameters.js';

export const opticsParameters = defineParameters({
  minSamples: {
    type: 'integer',
    default: 5,
    min: 2,
    meaning: 'which nearest row (the row itself is the first) says how dense it is around a row',
    tune: { low: 2, high: 50, log: true },
  },
  maxEps: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    nullable: true,
    meaning: 'rows farther apart are no neighbours; null: all are',
  },
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'cosine'],
    meaning: 'distance of rows',
  },
  clusterMethod: {
    type: 'choice',
    default: 'xi',
    choices: ['xi', 'dbscan'],
    meaning: 'how clusters are read from the reachabilities: xi, by steep edges of valleys; dbscan, by a cut at eps',
  },
  eps: {
    type: 'number',
    default: null,
    min: 0,
    nullable: true,
    meaning: 'where the method dbscan cuts; null: at maxEps',
  },
  xi: {
    type: 'number',
    default: 0.05,
    min: 0,
    max: 1,
    above: true,
    meaning: 'the least share by which reachability falls or rises at the edge of a cluster',
    tune: { low: 0.01, high: 0.3, log: true },
  },
  predecessorCorrection: {
    type: 'boolean',
    default: true,
    meaning:
      'whether rows at the end of a valley are left out that were reached from before it (Schubert and Gertz, 2018)',
  },
  minClusterSize: {
    type: 'integer',
    default: null,
    min: 2,
    nullable: true,
    meaning: 'rows that a cluster of the method xi has at least; null: minSamples',
  },
});
export type OpticsParameters = Parameters<typeof opticsParameters>;
