import type { NodeLimits, SplitLimits, Units } from '../../engine/tree-workspace.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
import { type LeafRules, leafGain, leafValue } from '../../kernels/tree-splitting.js';
import type { FeatureBins } from '../binning/index.js';

/** The best way to part a node. */
export interface Split {
  readonly feature: number;
  readonly gain: number;
  /** Numeric: last bin that goes left; −1 for a set of categories. */
  readonly bin: number;
  readonly missingLeft: boolean;
  /** By bin, 0 or 1; bin 255 is "missing". */
  readonly goesLeft: Uint8Array;
  /** Values of the sides by the quantised sums, before the learning rate. */
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

/** Works a candidate out: which bins go where. */
export function completeSplit(
  feature: number,
  candidate: Candidate,
  planes: Float64Array,
  units: Units,
  rules: LeafRules,
): Split {
  const goesLeft = new Uint8Array(BINS);
  const missingCount = planes[2 * BINS + MISSING_BIN]!;
  const bin = candidate.categories ? -1 : candidate.bin % MISSING_LEFT;
  if (candidate.categories) for (const category of candidate.categories) goesLeft[category] = 1;
  else goesLeft.fill(1, 0, bin + 1);
  // Missing values are one more category, which may stand in the set.
  if (missingCount > 0 && !candidate.categories) goesLeft[MISSING_BIN] = candidate.bin >= MISSING_LEFT ? 1 : 0;
  const counts = sideCounts(planes, goesLeft);
  // None seen here: they go with the many.
  if (missingCount === 0) goesLeft[MISSING_BIN] = counts[0] > counts[1] ? 1 : 0;
  const missingLeft = goesLeft[MISSING_BIN] === 1;
  const [leftValue, rightValue] = sideValues(planes, goesLeft, units, rules);
  return { feature, gain: candidate.gain, bin, missingLeft, goesLeft, leftValue, rightValue, counts };
}

function sideCounts(planes: Float64Array, goesLeft: Uint8Array): [number, number] {
  let [left, all] = [0, 0];
  for (let bin = 0; bin < BINS; bin++) {
    const count = planes[2 * BINS + bin]!;
    all += count;
    if (goesLeft[bin] === 1) left += count;
  }
  return [left, all - left];
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

/**
 * The best set of categories to go left: categories sorted by gradient ÷ (hessian + smoothing), then the best prefix or
 * suffix of that order (Fisher, 1958, "On grouping for maximum homogeneity"). Missing values are a category too.
 */
export function scanCategories(
  planes: Float64Array,
  bins: FeatureBins,
  units: Units,
  limits: SplitRules,
  { lower, upper }: NodeLimits,
): Candidate | undefined {
  const present: number[] = [];
  const node = noRows();
  const see = (bin: number) => {
    if (planes[2 * BINS + bin] === 0) return;
    present.push(bin);
    addBin(node, planes, bin);
  };
  for (let bin = 0; bin < bins.binCount; bin++) see(bin);
  see(MISSING_BIN);
  if (present.length < 2) return undefined;
  const scan = { planes, node, units, limits, rules: { ...limits, lower, upper } };
  return present.length <= limits.categories.maxToOnehot ? oneAgainstRest(present, scan) : bestPrefix(present, scan);
}

interface Scan {
  readonly planes: Float64Array;
  readonly node: Sums;
  readonly units: Units;
  readonly limits: SplitRules;
  readonly rules: LeafRules;
}

/** What parting the node into `left` and the rest saves, by the rules of a side; −∞ where a side is too small. */
function savedBy(left: Sums, { node, units, limits }: Scan, rules: LeafRules): number {
  const count = node.count - left.count;
  const [leftHessian, hessian] = [left.hessian * units.hessian, (node.hessian - left.hessian) * units.hessian];
  if (left.count < limits.minSamples || count < limits.minSamples) return Number.NEGATIVE_INFINITY;
  if (leftHessian < limits.minHessian || hessian < limits.minHessian) return Number.NEGATIVE_INFINITY;
  if (!(leftHessian + rules.l2 > 0 && hessian + rules.l2 > 0)) return Number.NEGATIVE_INFINITY;
  const gradient = (node.gradient - left.gradient) * units.gradient;
  return leafGain(left.gradient * units.gradient, leftHessian, rules) + leafGain(gradient, hessian, rules);
}

const gainOfNode = ({ node, units, rules }: Scan) =>
  leafGain(node.gradient * units.gradient, node.hessian * units.hessian, rules);

function oneAgainstRest(present: readonly number[], scan: Scan): Candidate | undefined {
  let best = { saved: Number.NEGATIVE_INFINITY, category: -1 };
  for (const category of present) {
    const alone = noRows();
    addBin(alone, scan.planes, category);
    const saved = savedBy(alone, scan, scan.rules);
    if (saved > best.saved) best = { saved, category };
  }
  if (best.category < 0) return undefined;
  return { gain: best.saved - gainOfNode(scan), bin: -1, categories: [best.category] };
}

function bestPrefix(present: readonly number[], scan: Scan): Candidate | undefined {
  const { planes, node, units, rules } = scan;
  const { smooth, maxThreshold, minPerGroup, l2 } = scan.limits.categories;
  const sideRules = { ...rules, l2: rules.l2 + l2 };
  const order = new Float64Array(BINS);
  const sorted = present.filter((bin) => planes[2 * BINS + bin]! >= smooth);
  for (const bin of sorted) {
    const divisor = planes[BINS + bin]! * units.hessian + smooth;
    order[bin] = divisor > 0 ? (planes[bin]! * units.gradient) / divisor : 0;
  }
  sorted.sort((a, b) => order[a]! - order[b]! || a - b);
  const most = Math.min(maxThreshold, Math.ceil(sorted.length / 2));
  let best = { saved: Number.NEGATIVE_INFINITY, length: 0, reversed: false };
  for (const reversed of [false, true]) {
    const left = noRows();
    let inGroup = 0;
    for (let i = 0; i < most; i++) {
      const bin = sorted[reversed ? sorted.length - 1 - i : i]!;
      addBin(left, planes, bin);
      inGroup += planes[2 * BINS + bin]!;
      if (node.count - left.count < minPerGroup) break;
      if (inGroup < minPerGroup) continue;
      inGroup = 0;
      const saved = savedBy(left, scan, sideRules);
      if (saved > best.saved) best = { saved, length: i + 1, reversed };
    }
  }
  if (best.length === 0) return undefined;
  const { saved, length, reversed } = best;
  const categories = reversed ? sorted.slice(sorted.length - length) : sorted.slice(0, length);
  return { gain: saved - gainOfNode(scan), bin: -1, categories };
}

/** The planes of a feature in a histogram. */
export function planesOf(histogram: Float64Array, feature: number): Float64Array {
  return histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
}
