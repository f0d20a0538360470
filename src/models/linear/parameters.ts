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

export const ridgeCvParameters = defineParameters({
  alphas: { type: 'numbers', default: [0.1, 1, 10], min: 0, above: true, meaning: 'the penalties to be tried' },
  criterion: {
    type: 'choice',
    default: 'leave-one-out',
    choices: ['leave-one-out', 'generalized'],
    meaning:
      'what is to be least: the squared error on each row by the others, or its estimate with the mean leverage (GCV)',
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
});
export type RidgeCvParameters = Parameters<typeof ridgeCvParameters>;
