import { defineParameters, type Parameters } from '../../parameters.js';

const priors = {
  type: 'numbers',
  default: null,
  nullable: true,
  min: 0,
  max: 1,
} as const;

/** Names and defaults are scikit-learn's. */
const smoothing = defineParameters({
  alpha: {
    type: 'number',
    default: 1,
    min: 0,
    meaning: 'added to every count (Laplace and Lidstone smoothing)',
    tune: { low: 1e-3, high: 10, log: true },
  },
  forceAlpha: { type: 'boolean', default: true, meaning: 'false: alpha is 1e-10 at least' },
  fitPrior: { type: 'boolean', default: true, meaning: 'false: every class is as likely beforehand' },
  classPrior: {
    ...priors,
    meaning: 'how likely each class is beforehand, in their order; null: its share of the rows',
  },
});

export const multinomialParameters = smoothing;
export type MultinomialParameters = Parameters<typeof multinomialParameters>;

export const complementParameters = defineParameters({
  ...smoothing,
  norm: { type: 'boolean', default: false, meaning: 'whether the weights of a class are divided by their sum' },
});
export type ComplementParameters = Parameters<typeof complementParameters>;

export const bernoulliParameters = defineParameters({
  ...smoothing,
  binarize: {
    type: 'number',
    default: 0,
    nullable: true,
    meaning: 'numbers above it are 1, others 0; null: they are 0 and 1 already',
  },
});
export type BernoulliParameters = Parameters<typeof bernoulliParameters>;

export const gaussianParameters = defineParameters({
  priors: { ...priors, meaning: 'how likely each class is beforehand, in their order; null: its share of the rows' },
  varSmoothing: {
    type: 'number',
    default: 1e-9,
    min: 0,
    meaning: 'share of the largest variance of any column that is added to every variance',
    tune: { low: 1e-12, high: 1, log: true },
  },
});
export type GaussianParameters = Parameters<typeof gaussianParameters>;
