import { type BufferArgument, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp, log, log1p } from './elementary.js';
import { laneSum } from './sums.js';

/** Numerical policy of the family: f64 throughout, no fused multiply-add, sums in 32 virtual lanes (sums.ts). */

const special = [
  Number.NaN,
  0,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
];

/** Values of a flavour, for the conformance test. */
export function realValues(length: number, random: CaseRandom, flavour: Flavour): Float64Array {
  return Float64Array.from({ length }, () => {
    if (flavour === 'special' && random.integer(8) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties') return random.integer(3) - 1;
    if (flavour === 'constant') return 0.75;
    return random.normal();
  });
}

export const dot_f64 = defineKernel({
  name: 'dot_f64',
  family: 'gradient-descent',
  summary: 'Inner product of two columns.',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'first column' },
    { name: 'y', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'second column' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of both' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (x, y, rowCount) => laneSum(0, rowCount, (i) => x[i]! * y[i]!),
  inputs: (size, random, flavour) => ({
    scalars: { rowCount: size },
    buffers: { x: realValues(size, random, flavour), y: realValues(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 2 * s.rowCount!, bytes: 16 * s.rowCount! }),
});

export const axpy_f64 = defineKernel({
  name: 'axpy_f64',
  family: 'gradient-descent',
  summary: 'y ← a·x + y.',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column' },
    { name: 'y', role: 'inout', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column added to' },
    { name: 'a', dtype: 'f64', meaning: 'factor' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of both' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (x, y, a, rowCount) => {
    for (let i = 0; i < rowCount; i++) y[i] = a * x[i]! + y[i]!;
  },
  inputs: (size, random, flavour) => ({
    scalars: { a: 0.37, rowCount: size },
    buffers: { x: realValues(size, random, flavour), y: realValues(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 2 * s.rowCount!, bytes: 24 * s.rowCount! }),
});

/** Rows a tile: its margins and the columns' pieces stay in the first-level cache. Sums restart at every tile. */
export const TILE_ROWS = 256;

const x: BufferArgument & { dtype: 'f64'; role: 'in' } = {
  name: 'x',
  role: 'in',
  dtype: 'f64',
  length: (s) => (s.columnCount! === 0 ? 0 : (s.columnCount! - 1) * s.columnStride! + s.rowCount!),
  meaning: 'matrix, column-major',
};
const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const columnCount = { name: 'columnCount', dtype: 'i32', meaning: 'columns of x' } as const;
const columnStride = { name: 'columnStride', dtype: 'i32', meaning: 'elements between columns of x' } as const;
const target = {
  name: 'target',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'what is to be predicted: a value, 0 or 1, or a class index',
} as const;
const weights = {
  name: 'weights',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'row weights; absent: 1',
  optional: true,
} as const;
const coefficients = {
  name: 'coefficients',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.columnCount! + 1,
  meaning: 'one a column, then the intercept',
} as const;
const gradient = {
  name: 'gradient',
  role: 'out',
  dtype: 'f64',
  length: (s: Scalars) => s.columnCount! + 1,
  meaning: 'derivatives of the loss by the coefficients, in their order',
} as const;
const margins = {
  name: 'margins',
  role: 'scratch',
  dtype: 'f64',
  length: () => 512,
  meaning: 'a tile of margins, then of residuals; behind it their losses',
} as const;

/** A matrix of `size` rows and a few columns, with gaps between its columns. */
function matrixInputs(size: number, random: CaseRandom, flavour: Flavour, classCount = 1) {
  const shape = {
    rowCount: size,
    columnCount: size >= 8192 ? 28 : random.integer(7),
    columnStride: size + random.integer(4),
  };
  const length = x.length(shape);
  const weighted = random.integer(2) === 0;
  return {
    scalars: shape,
    buffers: {
      x: realValues(length, random, flavour),
      weights: weighted ? realValues(size, random, 'plain').map(Math.abs) : null,
      coefficients: realValues(classCount * (shape.columnCount + 1), random, flavour === 'special' ? 'plain' : flavour),
    },
  };
}

/** out[row − start] = intercept, + coefficients[j]·x[j][row] for each column in order. */
function scoreRows(
  matrix: Float64Array,
  weightsOfColumns: Float64Array,
  at: number,
  out: Float64Array,
  start: number,
  end: number,
  columns: number,
  stride: number,
): void {
  for (let row = start; row < end; row++) {
    let sum = weightsOfColumns[at + columns]!;
    for (let j = 0; j < columns; j++) sum = weightsOfColumns[at + j]! * matrix[j * stride + row]! + sum;
    out[row - start] = sum;
  }
}

/** Adds a tile's residuals, column by column, to the gradient. */
function addGradient(
  matrix: Float64Array,
  residuals: Float64Array,
  from: number,
  sums: Float64Array,
  at: number,
  start: number,
  end: number,
  columns: number,
  stride: number,
): void {
  for (let j = 0; j < columns; j++) {
    sums[at + j]! += laneSum(start, end, (row) => matrix[j * stride + row]! * residuals[from + row - start]!);
  }
  sums[at + columns]! += laneSum(start, end, (row) => residuals[from + row - start]!);
}

export const linear_scores_f64 = defineKernel({
  name: 'linear_scores_f64',
  family: 'gradient-descent',
  summary: 'out = intercept + x·coefficients, added in the order of the columns.',
  arguments: [
    x,
    coefficients,
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'scores' },
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, factors, out, rows, columns, stride) =>
    scoreRows(matrix, factors, 0, out, 0, rows, columns, stride),
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    return { scalars, buffers: { x: buffers.x, coefficients: buffers.coefficients } };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: 2 * s.rowCount! * s.columnCount! }),
});

export const gradient_squared_f64 = defineKernel({
  name: 'gradient_squared_f64',
  family: 'gradient-descent',
  summary: 'Squared loss ½·Σ w·(score − target)² of a linear model, and its gradient, in tiles of 256 rows.',
  arguments: [x, target, weights, coefficients, gradient, margins, rowCount, columnCount, columnStride],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, truth, rowWeights, factors, sums, tile, rows, columns, stride) => {
    sums.fill(0);
    let loss = 0;
    for (let start = 0; start < rows; start += TILE_ROWS) {
      const end = Math.min(rows, start + TILE_ROWS);
      scoreRows(matrix, factors, 0, tile, start, end, columns, stride);
      for (let row = start; row < end; row++) tile[row - start] = tile[row - start]! - truth[row]!;
      const weight = (row: number) => (rowWeights ? rowWeights[row]! : 1);
      loss += laneSum(start, end, (row) => 0.5 * tile[row - start]! * tile[row - start]! * weight(row));
      for (let row = start; row < end; row++) tile[row - start] = weight(row) * tile[row - start]!;
      addGradient(matrix, tile, 0, sums, 0, start, end, columns, stride);
    }
    return loss;
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    return { scalars, buffers: { ...buffers, target: realValues(size, random, flavour) } };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: 4 * s.rowCount! * s.columnCount! }),
});

export const gradient_logistic_f64 = defineKernel({
  name: 'gradient_logistic_f64',
  family: 'gradient-descent',
  summary: 'Logistic loss Σ w·(log(1 + e^z) − target·z) of a linear model, its gradient, and w·p·(1 − p) a row.',
  arguments: [
    x,
    target,
    weights,
    coefficients,
    gradient,
    {
      name: 'curvature',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'second derivatives by the margin, a row each',
      optional: true,
    },
    margins,
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, truth, rowWeights, factors, sums, curvature, tile, rows, columns, stride) => {
    sums.fill(0);
    let loss = 0;
    const losses = tile.subarray(TILE_ROWS);
    for (let start = 0; start < rows; start += TILE_ROWS) {
      const end = Math.min(rows, start + TILE_ROWS);
      scoreRows(matrix, factors, 0, tile, start, end, columns, stride);
      for (let row = start; row < end; row++) {
        const z = tile[row - start]!;
        const weight = rowWeights ? rowWeights[row]! : 1;
        const power = exp(-Math.abs(z));
        const share = 1 / (1 + power);
        const probability = z < 0 ? power * share : share;
        losses[row - start] = weight * (log1p(power) + (Math.max(0, z) - truth[row]! * z));
        if (curvature) curvature[row] = weight * (power * share * share);
        tile[row - start] = weight * (probability - truth[row]!);
      }
      loss += laneSum(start, end, (row) => losses[row - start]!);
      addGradient(matrix, tile, 0, sums, 0, start, end, columns, stride);
    }
    return loss;
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    const classes = Float64Array.from({ length: size }, () => random.integer(2));
    return { scalars, buffers: { ...buffers, target: classes, curvature: new Float64Array(size) } };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: s.rowCount! * (4 * s.columnCount! + 80) }),
});

