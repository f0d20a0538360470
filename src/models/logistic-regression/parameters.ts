import { defineParameters, type Parameters } from '../../parameters.js';

export const logisticRegressionParameters = defineParameters({
  C: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning:
      'inverse strength of the L2 penalty: C times the log loss is added to half the sum of squared coefficients',
    tune: { low: 1e-3, high: 1e3, log: true },
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  maxIter: { type: 'integer', default: 1000, min: 1, meaning: 'steps of the solver at most' },
  tol: {
    type: 'number',
    default: 1e-6,
    min: 0,
    above: true,
    meaning: 'stops where no derivative of the mean loss, by standardised coefficients, is larger',
  },
});
export type LogisticRegressionParameters = Parameters<typeof logisticRegressionParameters>;
