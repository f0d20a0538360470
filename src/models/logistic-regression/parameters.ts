import { defineParameters, type Parameters } from '../../parameters.js';
import { solverNames } from '../penalized-fit.js';

export const logisticRegressionParameters = defineParameters({
  C: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning: 'inverse strength of the penalty: C times the log loss is added to the penalty',
    tune: { low: 1e-3, high: 1e3, log: true },
  },
  penalty: {
    type: 'choice',
    default: 'l2',
    choices: ['l2', 'l1', 'elasticnet', 'none'],
    meaning:
      'what is added to the loss: l2 half the sum of squared coefficients, l1 the sum of their sizes (many become exactly 0), elasticnet both by l1Ratio, none nothing',
  },
  l1Ratio: {
    type: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    meaning: 'elasticnet: the share of the l1 penalty; the l2 penalty has the rest',
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  classWeight: {
    type: 'class-weights',
    default: null,
    choices: ['balanced'],
    meaning: 'factors for the rows of classes, by label; balanced: every class counts as much as every other',
  },
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
    default: 1e-6,
    min: 0,
    above: true,
    meaning: 'stops where no derivative of the mean loss, by standardised coefficients, is larger',
  },
});
export type LogisticRegressionParameters = Parameters<typeof logisticRegressionParameters>;
