import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { realValues } from './gradient-descent.js';
import { philoxBlock } from './random.js';

/**
 * Numerical policy of the family: what is summed over rows is whole numbers (quantised gradients and hessians, and
 * counts), held in f64 and below 2^53, so sums have no order and the best split does not depend on threads, blocks or
 * backends. Gradients and hessians are f32, which is more than they are quantised to; leaf sums of them are f64, in fixed
 * blocks of the global row index. Thresholds are compared in f64.
 *
 * Layout. Binned features lie row-major in groups of at most 14 (the histograms of 14 features stay in a 48 KB
 * first-level cache): a group is one row of `rowBytes` a sample, 16 where memory allows it, and `groupBytes` behind it is
 * the next one. Bin 255 is "missing". A histogram has three planes of 256 numbers a feature: gradients, hessians, counts.
 * It is built one block of rows after the other, each group by group, so that what is read of the rows beside their bins
 * comes from memory once.
 *
 * The rows of a node are some ranges of a permutation of the row indices, one for each segment of rows, ascending within
 * each: pairs of start and end.
 */
export const GROUP_FEATURES = 14;
export const ROW_BYTES = 16;
export const BINS = 256;
export const MISSING_BIN = 255;
const PLANES = 3;
export const HISTOGRAM_STRIDE = BINS * PLANES;

/**
 * A quantised row is one 64-bit number, so that one addition adds all three: gradient (signed, 16 bits) from bit 36,
 * hessian (12 bits) from bit 12, 1 (the count) from bit 0. No field overflows into the next within 4,095 rows; then the
 * sums are widened. Stored as two i32, the low word first.
 */
export const GRADIENT_LEVELS = 32_767;
export const HESSIAN_LEVELS = 4_095;
const PACKED_BLOCK_ROWS = 4_095;
/** Bytes between the packed histograms of two features: 2048 would map them onto the same cache sets. */
const PACKED_STRIDE = 2_112;
/** Scratch of histogram_build_u8: packed histograms of a group, then the copied rows and gradients of a block. */
export const HISTOGRAM_SCRATCH = GROUP_FEATURES * PACKED_STRIDE + (PACKED_BLOCK_ROWS + 1) * (ROW_BYTES + 8);

/** Rows whose float sums form one partial: blocks of the global row index. */
export const LEAF_BLOCK_ROWS = 16_384;
/** Lanes of such a partial: row i of a leaf's rows in the block goes to lane i mod 8; then they fold in halves. */
const LEAF_LANES = 8;

/** Bytes of random bins of a flavour, one group. */
function binsOfCase(rows: number, random: CaseRandom, flavour: Flavour, rowBytes: number): Uint8Array {
  // A Lehmer generator: the bins of a case are many, and Philox would take longer than the kernel.
  let state = random.integer(2 ** 31) | 1;
  const integer = (bound: number) => {
    state = Math.imul(state, 0x915f77f5);
    return Math.floor(((state >>> 8) * bound) / 2 ** 24);
  };
  return Uint8Array.from({ length: rows * rowBytes }, () => {
    if (flavour === 'one-bin' || flavour === 'constant') return 7;
    if (flavour === 'skewed') return integer(20) === 0 ? integer(BINS) : 3;
    if (flavour === 'ties') return integer(3);
    if (flavour === 'nulls' && integer(3) === 0) return MISSING_BIN;
    return integer(BINS);
  });
}

/** A permutation's ranges: some rows each, ascending within each, in segments of the rows; `longest` of them. */
function rangesOfCase(rows: number, random: CaseRandom, flavour: Flavour) {
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  const segments = flavour === 'constant' || rows < 8 ? 1 : 1 + random.integer(4);
  const ranges: number[] = [];
  let longest = 0;
  for (let segment = 0; segment < segments; segment++) {
    const [start, end] = [segment, segment + 1].map((s) => Math.floor((rows * s) / segments));
    // Rows of the node first, then the others of the segment.
    const members = [...order.subarray(start, end)];
    const inNode = members.filter(() => random.integer(3) > 0);
    const chosen = new Set(inNode);
    order.set([...inNode, ...members.filter((row) => !chosen.has(row))], start);
    ranges.push(start!, start! + inNode.length);
    longest = Math.max(longest, inNode.length);
  }
  return { rows: order, ranges: Int32Array.from(ranges), rangeCount: segments, longest };
}

