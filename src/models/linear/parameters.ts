import { defineParameters, type Parameters } from '../../parameters.js';

export const ridgeParameters = defineParameters({
  alpha: {
    type: 'number',
    default: 1,
    min: 0,
    meaning: 'strength of the L2 penalty: alpha times the sum of squared coefficients is added to the squared error',
    tune: { low: 1e-3, high: 1e3, log: true },
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
});
export type RidgeParameters = Parameters<typeof ridgeParameters>;
