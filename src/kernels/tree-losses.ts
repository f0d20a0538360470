import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp, log, log1p, sigmoid } from './elementary.js';
import { realValues } from './gradient-descent.js';
import { laneSum } from './sums.js';

/**
 * Losses of boosted trees: derivatives of a block of rows by the raw prediction, and the sum of their losses.
 * Numerical policy: f64 throughout, derivatives rounded to f32 once, when they are stored; sums as in gradient descent,
 * 32 lanes within tiles of 256 rows. `gradientScale` and `hessianScale` are powers of two (mostly 1), which keep targets
 * and weights of any size within what f32 holds.
 */
const TILE_ROWS = 256;

const raw = {
  name: 'raw',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'raw predictions, before the link',
} as const;
const target = {
  name: 'target',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'targets; of classes their indices',
} as const;
const weights = {
  name: 'weights',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'row weights; absent: 1',
  optional: true,
} as const;
const gradients = {
  name: 'gradients',
  role: 'out',
  dtype: 'f32',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'weighted first derivatives · gradientScale',
} as const;
const hessians = {
  name: 'hessians',
  role: 'out',
  dtype: 'f32',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'weighted second derivatives · hessianScale',
} as const;
const gradientScale = { name: 'gradientScale', dtype: 'f64', meaning: 'a power of two' } as const;
const hessianScale = { name: 'hessianScale', dtype: 'f64', meaning: 'a power of two' } as const;
const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const delta = { name: 'delta', dtype: 'f64', meaning: 'residuals within ±delta are squared, ≥ 0' } as const;
const low = { name: 'low', dtype: 'f64', meaning: 'slope below −delta, ≤ 0' } as const;
const high = { name: 'high', dtype: 'f64', meaning: 'slope above delta, ≥ 0' } as const;
const power = { name: 'power', dtype: 'f64', meaning: '1: Poisson, 2: Gamma, between: compound of both' } as const;
const tile = { name: 'tile', role: 'scratch', dtype: 'f64', length: () => 256, meaning: 'losses of a tile' } as const;

/** Raw predictions, targets and perhaps weights of a case. */
function rowsOfCase(size: number, random: CaseRandom, flavour: Flavour, targetOf?: () => number) {
  return {
    raw: realValues(size, random, flavour),
    target: targetOf ? Float64Array.from({ length: size }, targetOf) : realValues(size, random, flavour),
    weights: random.integer(2) === 0 ? realValues(size, random, 'plain').map(Math.abs) : null,
  };
}

const scalesOfCase = { gradientScale: 2, hessianScale: 0.25 };
const workOfRows = (flops: number) => (s: Scalars) => ({
  elements: s.rowCount!,
  flops: flops * s.rowCount!,
  bytes: 24 * s.rowCount!,
});

/** Sum of `term` over the rows, in lanes within tiles. */
function tileSum(rows: number, term: (row: number) => number): number {
  let sum = 0;
  for (let start = 0; start < rows; start += TILE_ROWS) sum += laneSum(start, Math.min(rows, start + TILE_ROWS), term);
  return sum;
}

export const derivatives_squared_f32 = defineKernel({
  name: 'derivatives_squared_f32',
  family: 'tree-building',
  summary: 'Half the squared error: gradient raw − target, hessian 1.',
  arguments: [raw, target, weights, gradients, hessians, gradientScale, hessianScale, rowCount],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, gradient, hessian, gScale, hScale, rows) => {
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      gradient[row] = weight * gScale * (predictions[row]! - truth[row]!);
      hessian[row] = weight * hScale;
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: { ...scalesOfCase, rowCount: size },
    buffers: rowsOfCase(size, random, flavour),
  }),
  work: workOfRows(4),
});

export const loss_squared_f64 = defineKernel({
  name: 'loss_squared_f64',
  family: 'tree-building',
  summary: 'Sum of the squared errors, w·(raw − target)².',
  arguments: [raw, target, weights, tile, rowCount],
  returns: 'f64',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, _tile, rows) =>
    tileSum(rows, (row) => {
      const error = predictions[row]! - truth[row]!;
      return (rowWeights ? rowWeights[row]! : 1) * (error * error);
    }),
  inputs: (size, random, flavour) => ({ scalars: { rowCount: size }, buffers: rowsOfCase(size, random, flavour) }),
  work: workOfRows(4),
});

