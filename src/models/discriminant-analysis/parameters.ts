import { defineParameters, type Parameters } from '../../parameters.js';

const priors = {
  type: 'numbers',
  default: null,
  nullable: true,
  min: 0,
  meaning: 'share of each class, in the order of the classes; null: as in the training rows',
} as const;

const shrinkage = {
  type: 'choice',
  default: 'none',
  choices: ['none', 'auto'],
  orNumber: 1,
  meaning:
    'how far covariances are drawn towards their mean variance, from 0 to 1; auto: as Ledoit and Wolf, on columns scaled to unit deviation',
} as const;

export const linearDiscriminantParameters = defineParameters({
  solver: {
    type: 'choice',
    default: 'svd',
    choices: ['svd', 'lsqr', 'eigen'],
    meaning:
      'svd: pooled covariance, leaving out directions without variance; lsqr, eigen: mean of the covariances by the priors, which shrinkage acts on (eigen wants it regular)',
  },
  shrinkage,
  priors,
  tol: {
    type: 'number',
    default: 1e-4,
    min: 0,
    max: 1,
    meaning: 'svd: a direction whose deviation is below this share of the columns’ is left out',
  },
});
export type LinearDiscriminantParameters = Parameters<typeof linearDiscriminantParameters>;

export const quadraticDiscriminantParameters = defineParameters({
  regParam: {
    type: 'number',
    default: 0,
    min: 0,
    max: 1,
    meaning: 'draws each covariance towards the identity: (1 − regParam)·S + regParam·I',
    tune: { low: 0, high: 1 },
  },
  shrinkage,
  priors,
});
export type QuadraticDiscriminantParameters = Parameters<typeof quadraticDiscriminantParameters>;
