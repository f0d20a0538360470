import { defineParameters, type Parameters } from '../../parameters.js';

/** scikit-learn's HistGradientBoosting*, names and defaults. */
export const gradientBoostingParameters = defineParameters({
  learningRate: {
    type: 'number',
    default: 0.1,
    min: 0,
    max: 1,
    above: true,
    meaning: 'share of each tree that is added',
    tune: { low: 0.02, high: 0.3, log: true },
  },
  maxIter: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    meaning: 'rounds of boosting at most; each grows one tree, or one a class where there are more than two',
    tune: { low: 50, high: 400, log: true },
  },
  maxLeafNodes: {
    type: 'integer',
    default: 31,
    min: 2,
    max: 65_536,
    nullable: true,
    meaning: 'leaves of a tree at most; null: no limit',
    tune: { low: 8, high: 128, log: true },
  },
  maxDepth: {
    type: 'integer',
    default: null,
    min: 1,
    max: 1_000,
    nullable: true,
    meaning: 'edges from the root to a leaf at most; null: no limit',
  },
  minSamplesLeaf: {
    type: 'integer',
    default: 20,
    min: 1,
    meaning: 'rows in a leaf at least',
    tune: { low: 5, high: 100, log: true },
  },
  l2Regularization: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: 'added to the hessian of every leaf, which shrinks its value',
    tune: { low: 1e-3, high: 10, log: true },
  },
  maxBins: {
    type: 'integer',
    default: 255,
    min: 2,
    max: 255,
    meaning: 'bins of a feature at most; missing values have one of their own besides',
  },
  binning: {
    type: 'choice',
    default: 'quantile',
    choices: ['quantile', 'uniform'],
    meaning: 'bins of about equal weight, or of equal width; values fewer than the bins have one each',
  },
  earlyStopping: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'true', 'false'],
    meaning: 'stop when validation no longer improves; auto: with a validation table, or above 10,000 rows',
  },
  validationFraction: {
    type: 'number',
    default: 0.1,
    min: 0,
    max: 0.9,
    above: true,
    meaning: 'share of the rows kept for early stopping where no validation table is given',
  },
  nIterNoChange: {
    type: 'integer',
    default: 10,
    min: 1,
    meaning: 'rounds without improvement after which early stopping stops',
  },
  tol: { type: 'number', default: 1e-7, min: 0, meaning: 'what counts as an improvement of the loss' },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of everything random' },
});

export type GradientBoostingParameters = Parameters<typeof gradientBoostingParameters>;
