import { defineParameters, type Parameters } from '../../parameters.js';

export const neighborsParameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'neighbours that are asked',
    tune: { low: 1, high: 50, log: true },
  },
  weights: {
    type: 'choice',
    default: 'uniform',
    choices: ['uniform', 'distance'],
    meaning: 'uniform: neighbours count alike; distance: the nearer, the more (by 1/distance)',
    tune: { choices: ['uniform', 'distance'] },
  },
});
export type NeighborsParameters = Parameters<typeof neighborsParameters>;
