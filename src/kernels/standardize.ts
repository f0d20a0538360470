import { defineKernel } from './contract.js';
import { realValues, TILE_ROWS } from './gradient-descent.js';
import { laneSum } from './sums.js';

/** Sums of 32 virtual lanes that restart at every tile of 256 rows. */
function tileSum(rowCount: number, term: (row: number) => number): number {
  let sum = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    sum += laneSum(start, Math.min(rowCount, start + TILE_ROWS), term);
  }
  return sum;
}

export const column_moments_f64 = defineKernel({
  name: 'column_moments_f64',
  family: 'linear-algebra',
  summary:
    'Total weight, weighted mean, and weighted sum of squared deviations from that mean, of a block of a column.',
  source: 'Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983 (two passes; blocks merge)',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column' },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'row weights; absent: 1',
      optional: true,
    },
    { name: 'moments', role: 'out', dtype: 'f64', length: () => 3, meaning: 'total weight, mean, squared deviations' },
    { name: 'terms', role: 'scratch', dtype: 'f64', length: () => 256, meaning: 'a tile of terms' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (x, weights, moments, _terms, rowCount) => {
    const weight = (row: number) => (weights ? weights[row]! : 1);
    const total = weights ? tileSum(rowCount, weight) : rowCount;
    // Rows of no weight have no mean; what they would add is nothing.
    const mean = total === 0 ? 0 : tileSum(rowCount, (row) => weight(row) * x[row]!) / total;
    moments[0] = total;
    moments[1] = mean;
    moments[2] = tileSum(rowCount, (row) => weight(row) * ((x[row]! - mean) * (x[row]! - mean)));
  },
  inputs: (size, random, flavour) => ({
    scalars: { rowCount: size },
    buffers: {
      x: realValues(size, random, flavour),
      weights: random.integer(2) === 0 ? null : realValues(size, random, 'plain').map(Math.abs),
    },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 4 * s.rowCount!, bytes: 8 * s.rowCount! }),
});

export const column_standardize_f64 = defineKernel({
  name: 'column_standardize_f64',
  family: 'linear-algebra',
  summary: 'x ← (x − shift)/scale.',
  arguments: [
    { name: 'x', role: 'inout', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column' },
    { name: 'shift', dtype: 'f64', meaning: 'taken from each' },
    { name: 'scale', dtype: 'f64', meaning: 'what each is divided by' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (x, shift, scale, rowCount) => {
    for (let row = 0; row < rowCount; row++) x[row] = (x[row]! - shift) / scale;
  },
  inputs: (size, random, flavour) => ({
    scalars: { shift: random.normal(), scale: 0.7 + random.uniform(), rowCount: size },
    buffers: { x: realValues(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 2 * s.rowCount!, bytes: 16 * s.rowCount! }),
});