export const gradient_softmax_f64 = defineKernel({
  name: 'gradient_softmax_f64',
  family: 'gradient-descent',
  summary: 'Multinomial loss −Σ w·log p(class of the row) of a linear model with softmax, and its gradient.',
  arguments: [
    x,
    target,
    weights,
    {
      name: 'coefficients',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.classCount! * (s.columnCount! + 1),
      meaning: 'class by class: one a column, then the intercept',
    },
    {
      name: 'gradient',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.classCount! * (s.columnCount! + 1),
      meaning: 'derivatives, in the order of the coefficients',
    },
    {
      name: 'margins',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => (s.classCount! + 1) * 256,
      meaning: 'a tile of margins a class, then of residuals; behind them the losses',
    },
    rowCount,
    columnCount,
    columnStride,
    { name: 'classCount', dtype: 'i32', meaning: 'classes' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, truth, rowWeights, factors, sums, tile, rows, columns, stride, classes) => {
    sums.fill(0);
    let loss = 0;
    const losses = tile.subarray(classes * TILE_ROWS);
    for (let start = 0; start < rows; start += TILE_ROWS) {
      const end = Math.min(rows, start + TILE_ROWS);
      for (let k = 0; k < classes; k++) {
        scoreRows(matrix, factors, k * (columns + 1), tile.subarray(k * TILE_ROWS), start, end, columns, stride);
      }
      for (let row = start; row < end; row++) {
        const at = row - start;
        const weight = rowWeights ? rowWeights[row]! : 1;
        let highest = tile[at]!;
        for (let k = 1; k < classes; k++) {
          const margin = tile[k * TILE_ROWS + at]!;
          highest = Math.max(highest, margin);
        }
        let own = 0;
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          const margin = tile[k * TILE_ROWS + at]! - highest;
          own = truth[row] === k ? margin : own;
          const power = exp(margin);
          tile[k * TILE_ROWS + at] = power;
          sum += power;
        }
        for (let k = 0; k < classes; k++) {
          const probability = tile[k * TILE_ROWS + at]! / sum;
          tile[k * TILE_ROWS + at] = weight * (probability - (truth[row] === k ? 1 : 0));
        }
        losses[at] = weight * (log(sum) - own);
      }
      loss += laneSum(start, end, (row) => losses[row - start]!);
      for (let k = 0; k < classes; k++) {
        addGradient(matrix, tile, k * TILE_ROWS, sums, k * (columns + 1), start, end, columns, stride);
      }
    }
    return loss;
  },
  inputs: (size, random, flavour) => {
    const classCount = 2 + random.integer(3);
    const { scalars, buffers } = matrixInputs(size, random, flavour, classCount);
    const classes = Float64Array.from({ length: size }, () => random.integer(classCount));
    return { scalars: { ...scalars, classCount }, buffers: { ...buffers, target: classes } };
  },
  work: (s) => ({
    elements: s.rowCount! * s.columnCount! * s.classCount!,
    flops: s.rowCount! * s.classCount! * (4 * s.columnCount! + 40),
  }),
});

