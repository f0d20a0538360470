import { defineParameters, type Parameters } from '../../parameters.js';

export const agglomerativeParameters = defineParameters({
  nClusters: {
    type: 'integer',
    default: 2,
    min: 1,
    nullable: true,
    meaning: 'clusters to form; null: as many as distanceThreshold leaves',
    tune: { low: 2, high: 20 },
  },
  linkage: {
    type: 'choice',
    default: 'ward',
    choices: ['ward', 'complete', 'average', 'single'],
    meaning:
      'which distance of clusters counts: ward, how much the squares within would grow; complete, average, single: the largest, mean or smallest between their rows',
    tune: { choices: ['ward', 'complete', 'average'] },
  },
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'cosine'],
    meaning: 'distance of rows; ward is of euclidean distances only',
  },
  distanceThreshold: {
    type: 'number',
    default: null,
    min: 0,
    nullable: true,
    meaning: 'clusters this far apart or farther are not merged; null: nClusters says how many there are',
  },
});
export type AgglomerativeParameters = Parameters<typeof agglomerativeParameters>;
