import { defineParameters, type Parameters } from '../../parameters.js';

const maxIter = (iterations: number) =>
  ({ type: 'integer', default: iterations, min: 1, meaning: 'passes over the data' }) as const;
const nFactors = (factors: number) =>
  ({
    type: 'integer',
    default: factors,
    min: 1,
    max: 1024,
    meaning: 'numbers that stand for a user, and for an item',
    tune: { low: 8, high: 256, log: true },
  }) as const;
const biasShrinkage = {
  type: 'number',
  default: 5,
  min: 0,
  meaning: 'ratings that the biases of users and items are pulled to 0 by',
  tune: { low: 1, high: 50, log: true },
} as const;
const positiveFrom = {
  type: 'number',
  default: null,
  nullable: true,
  meaning: 'where there are ratings: those from here on count as liked, others are left out; null: all count',
} as const;
const confidence = (choice: 'log' | 'linear' | 'binary') =>
  ({
    type: 'choice',
    default: choice,
    choices: ['log', 'linear', 'binary'],
    meaning: 'what a weight w counts: ln(1 + w), w itself, or 1 whatever it is',
  }) as const;

export const alsParameters = defineParameters({
  nFactors: nFactors(20),
  regularization: {
    type: 'number',
    default: 15,
    min: 0,
    above: true,
    meaning: 'pull of the factors towards 0',
    tune: { low: 0.01, high: 100, log: true },
  },
  weightedRegularization: {
    type: 'boolean',
    default: false,
    meaning: 'regularization once for each rating of a row (Zhou et al. 2008); it is then to be far smaller, about 0.1',
  },
  maxIter: maxIter(15),
  biasShrinkage,
});
export type AlsParameters = Parameters<typeof alsParameters>;

export const implicitAlsParameters = defineParameters({
  nFactors: nFactors(64),
  regularization: {
    type: 'number',
    default: 0.01,
    min: 0,
    above: true,
    meaning: 'pull of the factors towards 0',
    tune: { low: 0.001, high: 100, log: true },
  },
  alpha: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning: 'confidence of what was observed: 1 + alpha · what the weight counts',
    tune: { low: 0.5, high: 50, log: true },
  },
  confidence: confidence('log'),
  maxIter: maxIter(15),
  solver: {
    type: 'choice',
    default: 'conjugate-gradient',
    choices: ['conjugate-gradient', 'cholesky'],
    meaning: 'a few steps towards the solution of each row, or the solution itself, which takes longer',
  },
  cgSteps: { type: 'integer', default: 3, min: 1, max: 100, meaning: 'steps of conjugate gradients' },
  positiveFrom,
});
export type ImplicitAlsParameters = Parameters<typeof implicitAlsParameters>;

export const bprParameters = defineParameters({
  nFactors: nFactors(64),
  learningRate: {
    type: 'number',
    default: 0.05,
    min: 0,
    above: true,
    meaning: 'length of a step',
    tune: { low: 0.005, high: 0.2, log: true },
  },
  regularization: {
    type: 'number',
    default: 0.01,
    min: 0,
    meaning: 'pull of the factors towards 0 in each step',
    tune: { low: 0.0001, high: 0.1, log: true },
  },
  maxIter: maxIter(100),
  positiveFrom,
});
export type BprParameters = Parameters<typeof bprParameters>;

const neighborhood = {
  k: {
    type: 'integer',
    default: 50,
    min: 1,
    max: 10_000,
    meaning: 'neighbours that are kept',
    tune: { low: 10, high: 200, log: true },
  },
  shrinkage: {
    type: 'number',
    default: 10,
    min: 0,
    meaning: 'likeness is multiplied by c / (c + shrinkage), c being what both have in common',
    tune: { low: 1, high: 200, log: true },
  },
  feedback: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'explicit', 'implicit'],
    meaning:
      'explicit: ratings, less what is usual for user and item; implicit: who met what; auto: by whether there are ratings',
  },
  confidence: confidence('log'),
  biasShrinkage,
  positiveFrom,
} as const;

export const itemKnnParameters = defineParameters(neighborhood);
export const userKnnParameters = defineParameters(neighborhood);
export type NeighborhoodParameters = Parameters<typeof itemKnnParameters>;

export const popularityParameters = defineParameters({ biasShrinkage, positiveFrom });
export type PopularityParameters = Parameters<typeof popularityParameters>;