export const derivatives_robust_f32 = defineKernel({
  name: 'derivatives_robust_f32',
  family: 'tree-building',
  summary:
    'Absolute, quantile and Huber losses: the gradient is the residual within ±delta, a constant slope beyond; hessian 1.',
  source: 'Huber 1964, Robust estimation of a location parameter; Koenker and Bassett 1978, Regression quantiles',
  arguments: [raw, target, weights, gradients, hessians, delta, low, high, gradientScale, hessianScale, rowCount],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, gradient, hessian, within, below, above, gScale, hScale, rows) => {
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      const error = predictions[row]! - truth[row]!;
      const slope = error > within ? above : error < -within ? below : error;
      gradient[row] = weight * gScale * slope;
      hessian[row] = weight * hScale;
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: { delta: random.integer(2) / 2, low: -0.25, high: 0.75, ...scalesOfCase, rowCount: size },
    buffers: rowsOfCase(size, random, flavour),
  }),
  work: workOfRows(6),
});

export const loss_robust_f64 = defineKernel({
  name: 'loss_robust_f64',
  family: 'tree-building',
  summary: 'Sum of absolute, quantile or Huber losses: w·½e² within ±delta, w·(slope·e − ½·delta²) beyond.',
  arguments: [raw, target, weights, tile, delta, low, high, rowCount],
  returns: 'f64',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, _tile, within, below, above, rows) =>
    tileSum(rows, (row) => {
      const error = predictions[row]! - truth[row]!;
      const slope = error > within ? above : error < -within ? below : 0.5 * error;
      const offset = Math.abs(error) > within ? 0.5 * within * within : 0;
      return (rowWeights ? rowWeights[row]! : 1) * (slope * error - offset);
    }),
  inputs: (size, random, flavour) => ({
    scalars: { delta: random.integer(2) / 2, low: -0.25, high: 0.75, rowCount: size },
    buffers: rowsOfCase(size, random, flavour),
  }),
  work: workOfRows(8),
});

export const derivatives_logistic_f32 = defineKernel({
  name: 'derivatives_logistic_f32',
  family: 'tree-building',
  summary: 'Log loss of two classes (targets 0 and 1): gradient p − target, hessian p·(1 − p), p the sigmoid of raw.',
  arguments: [raw, target, weights, gradients, hessians, gradientScale, hessianScale, rowCount],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, gradient, hessian, gScale, hScale, rows) => {
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      const probability = sigmoid(predictions[row]!);
      gradient[row] = weight * gScale * (probability - truth[row]!);
      hessian[row] = weight * hScale * (probability * (1 - probability));
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: { ...scalesOfCase, rowCount: size },
    buffers: rowsOfCase(size, random, flavour, () => random.integer(2)),
  }),
  work: workOfRows(60),
});

export const loss_logistic_f64 = defineKernel({
  name: 'loss_logistic_f64',
  family: 'tree-building',
  summary: 'Sum of the log losses of two classes, w·(log(1 + e^raw) − target·raw).',
  arguments: [raw, target, weights, tile, rowCount],
  returns: 'f64',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, _tile, rows) =>
    tileSum(rows, (row) => {
      const z = predictions[row]!;
      const linear = Math.max(0, z) - truth[row]! * z;
      return (rowWeights ? rowWeights[row]! : 1) * (log1p(exp(-Math.abs(z))) + linear);
    }),
  inputs: (size, random, flavour) => ({
    scalars: { rowCount: size },
    buffers: rowsOfCase(size, random, flavour, () => random.integer(2)),
  }),
  work: workOfRows(80),
});

const rawOfClasses = {
  name: 'raw',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => (s.classCount! - 1) * s.classStride! + s.rowCount!,
  meaning: 'raw predictions, class by class',
} as const;
const classCount = { name: 'classCount', dtype: 'i32', meaning: 'classes, at least 1' } as const;
const classStride = { name: 'classStride', dtype: 'i32', meaning: 'elements from one class to the next' } as const;
const normalizers = {
  name: 'normalizers',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'log Σ e^raw over the classes',
} as const;

function classesOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  const scalars = { classCount: 1 + random.integer(4), classStride: size + random.integer(3), rowCount: size };
  const rows = rowsOfCase(size, random, flavour, () => random.integer(scalars.classCount));
  return { scalars, buffers: { ...rows, raw: realValues(rawOfClasses.length(scalars), random, flavour) } };
}

/** log Σ e^raw of one row; the largest is taken out first, so that nothing overflows. */
function logSumExp(values: Float64Array, row: number, classes: number, stride: number): number {
  let largest = values[row]!;
  for (let k = 1; k < classes; k++) largest = Math.max(largest, values[k * stride + row]!);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += exp(values[k * stride + row]! - largest);
  return largest + log(sum);
}

