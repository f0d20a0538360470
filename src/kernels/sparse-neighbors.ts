import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { isSeen, offerScore } from './factorization.js';
import { realValues } from './gradient-descent.js';

/**
 * Products of sparse matrices of which only the largest numbers of each row are kept: which items are alike, and which
 * ones follow from what somebody has. f64; the terms of a number are added in the order of the entries of the left row.
 */

const rows = [
  {
    name: 'offsets',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.rowCount! + 1,
    meaning: 'first entry of each row of the left matrix',
  },
  {
    name: 'indices',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.entryCount!,
    meaning: 'row of the right matrix',
  },
  { name: 'values', role: 'in', dtype: 'f64', length: (s: Scalars) => s.entryCount!, meaning: 'value of each entry' },
  {
    name: 'otherOffsets',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.innerCount! + 1,
    meaning: 'first entry of each row of the right matrix',
  },
  {
    name: 'otherIndices',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.otherEntryCount!,
    meaning: 'column of each entry',
  },
  {
    name: 'otherValues',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.otherEntryCount!,
    meaning: 'value of each entry',
  },
] as const;

const scratch = [
  { name: 'sums', role: 'scratch', dtype: 'f64', length: (s: Scalars) => s.columnCount!, meaning: 'of one row' },
  { name: 'counts', role: 'scratch', dtype: 'i32', length: (s: Scalars) => s.columnCount!, meaning: 'terms of each' },
  {
    name: 'touched',
    role: 'scratch',
    dtype: 'i32',
    length: (s: Scalars) => s.columnCount!,
    meaning: 'columns with any',
  },
] as const;

const shape = [
  { name: 'rowCount', dtype: 'i32', meaning: 'rows of the left matrix' },
  { name: 'entryCount', dtype: 'i32', meaning: 'entries of the whole left matrix' },
  { name: 'innerCount', dtype: 'i32', meaning: 'rows of the right matrix' },
  { name: 'otherEntryCount', dtype: 'i32', meaning: 'entries of the right matrix' },
  { name: 'columnCount', dtype: 'i32', meaning: 'columns of the right matrix' },
] as const;

