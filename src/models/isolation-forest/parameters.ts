import { defineParameters, type Parameters } from '../../parameters.js';

/** scikit-learn's IsolationForest, names and defaults; its 'auto' is null here. */
export const isolationForestParameters = defineParameters({
  nEstimators: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    meaning: 'trees',
    tune: { low: 50, high: 300, log: true },
  },
  maxSamples: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    nullable: true,
    meaning: 'rows of a tree: a share up to 1, above it a number; null: 256, or all where there are fewer',
  },
  contamination: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    max: 0.5,
    nullable: true,
    meaning: 'share of the training rows that are to be anomalies; null: rows of a score above 0.5 are',
  },
  maxFeatures: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning: 'features of a tree: a share up to 1, above it a number',
  },
  bootstrap: { type: 'boolean', default: false, meaning: 'rows of a tree are drawn with replacement' },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of everything random' },
});

export type IsolationForestParameters = Parameters<typeof isolationForestParameters>;
