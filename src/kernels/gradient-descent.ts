import { type BufferArgument, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
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

/** Rows a tile: its margins and the columns' pieces stay in the first-level cache. */
export const TILE_ROWS = 256;

export const x: BufferArgument & { dtype: 'f64'; role: 'in' } = {
  name: 'x',
  role: 'in',
  dtype: 'f64',
  length: (s) => (s.columnCount! === 0 ? 0 : (s.columnCount! - 1) * s.columnStride! + s.rowCount!),
  meaning: 'matrix, column-major',
};
export const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
export const columnCount = { name: 'columnCount', dtype: 'i32', meaning: 'columns of x' } as const;
export const columnStride = { name: 'columnStride', dtype: 'i32', meaning: 'elements between columns of x' } as const;
export const weights = {
  name: 'weights',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'row weights; absent: 1',
  optional: true,
} as const;
export const coefficients = {
  name: 'coefficients',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.columnCount! + 1,
  meaning: 'one a column, then the intercept',
} as const;
/** A matrix of `size` rows and a few columns, with gaps between its columns. */
export function matrixInputs(size: number, random: CaseRandom, flavour: Flavour, classCount = 1) {
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

/** out[row] = intercept, + factors[j]·x[j][row] for each column in order. */
export function scoreRows(
  matrix: Float64Array,
  factors: Float64Array,
  out: Float64Array,
  rows: number,
  columns: number,
  stride: number,
): void {
  for (let row = 0; row < rows; row++) {
    let sum = factors[columns]!;
    for (let j = 0; j < columns; j++) sum = factors[j]! * matrix[j * stride + row]! + sum;
    out[row] = sum;
  }
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
  reference: (matrix, factors, out, rows, columns, stride) => scoreRows(matrix, factors, out, rows, columns, stride),
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    return { scalars, buffers: { x: buffers.x, coefficients: buffers.coefficients } };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: 2 * s.rowCount! * s.columnCount! }),
});
