import { log } from './elementary';

// What the steps of forest_grow_u8 and forest_grow_u16 share: their arguments, the node that is being split, its score.
//
// work, in bytes: 0 the arguments and the node that is being split; 512 counters, 2 × 256 i32, or keys of an insertion
// sort; 2,560 keys of categories, 256 f64; 4,608 random words, 2 × 4 u32; 5,120 sums of the node: in all, missing, left,
// and three for the order of categories.
//
// A run is a code's rows: code, begin, end and one unused word, i32. Its sums are weight, rows, and those of targets or classes.
export const COUNTERS: usize = 512;
export const KEYS: usize = 2560;
export const WORDS: usize = 4608;
export const TOTALS: usize = 5120;
export const SORTED_ROWS: i32 = 32;
export const MISSING_LEFT: i32 = 65536;
export const POWER_STEPS: i32 = 8;
export const THRESHOLD_BLOCKS: u64 = 1 << 40;

// The arguments that every step needs, in one place, and the node that is being split.
// @ts-ignore: decorator
@unmanaged
export class Tree {
  codes: usize;
  offsets: usize;
  lows: usize;
  highs: usize;
  categorical: usize;
  targets: usize;
  weights: usize;
  state: usize;
  rows: usize;
  bagWeights: usize;
  open: usize;
  feature: usize;
  split: usize;
  threshold: usize;
  categories: usize;
  child: usize;
  values: usize;
  cover: usize;
  samples: usize;
  gain: usize;
  nodeTargets: usize;
  nodeWeights: usize;
  order: usize;
  runs: usize;
  sums: usize;
  work: usize;
  features: usize;
  dataRows: i32;
  featureCount: i32;
  targetCount: i32;
  classCount: i32;
  logarithmic: i32;
  randomSplits: i32;
  hasCategories: i32;
  maxFeatures: i32;
  maxDepth: i32;
  minSamplesSplit: i32;
  minSamplesLeaf: i32;
  width: i32;
  stride: usize;
  missing: i32;
  keyLow: u32;
  keyHigh: u32;
  minWeightFraction: f64;
  minGain: f64;
  // of the node
  nodeRows: usize;
  count: i32;
  nodeWeight: f64;
  minWeight: f64;
  // the best split so far
  score: f64;
  bestThreshold: f64;
  bestFeature: i32;
  bestSplit: i32;
  bestCategories: usize;
  // the cut found last, and the random one
  cutIndex: i32;
  cutMissing: i32;
  onlyIndex: i32;
  onlyDrawn: i32;
  onlyThreshold: f64;
}

// @ts-ignore: decorator
@inline
export function at4(base: usize, index: i32): usize {
  return base + (<usize>index << 2);
}

// @ts-ignore: decorator
@inline
export function at8(base: usize, index: i32): usize {
  return base + (<usize>index << 3);
}

// @ts-ignore: decorator
@inline
export function codeOf<Code>(column: usize, row: u32): i32 {
  return <i32>load<Code>(column + <usize>row * sizeof<Code>());
}

export function entropyTerm(x: f64): f64 {
  return x > 0 ? x * log(x) : 0;
}

// @ts-ignore: decorator
@inline
export function side(logarithmic: i32, sum: f64, weight: f64): f64 {
  if (!logarithmic) return (sum * sum) / weight;
  return sum > 0 ? sum * log(sum / weight) : -Infinity;
}

// @ts-ignore: decorator
@inline
export function classScore(t: Tree, sum: f64, weight: f64): f64 {
  return t.logarithmic ? sum - <f64>t.targetCount * entropyTerm(weight) : sum / weight;
}

// @ts-ignore: decorator
@inline
export function term(logarithmic: i32, x: f64): f64 {
  return logarithmic ? entropyTerm(x) : x * x;
}

// @ts-ignore: decorator
@inline
export function rise(logarithmic: i32, x: f64, w: f64): f64 {
  return logarithmic ? entropyTerm(x + w) - entropyTerm(x) : w * (2 * x + w);
}

// @ts-ignore: decorator
@inline
export function allowed(t: Tree, rows: i32, weight: f64): bool {
  const rest = t.nodeWeight - weight;
  return (
    rows >= t.minSamplesLeaf && t.count - rows >= t.minSamplesLeaf && weight > 0 && rest > 0 && weight >= t.minWeight &&
    rest >= t.minWeight
  );
}

// @ts-ignore: decorator
@inline
export function sumsOf(t: Tree, run: i32): usize {
  return t.sums + <usize>run * t.stride;
}

// @ts-ignore: decorator
@inline
export function codeOfRun(t: Tree, run: i32): i32 {
  return load<i32>(t.runs + (<usize>run << 4));
}
