import { defineParameters, type Parameters } from '../../parameters.js';

export const gaussianMixtureParameters = defineParameters({
  nComponents: { type: 'integer', default: 1, min: 1, meaning: 'normal densities to mix', tune: { low: 1, high: 10 } },
  covarianceType: {
    type: 'choice',
    default: 'full',
    choices: ['full', 'tied', 'diag', 'spherical'],
    meaning:
      'what covariances the components have: each its own, one for all, variances of the columns alone, one variance',
    tune: { choices: ['full', 'tied', 'diag', 'spherical'] },
  },
  tol: {
    type: 'number',
    default: 1e-3,
    min: 0,
    meaning: 'stops where the mean log-likelihood rises by less',
  },
  regCovar: {
    type: 'number',
    default: 1e-6,
    min: 0,
    meaning: 'added to the variances, in the units of the data, squared: so that they stay above 0',
  },
  maxIter: { type: 'integer', default: 100, min: 1, meaning: 'iterations of a run at most' },
  nInit: { type: 'integer', default: 1, min: 1, meaning: 'runs from different starts; the likeliest is kept' },
  initParams: {
    type: 'choice',
    default: 'k-means',
    choices: ['k-means', 'random'],
    meaning: 'where the shares of the components come from first: clusters of k-means, or chance',
  },
  initialCenters: {
    type: 'numbers',
    default: null,
    nullable: true,
    meaning:
      'first centres of that k-means: nComponents × features numbers, component by component, features in the table’s order',
  },
});
export type GaussianMixtureParameters = Parameters<typeof gaussianMixtureParameters>;
