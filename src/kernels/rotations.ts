import { defineKernel } from './contract.js';
import { realValues } from './gradient-descent.js';
import { laneSum } from './sums.js';

/** Plane rotations, which eigenvalues and singular values are made of. */

/** (x, y) ← (c·x − s·y, s·x + c·y), element by element. */
function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    x[i] = cosine * a - sine * b;
    y[i] = sine * a + cosine * b;
  }
}

export const rotate_rows_f64 = defineKernel({
  name: 'rotate_rows_f64',
  family: 'linear-algebra',
  summary:
    'Rotations of neighbouring rows, one after the other: rotation k of rows first + k·step and the one behind it.',
  arguments: [
    {
      name: 'matrix',
      role: 'inout',
      dtype: 'f64',
      length: (s) => (s.rows! === 0 || s.columns! === 0 ? 0 : (s.rows! - 1) * s.stride! + s.columns!),
      meaning: 'rows × columns, row-major',
    },
    {
      name: 'rotations',
      role: 'in',
      dtype: 'f64',
      length: (s) => 2 * s.count!,
      meaning: 'cosine and sine of each: (x, y) becomes (c·x − s·y, s·x + c·y)',
    },
    { name: 'rows', dtype: 'i32', meaning: 'rows of the matrix' },
    { name: 'columns', dtype: 'i32', meaning: 'columns that are rotated' },
    { name: 'stride', dtype: 'i32', meaning: 'elements between rows' },
    { name: 'first', dtype: 'i32', meaning: 'upper row of the first rotation' },
    { name: 'step', dtype: 'i32', meaning: '1 or −1: from one rotation to the next' },
    { name: 'count', dtype: 'i32', meaning: 'rotations' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, rotations, _rows, columns, stride, first, step, count) => {
    for (let k = 0; k < count; k++) {
      const at = (first + k * step) * stride;
      const [x, y] = [matrix.subarray(at, at + columns), matrix.subarray(at + stride, at + stride + columns)];
      rotate(x, y, rotations[2 * k]!, rotations[2 * k + 1]!);
    }
  },
  inputs: (size, random, flavour) => {
    const rows = 2 + random.integer(9);
    const count = random.integer(rows);
    const step = random.integer(2) === 0 ? 1 : -1;
    const scalars = {
      rows,
      columns: size,
      stride: size + random.integer(3),
      first: step > 0 ? random.integer(rows - count) : rows - 2 - random.integer(rows - count),
      step,
      count,
    };
    const length = size === 0 ? 0 : (rows - 1) * scalars.stride + size;
    const angles = realValues(2 * count, random, 'plain');
    return { scalars, buffers: { matrix: realValues(length, random, flavour), rotations: angles } };
  },
  work: (s) => ({ elements: s.columns! * s.count!, flops: 6 * s.columns! * s.count! }),
});

export const jacobi_rows_f64 = defineKernel({
  name: 'jacobi_rows_f64',
  family: 'linear-algebra',
  summary:
    'One-sided Jacobi: rotates rows p of a range with all rows behind them until they are orthogonal. Returns how many.',
  source: 'Hestenes, "Inversion of matrices by biorthogonalization and related results", 1958',
  arguments: [
    {
      name: 'a',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.count! * s.length!,
      meaning: 'rows that are made orthogonal',
    },
    { name: 'v', role: 'inout', dtype: 'f64', length: (s) => s.count! * s.count!, meaning: 'rows that turn along' },
    { name: 'tolerance', dtype: 'f64', meaning: 'rows count as orthogonal up to this cosine' },
    { name: 'count', dtype: 'i32', meaning: 'rows of both' },
    { name: 'length', dtype: 'i32', meaning: 'elements a row of a' },
    { name: 'from', dtype: 'i32', meaning: 'first row p' },
    { name: 'to', dtype: 'i32', meaning: 'behind the last row p' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (a, v, tolerance, count, length, from, to) => {
    let rotated = 0;
    for (let p = from; p < to; p++) {
      const x = a.subarray(p * length, (p + 1) * length);
      for (let q = p + 1; q < count; q++) {
        const y = a.subarray(q * length, (q + 1) * length);
        const product = laneSum(0, length, (i) => x[i]! * y[i]!);
        const [xx, yy] = [laneSum(0, length, (i) => x[i]! * x[i]!), laneSum(0, length, (i) => y[i]! * y[i]!)];
        if (!(Math.abs(product) > tolerance * Math.sqrt(xx) * Math.sqrt(yy))) continue;
        const zeta = (yy - xx) / (2 * product);
        const root = Math.sqrt(1 + zeta * zeta);
        const tangent = zeta < 0 ? -1 / (root - zeta) : 1 / (root + zeta);
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        const sine = tangent * cosine;
        rotate(x, y, cosine, sine);
        rotate(v.subarray(p * count, (p + 1) * count), v.subarray(q * count, (q + 1) * count), cosine, sine);
        rotated++;
      }
    }
    return rotated;
  },
  inputs: (size, random, flavour) => {
    const count = size >= 8192 ? 32 : random.integer(7);
    const from = random.integer(count + 1);
    const length = size >= 8192 ? 64 : size;
    const scalars = { tolerance: 1e-15, count, length, from: size >= 8192 ? 0 : from, to: count };
    const values = realValues(count * length, random, flavour === 'special' ? 'plain' : flavour);
    return { scalars, buffers: { a: values, v: realValues(count * count, random, 'plain') } };
  },
  work: (s) => ({
    elements: (s.count! * (s.count! - 1) * s.length!) / 2,
    flops: s.count! * (s.count! - 1) * (6 * s.length! + 3 * s.count!),
  }),
});
