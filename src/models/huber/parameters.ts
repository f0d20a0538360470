import { defineParameters, type Parameters } from '../../parameters.js';

export const huberParameters = defineParameters({
  epsilon: {
    type: 'number',
    default: 1.35,
    min: 1,
    meaning: 'residuals beyond epsilon times the scale count by their size, no longer by their square',
    tune: { low: 1, high: 3 },
  },
  alpha: {
    type: 'number',
    default: 0.0001,
    min: 0,
    meaning: 'strength of the L2 penalty: alpha times the sum of squared coefficients is added to the summed loss',
    tune: { low: 1e-5, high: 10, log: true },
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  maxIter: { type: 'integer', default: 500, min: 1, meaning: 'steps of the solver at most' },
  tol: {
    type: 'number',
    default: 1e-8,
    min: 0,
    above: true,
    meaning: 'stops where no derivative of the mean loss is larger, by standardised columns and target',
  },
});
export type HuberParameters = Parameters<typeof huberParameters>;
