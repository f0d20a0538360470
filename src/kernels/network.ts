import { activate, activationSlope } from './activations.js';
import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp, log, log1p } from './elementary.js';
import { realValues } from './gradient-descent.js';
import { philoxBlock } from './random.js';
import { laneSum } from './sums.js';

/**
 * What a network does beside its matrix products, on row-major f32 matrices of a batch: rows × units. Numerical policy: +, −
 * and × in f32, each rounded; transcendental functions, losses and sums over rows in f64, rounded once; no fused multiply-add.
 */
const matrix = (name: string, role: 'in' | 'inout' | 'out', meaning: string) =>
  ({ name, role, dtype: 'f32', length: (s: Scalars) => s.rowCount! * s.unitCount!, meaning }) as const;
const perUnit = (name: string, role: 'in' | 'inout' | 'out', meaning: string) =>
  ({ name, role, dtype: 'f32', length: (s: Scalars) => s.unitCount!, meaning }) as const;
const perRow = (name: string, meaning: string) =>
  ({ name, role: 'in', dtype: 'f32', length: (s: Scalars) => s.rowCount!, meaning }) as const;

const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows of the batch' } as const;
const unitCount = { name: 'unitCount', dtype: 'i32', meaning: 'units of the layer' } as const;
const activation = {
  name: 'activation',
  dtype: 'i32',
  meaning: '0 identity, 1 relu, 2 tanh, 3 logistic, 4 gelu (tanh form)',
} as const;
const weights = { ...perRow('weights', 'row weights; absent: 1'), optional: true } as const;
const losses = {
  name: 'losses',
  role: 'out',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'the weighted loss of each row',
} as const;
const scale = {
  name: 'scale',
  dtype: 'f64',
  meaning: 'factor of the derivatives: 1 over the weight of the batch',
} as const;
const sums = {
  name: 'sums',
  role: 'scratch',
  dtype: 'f64',
  length: (s: Scalars) => 2 * s.unitCount!,
  meaning: 'two sums a unit',
} as const;

const floats = (length: number, random: CaseRandom, flavour: Flavour): Float32Array =>
  Float32Array.from(realValues(length, random, flavour));

/** A batch of `size` values or so: few rows of many units, or many of few. */
function shapeOf(size: number, random: CaseRandom): { rowCount: number; unitCount: number } {
  const few = 1 + random.integer(5);
  if (size >= 8192) return { rowCount: 128, unitCount: size / 128 };
  return random.integer(2) === 0 ? { rowCount: few, unitCount: size } : { rowCount: size, unitCount: few };
}

const elementsOf = (s: Scalars) => s.rowCount! * s.unitCount!;

export const gather_rows_f32 = defineKernel({
  name: 'gather_rows_f32',
  family: 'gradient-descent',
  summary: 'Some rows of a row-major matrix, in the order of their indices: a batch.',
  arguments: [
    {
      name: 'source',
      role: 'in',
      dtype: 'f32',
      length: (s) => s.sourceRows! * s.columnCount!,
      meaning: 'matrix, row-major',
    },
    { name: 'indices', role: 'in', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'rows wanted' },
    { name: 'out', role: 'out', dtype: 'f32', length: (s) => s.rowCount! * s.columnCount!, meaning: 'those rows' },
    rowCount,
    { name: 'columnCount', dtype: 'i32', meaning: 'columns' },
    { name: 'sourceRows', dtype: 'i32', meaning: 'rows of source' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (source, indices, out, rows, columns) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) out[i * columns + j] = source[indices[i]! * columns + j]!;
    }
  },
  inputs: (size, random, flavour) => {
    const columnCount = size >= 8192 ? 784 : 1 + random.integer(40);
    const sourceRows = size >= 8192 ? 1024 : Math.max(1, size);
    const rows = size >= 8192 ? 128 : size;
    return {
      scalars: { rowCount: rows, columnCount, sourceRows },
      buffers: {
        source: floats(sourceRows * columnCount, random, flavour),
        indices: Uint32Array.from({ length: rows }, () => random.integer(sourceRows)),
      },
    };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, bytes: 8 * s.rowCount! * s.columnCount! }),
});

