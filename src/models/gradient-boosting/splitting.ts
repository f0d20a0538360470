import type { SplitLimits, Units } from '../../engine/tree-workspace.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
import { type LeafRules, leafValue } from '../../kernels/tree-splitting.js';

/** The best way to part a node. */
export interface Split {
  readonly feature: number;
  readonly gain: number;
  /** Numeric: last bin that goes left; −1 for a set of categories. */
  readonly bin: number;
  readonly missingLeft: boolean;
  /** Of a set of categories, by bin: 1 goes left; bin 255 is "missing". Others follow from `bin`: see `goesLeftOf`. */
  readonly set?: Uint8Array;
  /** Values of the sides by the quantised sums, before the learning rate; 0 where nobody asked. */
  readonly leftValue: number;
  readonly rightValue: number;
  /** Rows of the sides. */
  readonly counts: readonly [number, number];
}

/** LightGBM's parameters for sets of categories (Ke et al., NeurIPS 2017). */
export interface CategoryRules {
  /** Added to the hessian of a category by which it is sorted; categories of fewer rows stand in no set. */
  readonly smooth: number;
  /** Added to l2 where a set is chosen from a sorted order. */
  readonly l2: number;
  /** Most categories of a set. */
  readonly maxThreshold: number;
  /** Least rows that each step along the order adds. */
  readonly minPerGroup: number;
  /** With so few categories each is tried against the rest, without smoothing. */
  readonly maxToOnehot: number;
}

export interface SplitRules extends SplitLimits {
  readonly categories: CategoryRules;
}

/** A node's gain on one feature, before the split is worked out. */
export interface Candidate {
  readonly gain: number;
  readonly bin: number;
  readonly categories?: readonly number[];
}

/** Works a candidate out: which bins go where, and, given rules, what the sides are worth. */
export function completeSplit(
  feature: number,
  candidate: Candidate,
  planes: Float64Array,
  rows: number,
  units: Units,
  rules: LeafRules | undefined,
): Split {
  const goesLeft = new Uint8Array(BINS);
  const missingCount = planes[2 * BINS + MISSING_BIN]!;
  const bin = candidate.categories ? -1 : candidate.bin % MISSING_LEFT;
  if (candidate.categories) for (const category of candidate.categories) goesLeft[category] = 1;
  else goesLeft.fill(1, 0, bin + 1);
  // Missing values are one more category, which may stand in the set.
  if (missingCount > 0 && !candidate.categories) goesLeft[MISSING_BIN] = candidate.bin >= MISSING_LEFT ? 1 : 0;
  const left = leftCount(planes, candidate.categories, bin, goesLeft[MISSING_BIN] === 1 ? missingCount : 0);
  const counts: [number, number] = [left, rows - left];
  // None seen here: they go with the many.
  if (missingCount === 0) goesLeft[MISSING_BIN] = counts[0] > counts[1] ? 1 : 0;
  const missingLeft = goesLeft[MISSING_BIN] === 1;
  const [leftValue, rightValue] = rules ? sideValues(planes, goesLeft, units, rules) : [0, 0];
  const split = { feature, gain: candidate.gain, bin, missingLeft, leftValue, rightValue, counts };
  return candidate.categories ? { ...split, set: goesLeft } : split;
}

/** By bin, 0 or 1. Not kept with numeric splits: of many trees these tables would be most of what there is. */
export function goesLeftOf({ bin, missingLeft, set }: Split): Uint8Array {
  if (set) return set;
  const goesLeft = new Uint8Array(BINS).fill(1, 0, bin + 1);
  goesLeft[MISSING_BIN] = missingLeft ? 1 : 0;
  return goesLeft;
}

/** Rows that go left. Not by all bins: this runs for every node. */
function leftCount(
  planes: Float64Array,
  categories: readonly number[] | undefined,
  bin: number,
  missingLeft: number,
): number {
  let left = 0;
  if (categories) for (const category of categories) left += planes[2 * BINS + category]!;
  else {
    for (let at = 2 * BINS; at <= 2 * BINS + bin; at++) left += planes[at]!;
    left += missingLeft;
  }
  return left;
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

/** The planes of a feature in a histogram. */
export function planesOf(histogram: Float64Array, feature: number): Float64Array {
  return histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
}
