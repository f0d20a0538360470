import { metricNames } from '../../kernels/metric-distance.js';
import { defineParameters, type Parameters } from '../../parameters.js';

/** What all models that ask their neighbours share. */
export const neighborChoices = defineParameters({
  weights: {
    type: 'choice',
    default: 'uniform',
    choices: ['uniform', 'distance'],
    meaning: 'uniform: neighbours count alike; distance: the nearer, the more (by 1/distance)',
    tune: { choices: ['uniform', 'distance'] },
  },
  metric: {
    type: 'choice',
    default: 'euclidean',
    choices: metricNames,
    meaning:
      'how far rows are apart; gower takes categories and missing values, nan-euclidean missing values; haversine: latitude and longitude in radians',
  },
  algorithm: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'brute', 'kd_tree'],
    meaning:
      'how neighbours are searched: brute, among all rows; kd_tree, by a tree; auto, as is likely faster; predictions are the same',
  },
});

/** By a parameter's value: what scoring programs and searches call it. */
export const searchAlgorithms = { auto: 'auto', brute: 'brute', kd_tree: 'kd-tree' } as const;

export const neighborsParameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'neighbours that are asked',
    tune: { low: 1, high: 50, log: true },
  },
  ...neighborChoices,
});
export type NeighborsParameters = Parameters<typeof neighborsParameters>;
