import { type CaseRandom, defineKernel } from './contract.js';
import { realValues } from './gradient-descent.js';
import { GROUP_FEATURES, MISSING_BIN, ROW_BYTES } from './tree-building.js';

/**
 * How columns become bins: edges of about equal weight from a sample, then the number of edges below each value. Values and
 * edges are compared in f64 and counted exactly, so neither depends on how they are searched for.
 */

/** Places of a column's edges in the kernels' tables. */
export const EDGE_PLACES = 256;
/** Scratch of bins_encode_f64, a column: cells, edges with +∞ behind them, where the cells lie. */
export const ENCODE_SCRATCH = 4_096 + 512 * 8 + 64;
/** Scratch of bin_edges_f64 beside copies of its columns: counters of a sort or of cells. */
export const EDGE_COUNTERS = 9_224;

/** A threshold t with a ≤ t < b, halfway where that can be represented. */
export function between(a: number, b: number): number {
  const middle = a + (b - a) / 2;
  return middle >= a && middle < b ? middle : a;
}

/**
 * Edges that give each bin about as much weight as the bins still to fill need, where a value too heavy for that has a
 * bin to itself. Where the values cross 0, one edge is 0: signs matter, and it costs nothing. Values ascend; without
 * `weights` each weighs 1, and a whole weight counts as so many equal values do.
 */
export function quantileEdges(sorted: Float64Array, maxBins: number, weights?: Float64Array): Float64Array {
  const rows = sorted.length;
  let total = rows;
  if (weights) {
    total = 0;
    for (let i = 0; i < rows; i++) total += weights[i]!;
  }
  const heavy = total / maxBins;
  const edges: number[] = [];
  /** Weight of the bins that are full, of the open one, and what the open one wants. */
  let [before, inBin, wanted] = [0, 0, heavy];
  let end = 0;
  while (end < rows && edges.length < maxBins - 1) {
    const start = end;
    const value = sorted[start]!;
    while (end < rows && sorted[end] === value) end++;
    let weight = end - start;
    if (weights) {
      weight = 0;
      for (let i = start; i < end; i++) weight += weights[i]!;
    }
    const full = start > 0 && (inBin >= wanted || (weight >= heavy && inBin >= wanted / 2));
    if (full) {
      edges.push(between(sorted[start - 1]!, value));
      before += inBin;
      inBin = 0;
      wanted = (total - before) / (maxBins - edges.length);
    }
    inBin += weight;
  }
  const first = edges.findIndex((edge) => edge >= 0);
  if (first > 0 && sorted[0]! < 0 && edges[first]! > 0) edges[first] = 0;
  return Float64Array.from(edges);
}

export const bin_edges_f64 = defineKernel({
  name: 'bin_edges_f64',
  family: 'tree-building',
  summary: 'Finds edges that part values into bins of about equal weight, and returns how many there are.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.count!, meaning: 'in any order; NaN is passed over' },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.count!,
      meaning: 'at least 0; absent: each weighs 1',
      optional: true,
    },
    { name: 'edges', role: 'out', dtype: 'f64', length: (s) => s.maxBins!, meaning: 'ascending; +Inf behind the last' },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 4 * s.count! + 9224,
      meaning: 'copies, counters',
    },
    { name: 'maxBins', dtype: 'i32', meaning: 'bins at most, from 1' },
    { name: 'count', dtype: 'i32', meaning: 'values' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (values, weights, edges, _scratch, maxBins, count) => {
    const order = Array.from({ length: count }, (_, i) => i)
      .filter((i) => !Number.isNaN(values[i]!))
      .sort((a, b) => ascending(values[a]!, values[b]!) || a - b);
    const sorted = Float64Array.from(order, (i) => values[i]!);
    const found = quantileEdges(sorted, maxBins, weights ? Float64Array.from(order, (i) => weights[i]!) : undefined);
    edges.fill(Number.POSITIVE_INFINITY);
    edges.set(found);
    return found.length;
  },
  inputs: (size, random, flavour) => {
    const values = realValues(size, random, flavour);
    for (let row = 0; row < size; row++) {
      // A heavy value among others, a far outlier that leaves all others in one cell, values that were f32.
      if (flavour === 'one-bin' && random.integer(3) > 0) values[row] = 0.25;
      if (flavour === 'skewed') values[row] = Math.fround(values[row]!);
      if (flavour === 'nulls' && random.integer(4) === 0) values[row] = Number.NaN;
    }
    if (flavour === 'skewed' && size > 2) values[1] = 1e300;
    const weighted = flavour === 'ties' || (flavour === 'nulls' && random.integer(2) === 0);
    const weights = weighted ? Float64Array.from({ length: size }, () => random.integer(4) / 2) : null;
    const maxBins = flavour === 'plain' ? 255 : 2 + random.integer(254);
    return { scalars: { maxBins, count: size }, buffers: { values, weights } };
  },
  work: (s) => ({ elements: s.count!, bytes: 24 * s.count! }),
  benchSize: 100_000,
});

