import { defineParameters, type Parameters } from '../../parameters.js';

const metric = {
  type: 'choice',
  default: 'euclidean',
  choices: ['euclidean', 'manhattan', 'chebyshev', 'cosine'],
  meaning: 'how far rows are apart',
} as const;

/** scikit-learn's LocalOutlierFactor with novelty; its contamination 'auto' is null here. */
export const localOutlierFactorParameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 20,
    min: 1,
    meaning: 'neighbours that a row is compared with; all others where there are fewer',
    tune: { low: 5, high: 50, log: true },
  },
  metric,
  contamination: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    max: 0.5,
    nullable: true,
    meaning: 'share of the training rows that are to be anomalies; null: rows of a factor above 1.5 are',
  },
});
export type LocalOutlierFactorParameters = Parameters<typeof localOutlierFactorParameters>;

export const neighborDistanceParameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'neighbours whose distances count; all others where there are fewer',
    tune: { low: 1, high: 50, log: true },
  },
  method: {
    type: 'choice',
    default: 'largest',
    choices: ['largest', 'mean', 'median'],
    meaning: 'what of the distances to the neighbours is the score',
    tune: { choices: ['largest', 'mean', 'median'] },
  },
  metric,
  contamination: {
    type: 'number',
    default: 0.1,
    min: 0,
    above: true,
    max: 0.5,
    meaning: 'share of the training rows that are to be anomalies',
  },
});
export type NeighborDistanceParameters = Parameters<typeof neighborDistanceParameters>;
