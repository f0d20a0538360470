import { defineParameters, type Parameters } from '../../parameters.js';
import { neighborChoices } from '../k-nearest-neighbors/parameters.js';

const radius = {
  type: 'number',
  default: 1,
  meaning: 'rows at most so far away are asked; in the units of the metric (dot: −1 times the least product)',
} as const;

export const radiusRegressorParameters = defineParameters({ radius, ...neighborChoices });
export type RadiusRegressorParameters = Parameters<typeof radiusRegressorParameters>;

export const radiusClassifierParameters = defineParameters({
  radius,
  ...neighborChoices,
  outlierLabel: {
    type: 'choice',
    default: 'missing',
    choices: ['missing', 'most_frequent'],
    orText: true,
    meaning: 'for rows that have no neighbour: no prediction, the most frequent class, or the class that is named',
  },
});
export type RadiusClassifierParameters = Parameters<typeof radiusClassifierParameters>;
