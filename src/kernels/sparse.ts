import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';

/**
 * Sparse matrices by compressed rows (CSR): the entries of row i are offsets[i] … offsets[i + 1] − 1, each a column's index
 * and a value. Numerical policy: f64; a row's terms are added in the order of its entries, so that nothing depends on how
 * rows are shared out. A product with the transpose is a product with the transposed matrix, whose rows are the columns.
 */

const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const entryCount = { name: 'entryCount', dtype: 'i32', meaning: 'entries of the whole matrix' } as const;

export const sparse_multiply_f64 = defineKernel({
  name: 'sparse_multiply_f64',
  family: 'gradient-descent',
  summary: 'Rows of a sparse matrix times a dense matrix.',
  arguments: [
    { name: 'offsets', role: 'in', dtype: 'i32', length: (s) => s.rowCount! + 1, meaning: 'first entry of each row' },
    { name: 'indices', role: 'in', dtype: 'i32', length: (s) => s.entryCount!, meaning: 'column of each entry' },
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.entryCount!, meaning: 'value of each entry' },
    {
      name: 'dense',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.columnCount! * s.outputCount!,
      meaning: 'row-major: outputCount numbers a column of the sparse matrix',
    },
    {
      name: 'out',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.outputCount!,
      meaning: 'row-major products',
    },
    rowCount,
    entryCount,
    { name: 'columnCount', dtype: 'i32', meaning: 'columns of the sparse matrix' },
    { name: 'outputCount', dtype: 'i32', meaning: 'columns of the dense matrix, ≥ 1' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (offsets, indices, values, dense, out, rowCount, _entryCount, _columnCount, outputCount) => {
    for (let row = 0; row < rowCount; row++) {
      for (let k = 0; k < outputCount; k++) {
        let sum = 0;
        for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
          sum = values[e]! * dense[indices[e]! * outputCount + k]! + sum;
        }
        out[row * outputCount + k] = sum;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const outputCount = { plain: 1, ties: 2, special: 3, constant: 7, skewed: 1 }[flavour as string] ?? 4;
    const { scalars, buffers } = sparseCase(size, random, flavour);
    const dense = realValues(scalars.columnCount * outputCount, random, flavour);
    return { scalars: { ...scalars, outputCount }, buffers: { ...buffers, dense } };
  },
  work: (s) => ({
    elements: s.entryCount! * s.outputCount!,
    flops: 2 * s.entryCount! * s.outputCount!,
    bytes: 12 * s.entryCount! + 8 * s.rowCount! * s.outputCount!,
  }),
});

export const sparse_moments_f64 = defineKernel({
  name: 'sparse_moments_f64',
  family: 'gradient-descent',
  summary: 'The sum and the sum of squares of each row of a sparse matrix.',
  arguments: [
    { name: 'offsets', role: 'in', dtype: 'i32', length: (s) => s.rowCount! + 1, meaning: 'first entry of each row' },
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.entryCount!, meaning: 'value of each entry' },
    { name: 'sums', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'of values' },
    { name: 'squares', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'of squared values' },
    rowCount,
    entryCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (offsets, values, sums, squares, rowCount) => {
    for (let row = 0; row < rowCount; row++) {
      let [sum, square] = [0, 0];
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        sum = values[e]! + sum;
        square = values[e]! * values[e]! + square;
      }
      sums[row] = sum;
      squares[row] = square;
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = sparseCase(size, random, flavour);
    const { offsets, values } = buffers;
    return { scalars: { rowCount: scalars.rowCount, entryCount: scalars.entryCount }, buffers: { offsets, values } };
  },
  work: (s) => ({ elements: s.entryCount!, flops: 3 * s.entryCount!, bytes: 8 * s.entryCount! + 20 * s.rowCount! }),
});

/** Rows of 0 … 15 entries, some of many and some of none; the first entry of the first row need not be entry 0. */
function sparseCase(size: number, random: CaseRandom, flavour: Flavour) {
  const columnCount = flavour === 'one-bin' ? 1 : 300;
  const before = flavour === 'nulls' ? 3 : 0;
  const offsets = new Int32Array(size + 1).fill(before);
  for (let row = 0; row < size; row++) {
    const most = flavour === 'skewed' && row === 1 ? 290 : random.integer(4) === 0 ? 1 : 16;
    offsets[row + 1] = offsets[row]! + random.integer(Math.min(most, columnCount) + 1);
  }
  const entryCount = offsets[size]!;
  const indices = new Int32Array(entryCount);
  for (let row = 0; row < size; row++) {
    const count = offsets[row + 1]! - offsets[row]!;
    const first = random.integer(columnCount - count + 1);
    for (let e = 0; e < count; e++) indices[offsets[row]! + e] = first + e;
  }
  const values = realValues(entryCount, random, flavour);
  return { scalars: { rowCount: size, entryCount, columnCount }, buffers: { offsets, indices, values } };
}