export const sparse_similar_rows_f64 = defineKernel({
  name: 'sparse_similar_rows_f64',
  family: 'distance',
  summary:
    'The k most alike rows of each row of a sparse matrix, by cosine times c / (c + shrinkage), c being the columns that both have; only those above 0, the most alike first, the lower row first among equals, −1 with 0 where there are fewer.',
  source:
    'Bell, Koren: Scalable collaborative filtering with jointly derived neighborhood interpolation weights, ICDM 2007',
  arguments: [
    ...rows,
    { name: 'norms', role: 'in', dtype: 'f64', length: (s) => s.columnCount!, meaning: 'length of every row' },
    { name: 'scores', role: 'out', dtype: 'f64', length: (s) => s.rowCount! * s.k!, meaning: 'likenesses' },
    { name: 'neighbors', role: 'out', dtype: 'i32', length: (s) => s.rowCount! * s.k!, meaning: 'the rows alike' },
    ...scratch,
    ...shape,
    { name: 'firstRow', dtype: 'i32', meaning: 'number of the first row among all: a row is not like itself' },
    { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, ≥ 1' },
    { name: 'shrinkage', dtype: 'f64', meaning: '≥ 0' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    values,
    otherOffsets,
    otherIndices,
    otherValues,
    norms,
    scores,
    neighbors,
    sums,
    counts,
    touched,
    rowCount,
    _entryCount,
    _innerCount,
    _otherEntryCount,
    _columnCount,
    firstRow,
    k,
    shrinkage,
  ) => {
    counts.fill(0);
    scores.fill(0);
    neighbors.fill(-1);
    for (let row = 0; row < rowCount; row++) {
      let found = 0;
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        for (let o = otherOffsets[indices[e]!]!; o < otherOffsets[indices[e]! + 1]!; o++) {
          const column = otherIndices[o]!;
          if (counts[column] === 0) {
            touched[found++] = column;
            sums[column] = 0;
          }
          sums[column] = values[e]! * otherValues[o]! + sums[column]!;
          counts[column]!++;
        }
      }
      for (let t = 0; t < found; t++) {
        const column = touched[t]!;
        const count = counts[column]!;
        counts[column] = 0;
        const lengths = norms[firstRow + row]! * norms[column]!;
        if (column === firstRow + row || !(lengths > 0)) continue;
        const score = (sums[column]! / lengths) * (count / (count + shrinkage));
        if (score > 0) offerScore(scores, neighbors, row * k, k, score, column);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = productCase(size, random, flavour);
    const norms = Float64Array.from(realValues(scalars.columnCount, random, flavour), Math.abs);
    const firstRow = scalars.columnCount > size ? random.integer(scalars.columnCount - size + 1) : 0;
    const own = { firstRow, k: 1 + (size % 12), shrinkage: flavour === 'ties' ? 0 : 10 };
    return { scalars: { ...scalars, ...own }, buffers: { ...buffers, norms } };
  },
  work: (s) => ({
    elements: s.entryCount!,
    flops: 2 * s.entryCount! * (s.otherEntryCount! / Math.max(1, s.innerCount!)),
  }),
});

export const sparse_top_f64 = defineKernel({
  name: 'sparse_top_f64',
  family: 'distance',
  summary:
    'The n largest numbers above 0 of each row of the product of two sparse matrices, and their columns: the largest first, the lower column first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity.',
  arguments: [
    ...rows,
    {
      name: 'seenOffsets',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.rowCount! + 1,
      meaning: 'first seen column of each row',
    },
    {
      name: 'seenItems',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.seenCount!,
      meaning: 'columns, ascending for each row',
    },
    {
      name: 'allowed',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.columnCount!,
      meaning: '0: never offered; absent: all are',
      optional: true,
    },
    { name: 'scores', role: 'out', dtype: 'f64', length: (s) => s.rowCount! * s.n!, meaning: 'the largest numbers' },
    { name: 'items', role: 'out', dtype: 'i32', length: (s) => s.rowCount! * s.n!, meaning: 'their columns' },
    ...scratch,
    ...shape,
    { name: 'seenCount', dtype: 'i32', meaning: 'seen columns in all' },
    { name: 'n', dtype: 'i32', meaning: 'columns wanted, ≥ 1' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    values,
    otherOffsets,
    otherIndices,
    otherValues,
    seenOffsets,
    seenItems,
    allowed,
    scores,
    items,
    sums,
    counts,
    touched,
    rowCount,
    _entryCount,
    _innerCount,
    _otherEntryCount,
    _columnCount,
    _seenCount,
    n,
  ) => {
    counts.fill(0);
    scores.fill(Number.NEGATIVE_INFINITY);
    items.fill(-1);
    for (let row = 0; row < rowCount; row++) {
      let found = 0;
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        for (let o = otherOffsets[indices[e]!]!; o < otherOffsets[indices[e]! + 1]!; o++) {
          const column = otherIndices[o]!;
          if (counts[column] === 0) {
            touched[found++] = column;
            sums[column] = 0;
          }
          sums[column] = values[e]! * otherValues[o]! + sums[column]!;
          counts[column] = 1;
        }
      }
      for (let t = 0; t < found; t++) {
        const column = touched[t]!;
        counts[column] = 0;
        if (!(sums[column]! > 0) || (allowed && allowed[column] === 0)) continue;
        if (isSeen(seenItems, seenOffsets[row]!, seenOffsets[row + 1]!, column)) continue;
        offerScore(scores, items, row * n, n, sums[column]!, column);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = productCase(size, random, flavour);
    const { columnCount } = scalars;
    const seenOffsets = new Int32Array(size + 1);
    const seen: number[] = [];
    for (let row = 0; row < size; row++) {
      const step = 1 + random.integer(9);
      for (let column = random.integer(9); column < columnCount; column += step) seen.push(column);
      seenOffsets[row + 1] = seen.length;
    }
    const allowed = flavour === 'plain' ? null : Uint8Array.from({ length: columnCount }, () => random.integer(4) && 1);
    return {
      scalars: { ...scalars, seenCount: seen.length, n: 1 + (size % 12) },
      buffers: { ...buffers, seenOffsets, seenItems: Int32Array.from(seen), allowed },
    };
  },
  work: (s) => ({
    elements: s.entryCount!,
    flops: 2 * s.entryCount! * (s.otherEntryCount! / Math.max(1, s.innerCount!)),
  }),
});

/** `size` rows by 25, times 25 rows by as many columns as there are rows (40 at least); rows of any length, some of none. */
function productCase(size: number, random: CaseRandom, flavour: Flavour) {
  const [innerCount, columnCount] = [25, Math.max(40, size)];
  const left = sparseRows(size, innerCount, 8, random);
  const right = sparseRows(innerCount, columnCount, Math.min(columnCount, 60), random);
  return {
    scalars: {
      rowCount: size,
      entryCount: left.indices.length,
      innerCount,
      otherEntryCount: right.indices.length,
      columnCount,
    },
    buffers: {
      offsets: left.offsets,
      indices: left.indices,
      values: realValues(left.indices.length, random, flavour),
      otherOffsets: right.offsets,
      otherIndices: right.indices,
      otherValues: realValues(right.indices.length, random, flavour),
    },
  };
}

function sparseRows(rowCount: number, columnCount: number, most: number, random: CaseRandom) {
  const offsets = new Int32Array(rowCount + 1);
  const all: number[] = [];
  for (let row = 0; row < rowCount; row++) {
    const own = new Set(Array.from({ length: random.integer(most) }, () => random.integer(columnCount)));
    all.push(...[...own].sort((a, b) => a - b));
    offsets[row + 1] = all.length;
  }
  return { offsets, indices: Int32Array.from(all) };
}
