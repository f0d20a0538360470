import { defineParameters, type Parameters } from '../../parameters.js';

export const linearRegressionParameters = defineParameters({
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  degree: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 30,
    meaning: 'a polynomial: powers of each feature up to this one',
    tune: { low: 1, high: 4 },
  },
  confidence: {
    type: 'number',
    default: 0.95,
    min: 0.01,
    max: 0.999999,
    meaning: 'confidence of the intervals of the coefficients',
  },
});
export type LinearRegressionParameters = Parameters<typeof linearRegressionParameters>;
