import { defineParameters, type Parameters } from '../../parameters.js';
import { classWeight } from '../trees/parameters.js';

const penalties = {
  penalty: {
    type: 'choice',
    default: 'l2',
    choices: ['l2', 'l1', 'elasticnet', 'none'],
    meaning: 'what is added to the mean loss: ½·alpha·Σw², alpha·Σ|w|, both by l1Ratio, or nothing',
  },
  alpha: {
    type: 'number',
    default: 1e-4,
    min: 0,
    meaning: "strength of the penalty; with learningRate 'optimal' also how fast steps shorten",
    tune: { low: 1e-7, high: 1e-1, log: true },
  },
  l1Ratio: { type: 'number', default: 0.15, min: 0, max: 1, meaning: "share of L1, where the penalty is 'elasticnet'" },
  fitIntercept: { type: 'boolean', default: true, meaning: 'whether to learn a constant beside the coefficients' },
  standardize: {
    type: 'boolean',
    default: true,
    meaning:
      'whether columns are centred and scaled to unit deviation first; the penalty then acts on those coefficients',
  },
} as const;

const steps = {
  maxIter: { type: 'integer', default: 1000, min: 1, meaning: 'most epochs: passes over the rows' },
  tol: {
    type: 'number',
    default: 1e-3,
    min: 0,
    nullable: true,
    meaning:
      'an epoch whose mean loss is not lower than the best by so much is no improvement; null: all epochs are made',
  },
  nIterNoChange: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'epochs without improvement after which training ends',
  },
  batchSize: { type: 'integer', default: 1, min: 1, max: 65_536, meaning: 'rows a step; their gradients are averaged' },
  shuffle: { type: 'boolean', default: true, meaning: 'whether every epoch takes the rows in a new order' },
  average: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 2_000_000_000,
    meaning: 'the step from which on coefficients are averaged, and the averages used; 0: none',
  },
  earlyStopping: {
    type: 'boolean',
    default: false,
    meaning: 'whether the loss on rows put aside decides when to end; the best epoch is kept',
  },
  validationFraction: {
    type: 'number',
    default: 0.1,
    min: 0,
    max: 0.9,
    above: true,
    meaning: 'share of the rows put aside for early stopping where no validation table is given',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'the seed of the order of rows' },
} as const;

const learningRate = {
  type: 'choice',
  choices: ['optimal', 'constant', 'invscaling', 'adaptive'],
  meaning:
    'of step t: optimal 1/(alpha·(t₀ + t)), constant eta0, invscaling eta0/t^powerT, adaptive eta0, a fifth of it each time nothing improves',
} as const;

const eta0 = {
  type: 'number',
  default: 0.01,
  min: 0,
  above: true,
  meaning: 'the first learning rate, of all rates but optimal',
  tune: { low: 1e-4, high: 1, log: true },
} as const;

export const sgdClassifierParameters = defineParameters({
  loss: {
    type: 'choice',
    default: 'log_loss',
    choices: ['log_loss', 'hinge', 'modified_huber', 'squared_hinge', 'perceptron'],
    meaning: 'what a decision costs; log_loss and modified_huber have probabilities of their own',
  },
  ...penalties,
  learningRate: { ...learningRate, default: 'optimal' },
  eta0,
  powerT: { type: 'number', default: 0.5, min: 0, meaning: 'exponent of invscaling' },
  ...steps,
  classWeight,
  probability: {
    type: 'boolean',
    default: false,
    meaning:
      'losses without probabilities: whether a sigmoid is fitted by cross-validation, at six times the work; false: by the training rows themselves, which makes it too sure',
  },
});
export type SgdClassifierParameters = Parameters<typeof sgdClassifierParameters>;

export const sgdRegressorParameters = defineParameters({
  loss: {
    type: 'choice',
    default: 'squared_error',
    choices: ['squared_error', 'huber', 'epsilon_insensitive', 'squared_epsilon_insensitive'],
    meaning: 'what an error costs',
  },
  epsilon: {
    type: 'number',
    default: 0.1,
    min: 0,
    meaning:
      'huber: errors up to it are squared; the insensitive losses: errors up to it cost nothing. In units of the target',
  },
  ...penalties,
  learningRate: { ...learningRate, default: 'invscaling' },
  eta0,
  powerT: { type: 'number', default: 0.25, min: 0, meaning: 'exponent of invscaling' },
  ...steps,
});
export type SgdRegressorParameters = Parameters<typeof sgdRegressorParameters>;