/** The bytes of a row of a group, for cases. */
const someRowBytes = (featureCount: number, random: CaseRandom) =>
  random.integer(2) === 0 ? ROW_BYTES : featureCount + random.integer(ROW_BYTES - featureCount + 1);

function packedOfCase(rows: number, random: CaseRandom): Int32Array {
  const packed = new Int32Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    const gradient =
      random.integer(8) === 0 ? -GRADIENT_LEVELS : random.integer(2 * GRADIENT_LEVELS + 1) - GRADIENT_LEVELS;
    const hessian = random.integer(8) === 0 ? HESSIAN_LEVELS : random.integer(HESSIAN_LEVELS + 1);
    packed[2 * row] = (hessian << 12) | 1;
    packed[2 * row + 1] = gradient << 4;
  }
  return packed;
}

export const absolute_largest_f32 = defineKernel({
  name: 'absolute_largest_f32',
  family: 'tree-building',
  summary: 'The largest absolute value, which sets the scale of a quantisation; 0 where there is none.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f32', length: (s) => s.length!, meaning: 'no NaN' },
    { name: 'length', dtype: 'i32', meaning: 'values' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (values, length) => {
    let largest = 0;
    for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(values[i]!));
    return largest;
  },
  inputs: (size, random, flavour) => {
    const values = Float32Array.from(realValues(size, random, flavour), (value) => (Number.isNaN(value) ? 0 : value));
    return { scalars: { length: size }, buffers: { values } };
  },
  work: (s) => ({ elements: s.length!, bytes: 4 * s.length! }),
});

/** Fractions of a level that stochastic rounding tells apart: a random half-word. */
const FRACTIONS = 65_536;

