import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';
import { philoxBlock } from './random.js';

/**
 * Numerical policy of the family: what is summed over rows is whole numbers (quantised gradients and hessians, and
 * counts), held in f64 and below 2^53, so sums have no order and the best split does not depend on threads, blocks or
 * backends. Leaf sums are f64, in fixed blocks of the global row index. Thresholds are compared in f64.
 *
 * Layout. Binned features lie row-major in groups of 14: a group is one 16-byte row a sample (a multiple of the vector
 * width; the histograms of 14 features stay in a 48 KB first-level cache). Bin 255 is "missing".
 * A histogram has three planes of 256 numbers a feature: gradients, hessians, counts.
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
export const PACKED_STRIDE = 2_112;
/** Scratch of histogram_build_u8: packed histograms of a group, then the copied rows and gradients of a block. */
export const HISTOGRAM_SCRATCH = GROUP_FEATURES * PACKED_STRIDE + (PACKED_BLOCK_ROWS + 1) * (ROW_BYTES + 8);

/** Rows whose float sums form one partial: blocks of the global row index. */
export const LEAF_BLOCK_ROWS = 65_536;

/** Bytes of random bins of a flavour, one group. */
export function binsOfCase(rows: number, random: CaseRandom, flavour: Flavour): Uint8Array {
  // A Lehmer generator: the bins of a case are many, and Philox would take longer than the kernel.
  let state = random.integer(2 ** 31) | 1;
  const integer = (bound: number) => {
    state = Math.imul(state, 0x915f77f5);
    return Math.floor(((state >>> 8) * bound) / 2 ** 24);
  };
  return Uint8Array.from({ length: rows * ROW_BYTES }, () => {
    if (flavour === 'one-bin' || flavour === 'constant') return 7;
    if (flavour === 'skewed') return integer(20) === 0 ? integer(BINS) : 3;
    if (flavour === 'ties') return integer(3);
    if (flavour === 'nulls' && integer(3) === 0) return MISSING_BIN;
    return integer(BINS);
  });
}

/** Ascending distinct indices below `rows`, about two of three. */
export function someRows(rows: number, random: CaseRandom): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => row).filter(() => random.integer(3) > 0);
}

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

export const bins_encode_f64 = defineKernel({
  name: 'bins_encode_f64',
  family: 'tree-building',
  summary: 'Writes the bin of every value of a column (the number of edges below it) into a slot of its group.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'the column; NaN is missing' },
    {
      name: 'validity',
      role: 'in',
      dtype: 'u8',
      length: (s) => Math.ceil((s.validityBit! + s.rowCount!) / 8),
      meaning: 'Arrow validity, lowest bit first',
      optional: true,
    },
    { name: 'edges', role: 'in', dtype: 'f64', length: (s) => s.edgeCount!, meaning: 'ascending, at most 254, no NaN' },
    { name: 'bins', role: 'inout', dtype: 'u8', length: (s) => 16 * s.rowCount!, meaning: 'rows of the group' },
    { name: 'cells', role: 'scratch', dtype: 'u8', length: () => 4096, meaning: 'first edge worth comparing, by cell' },
    { name: 'validityBit', dtype: 'i32', meaning: 'bit of the first row' },
    { name: 'edgeCount', dtype: 'i32', meaning: 'edges' },
    { name: 'slot', dtype: 'i32', meaning: 'place in the row, 0 … 13' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, validity, edges, bins, _cells, validityBit, edgeCount, slot, rowCount) => {
    for (let row = 0; row < rowCount; row++) {
      const bit = validityBit + row;
      const valid = validity === null || ((validity[bit >> 3]! >> (bit & 7)) & 1) === 1;
      const value = values[row]!;
      bins[row * ROW_BYTES + slot] = valid && !Number.isNaN(value) ? edgesBelow(edges, edgeCount, value) : MISSING_BIN;
    }
  },
  inputs: (size, random, flavour) => {
    const values = realValues(size, random, flavour);
    const edgeCount = flavour === 'constant' ? 1 : flavour === 'ties' ? 2 : flavour === 'one-bin' ? 0 : 254;
    const edges = realValues(edgeCount, random, 'plain').sort();
    // Values that lie on an edge, far outliers and infinite edges are what a faster search gets wrong.
    if (flavour === 'special') edges.set([Number.NEGATIVE_INFINITY], 0);
    if (flavour === 'skewed') edges.set([1e300], edgeCount - 1);
    for (let row = 0; row < size; row += 5) if (edgeCount > 0) values[row] = edges[random.integer(edgeCount)]!;
    const validity = flavour === 'nulls' ? randomBytes(Math.ceil((3 + size) / 8), random) : null;
    return {
      scalars: { validityBit: 3, edgeCount, slot: random.integer(GROUP_FEATURES), rowCount: size },
      buffers: { values, validity, edges, bins: randomBytes(size * ROW_BYTES, random) },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 9 * s.rowCount! }),
});

