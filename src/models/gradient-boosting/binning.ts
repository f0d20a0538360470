import { randomKey } from '../../engine/random.js';
import { sortNumbers } from '../../engine/sort.js';
import type { ColumnToBin } from '../../engine/trees.js';
import { Breather } from '../../engine/turn.js';
import { philoxBlock } from '../../kernels/random.js';
import type { RegisterColumn } from '../../table/columns.js';

/** Rows from which bin edges are found where a column has more distinct values than bins. */
export const SAMPLE_ROWS = 200_000;
/** Bin 255 means missing, so codes 0 … 254 are left for values. */
const MAX_CATEGORIES = 255;

/** How the values of a feature become bins, and bins become thresholds or sets of categories. */
export interface FeatureBins {
  readonly name: string;
  readonly categorical: boolean;
  /** Numeric: thresholds between the bins; value ≤ edges[b] ⇔ bin ≤ b. Categorical: b + ½, over `binOfCode`. */
  readonly edges: Float64Array;
  /** Bins that are not "missing"; 0 where the feature has no value at all. */
  readonly binCount: number;
  /** Categorical: the bin of each code; NaN for the rare ones of too many, which share the bin of missing values. */
  readonly binOfCode?: Float64Array;
}

export interface BinningOptions {
  readonly maxBins: number;
  readonly seed: number;
  /** Categories keep bins of their own ('native') or are numbers by their code ('ordered'). */
  readonly categories: 'native' | 'ordered';
}

/** Finds the bins of every column from the rows given (ascending indices). */
export async function findBins(
  columns: readonly RegisterColumn[],
  rows: Uint32Array,
  options: BinningOptions,
  signal?: AbortSignal,
): Promise<FeatureBins[]> {
  const breather = new Breather();
  const sample = sampleRows(rows, options.seed);
  const found: FeatureBins[] = [];
  for (const column of columns) {
    const native = column.type === 'category' && options.categories === 'native';
    found.push(native ? categoryBins(column, rows) : numericBins(column, rows, sample, options.maxBins));
    await breather.breathe(signal);
  }
  return found;
}

/** The column as the binning kernel reads it: categories as bins, labels never seen as missing. */
export function columnToBin(column: RegisterColumn, bins: FeatureBins): ColumnToBin {
  const { name, edges, binOfCode } = bins;
  if (column.type !== 'category') return { name, edges, values: column.values };
  const labels = column.labels?.length ?? 0;
  const values = column.values.map((code) => {
    if (!(code < labels)) return Number.NaN;
    return binOfCode ? (binOfCode[code] ?? Number.NaN) : code;
  });
  return { name, edges, values, derived: true };
}

/** The `SAMPLE_ROWS` rows with the smallest random words of (seed, row): the same whatever the order of arrival. */
function sampleRows(rows: Uint32Array, seed: number): Uint32Array {
  if (rows.length <= SAMPLE_ROWS) return rows;
  const { keyLow, keyHigh } = randomKey(seed, 'bins');
  const words = new Uint32Array(4);
  let block = -1;
  // Word and row in one number, so that equal words fall to the lower row.
  const ranks = Float64Array.from(rows, (row) => {
    if (row >>> 2 !== block) philoxBlock(words, keyLow, keyHigh, (block = row >>> 2));
    return words[row & 3]! * 2 ** 20 + (row % 2 ** 20);
  });
  const limit = sortNumbers(ranks.slice())[SAMPLE_ROWS]!;
  return rows.filter((_, i) => ranks[i]! < limit);
}

function numericBins(column: RegisterColumn, rows: Uint32Array, sample: Uint32Array, maxBins: number): FeatureBins {
  const { name, values } = column;
  const labels = column.type === 'category' ? (column.labels?.length ?? 0) : Number.POSITIVE_INFINITY;
  const distinct = fewDistinct(values, rows, maxBins);
  const edges = distinct ? midpoints(distinct) : quantileEdges(sortedValues(values, sample, labels), maxBins);
  const anything = distinct ? distinct.length > 0 : true;
  return { name, categorical: false, edges, binCount: anything ? edges.length + 1 : 0 };
}

