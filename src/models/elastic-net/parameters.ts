import { defineParameters, type Parameters } from '../../parameters.js';

const shared = defineParameters({
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  standardize: {
    type: 'boolean',
    default: false,
    meaning:
      'whether the penalty acts on coefficients of columns that are scaled to unit deviation; else on those of the data',
  },
  positive: { type: 'boolean', default: false, meaning: 'whether coefficients are held at 0 or above' },
  maxIter: { type: 'integer', default: 10_000, min: 1, meaning: 'most passes over the columns, for each alpha' },
  tol: {
    type: 'number',
    default: 1e-6,
    min: 1e-16,
    meaning: 'passes end where the duality gap is at most this, as a share of the squared deviation of the target',
  },
  selection: {
    type: 'choice',
    default: 'cyclic',
    choices: ['cyclic', 'random'],
    meaning: 'the order in which columns are visited: theirs, or a new one in every round',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: "the seed of the order, where it is 'random'" },
});

const alpha = {
  type: 'number',
  default: 1,
  min: 0,
  meaning:
    'strength of the penalty, which is added to half the mean squared error; the larger, the more coefficients are 0',
  tune: { low: 1e-4, high: 10, log: true },
} as const;

const l1Ratio = 'share of the L1 penalty, alpha·l1Ratio·Σ|w|; the rest is ½·alpha·(1 − l1Ratio)·Σw²';

const search = defineParameters({
  eps: {
    type: 'number',
    default: 1e-3,
    min: 0,
    above: true,
    max: 1,
    meaning: 'the weakest penalty tried, as a share of the strongest',
  },
  nAlphas: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    meaning: 'penalties tried: from the one at which every coefficient is 0 down to eps of it, in equal ratios',
  },
  alphas: {
    type: 'numbers',
    default: null,
    nullable: true,
    min: 0,
    meaning: 'the penalties to be tried; null: by eps and nAlphas',
  },
  cv: { type: 'integer', default: 5, min: 2, meaning: 'folds of the cross-validation' },
  shuffle: {
    type: 'boolean',
    default: true,
    meaning: 'whether rows go into folds at random; else in runs, as they lie',
  },
});

export const lassoParameters = defineParameters({ alpha, ...shared });
export type LassoParameters = Parameters<typeof lassoParameters>;

export const elasticNetParameters = defineParameters({
  alpha,
  l1Ratio: { type: 'number', default: 0.5, min: 0, max: 1, meaning: l1Ratio, tune: { low: 0.05, high: 1 } },
  ...shared,
});
export type ElasticNetParameters = Parameters<typeof elasticNetParameters>;

export const lassoCvParameters = defineParameters({ ...search, ...shared });
export type LassoCvParameters = Parameters<typeof lassoCvParameters>;

export const elasticNetCvParameters = defineParameters({
  l1Ratio: { type: 'numbers', default: [0.5], min: 0, above: true, max: 1, meaning: `each is tried: ${l1Ratio}` },
  ...search,
  ...shared,
});
export type ElasticNetCvParameters = Parameters<typeof elasticNetCvParameters>;