export const gradients_quantise_f32 = defineKernel({
  name: 'gradients_quantise_f32',
  family: 'tree-building',
  summary: 'Rounds gradients and hessians stochastically to whole numbers, keyed by the row, and packs them.',
  source: 'Stochastic rounding of gradients: Shi et al., Quantized Training of Gradient Boosting Decision Trees, 2022',
  arguments: [
    { name: 'gradients', role: 'in', dtype: 'f32', length: (s) => s.rowCount!, meaning: 'finite' },
    { name: 'hessians', role: 'in', dtype: 'f32', length: (s) => s.rowCount!, meaning: 'finite, ≥ 0' },
    { name: 'packed', role: 'out', dtype: 'i32', length: (s) => 2 * s.rowCount!, meaning: 'low and high word a row' },
    { name: 'gradientScale', dtype: 'f64', meaning: 'levels · 65536 a unit: |gradient| · scale ≤ 32767 · 65536' },
    { name: 'hessianScale', dtype: 'f64', meaning: 'levels · 65536 a unit: hessian · scale ≤ 4095 · 65536' },
    { name: 'keyLow', dtype: 'i32', meaning: 'low word of the random key' },
    { name: 'keyHigh', dtype: 'i32', meaning: 'high word of the random key' },
    { name: 'firstRow', dtype: 'i32', meaning: 'global index of the first row, a multiple of 4' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (gradients, hessians, packed, gradientScale, hessianScale, keyLow, keyHigh, firstRow, rowCount) => {
    const words = new Uint32Array(4);
    /** In f32 to the fraction of a level, then in whole numbers. */
    const fractions = (value: number, scale: number, low: number, high: number) =>
      Math.trunc(held(Math.fround(value * Math.fround(scale)), low * FRACTIONS, high * FRACTIONS));
    for (let i = 0; i < rowCount; i++) {
      if (i % 4 === 0) philoxBlock(words, keyLow, keyHigh, (firstRow + i) / 4);
      const word = words[i % 4]!;
      const gradient = fractions(gradients[i]!, gradientScale, -GRADIENT_LEVELS, GRADIENT_LEVELS) + (word & 0xffff);
      const hessian = fractions(hessians[i]!, hessianScale, 0, HESSIAN_LEVELS) + (word >>> 16);
      packed[2 * i] = ((hessian >> 16) << 12) | 1;
      packed[2 * i + 1] = (gradient >> 16) << 4;
    }
  },
  inputs: (size, random, flavour) => {
    const constant = flavour === 'constant';
    const gradients = Float32Array.from({ length: size }, () => (constant ? -1 : 2 * random.uniform() - 1));
    const hessians = Float32Array.from({ length: size }, () => (constant ? 1 : random.uniform()));
    return {
      scalars: {
        gradientScale: GRADIENT_LEVELS * FRACTIONS,
        hessianScale: HESSIAN_LEVELS * FRACTIONS,
        keyLow: random.integer(2 ** 32) | 0,
        keyHigh: random.integer(2 ** 32) | 0,
        firstRow: 4 * random.integer(1000),
        rowCount: size,
      },
      buffers: { gradients, hessians },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 16 * s.rowCount! }),
});

function held(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

export const histogram_build_u8 = defineKernel({
  name: 'histogram_build_u8',
  family: 'tree-building',
  summary: 'Sums the quantised gradients, hessians and counts of some rows by bin, for each feature.',
  arguments: [
    {
      name: 'bins',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.groupBytes! * Math.ceil(s.featureCount! / s.groupFeatures!),
      meaning: 'rows of the groups',
    },
    { name: 'packed', role: 'in', dtype: 'i32', length: (s) => 2 * s.dataRows!, meaning: 'of gradients_quantise_f32' },
    {
      name: 'rows',
      role: 'in',
      dtype: 'u32',
      length: (s) => s.dataRows!,
      meaning: 'permutation of the rows; absent: 0 … dataRows − 1',
      optional: true,
    },
    { name: 'ranges', role: 'in', dtype: 'i32', length: (s) => 2 * s.rangeCount!, meaning: 'of `rows`: start, end' },
    {
      name: 'histogram',
      role: 'inout',
      dtype: 'f64',
      length: (s) => 768 * s.featureCount!,
      meaning: 'planes of gradients, hessians and counts, 256 bins each, a feature',
    },
    {
      name: 'binCounts',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.featureCount!,
      meaning: 'bins of a feature that are not missing; those behind them are left alone',
    },
    { name: 'scratch', role: 'scratch', dtype: 'u8', length: () => 127872, meaning: 'packed histograms, copied rows' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows' },
    { name: 'rowBytes', dtype: 'i32', meaning: 'bytes of a row of a group, groupFeatures … 16' },
    { name: 'groupBytes', dtype: 'i32', meaning: 'bytes from one group to the next' },
    { name: 'groupFeatures', dtype: 'i32', meaning: 'features of each group but the last, at most 14' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features of all groups' },
    { name: 'rangeCount', dtype: 'i32', meaning: 'ranges' },
    { name: 'fresh', dtype: 'i32', meaning: '1: the histogram is overwritten, 0: added to' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    bins,
    packed,
    rows,
    ranges,
    histogram,
    binCounts,
    _scratch,
    _dataRows,
    rowBytes,
    groupBytes,
    groupFeatures,
    featureCount,
    rangeCount,
    fresh,
  ) => {
    if (fresh === 1) forLiveBins(binCounts, featureCount, (at) => (histogram[at] = 0));
    for (let range = 0; range < rangeCount; range++) {
      for (let i = ranges[2 * range]!; i < ranges[2 * range + 1]!; i++) {
        const row = rows === null ? i : rows[i]!;
        const [low, high] = [packed[2 * row]!, packed[2 * row + 1]!];
        for (let feature = 0; feature < featureCount; feature++) {
          const place = Math.floor(feature / groupFeatures) * groupBytes + (feature % groupFeatures);
          const at = feature * HISTOGRAM_STRIDE + bins[row * rowBytes + place]!;
          histogram[at]! += high >> 4;
          histogram[at + BINS]! += low >>> 12;
          histogram[at + 2 * BINS]! += low & 0xfff;
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const groupFeatures = size > 4096 ? GROUP_FEATURES : 1 + random.integer(GROUP_FEATURES);
    const groups = size > 4096 ? 2 : 1 + random.integer(3);
    const featureCount = size > 4096 ? 2 * GROUP_FEATURES : groups * groupFeatures - random.integer(groupFeatures);
    const rowBytes = someRowBytes(groupFeatures, random);
    // Groups need not touch.
    const groupBytes = rowBytes * (size + random.integer(3));
    const whole = flavour === 'plain' || flavour === 'skewed';
    const { rows, ranges, rangeCount } = rangesOfCase(size, random, flavour);
    const binCounts = Int32Array.from({ length: featureCount }, () => 1 + random.integer(MISSING_BIN));
    const bins = binsOfCase(groups * groupBytes, random, flavour, 1);
    for (let group = 0; group < groups; group++) {
      for (let i = 0; i < rowBytes * size; i++) {
        const feature = group * groupFeatures + (i % rowBytes);
        const at = group * groupBytes + i;
        if (feature < featureCount && bins[at] !== MISSING_BIN) bins[at]! %= binCounts[feature]!;
      }
    }
    return {
      scalars: {
        dataRows: size,
        rowBytes,
        groupBytes,
        groupFeatures,
        featureCount,
        rangeCount: whole ? 1 : rangeCount,
        fresh: random.integer(2),
      },
      buffers: {
        bins,
        binCounts,
        packed: packedOfCase(size, random),
        rows: whole ? null : rows,
        ranges: whole ? Int32Array.of(0, size) : ranges,
        histogram: Float64Array.from({ length: featureCount * HISTOGRAM_STRIDE }, () => random.integer(1000) - 500),
      },
    };
  },
  work: (s) => ({ elements: s.dataRows! * s.featureCount!, bytes: 24 * s.dataRows! }),
});

/** Calls `visit` with the place of every number of bins that a feature has: whole eights, and the last, for missing values. */
function forLiveBins(binCounts: Int32Array, featureCount: number, visit: (at: number) => void): void {
  for (let feature = 0; feature < featureCount; feature++) {
    const end = Math.ceil(binCounts[feature]! / 8) * 8;
    for (let bin = 0; bin < BINS; bin++) {
      if (bin >= end && bin < BINS - 8) continue;
      for (let plane = 0; plane < PLANES; plane++) visit(feature * HISTOGRAM_STRIDE + plane * BINS + bin);
    }
  }
}

/** Histograms of some features, and how many bins each has. */
function histogramsOfCase(size: number, random: CaseRandom, names: readonly string[]) {
  const featureCount = Math.max(1, Math.ceil(size / BINS));
  const whole = () => random.integer(2 ** 31) - 2 ** 30;
  const histograms = names.map((name) => [name, Float64Array.from({ length: featureCount * HISTOGRAM_STRIDE }, whole)]);
  const binCounts = Int32Array.from({ length: featureCount }, () => random.integer(BINS));
  return { scalars: { featureCount }, buffers: { ...Object.fromEntries(histograms), binCounts } };
}

const liveBinCounts = {
  name: 'binCounts',
  role: 'in',
  dtype: 'i32',
  length: (s: Scalars) => s.featureCount!,
  meaning: 'bins of a feature that are not missing; those behind them are left alone',
} as const;

export const histogram_subtract_f64 = defineKernel({
  name: 'histogram_subtract_f64',
  family: 'tree-building',
  summary: 'The sibling: parent − child.',
  arguments: [
    { name: 'parent', role: 'in', dtype: 'f64', length: (s) => 768 * s.featureCount!, meaning: 'of the parent' },
    { name: 'child', role: 'in', dtype: 'f64', length: (s) => 768 * s.featureCount!, meaning: 'of one child' },
    { name: 'sibling', role: 'inout', dtype: 'f64', length: (s) => 768 * s.featureCount!, meaning: 'of the other' },
    liveBinCounts,
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (parent, child, sibling, binCounts, featureCount) => {
    forLiveBins(binCounts, featureCount, (at) => (sibling[at] = parent[at]! - child[at]!));
  },
  inputs: (size, random) => histogramsOfCase(size, random, ['parent', 'child', 'sibling']),
  work: (s) => ({ elements: 768 * s.featureCount!, bytes: 24 * 768 * s.featureCount! }),
});

export const histogram_add_f64 = defineKernel({
  name: 'histogram_add_f64',
  family: 'tree-building',
  summary: 'Merges the histograms of two sets of rows: sum ← sum + part.',
  arguments: [
    { name: 'sum', role: 'inout', dtype: 'f64', length: (s) => 768 * s.featureCount!, meaning: 'added to' },
    { name: 'part', role: 'in', dtype: 'f64', length: (s) => 768 * s.featureCount!, meaning: 'of further rows' },
    liveBinCounts,
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (sum, part, binCounts, featureCount) => {
    forLiveBins(binCounts, featureCount, (at) => (sum[at] = sum[at]! + part[at]!));
  },
  inputs: (size, random) => histogramsOfCase(size, random, ['sum', 'part']),
  work: (s) => ({ elements: 768 * s.featureCount!, bytes: 24 * 768 * s.featureCount! }),
});

/** Flag in a split's bin: missing values go left. */
export const MISSING_LEFT = 256;

export const rows_partition_u8 = defineKernel({
  name: 'rows_partition_u8',
  family: 'tree-building',
  summary:
    'In each range, puts the rows that go left before those that go right, each side in its old order; returns how many go left.',
  arguments: [
    { name: 'bins', role: 'in', dtype: 'u8', length: (s) => s.rowBytes! * s.dataRows!, meaning: 'rows of the group' },
    {
      name: 'goesLeft',
      role: 'in',
      dtype: 'u8',
      length: () => 256,
      meaning: '1 where rows of this bin go left, else 0',
    },
    { name: 'rows', role: 'inout', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'permutation of the rows' },
    { name: 'ranges', role: 'in', dtype: 'i32', length: (s) => 2 * s.rangeCount!, meaning: 'of `rows`: start, end' },
    { name: 'left', role: 'out', dtype: 'i32', length: (s) => 2 * s.rangeCount!, meaning: 'ranges that go left' },
    { name: 'right', role: 'out', dtype: 'i32', length: (s) => 2 * s.rangeCount!, meaning: 'ranges that go right' },
    { name: 'scratch', role: 'scratch', dtype: 'u32', length: (s) => s.longest! + 16, meaning: 'rows that go right' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows' },
    { name: 'rowBytes', dtype: 'i32', meaning: 'bytes of a row of the group, at most 16' },
    { name: 'slot', dtype: 'i32', meaning: 'place of the feature in the row, 0 … 13' },
    { name: 'longest', dtype: 'i32', meaning: 'rows of the longest range' },
    { name: 'rangeCount', dtype: 'i32', meaning: 'ranges' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (bins, goesLeft, rows, ranges, left, right, scratch, _dataRows, rowBytes, slot, _longest, rangeCount) => {
    let count = 0;
    for (let range = 0; range < rangeCount; range++) {
      const [start, end] = [ranges[2 * range]!, ranges[2 * range + 1]!];
      let [middle, kept] = [start, 0];
      for (let i = start; i < end; i++) {
        const row = rows[i]!;
        if (goesLeft[bins[row * rowBytes + slot]!] === 1) rows[middle++] = row;
        else scratch[kept++] = row;
      }
      rows.set(scratch.subarray(0, kept), middle);
      left.set([start, middle], 2 * range);
      right.set([middle, end], 2 * range);
      count += middle - start;
    }
    return count;
  },
  inputs: (size, random, flavour) => {
    const { rows, ranges, rangeCount, longest } = rangesOfCase(size, random, flavour);
    const goesLeft = Uint8Array.from({ length: BINS }, (_, bin) =>
      flavour === 'constant' ? 1 : flavour === 'one-bin' ? 0 : bin < 128 ? 1 : random.integer(2),
    );
    const slot = random.integer(GROUP_FEATURES);
    const rowBytes = someRowBytes(slot + 1, random);
    return {
      scalars: { dataRows: size, rowBytes, slot, longest, rangeCount },
      buffers: { bins: binsOfCase(size, random, flavour, rowBytes), goesLeft, rows, ranges },
    };
  },
  work: (s) => ({ elements: s.dataRows!, bytes: 24 * s.dataRows! }),
});

/** Which rows some leaves have: those of `ranges`, whose first number of slot s is s · slotLength. */
const leafRanges = [
  {
    name: 'ranges',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.slotLength! * s.slotCount!,
    meaning: 'of `rows`, by slot: start and end of each range; rows ascend',
  },
  { name: 'slots', role: 'in', dtype: 'i32', length: (s: Scalars) => s.leafCount!, meaning: 'of each leaf' },
] as const;

const leafSizes = [
  { name: 'dataRows', dtype: 'i32', meaning: 'rows' },
  { name: 'slotLength', dtype: 'i32', meaning: 'numbers of a slot' },
  { name: 'slotCount', dtype: 'i32', meaning: 'slots' },
  { name: 'firstRange', dtype: 'i32', meaning: 'range of each slot to begin with' },
  { name: 'rangeCount', dtype: 'i32', meaning: 'ranges of each slot' },
  { name: 'leafCount', dtype: 'i32', meaning: 'leaves' },
] as const;

export const leaf_sums_f32 = defineKernel({
  name: 'leaf_sums_f32',
  family: 'tree-building',
  summary:
    'Adds up gradients and hessians over the rows of each leaf, by blocks of 16,384 of the row index, in 8 lanes each.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'permutation of the rows' },
    ...leafRanges,
    { name: 'gradients', role: 'in', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'of every row' },
    { name: 'hessians', role: 'in', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'of every row' },
    {
      name: 'sums',
      role: 'inout',
      dtype: 'f64',
      length: (s) => 2 * s.leafCount!,
      meaning: 'gradient, hessian of each',
    },
    ...leafSizes,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    rows,
    ranges,
    slots,
    gradients,
    hessians,
    sums,
    _rows,
    slotLength,
    _slots,
    firstRange,
    rangeCount,
    count,
  ) => {
    for (let leaf = 0; leaf < count; leaf++) {
      const first = slots[leaf]! * slotLength + 2 * firstRange;
      for (let at = first; at < first + 2 * rangeCount; at += 2) {
        const end = ranges[at + 1]!;
        let i = ranges[at]!;
        while (i < end) {
          const block = Math.floor(rows[i]! / LEAF_BLOCK_ROWS);
          const begin = i;
          while (i < end && Math.floor(rows[i]! / LEAF_BLOCK_ROWS) === block) i++;
          sums[2 * leaf]! += sumOfLanes(rows.subarray(begin, i), gradients);
          sums[2 * leaf + 1]! += sumOfLanes(rows.subarray(begin, i), hessians);
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = leavesOfCase(size, random, flavour);
    const finite = (value: number) => (Math.abs(value) < 1e30 ? value : 0);
    const gradients = Float32Array.from(realValues(size, random, flavour), finite);
    const hessians = Float32Array.from(realValues(size, random, 'plain'), Math.abs);
    const sums = Float64Array.from({ length: 2 * scalars.leafCount }, () => random.normal());
    return { scalars, buffers: { ...buffers, gradients, hessians, sums } };
  },
  work: (s) => ({ elements: s.dataRows!, bytes: 12 * s.dataRows! }),
});

/** Leaves that share the rows of some segments, and which of their ranges are meant. */
function leavesOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  const { rows, ranges: whole, rangeCount: segments } = rangesOfCase(size, random, flavour);
  const slotCount = 1 + random.integer(5);
  const slotLength = 2 * segments;
  const ranges = new Int32Array(slotLength * slotCount);
  for (let segment = 0; segment < segments; segment++) {
    let start = whole[2 * segment]!;
    const end = whole[2 * segment + 1]!;
    for (let slot = 0; slot < slotCount; slot++) {
      const next = slot === slotCount - 1 ? end : start + random.integer(end - start + 1);
      ranges.set([start, next], slot * slotLength + 2 * segment);
      start = next;
    }
  }
  const firstRange = random.integer(segments);
  const rangeCount = segments - firstRange;
  const slots = Int32Array.from({ length: slotCount }, (_, slot) => slotCount - 1 - slot).subarray(
    0,
    1 + random.integer(slotCount),
  );
  const scalars = { dataRows: size, slotLength, slotCount, firstRange, rangeCount, leafCount: slots.length };
  return { scalars, buffers: { rows, ranges, slots: slots.slice() } };
}

function sumOfLanes(rows: Uint32Array, values: Float32Array): number {
  const lanes = new Float64Array(LEAF_LANES);
  for (let i = 0; i < rows.length; i++) lanes[i % LEAF_LANES]! += values[rows[i]!]!;
  for (let width = LEAF_LANES / 2; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = lanes[lane]! + lanes[lane + width]!;
  }
  return lanes[0]!;
}

export const leaf_add_f64 = defineKernel({
  name: 'leaf_add_f64',
  family: 'tree-building',
  summary: 'Adds the value of each leaf to the raw predictions of its rows.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'permutation of the rows' },
    ...leafRanges,
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.leafCount!, meaning: 'of the leaves' },
    { name: 'predictions', role: 'inout', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row' },
    ...leafSizes,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (rows, ranges, slots, values, predictions, _rows, slotLength, _slots, firstRange, rangeCount, count) => {
    for (let leaf = 0; leaf < count; leaf++) {
      const first = slots[leaf]! * slotLength + 2 * firstRange;
      for (let at = first; at < first + 2 * rangeCount; at += 2) {
        for (let i = ranges[at]!; i < ranges[at + 1]!; i++) predictions[rows[i]!]! += values[leaf]!;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = leavesOfCase(size, random, flavour);
    const values = Float64Array.from({ length: scalars.leafCount }, () => random.normal());
    return { scalars, buffers: { ...buffers, values, predictions: realValues(size, random, flavour) } };
  },
  work: (s) => ({ elements: s.dataRows!, bytes: 20 * s.dataRows! }),
});
