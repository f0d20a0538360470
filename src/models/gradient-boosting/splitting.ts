import type { SplitLimits, Units } from '../../engine/trees.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
import type { FeatureBins } from './binning.js';

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
  const entries: Category[] = [];
  const total = { gradient: 0, hessian: 0, count: 0 };
  for (const bin of [...Array(bins.binCount).keys(), MISSING_BIN]) {
    const count = planes[2 * BINS + bin]!;
    if (count === 0) continue;
    const [gradient, hessian] = [planes[bin]! * units.gradient, planes[BINS + bin]! * units.hessian];
    entries.push({ bin, gradient, hessian, count, order: 0 });
    total.count += count;
    total.gradient += planes[bin]!;
    total.hessian += planes[BINS + bin]!;
  }
  if (entries.length < 2) return undefined;
  const [gradient, hessian] = [total.gradient * units.gradient, total.hessian * units.hessian];
  const node = { gradient, hessian, count: total.count };
  return entries.length <= ONE_AGAINST_REST ? oneAgainstRest(entries, node, limits) : bestPrefix(entries, node, limits);
}

interface Category {
  readonly bin: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly count: number;
  order: number;
}

interface Sums {
  readonly gradient: number;
  readonly hessian: number;
  readonly count: number;
}

function gainOf(left: Sums, node: Sums, limits: SplitLimits, l2: number): number {
  const right = {
    gradient: node.gradient - left.gradient,
    hessian: node.hessian - left.hessian,
    count: node.count - left.count,
  };
  for (const side of [left, right]) {
    if (side.count < limits.minSamples || side.hessian < limits.minHessian || !(side.hessian + l2 > 0)) {
      return Number.NEGATIVE_INFINITY;
    }
  }
  const score = (side: Sums, regularization: number) =>
    (side.gradient * side.gradient) / (side.hessian + regularization);
  return score(left, l2) + score(right, l2) - score(node, limits.l2);
}

function oneAgainstRest(entries: readonly Category[], node: Sums, limits: SplitLimits): Candidate | undefined {
  let best: Candidate | undefined;
  for (const entry of entries) {
    const gain = gainOf(entry, node, limits, limits.l2);
    if (gain > (best?.gain ?? Number.NEGATIVE_INFINITY)) best = { gain, bin: -1, categories: [entry.bin] };
  }
  return best;
}

function bestPrefix(entries: readonly Category[], node: Sums, limits: SplitLimits): Candidate | undefined {
  const l2 = limits.l2 + CATEGORY_L2;
  const sorted = entries.filter((entry) => entry.count >= CATEGORY_SMOOTHING);
  for (const entry of sorted) entry.order = entry.gradient / (entry.hessian + CATEGORY_SMOOTHING);
  sorted.sort((a, b) => a.order - b.order || a.bin - b.bin);
  let best: Candidate | undefined;
  for (const direction of [sorted, sorted.toReversed()]) {
    let left = { gradient: 0, hessian: 0, count: 0 };
    let inGroup = 0;
    const most = Math.min(MAX_CATEGORIES_LEFT, Math.ceil(direction.length / 2));
    for (let i = 0; i < most; i++) {
      const entry = direction[i]!;
      left = {
        gradient: left.gradient + entry.gradient,
        hessian: left.hessian + entry.hessian,
        count: left.count + entry.count,
      };
      inGroup += entry.count;
      if (inGroup < MIN_SAMPLES_PER_GROUP || node.count - left.count < MIN_SAMPLES_PER_GROUP) continue;
      inGroup = 0;
      const gain = gainOf(left, node, limits, l2);
      if (gain > (best?.gain ?? Number.NEGATIVE_INFINITY)) {
        best = { gain, bin: -1, categories: direction.slice(0, i + 1).map((category) => category.bin) };
      }
    }
  }
  return best;
}

/** The planes of a feature in a histogram. */
export function planesOf(histogram: Float64Array, feature: number): Float64Array {
  return histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
}