const GRAM_LANES = 8;

export const gram_f64 = defineKernel({
  name: 'gram_f64',
  family: 'gradient-descent',
  summary: 'xᵀ·W·x, symmetric; eight lanes within tiles of 256 rows, which is what a register of every width divides.',
  arguments: [
    x,
    weights,
    {
      name: 'gram',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.columnCount! * s.columnCount!,
      meaning: 'columnCount × columnCount',
    },
    { name: 'weighted', role: 'scratch', dtype: 'f64', length: () => 256, meaning: 'a tile of one column, weighted' },
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, rowWeights, gram, tile, rows, columns, stride) => {
    gram.fill(0);
    const lanes = new Float64Array(GRAM_LANES);
    for (let start = 0; start < rows; start += TILE_ROWS) {
      const end = Math.min(rows, start + TILE_ROWS);
      for (let i = 0; i < columns; i++) {
        for (let row = start; row < end; row++) {
          tile[row - start] = rowWeights ? rowWeights[row]! * matrix[i * stride + row]! : matrix[i * stride + row]!;
        }
        for (let j = 0; j <= i; j++) {
          lanes.fill(0);
          for (let row = start; row < end; row++) {
            lanes[(row - start) % GRAM_LANES]! += tile[row - start]! * matrix[j * stride + row]!;
          }
          for (let width = GRAM_LANES / 2; width >= 1; width /= 2) {
            for (let lane = 0; lane < width; lane++) lanes[lane]! += lanes[lane + width]!;
          }
          gram[i * columns + j]! += lanes[0]!;
        }
      }
    }
    for (let i = 0; i < columns; i++) for (let j = 0; j < i; j++) gram[j * columns + i] = gram[i * columns + j]!;
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    return { scalars, buffers: { x: buffers.x, weights: buffers.weights } };
  },
  work: (s) => ({
    elements: s.rowCount! * s.columnCount!,
    flops: s.rowCount! * s.columnCount! * (s.columnCount! + 1),
  }),
});