export const softmax_normalizers_f64 = defineKernel({
  name: 'softmax_normalizers_f64',
  family: 'tree-building',
  summary: 'log Σ e^raw of each row over the classes, with which a probability is e^(raw − normalizer).',
  arguments: [rawOfClasses, { ...normalizers, role: 'out' }, classCount, classStride, rowCount],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, out, classes, stride, rows) => {
    for (let row = 0; row < rows; row++) out[row] = logSumExp(predictions, row, classes, stride);
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = classesOfCase(size, random, flavour);
    return { scalars, buffers: { raw: buffers.raw } };
  },
  work: (s) => ({ elements: s.rowCount! * s.classCount!, flops: 30 * s.rowCount! * s.classCount! }),
});

export const derivatives_softmax_f32 = defineKernel({
  name: 'derivatives_softmax_f32',
  family: 'tree-building',
  summary: 'Log loss of several classes, by the raw prediction of one: gradient p − [target is it], hessian p·(1 − p).',
  arguments: [
    raw,
    { ...normalizers, role: 'in' },
    target,
    weights,
    gradients,
    hessians,
    { name: 'classIndex', dtype: 'f64', meaning: 'index of the class' },
    gradientScale,
    hessianScale,
    rowCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, sums, truth, rowWeights, gradient, hessian, own, gScale, hScale, rows) => {
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      const probability = exp(predictions[row]! - sums[row]!);
      gradient[row] = weight * gScale * (probability - (truth[row] === own ? 1 : 0));
      hessian[row] = weight * hScale * (probability * (1 - probability));
    }
  },
  inputs: (size, random, flavour) => {
    const rows = rowsOfCase(size, random, flavour, () => random.integer(3));
    return {
      scalars: { classIndex: random.integer(3), ...scalesOfCase, rowCount: size },
      buffers: { ...rows, normalizers: rows.raw.map((value) => value + random.uniform()) },
    };
  },
  work: workOfRows(40),
});

export const loss_softmax_f64 = defineKernel({
  name: 'loss_softmax_f64',
  family: 'tree-building',
  summary: 'Sum of the log losses of several classes, w·(log Σ e^raw − raw of the target).',
  arguments: [rawOfClasses, target, weights, tile, classCount, classStride, rowCount],
  returns: 'f64',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, _tile, classes, stride, rows) =>
    tileSum(rows, (row) => {
      const own = predictions[truth[row]! * stride + row]!;
      return (rowWeights ? rowWeights[row]! : 1) * (logSumExp(predictions, row, classes, stride) - own);
    }),
  inputs: (size, random, flavour) => classesOfCase(size, random, flavour),
  work: (s) => ({ elements: s.rowCount! * s.classCount!, flops: 30 * s.rowCount! * s.classCount! }),
});

export const derivatives_tweedie_f32 = defineKernel({
  name: 'derivatives_tweedie_f32',
  family: 'tree-building',
  summary: 'Half the Tweedie deviance under the log link: Poisson (power 1), Gamma (2) and what lies between.',
  source: 'Jørgensen 1987, Exponential dispersion models',
  arguments: [raw, target, weights, gradients, hessians, power, gradientScale, hessianScale, rowCount],
  returns: 'void',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, gradient, hessian, p, gScale, hScale, rows) => {
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      const observed = truth[row]! * (p === 1 ? 1 : exp((1 - p) * predictions[row]!));
      const expected = p === 2 ? 1 : exp((2 - p) * predictions[row]!);
      gradient[row] = weight * gScale * (expected - observed);
      hessian[row] = weight * hScale * ((2 - p) * expected + (p - 1) * observed);
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: { power: 1 + random.integer(3) / 2, ...scalesOfCase, rowCount: size },
    buffers: rowsOfCase(size, random, flavour, () => Math.abs(random.normal())),
  }),
  work: workOfRows(60),
});

export const loss_tweedie_f64 = defineKernel({
  name: 'loss_tweedie_f64',
  family: 'tree-building',
  summary: 'Sum of half the Tweedie deviances, less what no prediction changes; `power` as in derivatives_tweedie_f32.',
  arguments: [raw, target, weights, tile, power, rowCount],
  returns: 'f64',
  agreement: 'exact',
  reference: (predictions, truth, rowWeights, _tile, p, rows) =>
    tileSum(rows, (row) => {
      const z = predictions[row]!;
      const observed = truth[row]! * (p === 1 ? z : exp((1 - p) * z) / (1 - p));
      const expected = p === 2 ? z : exp((2 - p) * z) / (2 - p);
      return (rowWeights ? rowWeights[row]! : 1) * (expected - observed);
    }),
  inputs: (size, random, flavour) => ({
    scalars: { power: 1 + random.integer(3) / 2, rowCount: size },
    buffers: rowsOfCase(size, random, flavour, () => Math.abs(random.normal())),
  }),
  work: workOfRows(60),
});
