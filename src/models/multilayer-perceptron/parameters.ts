import { defineParameters, type Parameters } from '../../parameters.js';

const common = defineParameters({
  hiddenLayerSizes: {
    type: 'integers',
    default: [100],
    min: 1,
    max: 65_536,
    empty: true,
    meaning: 'units of each hidden layer, first to last; empty: none, a linear model',
  },
  activation: {
    type: 'choice',
    default: 'relu',
    choices: ['identity', 'logistic', 'tanh', 'relu', 'gelu'],
    meaning: 'what hidden units do with their weighted sum; gelu in its tanh form',
    tune: { choices: ['relu', 'tanh', 'gelu'] },
  },
  solver: {
    type: 'choice',
    default: 'adam',
    choices: ['adam', 'adamw', 'sgd', 'adagrad', 'rmsprop', 'lbfgs'],
    meaning: 'how weights are moved: in batches, or by limited-memory BFGS on all rows at once (small tables)',
  },
  alpha: {
    type: 'number',
    default: 1e-4,
    min: 0,
    meaning: 'strength of the L2 penalty on the weights; with adamw, their decay in units of the learning rate',
    tune: { low: 1e-6, high: 1e-1, log: true },
  },
  batchSize: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    max: 65_536,
    meaning: 'rows of a batch; null: 200, or all where there are fewer',
  },
  learningRate: {
    type: 'choice',
    default: 'constant',
    choices: ['constant', 'invscaling', 'adaptive', 'step', 'cosine'],
    meaning:
      'how the learning rate falls: never, with the rows seen to the power of powerT, to a fifth where the loss no longer falls, to half every stepSize epochs, to 0 along a cosine over maxIter epochs',
  },
  learningRateInit: {
    type: 'number',
    default: 1e-3,
    min: 0,
    above: true,
    meaning: 'the first learning rate',
    tune: { low: 1e-4, high: 1e-1, log: true },
  },
  powerT: { type: 'number', default: 0.5, min: 0, meaning: 'exponent of the learning rate invscaling' },
  stepSize: { type: 'integer', default: 10, min: 1, meaning: 'epochs between two halvings of the learning rate step' },
  maxIter: { type: 'integer', default: 200, min: 1, meaning: 'epochs at most; iterations with lbfgs' },
  shuffle: { type: 'boolean', default: true, meaning: 'whether every epoch has an order of rows of its own' },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of weights, order, dropout and validation rows' },
  tol: {
    type: 'number',
    default: 1e-4,
    min: 0,
    meaning: 'by how much the loss must fall to count as better; with lbfgs, the derivative at which it stops',
  },
  momentum: {
    type: 'number',
    default: 0.9,
    min: 0,
    max: 1,
    meaning: 'with sgd: share of the last step that is gone again',
  },
  nesterovsMomentum: { type: 'boolean', default: true, meaning: "with sgd: Nesterov's momentum" },
  earlyStopping: {
    type: 'boolean',
    default: false,
    meaning: 'whether to stop by the loss on validation rows, and keep the best epoch',
  },
  validationFraction: {
    type: 'number',
    default: 0.1,
    min: 0,
    max: 0.9,
    above: true,
    meaning: 'share of the rows put aside for early stopping where none are given',
  },
  nIterNoChange: { type: 'integer', default: 10, min: 1, meaning: 'epochs without a better loss before training ends' },
  beta1: { type: 'number', default: 0.9, min: 0, max: 0.9999, meaning: 'with adam: decay of the mean' },
  beta2: { type: 'number', default: 0.999, min: 0, max: 0.999999, meaning: 'with adam: decay of the squares' },
  epsilon: {
    type: 'number',
    default: 1e-8,
    min: 0,
    above: true,
    meaning: 'with adam, rmsprop, adagrad: keeps divisors from 0',
  },
  dropout: {
    type: 'number',
    default: 0,
    min: 0,
    max: 0.95,
    meaning: 'share of the hidden units that each batch leaves out',
    tune: { low: 0, high: 0.5 },
  },
  batchNormalization: {
    type: 'boolean',
    default: false,
    meaning: 'whether the sums of hidden units are normalised over each batch',
  },
  clipNorm: {
    type: 'number',
    default: null,
    nullable: true,
    min: 0,
    above: true,
    meaning: 'longest gradient; a longer one is shortened to it; null: none is',
  },
  clipValue: {
    type: 'number',
    default: null,
    nullable: true,
    min: 0,
    above: true,
    meaning: 'largest derivative, in size; null: no limit',
  },
});

export const perceptronRegressorParameters = common;
export type PerceptronRegressorParameters = Parameters<typeof perceptronRegressorParameters>;

export const perceptronClassifierParameters = defineParameters({
  ...common,
  classWeight: {
    type: 'class-weights',
    default: null,
    choices: ['balanced'],
    meaning: 'a factor for the rows of each class, besides their weights; balanced: every class counts alike; null: 1',
  },
});
export type PerceptronClassifierParameters = Parameters<typeof perceptronClassifierParameters>;
