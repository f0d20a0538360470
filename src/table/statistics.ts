import { sortNumbers } from '../engine/sort.js';

/** Statistics of a register column (one f64 a row, missing as NaN); all of them pass over NaN. */

/** The values that are present, ascending. */
export function sortedPresent(values: Float64Array): Float64Array {
  return sortNumbers(presentValues(values));
}

function presentValues(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) out[count++] = values[i]!;
  return out.subarray(0, count);
}

/**
 * The quantile of ascending values at a share in [0, 1], between the two nearest by linear interpolation (Hyndman and
 * Fan's type 7, numpy's default); NaN of none. Interpolated from the nearer end, so that it never falls as the share rises.
 */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  const part = place - below;
  if (part === 0 || low === high) return low;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/** Values ≤ x in an ascending list, by bisection. */
export function countAtMost(values: ArrayLike<number>, x: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As `quantileOfSorted`, of values in any order. */
export function quantile(values: Float64Array, share: number): number {
  return quantileOfSorted(sortedPresent(values), share);
}

/** The quantile at 0.5, by selection: sorting a long column takes ten times as long. */
export function median(values: Float64Array): number {
  const present = presentValues(values);
  const upper = present.length >> 1;
  if (present.length === 0) return Number.NaN;
  select(present, upper);
  if (present.length % 2 === 1) return present[upper]!;
  let lower = present[0]!;
  for (let i = 1; i < upper; i++) if (present[i]! > lower) lower = present[i]!;
  return quantileOfSorted([lower, present[upper]!], 0.5);
}

/** Moves the k-th smallest value to place k, smaller ones before it, larger ones behind (Hoare's FIND, 1961). */
function select(values: Float64Array, k: number): void {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = middleOfThree(values[left]!, values[(left + right) >> 1]!, values[right]!);
    let [i, j] = [left, right];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const swapped = values[i]!;
      values[i++] = values[j]!;
      values[j--] = swapped;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return;
  }
}

function middleOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Ranks from 1, equal values sharing the mean of theirs; NaN stays NaN. (As scipy.stats.rankdata, method 'average'.) */
export function averageRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys())
    .filter((i) => !Number.isNaN(values[i]!))
    .sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = new Float64Array(values.length).fill(Number.NaN);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let place = start; place < end; place++) ranks[order[place]!] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

export function countMissing(values: Float64Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) count++;
  return count;
}

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Population standard deviation (divided by count). */
  readonly deviation: number;
}

/** Two passes: the mean first, then squares around it, so that large offsets do not cancel. */
export function moments(values: Float64Array): Moments {
  let [count, sum] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) continue;
    count++;
    sum += x;
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = values[i]! - mean;
    if (!Number.isNaN(difference)) squares += difference * difference;
  }
  return { count, mean, deviation: Math.sqrt(squares / count) };
}

/** How often each category occurs; codes of labels never seen and missing cells are not counted. */
export function countCodes(codes: Float64Array, labelCount: number): Uint32Array {
  const counts = new Uint32Array(labelCount);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code >= 0 && code < labelCount) counts[code]!++;
  }
  return counts;
}

/** The value that occurs most often, the smallest of equals; NaN of none. */
export function mostFrequent(values: Float64Array): number {
  const sorted = sortedPresent(values);
  let [best, bestCount] = [Number.NaN, 0];
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    if (end - start > bestCount) [best, bestCount] = [sorted[start]!, end - start];
    start = end;
  }
  return best;
}

/** Are there at least two different values, missing ones aside? */
export function varies(values: Float64Array): boolean {
  let first = Number.NaN;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) continue;
    if (Number.isNaN(first)) first = x;
    else if (x !== first) return true;
  }
  return false;
}
