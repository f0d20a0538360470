import { defineParameters, type Parameters } from '../../parameters.js';

export const dbscanParameters = defineParameters({
  eps: {
    type: 'number',
    default: 0.5,
    min: 0,
    above: true,
    meaning: 'rows this far apart or nearer are neighbours, in units of the metric',
    tune: { low: 0.05, high: 5, log: true },
  },
  minSamples: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'rows that a dense neighbourhood has at least, the row itself among them',
    tune: { low: 2, high: 50, log: true },
  },
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'cosine'],
    meaning: 'distance of rows',
  },
});
export type DbscanParameters = Parameters<typeof dbscanParameters>;
