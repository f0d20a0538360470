import { defineParameters, type Parameters } from '../../parameters.js';

export const quantileParameters = defineParameters({
  quantile: {
    type: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    above: true,
    meaning: 'which quantile of the target is predicted, above 0 and below 1; 0.5: the median',
  },
  alpha: {
    type: 'number',
    default: 1,
    min: 0,
    meaning:
      'strength of the L1 penalty: alpha times the sum of absolute coefficients is added to the mean pinball loss',
    tune: { low: 1e-4, high: 10, log: true },
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  maxIter: { type: 'integer', default: 100, min: 1, meaning: 'steps of the interior-point method at most' },
  tol: {
    type: 'number',
    default: 1e-10,
    min: 0,
    above: true,
    meaning: 'stops where the duality gap is no larger share of the objective',
  },
});
export type QuantileParameters = Parameters<typeof quantileParameters>;
