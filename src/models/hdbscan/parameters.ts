import { defineParameters, type Parameters } from '../../parameters.js';

export const hdbscanParameters = defineParameters({
  minClusterSize: {
    type: 'integer',
    default: 5,
    min: 2,
    meaning: 'rows that a cluster has at least; smaller groups are noise, or rows that leave a cluster',
    tune: { low: 5, high: 100, log: true },
  },
  minSamples: {
    type: 'integer',
    default: null,
    min: 1,
    nullable: true,
    meaning: 'which nearest row (the row itself is the first) says how dense it is around a row; null: minClusterSize',
    tune: { low: 2, high: 50, log: true },
  },
  clusterSelectionMethod: {
    type: 'choice',
    default: 'eom',
    choices: ['eom', 'leaf'],
    meaning: 'which clusters of the tree are taken: eom, those that last longest (excess of mass); leaf, the smallest',
    tune: { choices: ['eom', 'leaf'] },
  },
  clusterSelectionEpsilon: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: 'clusters that part at a smaller distance are taken as one',
  },
  allowSingleCluster: {
    type: 'boolean',
    default: false,
    meaning: 'whether all rows may be one cluster',
  },
  maxClusterSize: {
    type: 'integer',
    default: null,
    min: 2,
    nullable: true,
    meaning: 'rows that a cluster of eom has at most; null: any number',
  },
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'cosine'],
    meaning: 'distance of rows',
  },
});
export type HdbscanParameters = Parameters<typeof hdbscanParameters>;
