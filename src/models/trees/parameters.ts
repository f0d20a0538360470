import { defineParameters } from '../../parameters.js';

/** What every tree of every estimator here can be told; scikit-learn's names and defaults. */
export const treeParameters = defineParameters({
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
  minWeightFractionLeaf: {
    type: 'number',
    default: 0,
    min: 0,
    max: 0.5,
    meaning: "share of the tree's weight in a leaf at least",
  },
  maxLeafNodes: {
    type: 'integer',
    default: null,
    min: 2,
    max: 1_000_000,
    nullable: true,
    meaning: 'leaves at most, grown by the best split first; null: no limit, grown depth first',
  },
  minImpurityDecrease: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: "what a split takes from the impurity at least, weighted by the node's share of the rows",
  },
  ccpAlpha: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: 'minimal cost-complexity pruning: impurity that a leaf more must take away',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of everything random' },
});

export const classCriterion = {
  type: 'choice',
  choices: ['gini', 'entropy', 'log_loss'],
  default: 'gini',
  meaning: 'impurity that splits lessen; log_loss is entropy',
} as const;

export const numberCriterion = {
  type: 'choice',
  choices: ['squared_error', 'poisson'],
  default: 'squared_error',
  meaning: 'loss that splits lessen; Poisson deviance takes targets ≥ 0. Absolute errors do not add up over bins',
} as const;

export const maxFeatures = {
  type: 'choice',
  choices: ['sqrt', 'log2', 'third', 'all'],
  orNumber: 1_000_000,
  meaning:
    'features tried at a node: the root or the logarithm of their number, a third of them, or all; or a share of them up to 1, above it a number',
  tune: { choices: ['sqrt', 'third', 'all'] },
} as const;

export const classWeight = {
  type: 'class-weights',
  choices: ['balanced'],
  default: null,
  meaning: 'factors of the weights of each class’s rows; balanced: classes weigh alike, whatever their number of rows',
} as const;

export const balancedSubsample = {
  ...classWeight,
  choices: ['balanced', 'balanced_subsample'],
  meaning:
    'factors of the weights of each class’s rows; balanced: classes weigh alike; balanced_subsample: in the rows of each tree',
} as const;

export const categories = {
  type: 'choice',
  choices: ['native', 'ordered'],
  meaning: 'native: each split parts the labels as suits it best; ordered: labels are numbers, in their order',
} as const;

export const binning = {
  type: 'choice',
  default: 'quantile',
  choices: ['quantile', 'uniform'],
  meaning: 'bins of about equal weight, or of equal width; values fewer than the bins have one each',
} as const;

/** Bins up to which a column keeps every distinct value. */
export const MOST_BINS = 65_535;

/** Of forests, of either splitter. */
const forestParameters = defineParameters({
  ...treeParameters,
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
    meaning:
      'rows drawn for a tree where bootstrap is on: a share up to 1, above it a number; null: as many as there are',
  },
  oobScore: {
    type: 'boolean',
    default: false,
    meaning: 'predict every row by the trees that did not see it, and score that: model.outOfBag',
  },
  // Full-grown trees learn by heart what parts many labels best: taxi fares are predicted worse by 8 %.
  categories: { ...categories, default: 'ordered' },
  maxBins: {
    type: 'integer',
    default: 255,
    min: 2,
    max: MOST_BINS,
    meaning: 'bins of a feature at most, missing apart; splits lie between bins',
  },
  binning,
});

export const forestClassification = defineParameters({
  ...forestParameters,
  criterion: classCriterion,
  maxFeatures: { ...maxFeatures, default: 'sqrt' },
  classWeight: balancedSubsample,
});

/** scikit-learn's maxFeatures 1.0 is 'all'. */
export const forestRegression = defineParameters({
  ...forestParameters,
  criterion: numberCriterion,
  maxFeatures: { ...maxFeatures, default: 'all' },
});

export type MaxFeatures = (typeof maxFeatures.choices)[number] | number;

/** How many features `choice` means of so many: at least one, at most all. */
export function featuresTried(choice: MaxFeatures, featureCount: number): number {
  if (typeof choice === 'number') {
    const tried = Math.floor(choice <= 1 ? choice * featureCount : choice);
    return Math.min(featureCount, Math.max(1, tried));
  }
  // Integer arithmetic: the largest n with n² (or 2^n) within the count.
  if (choice === 'all') return featureCount;
  if (choice === 'third') return Math.max(1, Math.floor(featureCount / 3));
  if (choice === 'log2') return Math.max(1, 31 - Math.clz32(featureCount));
  return Math.max(1, Math.floor(Math.sqrt(featureCount)));
}