/** The distinct values ascending, or undefined where there are more than `limit`. */
function fewDistinct(values: Float64Array, rows: Uint32Array, limit: number): Float64Array | undefined {
  const distinct = new Set<number>();
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]!]!;
    if (Number.isNaN(value)) continue;
    distinct.add(value); // a Set takes −0 for 0
    if (distinct.size > limit) return undefined;
  }
  return Float64Array.from(distinct).sort();
}

function sortedValues(values: Float64Array, sample: Uint32Array, below: number): Float64Array {
  const kept = new Float64Array(sample.length);
  let count = 0;
  for (let i = 0; i < sample.length; i++) {
    const value = values[sample[i]!]!;
    if (value < below || value === Number.POSITIVE_INFINITY) kept[count++] = value;
  }
  return sortNumbers(kept.subarray(0, count));
}

/** A threshold t with a ≤ t < b, halfway where that can be represented. */
export function between(a: number, b: number): number {
  const middle = a + (b - a) / 2;
  return middle >= a && middle < b ? middle : a;
}

function midpoints(distinct: Float64Array): Float64Array {
  return Float64Array.from({ length: Math.max(0, distinct.length - 1) }, (_, i) =>
    between(distinct[i]!, distinct[i + 1]!),
  );
}

/**
 * Edges that give each bin about as many rows as the bins still to fill need, where a value too heavy for that has a bin
 * to itself. Where the values cross 0, one edge is 0: signs matter, and it costs nothing.
 */
export function quantileEdges(sorted: Float64Array, maxBins: number): Float64Array {
  const rows = sorted.length;
  const heavy = rows / maxBins;
  const edges: number[] = [];
  let [begin, wanted] = [0, heavy];
  let end = runEnd(sorted, 0);
  while (end < rows && edges.length < maxBins - 1) {
    const next = runEnd(sorted, end);
    const inBin = end - begin;
    const full = inBin >= wanted || (next - end >= heavy && inBin >= wanted / 2);
    if (full) {
      edges.push(between(sorted[end - 1]!, sorted[end]!));
      begin = end;
      wanted = (rows - begin) / (maxBins - edges.length);
    }
    end = next;
  }
  const first = edges.findIndex((edge) => edge >= 0);
  if (first > 0 && sorted[0]! < 0 && edges[first]! > 0) edges[first] = 0;
  return Float64Array.from(edges);
}

/** Behind the values equal to sorted[start]. */
function runEnd(sorted: Float64Array, start: number): number {
  let end = start + 1;
  while (end < sorted.length && sorted[end] === sorted[start]) end++;
  return end;
}

/** The most frequent categories get bins, in the order of their codes. */
function categoryBins(column: RegisterColumn, rows: Uint32Array): FeatureBins {
  const { name, values, labels = [] } = column;
  const counts = new Float64Array(labels.length);
  for (let i = 0; i < rows.length; i++) {
    const code = values[rows[i]!]!;
    if (code < labels.length) counts[code]!++;
  }
  const seen = [...counts.keys()].filter((code) => counts[code]! > 0);
  // Of too many, one code fewer than fits: the rare ones go with the missing.
  const kept =
    seen.length <= MAX_CATEGORIES
      ? seen
      : seen.sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, MAX_CATEGORIES - 1);
  const binOfCode = new Float64Array(labels.length).fill(Number.NaN);
  kept
    .sort((a, b) => a - b)
    .forEach((code, bin) => {
      binOfCode[code] = bin;
    });
  const edges = Float64Array.from({ length: Math.max(0, kept.length - 1) }, (_, bin) => bin + 0.5);
  return { name, categorical: true, edges, binCount: kept.length, binOfCode };
}
