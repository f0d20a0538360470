import { defineParameters, type Parameters } from '../../parameters.js';

const shared = defineParameters({
  nEstimators: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    meaning: 'trees',
    tune: { low: 50, high: 300, log: true },
  },
  maxDepth: {
    type: 'integer',
    default: null,
    min: 1,
    max: 10_000,
    nullable: true,
    meaning: 'edges from the root to a leaf at most; null: no limit',
  },
  minSamplesSplit: { type: 'integer', default: 2, min: 2, meaning: 'rows of a node that may be split at least' },
  minSamplesLeaf: {
    type: 'integer',
    default: 1,
    min: 1,
    meaning: 'rows in a leaf at least',
    tune: { low: 1, high: 20, log: true },
  },
  maxBins: { type: 'integer', default: 255, min: 2, max: 255, meaning: 'bins of a feature at most, missing apart' },
  binning: {
    type: 'choice',
    default: 'quantile',
    choices: ['quantile', 'uniform'],
    meaning: 'bins of about equal weight, or of equal width; values fewer than the bins have one each',
  },
  bootstrap: {
    type: 'boolean',
    default: true,
    meaning: 'every tree sees each row as often as a Poisson draw of mean 1 says; false: once',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of everything random' },
});

const maxFeatures = {
  type: 'choice',
  choices: ['sqrt', 'log2', 'third', 'all'],
  meaning: 'features tried at a node: the root or the logarithm of their number, a third of them, or all',
  tune: { choices: ['sqrt', 'third', 'all'] },
} as const;

/** scikit-learn's RandomForestClassifier, names and defaults. */
export const forestClassifierParameters = defineParameters({
  ...shared,
  maxFeatures: { ...maxFeatures, default: 'sqrt' },
});

/** scikit-learn's RandomForestRegressor, names and defaults; its maxFeatures 1.0 is 'all'. */
export const forestRegressorParameters = defineParameters({
  ...shared,
  maxFeatures: { ...maxFeatures, default: 'all' },
});

export type RandomForestParameters = Parameters<typeof forestClassifierParameters>;

/** How many features `choice` means of so many. */
export function featuresTried(choice: RandomForestParameters['maxFeatures'], featureCount: number): number {
  // Integer arithmetic: the largest n with n² (or 2^n) within the count.
  if (choice === 'all') return featureCount;
  if (choice === 'third') return Math.max(1, Math.floor(featureCount / 3));
  if (choice === 'log2') return Math.max(1, 31 - Math.clz32(featureCount));
  return Math.max(1, Math.floor(Math.sqrt(featureCount)));
}
