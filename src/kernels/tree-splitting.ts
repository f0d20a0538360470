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

/** What quantised sums are worth, and what the sides of a split are held to. */
export const sideArguments = [
  { name: 'gradientUnit', dtype: 'f64', meaning: 'worth of one level' },
  { name: 'hessianUnit', dtype: 'f64', meaning: 'worth of one level' },
  { name: 'l1', dtype: 'f64', meaning: 'taken off the absolute gradient of each side, ≥ 0' },
  { name: 'l2', dtype: 'f64', meaning: 'added to the hessian of each side, ≥ 0' },
  { name: 'maxDeltaStep', dtype: 'f64', meaning: 'largest absolute value of a side; 0: no limit' },
  { name: 'minHessian', dtype: 'f64', meaning: 'least hessian of a side' },
  { name: 'minSamples', dtype: 'f64', meaning: 'least rows of a side' },
] as const;

/** What sets of categories are held to: the rules of LightGBM. */
export const setArguments = [
  {
    name: 'smooth',
    dtype: 'f64',
    meaning: 'added to the hessian in the ratio; categories of fewer rows stand in no set',
  },
  { name: 'setL2', dtype: 'f64', meaning: 'added to l2 where a set comes from the order' },
  { name: 'maxThreshold', dtype: 'f64', meaning: 'most categories of a set' },
  { name: 'minPerGroup', dtype: 'f64', meaning: 'least rows that each step along the order adds' },
  { name: 'maxToOnehot', dtype: 'f64', meaning: 'with so few categories each is tried against the rest' },
] as const;

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
    ...sideArguments,
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

/** Words of 32 bins that a set of categories takes. */
export const SET_WORDS = 8;
/** Numbers of scratch of category_scan_f64. */
export const CATEGORY_SCRATCH = 512;

/** What a set of categories is held to, beside what holds for every split. */
interface SetRules extends LeafRules {
  readonly gradientUnit: number;
  readonly hessianUnit: number;
  readonly minHessian: number;
  readonly minSamples: number;
  readonly smooth: number;
  readonly setL2: number;
  readonly maxThreshold: number;
  readonly minPerGroup: number;
  readonly maxToOnehot: number;
}

export const category_scan_f64 = defineKernel({
  name: 'category_scan_f64',
  family: 'tree-building',
  summary: 'The best set of categories to go left, of each categorical feature.',
  source:
    'Fisher, On grouping for maximum homogeneity, 1958: the best sets are beginnings and ends of the order by gradient ÷ hessian; rules of sets: Ke et al., LightGBM, NeurIPS 2017',
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
      meaning: 'categories, at most 255; missing values are one more; 0: leave this feature out',
    },
    {
      name: 'allowed',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.featureCount!,
      meaning: '0: leave this feature out in this node; absent: none',
      optional: true,
    },
    { name: 'gains', role: 'out', dtype: 'f64', length: (s) => s.featureCount!, meaning: 'best gain, −∞ where none' },
    {
      name: 'sets',
      role: 'out',
      dtype: 'u32',
      length: (s) => 8 * s.featureCount!,
      meaning: 'bins that go left, a bit each, the lowest first; empty where there is no gain',
    },
    { name: 'scratch', role: 'scratch', dtype: 'f64', length: () => 512, meaning: 'ratios, and bins in their order' },
    ...sideArguments,
    { name: 'lower', dtype: 'f64', meaning: 'least value of a side; −∞: none' },
    { name: 'upper', dtype: 'f64', meaning: 'largest value of a side; ∞: none' },
    ...setArguments,
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    histogram,
    binCounts,
    allowed,
    gains,
    sets,
    _scratch,
    gradientUnit,
    hessianUnit,
    l1,
    l2,
    maxDeltaStep,
    minHessian,
    minSamples,
    lower,
    upper,
    smooth,
    setL2,
    maxThreshold,
    minPerGroup,
    maxToOnehot,
    featureCount,
  ) => {
    const sides = { l1, l2, maxDeltaStep, lower, upper, gradientUnit, hessianUnit, minHessian, minSamples };
    const rules: SetRules = { ...sides, smooth, setL2, maxThreshold, minPerGroup, maxToOnehot };
    sets.fill(0);
    for (let feature = 0; feature < featureCount; feature++) {
      const planes = histogram.subarray(feature * HISTOGRAM_STRIDE, (feature + 1) * HISTOGRAM_STRIDE);
      const binCount = allowed !== null && allowed[feature] === 0 ? 0 : binCounts[feature]!;
      const found = bestSet(planes, binCount, rules);
      gains[feature] = found.gain;
      for (const bin of found.bins) sets[SET_WORDS * feature + (bin >> 5)]! |= 1 << (bin & 31);
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = splitCase(size, random, flavour);
    const { histogram, binCounts, allowed } = buffers;
    if (flavour === 'ties' || flavour === 'one-bin') {
      // Few categories, in some of the features.
      for (let feature = 0; feature < binCounts.length; feature += 2) binCounts[feature] = random.integer(6);
    }
    return {
      scalars: {
        ...scalars,
        minSamples: random.integer(60),
        smooth: random.integer(2) * 10,
        setL2: random.integer(2) * 10,
        maxThreshold: flavour === 'nulls' ? 3 : 32,
        minPerGroup: random.integer(2) * 100,
        maxToOnehot: 4,
      },
      buffers: { histogram, binCounts, allowed },
    };
  },
  work: (s) => ({ elements: s.featureCount! * BINS, bytes: s.featureCount! * HISTOGRAM_STRIDE * 8 }),
});