export const layer_forward_f32 = defineKernel({
  name: 'layer_forward_f32',
  family: 'gradient-descent',
  summary: 'sums ← sums + bias; out = activation(sums).',
  arguments: [
    matrix('sums', 'inout', 'weighted sums of the inputs; then with their bias'),
    perUnit('bias', 'in', 'added to each row'),
    matrix('out', 'out', 'activations'),
    activation,
    rowCount,
    unitCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, bias, out, code, rows, units) => {
    for (let i = 0; i < rows * units; i++) {
      values[i] = values[i]! + bias[i % units]!;
      out[i] = activate(code, values[i]!);
    }
  },
  inputs: (size, random, flavour) => {
    const shape = shapeOf(size, random);
    return {
      scalars: { activation: size >= 8192 ? 1 : random.integer(5), ...shape },
      buffers: { sums: floats(elementsOf(shape), random, flavour), bias: floats(shape.unitCount, random, flavour) },
    };
  },
  work: (s) => ({ elements: elementsOf(s), bytes: 12 * elementsOf(s) }),
});

export const layer_backward_f32 = defineKernel({
  name: 'layer_backward_f32',
  family: 'gradient-descent',
  summary: 'delta ← delta·activation′: derivatives by the sums, from those by the activations.',
  arguments: [
    matrix('sums', 'in', 'of layer_forward_f32'),
    matrix('outputs', 'in', 'of layer_forward_f32'),
    matrix('delta', 'inout', 'derivatives of the loss'),
    activation,
    rowCount,
    unitCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, outputs, delta, code, rows, units) => {
    for (let i = 0; i < rows * units; i++) {
      // Not by a product: 0 times an infinite derivative would be NaN.
      if (code === 1) delta[i] = outputs[i]! > 0 ? delta[i]! : 0;
      else if (code !== 0) delta[i] = delta[i]! * activationSlope(code, values[i]!, outputs[i]!);
    }
  },
  inputs: (size, random, flavour) => {
    const shape = shapeOf(size, random);
    const code = size >= 8192 ? 1 : random.integer(5);
    const values = floats(elementsOf(shape), random, flavour);
    const outputs = values.map((x) => activate(code, x));
    return {
      scalars: { activation: code, ...shape },
      buffers: { sums: values, outputs, delta: floats(values.length, random, flavour) },
    };
  },
  work: (s) => ({ elements: elementsOf(s), bytes: 12 * elementsOf(s) }),
});

export const softmax_loss_f32 = defineKernel({
  name: 'softmax_loss_f32',
  family: 'gradient-descent',
  summary: 'Cross-entropy of softmax: Σ weight·(log Σ e^score − score of the class); scores ← its derivatives, scaled.',
  arguments: [
    matrix('scores', 'inout', 'a score a class, a row each; then scale·weight·(probability − hit)'),
    perRow('target', 'index of the class'),
    weights,
    losses,
    { name: 'parts', role: 'scratch', dtype: 'f64', length: (s) => s.unitCount! + 8, meaning: 'exponentials of a row' },
    scale,
    rowCount,
    unitCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (scores, target, rowWeights, rowLosses, parts, factor, rows, classes) => {
    for (let row = 0; row < rows; row++) {
      const at = row * classes;
      let highest = scores[at]!;
      for (let k = 1; k < classes; k++) if (scores[at + k]! > highest) highest = scores[at + k]!;
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        parts[k] = exp(scores[at + k]! - highest);
        sum += parts[k]!;
      }
      const weight = rowWeights ? rowWeights[row]! : 1;
      rowLosses[row] = weight * (log(sum) - (scores[at + target[row]!]! - highest));
      for (let k = 0; k < classes; k++) {
        scores[at + k] = factor * weight * (parts[k]! / sum - (k === target[row] ? 1 : 0));
      }
    }
    return laneSum(0, rows, (row) => rowLosses[row]!);
  },
  inputs: (size, random, flavour) => {
    const shape = { rowCount: size >= 8192 ? 128 : size, unitCount: size >= 8192 ? 10 : 2 + random.integer(18) };
    return {
      scalars: { scale: 1 / 128, ...shape },
      buffers: {
        scores: floats(elementsOf(shape), random, flavour),
        target: Float32Array.from({ length: shape.rowCount }, () => random.integer(shape.unitCount)),
        weights: random.integer(2) === 0 ? null : floats(shape.rowCount, random, 'plain').map(Math.abs),
      },
    };
  },
  work: (s) => ({ elements: elementsOf(s) }),
});

