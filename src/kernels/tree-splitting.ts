import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { BINS, HESSIAN_LEVELS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from './tree-building.js';

/**
 * Numerical policy: histograms are whole numbers, so sums of bins have no order; what is computed from them is f64, side
 * by side, without fused multiply-add. Ties fall to the lowest bin, and there to missing values that go right.
 */

/** What the value of a leaf is held to. */
export interface LeafRules {
  /** Taken off the absolute gradient, ≥ 0. */
  readonly l1: number;
  /** Added to the hessian, ≥ 0. */
  readonly l2: number;
  /** Largest absolute value; 0: no limit. */
  readonly maxDeltaStep: number;
  /** Bounds from monotone constraints above: −∞ and ∞ where there are none. */
  readonly lower: number;
  readonly upper: number;
}

/** The gradient, nearer to 0 by l1: the derivative of |value| is anything in [−1, 1] at 0. */
export function softThreshold(gradient: number, l1: number): number {
  if (gradient > l1) return gradient - l1;
  return gradient < -l1 ? gradient + l1 : 0;
}

/** The value that saves most within the bounds: a Newton step, held. hessian + l2 is above 0. */
export function leafValue(gradient: number, hessian: number, rules: LeafRules): number {
  return hold(-softThreshold(gradient, rules.l1) / (hessian + rules.l2), rules);
}

function hold(value: number, { maxDeltaStep, lower, upper }: LeafRules): number {
  const step = maxDeltaStep > 0 ? clamp(value, -maxDeltaStep, maxDeltaStep) : value;
  return clamp(step, lower, upper);
}

/** Not Math.min and Math.max, which tell −0 from 0: other languages' do not. */
function clamp(value: number, lower: number, upper: number): number {
  if (value < lower) return lower;
  return value > upper ? upper : value;
}

/** Twice the loss that a leaf saves by its value. */
export function leafGain(gradient: number, hessian: number, rules: LeafRules): number {
  const thresholded = softThreshold(gradient, rules.l1);
  const divisor = hessian + rules.l2;
  const free = -thresholded / divisor;
  const value = hold(free, rules);
  if (value === free) return (thresholded * thresholded) / divisor;
  return -(2 * thresholded * value + divisor * value * value);
}

export const split_scan_f64 = defineKernel({
  name: 'split_scan_f64',
  family: 'tree-building',
  summary: 'The best threshold of each numeric feature: the largest gain, the lowest bin among equals.',
  source: "Gains and L1: Chen and Guestrin 2016 (XGBoost); bounds: LightGBM's and scikit-learn's basic monotone method",
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
    {
      name: 'allowed',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.featureCount!,
      meaning: '0: leave this feature out in this node; absent: none',
      optional: true,
    },
    {
      name: 'monotone',
      role: 'in',
      dtype: 'i8',
      length: (s) => s.featureCount!,
      meaning: '1: the right side has no smaller value than the left, −1: no larger, 0: free; absent: all free',
      optional: true,
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
    { name: 'l1', dtype: 'f64', meaning: 'taken off the absolute gradient of each side, ≥ 0' },
    { name: 'l2', dtype: 'f64', meaning: 'added to the hessian of each side, ≥ 0' },
    { name: 'maxDeltaStep', dtype: 'f64', meaning: 'largest absolute value of a side; 0: no limit' },
    { name: 'minHessian', dtype: 'f64', meaning: 'least hessian of a side' },
    { name: 'minSamples', dtype: 'f64', meaning: 'least rows of a side' },
    { name: 'lower', dtype: 'f64', meaning: 'least value of a side; −∞: none' },
    { name: 'upper', dtype: 'f64', meaning: 'largest value of a side; ∞: none' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    histogram,
    binCounts,
    allowed,
    monotone,
    gains,
    splits,
    gradientUnit,
    hessianUnit,
    l1,
    l2,
    maxDeltaStep,
    minHessian,
    minSamples,
    lower,
    upper,
    featureCount,
  ) => {
    const rules: LeafRules = { l1, l2, maxDeltaStep, lower, upper };
    const enough = ({ hessian, count }: BinSums) =>
      count >= minSamples && hessian * hessianUnit >= minHessian && hessian * hessianUnit + l2 > 0;
    const gain = ({ gradient, hessian }: BinSums) => leafGain(gradient * gradientUnit, hessian * hessianUnit, rules);
    const value = ({ gradient, hessian }: BinSums) => leafValue(gradient * gradientUnit, hessian * hessianUnit, rules);
    // Nearly every tree: one division serves both sides, and gradients stay whole numbers of levels.
    const unheld =
      l1 === 0 &&
      !(maxDeltaStep > 0) &&
      lower === Number.NEGATIVE_INFINITY &&
      upper === Number.POSITIVE_INFINITY &&
      minHessian > 0;
    const divisor = ({ hessian }: BinSums) => hessian * hessianUnit + l2;
    /** What both sides save; −∞ where one is too small, or their values are in the wrong order. */
    const score = (left: BinSums, total: BinSums, direction: number): number => {
      const right = difference(total, left);
      if (!enough(left) || !enough(right)) return Number.NEGATIVE_INFINITY;
      if (unheld && direction === 0) {
        const [a, b] = [divisor(left), divisor(right)];
        return (left.gradient * left.gradient * b + right.gradient * right.gradient * a) / (a * b);
      }
      if (direction > 0 && value(left) > value(right)) return Number.NEGATIVE_INFINITY;
      if (direction < 0 && value(left) < value(right)) return Number.NEGATIVE_INFINITY;
      return gain(left) + gain(right);
    };
    for (let feature = 0; feature < featureCount; feature++) {
      const planes = histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
      const binCount = allowed !== null && allowed[feature] === 0 ? 0 : binCounts[feature]!;
      const direction = monotone === null ? 0 : monotone[feature]!;
      const missing = sumsOfBin(planes, MISSING_BIN);
      let total = missing;
      for (let bin = 0; bin < binCount; bin++) total = sum(total, sumsOfBin(planes, bin));
      let best = Number.NEGATIVE_INFINITY;
      splits[feature] = -1;
      const consider = (left: BinSums, split: number): void => {
        const found = score(left, total, direction);
        if (found > best) [best, splits[feature]] = [found, split];
      };
      let left: BinSums = { gradient: 0, hessian: 0, count: 0 };
      for (let bin = 0; bin < binCount; bin++) {
        if (planes[2 * BINS + bin] === 0) continue;
        left = sum(left, sumsOfBin(planes, bin));
        consider(left, bin);
        if (missing.count > 0) consider(sum(left, missing), bin + MISSING_LEFT);
      }
      if (splits[feature]! < 0) gains[feature] = Number.NEGATIVE_INFINITY;
      else if (!unheld || direction !== 0) gains[feature] = best - gain(total);
      else gains[feature] = (best - (total.gradient * total.gradient) / divisor(total)) * (gradientUnit * gradientUnit);
    }
  },
  inputs: (size, random, flavour) => splitCase(size, random, flavour),
  work: (s) => ({ elements: s.featureCount! * BINS, bytes: s.featureCount! * HISTOGRAM_STRIDE * 8 }),
});

interface BinSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly count: number;
}

function sumsOfBin(planes: Float64Array, bin: number): BinSums {
  return { gradient: planes[bin]!, hessian: planes[BINS + bin]!, count: planes[2 * BINS + bin]! };
}

function sum(a: BinSums, b: BinSums): BinSums {
  return { gradient: a.gradient + b.gradient, hessian: a.hessian + b.hessian, count: a.count + b.count };
}

function difference(a: BinSums, b: BinSums): BinSums {
  return { gradient: a.gradient - b.gradient, hessian: a.hessian - b.hessian, count: a.count - b.count };
}

/** Plain and constant: nothing is held; the other flavours each bring some of the rules. */
function splitCase(size: number, random: CaseRandom, flavour: Flavour) {
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
  const held = flavour === 'nulls' || flavour === 'special' || flavour === 'ties';
  const bounded = held && random.integer(2) === 0;
  return {
    scalars: {
      gradientUnit: 1 / 32_767,
      hessianUnit: 0.25 / 4_095,
      l1: flavour === 'skewed' || flavour === 'special' ? 20 * random.uniform() : 0,
      l2: 0.5,
      maxDeltaStep: flavour === 'special' || flavour === 'skewed' ? random.uniform() : 0,
      minHessian: 1e-3,
      minSamples: 20,
      lower: bounded ? -random.uniform() / 10 : Number.NEGATIVE_INFINITY,
      upper: bounded ? random.uniform() / 10 : Number.POSITIVE_INFINITY,
      featureCount,
    },
    buffers: {
      histogram,
      binCounts,
      allowed: held ? Uint8Array.from({ length: featureCount }, () => Math.min(1, random.integer(4))) : null,
      monotone: held ? Int8Array.from({ length: featureCount }, () => random.integer(3) - 1) : null,
    },
  };
}
