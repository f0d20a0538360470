import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { realValues } from './gradient-descent.js';
import { laneSum } from './sums.js';

/**
 * Coordinate descent on ½·|y − x·u|² + Σ l1·|u| + ½·Σ l2·u² (Friedman, Hastie and Tibshirani, "Regularization paths for
 * generalized linear models via coordinate descent", 2010): one coefficient at a time takes its best value, the others
 * held. Numerical policy: f64 throughout, no fused multiply-add, sums in 32 virtual lanes.
 */

const perColumn = (s: Scalars) => s.columnCount!;
const coefficients = {
  name: 'coefficients',
  role: 'inout',
  dtype: 'f64',
  length: perColumn,
  meaning: 'u, one a column',
} as const;
const l1 = {
  name: 'l1',
  role: 'in',
  dtype: 'f64',
  length: perColumn,
  meaning: 'penalty on |u|, one a column',
} as const;
const l2 = {
  name: 'l2',
  role: 'in',
  dtype: 'f64',
  length: perColumn,
  meaning: 'penalty on ½·u², one a column',
} as const;
const indices = {
  name: 'indices',
  role: 'in',
  dtype: 'i32',
  length: (s: Scalars) => s.indexCount!,
  meaning: 'the columns to be visited, in this order',
} as const;
const x = {
  name: 'x',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => (s.columnCount! === 0 ? 0 : (s.columnCount! - 1) * s.columnStride! + s.rowCount!),
  meaning: 'matrix, column-major',
} as const;
const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const columnCount = { name: 'columnCount', dtype: 'i32', meaning: 'columns' } as const;
const columnStride = { name: 'columnStride', dtype: 'i32', meaning: 'elements between columns of x' } as const;
const indexCount = { name: 'indexCount', dtype: 'i32', meaning: 'columns to be visited' } as const;
const positive = { name: 'positive', dtype: 'i32', meaning: '1: coefficients are held at 0 or above; else 0' } as const;

/** What is left of `value` when its size is lessened by `threshold`; 0 where nothing is, and for NaN. */
function softThreshold(value: number, threshold: number, onlyPositive: number): number {
  if (value > threshold) return value - threshold;
  return onlyPositive === 0 && value < -threshold ? value + threshold : 0;
}

function indicesOf(columns: number, random: CaseRandom): Int32Array {
  const count = columns === 0 ? 0 : random.integer(columns + 1);
  return Int32Array.from({ length: count }, () => random.integer(columns));
}

const absolute = (values: Float64Array) => values.map(Math.abs);

/** Columns of a matrix of `size` rows, their penalties, and some of their indices. */
function columnsOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  const columns = size >= 8192 ? 28 : random.integer(7);
  const shape = { rowCount: size, columnCount: columns, columnStride: size + random.integer(4) };
  const matrix = realValues(x.length(shape), random, flavour);
  const visited = indicesOf(columns, random);
  return { shape: { ...shape, indexCount: visited.length }, matrix, visited };
}

export const coordinate_residual_f64 = defineKernel({
  name: 'coordinate_residual_f64',
  family: 'gradient-descent',
  summary: 'One visit of each listed column; the residual y − x·u follows. Returns the largest squares·change².',
  source: 'Friedman, Hastie and Tibshirani, 2010: naive updates',
  arguments: [
    x,
    { name: 'residual', role: 'inout', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'y − x·u' },
    coefficients,
    l1,
    l2,
    { name: 'squares', role: 'in', dtype: 'f64', length: perColumn, meaning: 'x·x of each column; 0: never visited' },
    indices,
    rowCount,
    columnCount,
    columnStride,
    indexCount,
    positive,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, rest, u, thresholds, ridges, lengths, visited, rows, _columns, stride, count, onlyPositive) => {
    let largest = 0;
    for (let k = 0; k < count; k++) {
      const j = visited[k]!;
      const [old, length] = [u[j]!, lengths[j]!];
      if (length === 0) continue;
      const inner = laneSum(0, rows, (row) => matrix[j * stride + row]! * rest[row]!);
      const next = softThreshold(inner + length * old, thresholds[j]!, onlyPositive) / (length + ridges[j]!);
      if (next === old) continue;
      const change = old - next;
      for (let row = 0; row < rows; row++) rest[row] = change * matrix[j * stride + row]! + rest[row]!;
      u[j] = next;
      const moved = length * change * change;
      if (moved > largest) largest = moved;
    }
    return largest;
  },
  inputs: (size, random, flavour) => {
    const { shape, matrix, visited } = columnsOfCase(size, random, flavour);
    const columns = shape.columnCount;
    const squares = absolute(realValues(columns, random, 'plain')).map((value) =>
      random.integer(5) ? size * value : 0,
    );
    return {
      scalars: { ...shape, positive: random.integer(2) },
      buffers: {
        x: matrix,
        residual: realValues(size, random, flavour),
        coefficients: realValues(columns, random, flavour === 'special' ? 'plain' : flavour),
        l1: absolute(realValues(columns, random, 'plain')),
        l2: absolute(realValues(columns, random, 'plain')),
        squares,
        indices: visited,
      },
    };
  },
  work: (s) => ({ elements: s.rowCount! * s.indexCount!, flops: 4 * s.rowCount! * s.indexCount! }),
});