/** −0 before 0. */
function ascending(a: number, b: number): number {
  if (a !== b) return a < b ? -1 : 1;
  return a !== 0 ? 0 : Number(Object.is(b, -0)) - Number(Object.is(a, -0));
}

export const bins_encode_f64 = defineKernel({
  name: 'bins_encode_f64',
  family: 'tree-building',
  summary: 'Writes the bin of every value of some columns (the number of edges below it) into their slots of a group.',
  arguments: [
    {
      name: 'values',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.columnCount! * s.stride!,
      meaning: 'a column behind the other; NaN is missing',
    },
    {
      name: 'edges',
      role: 'in',
      dtype: 'f64',
      length: (s) => 256 * s.columnCount!,
      meaning: '256 places a column: its edges, ascending, no NaN; what is behind them is not looked at',
    },
    { name: 'edgeCounts', role: 'in', dtype: 'i32', length: (s) => s.columnCount!, meaning: 'at most 254 each' },
    { name: 'slots', role: 'in', dtype: 'i32', length: (s) => s.columnCount!, meaning: 'places in the row, 0 … 13' },
    {
      name: 'bins',
      role: 'inout',
      dtype: 'u8',
      length: (s) => s.rowBytes! * s.rowCount!,
      meaning: 'rows of the group',
    },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'u8',
      length: (s) => 8256 * s.columnCount!,
      meaning: 'first edge worth comparing, by cell; edges',
    },
    { name: 'columnCount', dtype: 'i32', meaning: 'columns, at most 14' },
    { name: 'stride', dtype: 'i32', meaning: 'values from one column to the next, at least rowCount' },
    { name: 'rowBytes', dtype: 'i32', meaning: 'bytes of a row, at most 16' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, edges, edgeCounts, slots, bins, _scratch, columnCount, stride, rowBytes, rowCount) => {
    for (let column = 0; column < columnCount; column++) {
      const own = edges.subarray(EDGE_PLACES * column, EDGE_PLACES * column + edgeCounts[column]!);
      for (let row = 0; row < rowCount; row++) {
        const value = values[column * stride + row]!;
        bins[row * rowBytes + slots[column]!] = Number.isNaN(value) ? MISSING_BIN : edgesBelow(own, value);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const columnCount = size >= 1000 && flavour === 'plain' ? GROUP_FEATURES : 1 + random.integer(GROUP_FEATURES);
    const rowCount = Math.floor(size / columnCount);
    const stride = rowCount + random.integer(3);
    const values = realValues(columnCount * stride, random, flavour);
    const edges = new Float64Array(EDGE_PLACES * columnCount).fill(Number.NaN);
    const edgeCounts = new Int32Array(columnCount);
    for (let column = 0; column < columnCount; column++) {
      const count =
        flavour === 'constant' ? 1 : flavour === 'one-bin' ? 0 : column % 3 === 2 ? random.integer(255) : 254;
      const own = realValues(count, random, 'plain');
      // Values that lie on an edge, far outliers and infinite edges are what a faster search gets wrong.
      if (flavour === 'special' && count > 1) own.set([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
      if (flavour === 'skewed' && count > 0) own[0] = 1e300;
      if (flavour === 'ties') for (let i = 0; i < count; i += 1 + (column & 1)) own[i]! *= 1e-9;
      own.sort();
      edges.set(own, EDGE_PLACES * column);
      edgeCounts[column] = count;
      for (let row = 0; row < rowCount; row += 5)
        if (count > 0) values[column * stride + row] = own[random.integer(count)]!;
    }
    if (flavour === 'nulls') for (let i = 0; i < values.length; i += 3) values[i] = Number.NaN;
    const slots = someSlots(columnCount, random);
    const rowBytes = Math.max(...slots) + 1 + random.integer(ROW_BYTES - Math.max(...slots));
    return {
      scalars: { columnCount, stride, rowBytes, rowCount },
      buffers: { values, edges, edgeCounts, slots, bins: randomBytes(rowCount * rowBytes, random) },
    };
  },
  work: (s) => ({ elements: s.columnCount! * s.rowCount!, bytes: 9 * s.columnCount! * s.rowCount! }),
  benchSize: 14 * 16_384,
});

/** Different places in a row, in any order. */
function someSlots(columnCount: number, random: CaseRandom): Int32Array {
  const free = Array.from({ length: GROUP_FEATURES }, (_, slot) => slot);
  return Int32Array.from({ length: columnCount }, () => free.splice(random.integer(free.length), 1)[0]!);
}

/** Edges strictly below a value, by bisection. */
function edgesBelow(edges: Float64Array, value: number): number {
  let [low, high] = [0, edges.length];
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