/** Edges strictly below a value, by bisection. */
function edgesBelow(edges: Float64Array, edgeCount: number, value: number): number {
  let [low, high] = [0, edgeCount];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function randomBytes(length: number, random: CaseRandom): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}

export const gradients_quantise_f64 = defineKernel({
  name: 'gradients_quantise_f64',
  family: 'tree-building',
  summary: 'Rounds gradients and hessians stochastically to whole numbers, keyed by the row, and packs them.',
  source: 'Stochastic rounding of gradients: Shi et al., Quantized Training of Gradient Boosting Decision Trees, 2022',
  arguments: [
    { name: 'gradients', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'finite' },
    { name: 'hessians', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'finite, ≥ 0' },
    { name: 'packed', role: 'out', dtype: 'i32', length: (s) => 2 * s.rowCount!, meaning: 'low and high word a row' },
    { name: 'gradientScale', dtype: 'f64', meaning: 'levels a unit: |gradient| · scale ≤ 32767' },
    { name: 'hessianScale', dtype: 'f64', meaning: 'levels a unit: hessian · scale ≤ 4095' },
    { name: 'keyLow', dtype: 'i32', meaning: 'low word of the random key' },
    { name: 'keyHigh', dtype: 'i32', meaning: 'high word of the random key' },
    { name: 'firstRow', dtype: 'i32', meaning: 'global index of the first row, a multiple of 4' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (gradients, hessians, packed, gradientScale, hessianScale, keyLow, keyHigh, firstRow, rowCount) => {
    const words = new Uint32Array(4);
    for (let i = 0; i < rowCount; i++) {
      if (i % 4 === 0) philoxBlock(words, keyLow, keyHigh, (firstRow + i) / 4);
      const word = words[i % 4]!;
      const gradient = Math.floor(gradients[i]! * gradientScale + (word & 0xffff) / 65_536);
      const hessian = Math.floor(hessians[i]! * hessianScale + (word >>> 16) / 65_536);
      packed[2 * i] = (held(hessian, 0, HESSIAN_LEVELS) << 12) | 1;
      packed[2 * i + 1] = held(gradient, -GRADIENT_LEVELS, GRADIENT_LEVELS) << 4;
    }
  },
  inputs: (size, random, flavour) => {
    const constant = flavour === 'constant';
    const gradients = Float64Array.from({ length: size }, () => (constant ? -1 : 2 * random.uniform() - 1));
    const hessians = Float64Array.from({ length: size }, () => (constant ? 1 : random.uniform()));
    return {
      scalars: {
        gradientScale: GRADIENT_LEVELS,
        hessianScale: HESSIAN_LEVELS,
        keyLow: random.integer(2 ** 32) | 0,
        keyHigh: random.integer(2 ** 32) | 0,
        firstRow: 4 * random.integer(1000),
        rowCount: size,
      },
      buffers: { gradients, hessians },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 24 * s.rowCount! }),
});

function held(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

export const histogram_build_u8 = defineKernel({
  name: 'histogram_build_u8',
  family: 'tree-building',
  summary: 'Adds the quantised gradients, hessians and counts of some rows to the histograms of a group of features.',
  arguments: [
    { name: 'bins', role: 'in', dtype: 'u8', length: (s) => 16 * s.dataRows!, meaning: 'all rows of the group' },
    { name: 'packed', role: 'in', dtype: 'i32', length: (s) => 2 * s.dataRows!, meaning: 'of gradients_quantise_f64' },
    {
      name: 'rows',
      role: 'in',
      dtype: 'u32',
      length: (s) => s.rowCount!,
      meaning: 'rows to add; absent: 0 … rowCount − 1',
      optional: true,
    },
    {
      name: 'histogram',
      role: 'inout',
      dtype: 'f64',
      length: (s) => 768 * s.featureCount!,
      meaning: 'planes of gradients, hessians and counts, 256 bins each, a feature',
    },
    { name: 'scratch', role: 'scratch', dtype: 'u8', length: () => 127872, meaning: 'packed histograms, copied rows' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features of the group, at most 14' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows to add' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (bins, packed, rows, histogram, _scratch, _dataRows, featureCount, rowCount) => {
    for (let i = 0; i < rowCount; i++) {
      const row = rows === null ? i : rows[i]!;
      const [low, high] = [packed[2 * row]!, packed[2 * row + 1]!];
      for (let feature = 0; feature < featureCount; feature++) {
        const at = feature * HISTOGRAM_STRIDE + bins[row * ROW_BYTES + feature]!;
        histogram[at]! += high >> 4;
        histogram[at + BINS]! += low >>> 12;
        histogram[at + 2 * BINS]! += low & 0xfff;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const dataRows = size + random.integer(5);
    const rows = flavour === 'plain' || flavour === 'skewed' ? null : someRows(dataRows, random);
    const featureCount = 1 + random.integer(GROUP_FEATURES);
    return {
      scalars: { dataRows, featureCount, rowCount: rows === null ? size : rows.length },
      buffers: {
        bins: binsOfCase(dataRows, random, flavour),
        packed: packedOfCase(dataRows, random),
        rows,
        histogram: Float64Array.from({ length: featureCount * HISTOGRAM_STRIDE }, () => random.integer(1000) - 500),
      },
    };
  },
  work: (s) => ({ elements: s.rowCount! * s.featureCount!, bytes: 24 * s.rowCount! }),
});

export const histogram_subtract_f64 = defineKernel({
  name: 'histogram_subtract_f64',
  family: 'tree-building',
  summary: 'The sibling: parent − child.',
  arguments: [
    { name: 'parent', role: 'in', dtype: 'f64', length: (s) => s.length!, meaning: 'histograms of the parent' },
    { name: 'child', role: 'in', dtype: 'f64', length: (s) => s.length!, meaning: 'histograms of one child' },
    { name: 'sibling', role: 'out', dtype: 'f64', length: (s) => s.length!, meaning: 'histograms of the other child' },
    { name: 'length', dtype: 'i32', meaning: 'numbers in each' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (parent, child, sibling, length) => {
    for (let i = 0; i < length; i++) sibling[i] = parent[i]! - child[i]!;
  },
  inputs: (size, random) => {
    const whole = () => Float64Array.from({ length: size }, () => random.integer(2 ** 31) - 2 ** 30);
    return { scalars: { length: size }, buffers: { parent: whole(), child: whole() } };
  },
  work: (s) => ({ elements: s.length!, bytes: 24 * s.length! }),
});

export const histogram_add_f64 = defineKernel({
  name: 'histogram_add_f64',
  family: 'tree-building',
  summary: 'Merges the histograms of two sets of rows: sum ← sum + part.',
  arguments: [
    { name: 'sum', role: 'inout', dtype: 'f64', length: (s) => s.length!, meaning: 'histograms added to' },
    { name: 'part', role: 'in', dtype: 'f64', length: (s) => s.length!, meaning: 'histograms of further rows' },
    { name: 'length', dtype: 'i32', meaning: 'numbers in each' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (sum, part, length) => {
    for (let i = 0; i < length; i++) sum[i] = sum[i]! + part[i]!;
  },
  inputs: (size, random) => {
    const whole = () => Float64Array.from({ length: size }, () => random.integer(2 ** 31) - 2 ** 30);
    return { scalars: { length: size }, buffers: { sum: whole(), part: whole() } };
  },
  work: (s) => ({ elements: s.length!, bytes: 24 * s.length! }),
});

/** Flag in a split's bin: missing values go left. */
export const MISSING_LEFT = 256;

export const split_scan_f64 = defineKernel({
  name: 'split_scan_f64',
  family: 'tree-building',
  summary: 'The best threshold of each numeric feature: the largest gain, the lowest bin among equals.',
  arguments: [
    {
      name: 'histogram',
      role: 'in',
      dtype: 'f64',
      length: (s) => 768 * s.featureCount!,
      meaning: 'whole numbers, of histogram_build_u8',
    },
    {
      name: 'binCounts',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.featureCount!,
      meaning: 'bins that are not missing, at most 255; 0: leave this feature out',
    },
    { name: 'gains', role: 'out', dtype: 'f64', length: (s) => s.featureCount!, meaning: 'best gain, −∞ where none' },
    {
      name: 'splits',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.featureCount!,
      meaning: 'last bin that goes left, + 256 where missing values go left; −1 where no split is allowed',
    },
    { name: 'gradientUnit', dtype: 'f64', meaning: 'worth of one level' },
    { name: 'hessianUnit', dtype: 'f64', meaning: 'worth of one level' },
    { name: 'l2', dtype: 'f64', meaning: 'added to the hessian of each side, ≥ 0' },
    { name: 'minHessian', dtype: 'f64', meaning: 'least hessian of a side' },
    { name: 'minSamples', dtype: 'f64', meaning: 'least rows of a side' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    histogram,
    binCounts,
    gains,
    splits,
    gradientUnit,
    hessianUnit,
    l2,
    minHessian,
    minSamples,
    featureCount,
  ) => {
    for (let feature = 0; feature < featureCount; feature++) {
      const planes = histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
      const binCount = binCounts[feature]!;
      const missing = sumsOfBin(planes, MISSING_BIN);
      const total = { ...missing };
      for (let bin = 0; bin < binCount; bin++) addBin(total, planes, bin);
      /** Twice the loss that a side saves; −∞ where it is too small. */
      const score = (gradient: number, hessian: number, count: number): number => {
        const [g, h] = [gradient * gradientUnit, hessian * hessianUnit];
        const enough = count >= minSamples && h >= minHessian && h + l2 > 0;
        return enough ? (g * g) / (h + l2) : Number.NEGATIVE_INFINITY;
      };
      let best = Number.NEGATIVE_INFINITY;
      splits[feature] = -1;
      const left = { gradient: 0, hessian: 0, count: 0 };
      for (let bin = 0; bin < binCount; bin++) {
        if (planes[2 * BINS + bin] === 0) continue;
        addBin(left, planes, bin);
        const right = score(left.gradient, left.hessian, left.count);
        const rest = score(total.gradient - left.gradient, total.hessian - left.hessian, total.count - left.count);
        if (right + rest > best) [best, splits[feature]] = [right + rest, bin];
        if (missing.count === 0) continue;
        const [gradient, hessian, count] = [
          left.gradient + missing.gradient,
          left.hessian + missing.hessian,
          left.count + missing.count,
        ];
        const withMissing = score(gradient, hessian, count);
        const without = score(total.gradient - gradient, total.hessian - hessian, total.count - count);
        if (withMissing + without > best) [best, splits[feature]] = [withMissing + without, bin + MISSING_LEFT];
      }
      const [g, h] = [total.gradient * gradientUnit, total.hessian * hessianUnit];
      gains[feature] = splits[feature]! < 0 ? Number.NEGATIVE_INFINITY : best - (g * g) / (h + l2);
    }
  },
  inputs: (size, random, flavour) => {
    const featureCount = Math.max(1, Math.ceil(size / BINS));
    const histogram = new Float64Array(featureCount * HISTOGRAM_STRIDE);
    const binCounts = new Int32Array(featureCount);
    for (let feature = 0; feature < featureCount; feature++) {
      const binCount = flavour === 'one-bin' ? 1 : random.integer(BINS);
      binCounts[feature] = binCount;
      const at = feature * HISTOGRAM_STRIDE;
      for (const bin of [...Array(binCount).keys(), MISSING_BIN]) {
        const empty = bin === MISSING_BIN ? flavour !== 'nulls' : flavour === 'skewed' && random.integer(4) > 0;
        const rows = empty ? 0 : 1 + random.integer(40);
        histogram[at + bin] = flavour === 'ties' ? rows : rows === 0 ? 0 : random.integer(2_000_000) - 1_000_000;
        histogram[at + BINS + bin] = rows * (flavour === 'constant' ? HESSIAN_LEVELS : 1 + random.integer(4000));
        histogram[at + 2 * BINS + bin] = rows;
      }
    }
    const scalars = { gradientUnit: 1 / 32_767, hessianUnit: 0.25 / 4_095, l2: 0.5, minHessian: 1e-3, minSamples: 20 };
    return { scalars: { ...scalars, featureCount }, buffers: { histogram, binCounts } };
  },
  work: (s) => ({ elements: s.featureCount! * BINS, bytes: s.featureCount! * HISTOGRAM_STRIDE * 8 }),
});

interface BinSums {
  gradient: number;
  hessian: number;
  count: number;
}

function sumsOfBin(planes: Float64Array, bin: number): BinSums {
  return { gradient: planes[bin]!, hessian: planes[BINS + bin]!, count: planes[2 * BINS + bin]! };
}

function addBin(sums: BinSums, planes: Float64Array, bin: number): void {
  sums.gradient += planes[bin]!;
  sums.hessian += planes[BINS + bin]!;
  sums.count += planes[2 * BINS + bin]!;
}

export const rows_partition_u8 = defineKernel({
  name: 'rows_partition_u8',
  family: 'tree-building',
  summary:
    'Puts the rows that go left before those that go right, each side in its old order; returns how many go left.',
  arguments: [
    { name: 'bins', role: 'in', dtype: 'u8', length: (s) => 16 * s.dataRows!, meaning: 'all rows of the group' },
    {
      name: 'goesLeft',
      role: 'in',
      dtype: 'u8',
      length: () => 256,
      meaning: '1 where rows of this bin go left, else 0',
    },
    { name: 'rows', role: 'inout', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'row indices' },
    { name: 'scratch', role: 'scratch', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'rows that go right' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'slot', dtype: 'i32', meaning: 'place of the feature in the row, 0 … 13' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows to part' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (bins, goesLeft, rows, scratch, _dataRows, slot, rowCount) => {
    let [left, right] = [0, 0];
    for (let i = 0; i < rowCount; i++) {
      const row = rows[i]!;
      if (goesLeft[bins[row * ROW_BYTES + slot]!] === 1) rows[left++] = row;
      else scratch[right++] = row;
    }
    rows.set(scratch.subarray(0, right), left);
    return left;
  },
  inputs: (size, random, flavour) => {
    const rows = someRows(size, random);
    const goesLeft = Uint8Array.from({ length: BINS }, (_, bin) =>
      flavour === 'constant' ? 1 : flavour === 'one-bin' ? 0 : bin < 128 ? 1 : random.integer(2),
    );
    return {
      scalars: { dataRows: size, slot: random.integer(GROUP_FEATURES), rowCount: rows.length },
      buffers: { bins: binsOfCase(size, random, flavour), goesLeft, rows },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 24 * s.rowCount! }),
});

export const leaf_sums_f64 = defineKernel({
  name: 'leaf_sums_f64',
  family: 'tree-building',
  summary: 'Sums of gradients and hessians over the rows of a leaf, by blocks of 65,536 of the global row index.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'ascending' },
    { name: 'gradients', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row' },
    { name: 'hessians', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row' },
    { name: 'sums', role: 'out', dtype: 'f64', length: () => 2, meaning: 'gradient, hessian' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of the leaf' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (rows, gradients, hessians, sums, _dataRows, rowCount) => {
    sums.fill(0);
    let i = 0;
    while (i < rowCount) {
      const block = Math.floor(rows[i]! / LEAF_BLOCK_ROWS);
      let [gradient, hessian] = [0, 0];
      for (; i < rowCount && Math.floor(rows[i]! / LEAF_BLOCK_ROWS) === block; i++) {
        gradient += gradients[rows[i]!]!;
        hessian += hessians[rows[i]!]!;
      }
      sums[0] = sums[0]! + gradient;
      sums[1] = sums[1]! + hessian;
    }
  },
  inputs: (size, random, flavour) => {
    const rows = someRows(size, random);
    return {
      scalars: { dataRows: size, rowCount: rows.length },
      buffers: { rows, gradients: realValues(size, random, flavour), hessians: realValues(size, random, 'plain') },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 20 * s.rowCount! }),
});

export const leaf_add_f64 = defineKernel({
  name: 'leaf_add_f64',
  family: 'tree-building',
  summary: 'Adds the value of a leaf to the raw predictions of its rows.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.rowCount!, meaning: 'distinct' },
    { name: 'predictions', role: 'inout', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row' },
    { name: 'value', dtype: 'f64', meaning: 'of the leaf' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of the leaf' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (rows, predictions, value, _dataRows, rowCount) => {
    for (let i = 0; i < rowCount; i++) predictions[rows[i]!] = predictions[rows[i]!]! + value;
  },
  inputs: (size, random, flavour) => {
    const rows = someRows(size, random);
    return {
      scalars: { value: random.normal(), dataRows: size, rowCount: rows.length },
      buffers: { rows, predictions: realValues(size, random, flavour) },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 20 * s.rowCount! }),
});
