import { defineParameters, type Parameters } from '../../parameters.js';
import { classWeight } from '../trees/parameters.js';

const kernelParameters = {
  kernel: {
    type: 'choice',
    choices: ['rbf', 'linear', 'poly', 'sigmoid', 'precomputed'],
    default: 'rbf',
    meaning:
      'similarity of two rows: linear u, poly (gamma·u + coef0)^degree, rbf e^(−gamma·d²), sigmoid tanh(gamma·u + coef0); precomputed: the columns are similarities to the training rows',
    tune: { choices: ['rbf', 'linear', 'poly'] },
  },
  degree: { type: 'integer', default: 3, min: 0, max: 1000, meaning: 'power of the poly kernel' },
  gamma: {
    type: 'choice',
    choices: ['scale', 'auto'],
    orNumber: 1e300,
    default: 'scale',
    meaning: 'factor of rbf, poly and sigmoid; scale: 1 / (features · variance of all values), auto: 1 / features',
  },
  coef0: { type: 'number', default: 0, meaning: 'constant of the poly and sigmoid kernels' },
} as const;

const solverParameters = {
  shrinking: { type: 'boolean', default: true, meaning: 'whether to set variables aside that stay at their bounds' },
  tol: { type: 'number', default: 1e-3, min: 0, above: true, meaning: 'largest violation of optimality that is left' },
  cacheSize: { type: 'number', default: 200, min: 0, above: true, meaning: 'megabytes for rows of the kernel matrix' },
  maxIter: { type: 'integer', default: -1, min: -1, max: 2e9, meaning: 'iterations at most; −1: as many as it takes' },
} as const;

const C = {
  type: 'number',
  default: 1,
  min: 0,
  above: true,
  meaning: 'what a row may cost at most: large values fit the training rows closely, small ones keep the function flat',
  tune: { low: 1e-2, high: 1e3, log: true },
} as const;

/** scikit-learn's SVC, names and defaults. */
export const svcParameters = defineParameters({
  C,
  ...kernelParameters,
  ...solverParameters,
  probability: {
    type: 'boolean',
    default: false,
    meaning:
      'whether probabilities are calibrated by cross-validation, at five times the work; false: by the training rows themselves, which makes them too sure',
  },
  classWeight,
  breakTies: {
    type: 'boolean',
    default: false,
    meaning: 'whether decision values decide where classes have as many votes of pairs; false: the first class',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of the folds of probability' },
});

/** scikit-learn's SVR, names and defaults. */
export const svrParameters = defineParameters({
  C,
  epsilon: {
    type: 'number',
    default: 0.1,
    min: 0,
    meaning: 'errors up to this cost nothing, in the units of the target',
    tune: { low: 1e-3, high: 1, log: true },
  },
  ...kernelParameters,
  ...solverParameters,
});

/** scikit-learn's OneClassSVM, names and defaults. */
export const oneClassSvmParameters = defineParameters({
  nu: {
    type: 'number',
    default: 0.5,
    min: 0,
    above: true,
    max: 1,
    meaning: 'share of the rows: at most as many are anomalies, at least as many are support vectors',
  },
  ...kernelParameters,
  ...solverParameters,
});

export type SvcParameters = Parameters<typeof svcParameters>;
export type SvrParameters = Parameters<typeof svrParameters>;
export type OneClassSvmParameters = Parameters<typeof oneClassSvmParameters>;
export type KernelParameters = Pick<SvcParameters, keyof typeof kernelParameters>;
export type SolverParameters = Pick<SvcParameters, keyof typeof solverParameters>;