export const coordinate_correlations_f64 = defineKernel({
  name: 'coordinate_correlations_f64',
  family: 'gradient-descent',
  summary: 'correlations[j] = x[j]·residual of the listed columns; the others stay.',
  arguments: [
    x,
    { name: 'residual', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'a column' },
    { name: 'correlations', role: 'inout', dtype: 'f64', length: perColumn, meaning: 'inner products' },
    indices,
    rowCount,
    columnCount,
    columnStride,
    indexCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, rest, products, visited, rows, _columns, stride, count) => {
    for (let k = 0; k < count; k++) {
      const j = visited[k]!;
      products[j] = laneSum(0, rows, (row) => matrix[j * stride + row]! * rest[row]!);
    }
  },
  inputs: (size, random, flavour) => {
    const { shape, matrix, visited } = columnsOfCase(size, random, flavour);
    return {
      scalars: shape,
      buffers: {
        x: matrix,
        residual: realValues(size, random, flavour),
        correlations: realValues(shape.columnCount, random, 'plain'),
        indices: visited,
      },
    };
  },
  work: (s) => ({ elements: s.rowCount! * s.indexCount!, flops: 2 * s.rowCount! * s.indexCount! }),
});

export const coordinate_gram_f64 = defineKernel({
  name: 'coordinate_gram_f64',
  family: 'gradient-descent',
  summary: 'Passes over the listed columns on xᵀ·x, until no gram·change² exceeds the limit. Returns the passes made.',
  source: 'Friedman, Hastie and Tibshirani, 2010: covariance updates',
  arguments: [
    {
      name: 'gram',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.columnCount! * s.columnCount!,
      meaning: 'xᵀ·x, symmetric; a column whose diagonal is 0 is never visited',
    },
    { name: 'correlations', role: 'inout', dtype: 'f64', length: perColumn, meaning: 'xᵀ·(y − x·u) of every column' },
    coefficients,
    l1,
    l2,
    indices,
    columnCount,
    indexCount,
    positive,
    { name: 'limit', dtype: 'f64', meaning: 'passes end when no diagonal·change² is larger' },
    { name: 'passCount', dtype: 'i32', meaning: 'the most passes' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (gram, products, u, thresholds, ridges, visited, columns, count, onlyPositive, limit, passes) => {
    let done = 0;
    while (done < passes) {
      done++;
      let largest = 0;
      for (let k = 0; k < count; k++) {
        const j = visited[k]!;
        const [old, length] = [u[j]!, gram[j * columns + j]!];
        if (length === 0) continue;
        const next = softThreshold(products[j]! + length * old, thresholds[j]!, onlyPositive) / (length + ridges[j]!);
        if (next === old) continue;
        const change = old - next;
        for (let i = 0; i < columns; i++) products[i] = change * gram[j * columns + i]! + products[i]!;
        u[j] = next;
        const moved = length * change * change;
        if (moved > largest) largest = moved;
      }
      if (!(largest > limit)) break;
    }
    return done;
  },
  inputs: (size, random, flavour) => {
    const columns = size >= 8192 ? 128 : Math.min(size, 40);
    const factors = realValues(columns * columns, random, flavour);
    // A matrix times its transpose, so that passes come to rest; a few columns are empty.
    const gram = new Float64Array(columns * columns);
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j <= i; j++) {
        const sum = laneSum(0, columns, (k) => factors[i * columns + k]! * factors[j * columns + k]!);
        gram[i * columns + j] = gram[j * columns + i] = i % 9 === 8 || j % 9 === 8 ? 0 : sum;
      }
    }
    const visited = indicesOf(columns, random);
    return {
      scalars: {
        columnCount: columns,
        indexCount: visited.length,
        positive: random.integer(2),
        limit: 1e-3,
        passCount: random.integer(6),
      },
      buffers: {
        gram,
        correlations: realValues(columns, random, flavour),
        coefficients: realValues(columns, random, flavour === 'special' ? 'plain' : flavour),
        l1: absolute(realValues(columns, random, 'plain')),
        l2: absolute(realValues(columns, random, 'plain')),
        indices: visited,
      },
    };
  },
  work: (s) => ({
    elements: s.passCount! * s.indexCount! * s.columnCount!,
    flops: 2 * s.passCount! * s.indexCount! * s.columnCount!,
  }),
});
