import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';

/**
 * Numerical policy: sizes of gradients are f64 products rounded to f32 and compared by their bits, so that every backend
 * draws the same rows. What is drawn is a function of a row's own random word.
 */

const bits = new Uint32Array(1);
const single = new Float32Array(bits.buffer);

/** The bucket of |gradient| · hessian: the upper bits of its f32, exponent first. */
function sizeBucket(gradient: number, hessian: number, shift: number): number {
  single[0] = Math.abs(gradient * hessian);
  return bits[0]! >>> shift;
}

const shift = {
  name: 'shift',
  dtype: 'i32',
  meaning: 'bits of the f32 that do not matter to its bucket, at most 24',
} as const;

export const gradient_sizes_count_f32 = defineKernel({
  name: 'gradient_sizes_count_f32',
  family: 'tree-building',
  summary: 'Counts rows by the size of gradient times hessian, in buckets of equal ratio.',
  source: 'Gradient-based one-side sampling: Ke et al., LightGBM, NeurIPS 2017',
  arguments: [
    { name: 'gradients', role: 'in', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'finite' },
    { name: 'hessians', role: 'in', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'finite, ≥ 0' },
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'rows to count' },
    {
      name: 'counts',
      role: 'inout',
      dtype: 'i32',
      length: (s) => 2 ** (31 - s.shift!),
      meaning: 'added to, by bucket',
    },
    shift,
    { name: 'firstRow', dtype: 'i32', meaning: 'row of the first gradient' },
    { name: 'dataRows', dtype: 'i32', meaning: 'gradients' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows to count' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (gradients, hessians, rows, counts, shift, firstRow, _dataRows, rowCount) => {
    for (let i = 0; i < rowCount; i++) {
      const row = rows[i]! - firstRow;
      counts[sizeBucket(gradients[row]!, hessians[row]!, shift)]!++;
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = sampleCase(size, random, flavour === 'plain' ? 'ties' : flavour);
    const counts = new Int32Array(2 ** (31 - scalars.shift)).map(() => random.integer(3));
    return { scalars, buffers: { ...buffers, counts } };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 12 * s.rowCount! }),
});

export const rows_sample_u32 = defineKernel({
  name: 'rows_sample_u32',
  family: 'tree-building',
  summary:
    'Puts the rows that are drawn before those that are not, each side in its old order, and returns how many are drawn.',
  source: 'Stochastic gradient boosting: Friedman 2002; gradient-based one-side sampling: Ke et al. 2017',
  arguments: [
    { name: 'words', role: 'in', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'a random word a row' },
    {
      name: 'gradients',
      role: 'inout',
      dtype: 'f32',
      length: (s) => s.dataRows!,
      meaning: 'finite; absent: rows are drawn without regard to them',
      optional: true,
    },
    {
      name: 'hessians',
      role: 'inout',
      dtype: 'f32',
      length: (s) => s.dataRows!,
      meaning: 'finite, ≥ 0; absent with the gradients',
      optional: true,
    },
    { name: 'rows', role: 'inout', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'ascending' },
    { name: 'scratch', role: 'scratch', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'rows not drawn' },
    { name: 'limit', dtype: 'f64', meaning: 'rows whose word is below it are drawn, 0 … 2^32' },
    shift,
    { name: 'bucket', dtype: 'i32', meaning: 'rows of a larger size are drawn in any case, as they are' },
    { name: 'factor', dtype: 'f64', meaning: 'gradient and hessian of the others drawn are multiplied by it' },
    { name: 'firstRow', dtype: 'i32', meaning: 'row of the first word and gradient' },
    { name: 'dataRows', dtype: 'i32', meaning: 'words and gradients' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows to draw from' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (
    words,
    gradients,
    hessians,
    rows,
    scratch,
    limit,
    shift,
    bucket,
    factor,
    firstRow,
    _dataRows,
    rowCount,
  ) => {
    let [drawn, rest] = [0, 0];
    for (let i = 0; i < rowCount; i++) {
      const row = rows[i]!;
      const at = row - firstRow;
      const large = gradients !== null && sizeBucket(gradients[at]!, hessians![at]!, shift) > bucket;
      if (!large && words[at]! >= limit) {
        scratch[rest++] = row;
        continue;
      }
      rows[drawn++] = row;
      if (gradients === null || large) continue;
      gradients[at] = gradients[at]! * factor;
      hessians![at] = hessians![at]! * factor;
    }
    rows.set(scratch.subarray(0, rest), drawn);
    return drawn;
  },
  inputs: (size, random, flavour) => sampleCase(size, random, flavour),
  work: (s) => ({ elements: s.rowCount!, bytes: 16 * s.rowCount! }),
});

/** In the cases there are 128 buckets. */
const SHIFT = 24;

function sampleCase(size: number, random: CaseRandom, flavour: Flavour) {
  const firstRow = 64 * random.integer(100);
  const rows = Uint32Array.from({ length: size }, (_, row) => row + firstRow).filter(() => random.integer(3) > 0);
  const plain = flavour === 'plain';
  const small = (values: Float64Array) => Float32Array.from(values, (value) => (Number.isFinite(value) ? value : 0));
  return {
    scalars: {
      limit: flavour === 'constant' ? 2 ** 32 : flavour === 'one-bin' ? 0 : random.integer(2 ** 32),
      shift: SHIFT,
      bucket: sizeBucket(0.2, 0.5 + random.uniform(), SHIFT),
      factor: 1 + 7 * random.uniform(),
      firstRow,
      dataRows: size,
      rowCount: rows.length,
    },
    buffers: {
      words: Uint32Array.from({ length: size }, () => random.integer(2 ** 32)),
      gradients: plain ? null : small(realValues(size, random, flavour)),
      hessians: plain ? null : small(realValues(size, random, 'plain')).map(Math.abs),
      rows,
    },
  };
}
