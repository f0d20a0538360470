import type { SplitLimits, Units } from '../../engine/tree-workspace.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
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
}

/** LightGBM's defaults for sets of categories (Ke et al., NeurIPS 2017; parameters cat_smooth, cat_l2, …). */
const CATEGORY_SMOOTHING = 10;
const CATEGORY_L2 = 10;
const MAX_CATEGORIES_LEFT = 32;
const MIN_SAMPLES_PER_GROUP = 100;
/** With this few categories each is tried against the rest, without smoothing. */
const ONE_AGAINST_REST = 4;

/** A node's gain on one feature, before the split is worked out. */
export interface Candidate {
  readonly gain: number;
  readonly bin: number;
  readonly categories?: readonly number[];
}

/** Works a candidate out: which bins go where. */
export function completeSplit(feature: number, candidate: Candidate, planes: Float64Array): Split {
  const goesLeft = new Uint8Array(BINS);
  const missingCount = planes[2 * BINS + MISSING_BIN]!;
  const bin = candidate.categories ? -1 : candidate.bin % MISSING_LEFT;
  if (candidate.categories) for (const category of candidate.categories) goesLeft[category] = 1;
  else goesLeft.fill(1, 0, bin + 1);
  if (missingCount > 0) {
    // Missing values are one more category, which may stand in the set.
    if (!candidate.categories) goesLeft[MISSING_BIN] = candidate.bin >= MISSING_LEFT ? 1 : 0;
  } else {
    // None seen here: they go with the many.
    const [left, right] = sideCounts(planes, goesLeft);
    goesLeft[MISSING_BIN] = left > right ? 1 : 0;
  }
  const missingLeft = goesLeft[MISSING_BIN] === 1;
  return { feature, gain: candidate.gain, bin, missingLeft, goesLeft };
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

/**
 * The best set of categories to go left: categories sorted by gradient ÷ (hessian + smoothing), then the best prefix or
 * suffix of that order (Fisher, 1958, "On grouping for maximum homogeneity"). Missing values are a category too.
 */
export function scanCategories(
  planes: Float64Array,
  bins: FeatureBins,
  units: Units,
  limits: SplitLimits,
): Candidate | undefined {
  const present: number[] = [];
  const node = { gradient: 0, hessian: 0, count: 0 };
  const see = (bin: number) => {
    if (planes[2 * BINS + bin] === 0) return;
    present.push(bin);
    addBin(node, planes, bin, units);
  };
  for (let bin = 0; bin < bins.binCount; bin++) see(bin);
  see(MISSING_BIN);
  if (present.length < 2) return undefined;
  return present.length <= ONE_AGAINST_REST
    ? oneAgainstRest(present, planes, node, units, limits)
    : bestPrefix(present, planes, node, units, limits);
}

interface Sums {
  gradient: number;
  hessian: number;
  count: number;
}

function addBin(sums: Sums, planes: Float64Array, bin: number, units: Units): void {
  sums.gradient += planes[bin]! * units.gradient;
  sums.hessian += planes[BINS + bin]! * units.hessian;
  sums.count += planes[2 * BINS + bin]!;
}

/** What parting `node` into `left` and the rest gains; −∞ where a side is too small. */
function gainOf(left: Sums, node: Sums, limits: SplitLimits, l2: number): number {
  const gradient = node.gradient - left.gradient;
  const hessian = node.hessian - left.hessian;
  const count = node.count - left.count;
  if (left.count < limits.minSamples || count < limits.minSamples) return Number.NEGATIVE_INFINITY;
  if (left.hessian < limits.minHessian || hessian < limits.minHessian) return Number.NEGATIVE_INFINITY;
  if (!(left.hessian + l2 > 0 && hessian + l2 > 0)) return Number.NEGATIVE_INFINITY;
  const sides = (left.gradient * left.gradient) / (left.hessian + l2) + (gradient * gradient) / (hessian + l2);
  return sides - (node.gradient * node.gradient) / (node.hessian + limits.l2);
}

function oneAgainstRest(
  present: readonly number[],
  planes: Float64Array,
  node: Sums,
  units: Units,
  limits: SplitLimits,
): Candidate | undefined {
  let best: Candidate | undefined;
  for (const bin of present) {
    const alone = { gradient: 0, hessian: 0, count: 0 };
    addBin(alone, planes, bin, units);
    const gain = gainOf(alone, node, limits, limits.l2);
    if (gain > (best?.gain ?? Number.NEGATIVE_INFINITY)) best = { gain, bin: -1, categories: [bin] };
  }
  return best;
}

function bestPrefix(
  present: readonly number[],
  planes: Float64Array,
  node: Sums,
  units: Units,
  limits: SplitLimits,
): Candidate | undefined {
  const l2 = limits.l2 + CATEGORY_L2;
  const order = new Float64Array(BINS);
  const sorted = present.filter((bin) => planes[2 * BINS + bin]! >= CATEGORY_SMOOTHING);
  for (const bin of sorted) {
    order[bin] = (planes[bin]! * units.gradient) / (planes[BINS + bin]! * units.hessian + CATEGORY_SMOOTHING);
  }
  sorted.sort((a, b) => order[a]! - order[b]! || a - b);
  const most = Math.min(MAX_CATEGORIES_LEFT, Math.ceil(sorted.length / 2));
  let best = { gain: Number.NEGATIVE_INFINITY, length: 0, reversed: false };
  for (const reversed of [false, true]) {
    const left = { gradient: 0, hessian: 0, count: 0 };
    let inGroup = 0;
    for (let i = 0; i < most; i++) {
      const bin = sorted[reversed ? sorted.length - 1 - i : i]!;
      addBin(left, planes, bin, units);
      inGroup += planes[2 * BINS + bin]!;
      if (node.count - left.count < MIN_SAMPLES_PER_GROUP) break;
      if (inGroup < MIN_SAMPLES_PER_GROUP) continue;
      inGroup = 0;
      const gain = gainOf(left, node, limits, l2);
      if (gain > best.gain) best = { gain, length: i + 1, reversed };
    }
  }
  if (best.length === 0) return undefined;
  const { gain, length, reversed } = best;
  const categories = reversed ? sorted.slice(sorted.length - length) : sorted.slice(0, length);
  return { gain, bin: -1, categories };
}

/** The planes of a feature in a histogram. */
export function planesOf(histogram: Float64Array, feature: number): Float64Array {
  return histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
}
