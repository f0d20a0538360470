import { defineParameters, type Parameters } from '../../parameters.js';

export const kMeansParameters = defineParameters({
  nClusters: { type: 'integer', default: 8, min: 1, meaning: 'clusters to form', tune: { low: 2, high: 20 } },
  init: {
    type: 'choice',
    default: 'k-means++',
    choices: ['k-means++', 'random'],
    meaning: 'how the first centres are chosen: far from each other, or any rows',
  },
  nInit: { type: 'integer', default: 1, min: 1, meaning: 'runs from different first centres; the best is kept' },
  maxIter: { type: 'integer', default: 300, min: 1, meaning: 'iterations of a run at most' },
  tol: {
    type: 'number',
    default: 1e-4,
    min: 0,
    meaning: 'stops where the centres move less than this share of the mean variance of the features',
  },
});
export type KMeansParameters = Parameters<typeof kMeansParameters>;