export const logistic_loss_f32 = defineKernel({
  name: 'logistic_loss_f32',
  family: 'gradient-descent',
  summary: 'Logistic loss Σ weight·(log(1 + e^score) − target·score); scores ← its derivatives, scaled.',
  arguments: [
    { ...perRow('scores', 'log-odds; then scale·weight·(probability − target)'), role: 'inout' },
    perRow('target', '0 or 1'),
    weights,
    losses,
    scale,
    rowCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (scores, target, rowWeights, rowLosses, factor, rows) => {
    for (let row = 0; row < rows; row++) {
      const [z, truth] = [scores[row]!, target[row]!];
      const weight = rowWeights ? rowWeights[row]! : 1;
      const power = exp(-Math.abs(z));
      const share = 1 / (1 + power);
      const probability = z < 0 ? power * share : share;
      rowLosses[row] = weight * (log1p(power) + (Math.max(z, 0) - truth * z));
      scores[row] = factor * weight * (probability - truth);
    }
    return laneSum(0, rows, (row) => rowLosses[row]!);
  },
  inputs: (size, random, flavour) => ({
    scalars: { scale: 1 / 128, rowCount: size },
    buffers: {
      scores: floats(size, random, flavour),
      target: Float32Array.from({ length: size }, () => random.integer(2)),
      weights: random.integer(2) === 0 ? null : floats(size, random, 'plain').map(Math.abs),
    },
  }),
  work: (s) => ({ elements: s.rowCount! }),
});

export const squared_loss_f32 = defineKernel({
  name: 'squared_loss_f32',
  family: 'gradient-descent',
  summary: 'Squared loss ½·Σ weight·(score − target)²; scores ← its derivatives, scaled.',
  arguments: [
    { ...perRow('scores', 'predictions; then scale·weight·(prediction − target)'), role: 'inout' },
    perRow('target', 'values'),
    weights,
    losses,
    scale,
    rowCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (scores, target, rowWeights, rowLosses, factor, rows) => {
    for (let row = 0; row < rows; row++) {
      const error = scores[row]! - target[row]!;
      const weight = rowWeights ? rowWeights[row]! : 1;
      rowLosses[row] = weight * (0.5 * error * error);
      scores[row] = factor * weight * error;
    }
    return laneSum(0, rows, (row) => rowLosses[row]!);
  },
  inputs: (size, random, flavour) => ({
    scalars: { scale: 1 / 128, rowCount: size },
    buffers: {
      scores: floats(size, random, flavour),
      target: floats(size, random, flavour),
      weights: random.integer(2) === 0 ? null : floats(size, random, 'plain').map(Math.abs),
    },
  }),
  work: (s) => ({ elements: s.rowCount! }),
});

export const dropout_f32 = defineKernel({
  name: 'dropout_f32',
  family: 'gradient-descent',
  summary: 'Value i ← 0 where word startIndex + i of the key is below `bound`, else factor·value.',
  source: 'Srivastava et al., "Dropout", 2014; Philox4x32-10: Salmon et al., SC 2011',
  arguments: [
    {
      name: 'values',
      role: 'inout',
      dtype: 'f32',
      length: (s) => s.count!,
      meaning: 'activations, or derivatives by them',
    },
    { name: 'words', role: 'scratch', dtype: 'u32', length: () => 64, meaning: 'random words' },
    { name: 'keyLow', dtype: 'i32', meaning: 'low 32 bits of the key' },
    { name: 'keyHigh', dtype: 'i32', meaning: 'high 32 bits of the key' },
    { name: 'startIndex', dtype: 'f64', meaning: 'word of the first value: a multiple of 4 in [0, 2^53)' },
    { name: 'bound', dtype: 'f64', meaning: 'share that is dropped, times 2^32, a whole number' },
    { name: 'factor', dtype: 'f64', meaning: '1/(1 − share): the mean stays' },
    { name: 'count', dtype: 'i32', meaning: 'values' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, words, keyLow, keyHigh, startIndex, bound, factor, count) => {
    const grown = Math.fround(factor);
    for (let i = 0; i < count; i++) {
      if (i % 4 === 0) philoxBlock(words, keyLow, keyHigh, (startIndex + i) / 4);
      values[i] = words[i % 4]! < bound ? 0 : values[i]! * grown;
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: {
      keyLow: random.integer(4_294_967_296) | 0,
      keyHigh: random.integer(4_294_967_296) | 0,
      startIndex: 4 * random.integer(9) + [0, 17_179_869_168][random.integer(2)]!,
      bound: 1_288_490_188,
      factor: 1 / 0.7,
      count: size,
    },
    buffers: { values: floats(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.count!, bytes: 8 * s.count! }),
});

export const batch_norm_forward_f32 = defineKernel({
  name: 'batch_norm_forward_f32',
  family: 'gradient-descent',
  summary: 'A batch with mean 0 and variance 1 a unit, times gamma; running mean and variance follow.',
  source: 'Ioffe and Szegedy, "Batch normalization", 2015',
  arguments: [
    matrix('values', 'inout', 'weighted sums; then gamma·normalized'),
    matrix('normalized', 'out', '(value − mean)/√(variance + epsilon)'),
    perUnit('gamma', 'in', 'factors'),
    perUnit('inverse', 'out', '1/√(variance + epsilon)'),
    perUnit('runningMean', 'inout', 'running mean'),
    perUnit('runningVariance', 'inout', 'running variance, unbiased'),
    sums,
    { name: 'kept', dtype: 'f64', meaning: 'share of the running figures that stays' },
    { name: 'epsilon', dtype: 'f64', meaning: 'added to the variance' },
    rowCount,
    unitCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, normalized, gamma, inverse, means, variances, both, kept, epsilon, rows, units) => {
    both.fill(0);
    for (let i = 0; i < rows * units; i++) both[i % units]! += values[i]!;
    for (let j = 0; j < units; j++) both[j] = both[j]! / rows;
    for (let i = 0; i < rows * units; i++) {
      const distance = values[i]! - both[i % units]!;
      both[units + (i % units)]! += distance * distance;
    }
    for (let j = 0; j < units; j++) {
      const variance = both[units + j]! / (rows > 1 ? rows - 1 : 1);
      means[j] = kept * means[j]! + (1 - kept) * both[j]!;
      variances[j] = kept * variances[j]! + (1 - kept) * variance;
      both[units + j] = 1 / Math.sqrt(both[units + j]! / rows + epsilon);
      inverse[j] = both[units + j]!;
    }
    for (let i = 0; i < rows * units; i++) {
      normalized[i] = (values[i]! - both[i % units]!) * both[units + (i % units)]!;
      values[i] = gamma[i % units]! * normalized[i]!;
    }
  },
  inputs: (size, random, flavour) => {
    const shape = shapeOf(size, random);
    const perUnitValues = () => floats(shape.unitCount, random, flavour);
    return {
      scalars: { kept: 0.9, epsilon: 1e-5, ...shape },
      buffers: {
        values: floats(elementsOf(shape), random, flavour),
        gamma: perUnitValues(),
        runningMean: perUnitValues(),
        runningVariance: perUnitValues(),
      },
    };
  },
  work: (s) => ({ elements: elementsOf(s), bytes: 16 * elementsOf(s) }),
});

export const batch_norm_backward_f32 = defineKernel({
  name: 'batch_norm_backward_f32',
  family: 'gradient-descent',
  summary: 'Derivatives by what batch_norm_forward_f32 received, and by gamma, from those by what it gave.',
  source: 'Ioffe and Szegedy, "Batch normalization", 2015',
  arguments: [
    matrix('delta', 'inout', 'derivatives by gamma·normalized; then by the weighted sums'),
    matrix('normalized', 'in', 'of batch_norm_forward_f32'),
    perUnit('gamma', 'in', 'factors'),
    perUnit('inverse', 'in', 'of batch_norm_forward_f32'),
    perUnit('gammaGradient', 'out', 'derivatives by gamma'),
    sums,
    rowCount,
    unitCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (delta, normalized, gamma, inverse, gammaGradient, both, rows, units) => {
    both.fill(0);
    for (let i = 0; i < rows * units; i++) {
      both[i % units]! += delta[i]!;
      both[units + (i % units)]! += delta[i]! * normalized[i]!;
    }
    for (let j = 0; j < units; j++) {
      gammaGradient[j] = both[units + j]!;
      both[j] = both[j]! / rows;
      both[units + j] = both[units + j]! / rows;
    }
    for (let i = 0; i < rows * units; i++) {
      const j = i % units;
      const rest = delta[i]! - (both[j]! + normalized[i]! * both[units + j]!);
      delta[i] = gamma[j]! * inverse[j]! * rest;
    }
  },
  inputs: (size, random, flavour) => {
    const shape = shapeOf(size, random);
    const perUnitValues = () => floats(shape.unitCount, random, flavour);
    return {
      scalars: shape,
      buffers: {
        delta: floats(elementsOf(shape), random, flavour),
        normalized: floats(elementsOf(shape), random, flavour),
        gamma: perUnitValues(),
        inverse: perUnitValues(),
      },
    };
  },
  work: (s) => ({ elements: elementsOf(s), bytes: 16 * elementsOf(s) }),
});

export const sum_of_squares_f32 = defineKernel({
  name: 'sum_of_squares_f32',
  family: 'gradient-descent',
  summary: 'The sum of squares of f32 numbers, in f64.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f32', length: (s) => s.count!, meaning: 'numbers' },
    { name: 'lanes', role: 'scratch', dtype: 'f64', length: () => 32, meaning: 'sums' },
    { name: 'count', dtype: 'i32', meaning: 'how many' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (values, _lanes, count) => laneSum(0, count, (i) => values[i]! * values[i]!),
  inputs: (size, random, flavour) => ({
    scalars: { count: size },
    buffers: { values: floats(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.count!, flops: 2 * s.count!, bytes: 4 * s.count! }),
});
