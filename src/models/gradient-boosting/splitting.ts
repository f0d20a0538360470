import type { CategoryRules, SplitLimits, Units } from '../../engine/trees/tree-workspace.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
import { type LeafRules, leafValue, SET_WORDS } from '../../kernels/tree-splitting.js';

/** The best way to part a node. */
export interface Split {
  readonly feature: number;
  readonly gain: number;
  /** Numeric: last bin that goes left; −1 for a set of categories. */
  readonly bin: number;
  readonly missingLeft: boolean;
  /** Of a set of categories, by bin: 1 goes left; bin 255 is "missing". Others follow from `bin`: see `goesLeftOf`. */
  readonly set?: Uint8Array | undefined;
  /** Values of the sides by the quantised sums, before the learning rate; 0 where nobody asked. */
  readonly leftValue: number;
  readonly rightValue: number;
  /** Rows of the sides. */
  readonly counts: readonly [number, number];
}

export interface SplitRules extends SplitLimits {
  readonly categories: CategoryRules;
}

/** A node's best split, before it is worked out. */
export interface Candidate {
  readonly feature: number;
  readonly gain: number;
  /** Numeric: last bin that goes left, + MISSING_LEFT where missing values do. */
  readonly bin: number;
  /** Of a set of categories, by bin: 1 goes left; missing values are one more category. */
  readonly set?: Uint8Array | undefined;
}

/**
 * Works a candidate out: which bins go where, and, given rules, what the sides are worth. `numbers` holds the planes of its
 * feature from `start`.
 */
export function completeSplit(
  { feature, gain, bin, set }: Candidate,
  numbers: Float64Array,
  start: number,
  rows: number,
  units: Units,
  rules: LeafRules | undefined,
): Split {
  const last = set ? -1 : bin % MISSING_LEFT;
  const missing = numbers[start + 2 * BINS + MISSING_BIN]!;
  const left = set
    ? rowsOfSet(set, numbers, start)
    : rowsUpTo(last, numbers, start) + (bin >= MISSING_LEFT ? missing : 0);
  const chosen = set ? set[MISSING_BIN] === 1 : bin >= MISSING_LEFT;
  // None seen here: they go with the many.
  const missingLeft = missing === 0 ? left > rows - left : chosen;
  if (set) set[MISSING_BIN] = missingLeft ? 1 : 0;
  let [leftValue, rightValue] = [0, 0];
  if (rules) {
    const planes = numbers.subarray(start, start + HISTOGRAM_STRIDE);
    [leftValue, rightValue] = sideValues(planes, goesLeftOf({ bin: last, missingLeft, set }), units, rules);
  }
  return { feature, gain, bin: last, missingLeft, set, leftValue, rightValue, counts: [left, rows - left] };
}

// Loops of their own: this runs for every node.
function rowsUpTo(last: number, numbers: Float64Array, start: number): number {
  const counts = start + 2 * BINS;
  let rows = 0;
  for (let at = counts; at <= counts + last; at++) rows += numbers[at]!;
  return rows;
}

function rowsOfSet(set: Uint8Array, numbers: Float64Array, start: number): number {
  const counts = start + 2 * BINS;
  let rows = 0;
  for (let bin = 0; bin < BINS; bin++) if (set[bin] === 1) rows += numbers[counts + bin]!;
  return rows;
}

/** A set of bins, a bit each, as a table by bin. */
export function setOf(words: Uint32Array, start: number): Uint8Array {
  const set = new Uint8Array(BINS);
  for (let word = 0; word < SET_WORDS; word++) {
    const first = 32 * word;
    for (let bits = words[start + word]!, bin = first; bits !== 0; bits >>>= 1, bin++) set[bin] = bits & 1;
  }
  return set;
}

/** By bin, 0 or 1, in `table` or a new one. Not kept with numeric splits: of many trees these would be most of what there is. */
export function goesLeftOf(
  { bin, missingLeft, set }: Pick<Split, 'bin' | 'missingLeft' | 'set'>,
  table = new Uint8Array(BINS),
): Uint8Array {
  if (set) return set;
  table.fill(1, 0, bin + 1).fill(0, bin + 1);
  table[MISSING_BIN] = missingLeft ? 1 : 0;
  return table;
}

/** The values that the sides would have as leaves. */
function sideValues(planes: Float64Array, goesLeft: Uint8Array, units: Units, rules: LeafRules): [number, number] {
  const [left, right] = [noRows(), noRows()];
  for (let bin = 0; bin < BINS; bin++) {
    if (planes[2 * BINS + bin]! > 0) addBin(goesLeft[bin] === 1 ? left : right, planes, bin);
  }
  const value = ({ gradient, hessian }: Sums) => leafValue(gradient * units.gradient, hessian * units.hessian, rules);
  return [value(left), value(right)];
}

/** Whole numbers, so that they do not depend on the order of bins. */
interface Sums {
  gradient: number;
  hessian: number;
  count: number;
}

const noRows = (): Sums => ({ gradient: 0, hessian: 0, count: 0 });

function addBin(sums: Sums, planes: Float64Array, bin: number): void {
  sums.gradient += planes[bin]!;
  sums.hessian += planes[BINS + bin]!;
  sums.count += planes[2 * BINS + bin]!;
}
