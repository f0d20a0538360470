import { defineParameters, type Parameters } from '../../parameters.js';
import { solverNames } from '../penalized-fit.js';

const shared = {
  alpha: {
    type: 'number',
    default: 1,
    min: 0,
    meaning:
      'strength of the L2 penalty: half of alpha times the sum of squared coefficients is added to the mean loss',
    tune: { low: 1e-4, high: 10, log: true },
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  solver: {
    type: 'choice',
    default: 'auto',
    choices: solverNames,
    meaning:
      'newton-cholesky forms the whole curvature, newton-cg only its products, lbfgs neither; auto takes the first for few coefficients, else the last',
  },
  maxIter: { type: 'integer', default: 1000, min: 1, meaning: 'steps of the solver at most' },
  tol: {
    type: 'number',
    default: 1e-8,
    min: 0,
    above: true,
    meaning:
      'stops where no derivative of the mean loss is larger, by standardised coefficients and in units of the mean target',
  },
} as const;

export const poissonParameters = defineParameters(shared);
export type PoissonParameters = Parameters<typeof poissonParameters>;

export const gammaParameters = defineParameters(shared);
export type GammaParameters = Parameters<typeof gammaParameters>;

export const tweedieParameters = defineParameters({
  power: {
    type: 'number',
    default: 0,
    meaning:
      'how the variance grows with the mean: 0 normal, 1 Poisson, between 1 and 2 compound Poisson-gamma, 2 gamma, 3 inverse Gaussian; none between 0 and 1',
  },
  link: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'identity', 'log'],
    meaning: 'identity: the linear score is the mean; log: it is its logarithm; auto: identity up to power 0, else log',
  },
  ...shared,
});
export type TweedieParameters = Parameters<typeof tweedieParameters>;