interface FoundSet {
  readonly gain: number;
  readonly bins: readonly number[];
}

const NO_SET: FoundSet = { gain: Number.NEGATIVE_INFINITY, bins: [] };

function bestSet(planes: Float64Array, binCount: number, rules: SetRules): FoundSet {
  const bins = [...Array(binCount).keys(), ...(binCount > 0 ? [MISSING_BIN] : [])];
  const present = bins.filter((bin) => planes[2 * BINS + bin]! !== 0);
  if (present.length < 2) return NO_SET;
  const total = sumsOfBins(planes, present);
  return present.length <= rules.maxToOnehot
    ? oneAgainstRest(planes, present, total, rules)
    : bestEnd(planes, present, total, rules);
}

function sumsOfBins(planes: Float64Array, bins: readonly number[]): BinSums {
  return bins.map((bin) => sumsOfBin(planes, bin)).reduce(sum, { gradient: 0, hessian: 0, count: 0 });
}

function oneAgainstRest(planes: Float64Array, present: readonly number[], total: BinSums, rules: SetRules): FoundSet {
  let [best, bins]: [number, number[]] = [Number.NEGATIVE_INFINITY, []];
  for (const bin of present) {
    const saved = savedBy(sumsOfBin(planes, bin), total, rules, rules.l2);
    if (saved > best) [best, bins] = [saved, [bin]];
  }
  return bins.length > 0 ? { gain: best - gainOf(total, rules, rules.l2), bins } : NO_SET;
}

/** The best beginning or end of the categories sorted by gradient ÷ (hessian + smoothing), equal ones by bin. */
function bestEnd(planes: Float64Array, present: readonly number[], total: BinSums, rules: SetRules): FoundSet {
  const { smooth, gradientUnit, hessianUnit, maxThreshold, minPerGroup, setL2 } = rules;
  const ratio = (bin: number) => {
    const divisor = planes[BINS + bin]! * hessianUnit + smooth;
    return divisor > 0 ? (planes[bin]! * gradientUnit) / divisor : 0;
  };
  const sorted = present
    .filter((bin) => planes[2 * BINS + bin]! >= smooth)
    .sort((a, b) => ratio(a) - ratio(b) || a - b);
  const most = Math.min(maxThreshold, Math.ceil(sorted.length / 2));
  let [best, bins]: [number, readonly number[]] = [Number.NEGATIVE_INFINITY, []];
  for (const order of [sorted, sorted.toReversed()]) {
    let left: BinSums = { gradient: 0, hessian: 0, count: 0 };
    let inGroup = 0;
    for (let i = 0; i < most; i++) {
      const bin = sumsOfBin(planes, order[i]!);
      left = sum(left, bin);
      inGroup += bin.count;
      if (total.count - left.count < minPerGroup) break;
      if (inGroup < minPerGroup) continue;
      inGroup = 0;
      const saved = savedBy(left, total, rules, rules.l2 + setL2);
      if (saved > best) [best, bins] = [saved, order.slice(0, i + 1)];
    }
  }
  return bins.length > 0 ? { gain: best - gainOf(total, rules, rules.l2), bins } : NO_SET;
}

/** What parting a node saves; −∞ where a side is too small. */
function savedBy(left: BinSums, total: BinSums, rules: SetRules, l2: number): number {
  const right = difference(total, left);
  const enough = ({ hessian, count }: BinSums) =>
    count >= rules.minSamples &&
    hessian * rules.hessianUnit >= rules.minHessian &&
    hessian * rules.hessianUnit + l2 > 0;
  if (!enough(left) || !enough(right)) return Number.NEGATIVE_INFINITY;
  return gainOf(left, rules, l2) + gainOf(right, rules, l2);
}

function gainOf({ gradient, hessian }: BinSums, rules: SetRules, l2: number): number {
  return leafGain(gradient * rules.gradientUnit, hessian * rules.hessianUnit, { ...rules, l2 });
}

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
