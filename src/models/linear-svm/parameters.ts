import { defineParameters, type Parameters } from '../../parameters.js';
import { classWeight } from '../trees/parameters.js';

const C = {
  type: 'number',
  default: 1,
  min: 0,
  above: true,
  meaning: 'what a row may cost at most: large values fit the training rows closely, small ones keep the function flat',
  tune: { low: 1e-3, high: 1e3, log: true },
} as const;

const shared = {
  tol: {
    type: 'number',
    default: 1e-5,
    min: 1e-12,
    meaning:
      'training ends where the duality gap is at most this, as a share of the objective; in the primal the derivatives of the mean loss',
  },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  interceptScaling: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    nullable: true,
    meaning:
      'null: the constant is free of the penalty; a number: it is the coefficient of a column of that number, penalised like the others (scikit-learn: 1)',
  },
  maxIter: {
    type: 'integer',
    default: 1000,
    min: 1,
    meaning: 'most passes over the rows; in the primal, Newton steps',
  },
  randomState: {
    type: 'integer',
    default: 0,
    min: 0,
    meaning: 'the seed of the order of rows, and of the folds of probability',
  },
} as const;

const dual = {
  type: 'choice',
  default: 'auto',
  choices: ['auto', 'true', 'false'],
} as const;

export const linearSvcParameters = defineParameters({
  C,
  penalty: {
    type: 'choice',
    default: 'l2',
    choices: ['l2', 'l1'],
    meaning: '½·Σw², or Σ|w|, which makes coefficients 0',
  },
  loss: {
    type: 'choice',
    default: 'squared_hinge',
    choices: ['squared_hinge', 'hinge'],
    meaning: 'what falls short of the margin costs its square, or itself',
  },
  dual: {
    ...dual,
    meaning:
      'whether to descend on a variable a row: hinge does, the penalty l1 does not; auto: where columns are more than rows and than 1,024',
  },
  ...shared,
  classWeight,
  probability: {
    type: 'boolean',
    default: false,
    meaning:
      'whether probabilities are calibrated by cross-validation, at six times the work; false: by the training rows themselves, which makes them too sure',
  },
});
export type LinearSvcParameters = Parameters<typeof linearSvcParameters>;

export const linearSvrParameters = defineParameters({
  C,
  epsilon: {
    type: 'number',
    default: 0,
    min: 0,
    meaning: 'errors up to this cost nothing, in the units of the target',
  },
  loss: {
    type: 'choice',
    default: 'epsilon_insensitive',
    choices: ['epsilon_insensitive', 'squared_epsilon_insensitive'],
    meaning: 'what an error beyond epsilon costs: itself, or its square',
  },
  ...shared,
});
export type LinearSvrParameters = Parameters<typeof linearSvrParameters>;
