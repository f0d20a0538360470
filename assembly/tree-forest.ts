import { log } from './inline/elementary';
import { storePhiloxBlock } from './inline/philox';

// The law is src/kernels/forest-growth.ts and forest-splits.ts. One call grows a decision tree, or goes on with it.
//
// work, in bytes: 0 the arguments and the node that is being split; 512 counters, 2 × 256 i32, or keys of an insertion
// sort; 2,560 keys of categories, 256 f64; 4,608 random words, 2 × 4 u32; 5,120 sums of the node: in all, missing, left,
// and three for the order of categories.
//
// A run is a code's rows: code, begin, end and one unused word, i32. Its sums are weight, rows, and those of targets or classes.
const COUNTERS: usize = 512;
const KEYS: usize = 2560;
const WORDS: usize = 4608;
const TOTALS: usize = 5120;
const SORTED_ROWS: i32 = 32;
const MISSING_LEFT: i32 = 65536;
const POWER_STEPS: i32 = 8;
const THRESHOLD_BLOCKS: u64 = 1 << 40;

// The arguments that every step needs, in one place, and the node that is being split.
// @ts-ignore: decorator
@unmanaged
class Tree {
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
function at4(base: usize, index: i32): usize {
  return base + (<usize>index << 2);
}

// @ts-ignore: decorator
@inline
function at8(base: usize, index: i32): usize {
  return base + (<usize>index << 3);
}

// @ts-ignore: decorator
@inline
function codeOf<Code>(column: usize, row: u32): i32 {
  return <i32>load<Code>(column + <usize>row * sizeof<Code>());
}

function entropyTerm(x: f64): f64 {
  return x > 0 ? x * log(x) : 0;
}

// @ts-ignore: decorator
@inline
function side(logarithmic: i32, sum: f64, weight: f64): f64 {
  if (!logarithmic) return (sum * sum) / weight;
  return sum > 0 ? sum * log(sum / weight) : -Infinity;
}

// @ts-ignore: decorator
@inline
function classScore(t: Tree, sum: f64, weight: f64): f64 {
  return t.logarithmic ? sum - <f64>t.targetCount * entropyTerm(weight) : sum / weight;
}

// @ts-ignore: decorator
@inline
function term(logarithmic: i32, x: f64): f64 {
  return logarithmic ? entropyTerm(x) : x * x;
}

// @ts-ignore: decorator
@inline
function rise(logarithmic: i32, x: f64, w: f64): f64 {
  return logarithmic ? entropyTerm(x + w) - entropyTerm(x) : w * (2 * x + w);
}

// @ts-ignore: decorator
@inline
function allowed(t: Tree, rows: i32, weight: f64): bool {
  const rest = t.nodeWeight - weight;
  return (
    rows >= t.minSamplesLeaf && t.count - rows >= t.minSamplesLeaf && weight > 0 && rest > 0 && weight >= t.minWeight &&
    rest >= t.minWeight
  );
}

// How often each row is drawn, to bagWeights: mode 0 once, 1 with, 2 without replacement.
function drawTimes(t: Tree, mode: i32, sampleCount: i32, keyLow: u32, keyHigh: u32): void {
  const rows = t.rows, bagWeights = t.bagWeights, dataRows = t.dataRows, words = t.work + WORDS;
  for (let row = 0; row < dataRows; row++) store<f64>(at8(bagWeights, row), mode == 0 ? 1 : 0);
  if (mode == 0) return;
  for (let row = 0; row < dataRows; row++) store<u32>(at4(rows, row), row);
  for (let draw = 0; draw < sampleCount; draw++) {
    if ((draw & 3) == 0) storePhiloxBlock(words, <u64>(draw >> 2), keyLow, keyHigh);
    const word = <u64>load<u32>(at4(words, draw & 3));
    if (mode == 1) {
      const times = bagWeights + (<usize>((word * <u64>dataRows) >> 32) << 3);
      store<f64>(times, load<f64>(times) + 1);
      continue;
    }
    const from = at4(rows, draw + <i32>((word * <u64>(dataRows - draw)) >> 32));
    store<f64>(bagWeights + (<usize>load<u32>(from) << 3), 1);
    store<u32>(from, load<u32>(at4(rows, draw)));
  }
}

// Multiplies by rows / (classes · rows of the class), over the rows drawn, for each target.
function balanceClasses(t: Tree): void {
  // The times drawn, and the class counts (two where the targets are numbers 0 and 1), in scratch memory.
  const times = t.nodeWeights, counts = t.work + TOTALS, bagWeights = t.bagWeights, dataRows = t.dataRows;
  const classes = max<i32>(t.classCount, 2);
  let drawn: f64 = 0;
  for (let row = 0; row < dataRows; row++) {
    const drawnTimes = load<f64>(at8(bagWeights, row));
    store<f64>(at8(times, row), drawnTimes);
    drawn += drawnTimes;
  }
  for (let target = 0; target < t.targetCount; target++) {
    const from = at8(t.targets, target * dataRows);
    for (let k = 0; k < classes; k++) store<f64>(at8(counts, k), 0);
    for (let row = 0; row < dataRows; row++) {
      const count = at8(counts, <i32>load<f64>(at8(from, row)));
      store<f64>(count, load<f64>(count) + load<f64>(at8(times, row)));
    }
    let present: f64 = 0;
    for (let k = 0; k < classes; k++) present += load<f64>(at8(counts, k)) > 0 ? 1 : 0;
    for (let row = 0; row < dataRows; row++) {
      const count = load<f64>(at8(counts, <i32>load<f64>(at8(from, row))));
      const to = at8(bagWeights, row);
      if (count > 0) store<f64>(to, load<f64>(to) * (drawn / (present * count)));
    }
  }
}

// Draws the rows of the tree, ascending; returns how many differ. Where none is drawn, or weighs, all are taken once.
function drawBag(t: Tree, bootstrap: i32, sampleCount: i32, balanced: i32, keyLow: u32, keyHigh: u32): i32 {
  let mode = bootstrap;
  while (true) {
    drawTimes(t, mode, sampleCount, keyLow, keyHigh);
    if (balanced) balanceClasses(t);
    let inBag = 0;
    for (let row = 0; row < t.dataRows; row++) {
      const to = at8(t.bagWeights, row);
      const weight = load<f64>(to) * (t.weights == 0 ? 1 : load<f64>(at8(t.weights, row)));
      store<f64>(to, weight);
      if (weight > 0) {
        store<u32>(at4(t.rows, inBag), row);
        inBag++;
      }
    }
    if (inBag > 0 || mode == 0) return inBag;
    mode = 0;
  }
  return 0;
}

function makeLeaf(t: Tree, node: i32): void {
  store<i32>(at4(t.feature, node), -1);
  store<i32>(at4(t.split, node), 0);
  store<f64>(at8(t.threshold, node), 0);
  store<i32>(at4(t.child, node), -1);
  store<f64>(at8(t.gain, node), 0);
  if (t.hasCategories) memory.fill(t.categories + (<usize>node << 5), 0, 32);
}

// Copies targets and weights of the node's rows; is every target the same in all of them?
function gather(t: Tree): bool {
  const count = t.count, nodeRows = t.nodeRows, bagWeights = t.bagWeights, nodeWeights = t.nodeWeights;
  let pure = true;
  for (let target = 0; target < t.targetCount; target++) {
    const from = at8(t.targets, target * t.dataRows), to = at8(t.nodeTargets, target * t.dataRows);
    const first = count > 0 ? load<f64>(from + (<usize>load<u32>(nodeRows) << 3)) : 0;
    for (let i = 0; i < count; i++) {
      const value = load<f64>(from + (<usize>load<u32>(at4(nodeRows, i)) << 3));
      store<f64>(at8(to, i), value);
      pure = pure && value == first;
    }
  }
  for (let i = 0; i < count; i++) {
    store<f64>(at8(nodeWeights, i), load<f64>(bagWeights + (<usize>load<u32>(at4(nodeRows, i)) << 3)));
  }
  return pure;
}

// The weighted sum of each target, or the weight of each class.
function addTotals(t: Tree): void {
  const count = t.count, nodeWeights = t.nodeWeights, totals = t.work + TOTALS;
  memory.fill(totals, 0, <usize>t.width << 3);
  for (let target = 0; target < t.targetCount; target++) {
    const from = at8(t.nodeTargets, target * t.dataRows);
    if (t.classCount > 0) {
      for (let i = 0; i < count; i++) {
        const to = at8(totals, <i32>load<f64>(at8(from, i)));
        store<f64>(to, load<f64>(to) + load<f64>(at8(nodeWeights, i)));
      }
      continue;
    }
    let sum: f64 = 0;
    for (let i = 0; i < count; i++) sum += load<f64>(at8(nodeWeights, i)) * load<f64>(at8(from, i));
    store<f64>(at8(totals, target), sum);
  }
}

function scoreOfNode(t: Tree): f64 {
  const totals = t.work + TOTALS;
  let score: f64 = 0;
  for (let k = 0; k < t.width; k++) {
    const total = load<f64>(at8(totals, k));
    score += t.classCount > 0 ? term(t.logarithmic, total) : side(t.logarithmic, total, t.nodeWeight);
  }
  return t.classCount > 0 ? classScore(t, score, t.nodeWeight) : score;
}

// @ts-ignore: decorator
@inline
function sumsOf(t: Tree, run: i32): usize {
  return t.sums + <usize>run * t.stride;
}

// For one target of numbers and bytes: weight, rows and sum of every code at once.
function countRuns(t: Tree, column: usize): i32 {
  const count = t.count, nodeRows = t.nodeRows, nodeWeights = t.nodeWeights, nodeTargets = t.nodeTargets, sums = t.sums;
  memory.fill(sums, 0, 256 * 24);
  for (let i = 0; i < count; i++) {
    const here = sums + 24 * <usize>load<u8>(column + <usize>load<u32>(at4(nodeRows, i)));
    const weight = load<f64>(at8(nodeWeights, i));
    store<f64>(here, load<f64>(here) + weight);
    store<f64>(here, load<f64>(here, 8) + 1, 8);
    store<f64>(here, load<f64>(here, 16) + weight * load<f64>(at8(nodeTargets, i)), 16);
  }
  let run = t.runs, to = sums, end = 0;
  for (let code = 0, from = sums; code < 256; code++, from += 24) {
    const here = load<f64>(from, 8);
    if (here == 0) continue;
    store<f64>(to, load<f64>(from));
    store<f64>(to, here, 8);
    store<f64>(to, load<f64>(from, 16), 16);
    to += 24;
    store<i32>(run, code);
    store<i32>(run, end, 4);
    end += <i32>here;
    store<i32>(run, end, 8);
    run += 16;
  }
  return <i32>((run - t.runs) >> 4);
}

// The node's places by code to `order`, and its runs; returns how many there are.
function sortRuns<Code>(t: Tree, column: usize): i32 {
  if (t.count > SORTED_ROWS && sizeof<Code>() == 1) return countPlaces(t, column);
  if (t.count > SORTED_ROWS) sortByDigits(t, column);
  else sortByInsertion<Code>(t, column);
  const count = t.count, order = t.order, nodeRows = t.nodeRows;
  let run = t.runs - 16, last = -1;
  for (let i = 0; i < count; i++) {
    const code = codeOf<Code>(column, load<u32>(nodeRows + (<usize>load<u32>(at4(order, i)) << 2)));
    if (code != last) {
      last = code;
      run += 16;
      store<i32>(run, code);
      store<i32>(run, i, 4);
    }
    store<i32>(run, i + 1, 8);
  }
  return <i32>((run + 16 - t.runs) >> 4);
}

function sortByInsertion<Code>(t: Tree, column: usize): void {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, keys = t.work + COUNTERS;
  for (let i = 0; i < count; i++) {
    const key = (<u32>codeOf<Code>(column, load<u32>(at4(nodeRows, i))) << 8) | <u32>i;
    let to = at4(keys, i);
    while (to > keys && load<u32>(to - 4) > key) {
      store<u32>(to, load<u32>(to - 4));
      to -= 4;
    }
    store<u32>(to, key);
  }
  for (let i = 0; i < count; i++) store<u32>(at4(order, i), load<u32>(at4(keys, i)) & 255);
}

function countPlaces(t: Tree, column: usize): i32 {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, places = t.work + COUNTERS;
  memory.fill(places, 0, 1024);
  for (let i = 0; i < count; i++) {
    const place = at4(places, <i32>load<u8>(column + <usize>load<u32>(at4(nodeRows, i))));
    store<i32>(place, load<i32>(place) + 1);
  }
  let run = t.runs, end = 0;
  for (let code = 0; code < 256; code++) {
    const place = at4(places, code), here = load<i32>(place);
    if (here == 0) continue;
    store<i32>(place, end);
    store<i32>(run, code);
    store<i32>(run, end, 4);
    end += here;
    store<i32>(run, end, 8);
    run += 16;
  }
  for (let i = 0; i < count; i++) {
    const place = at4(places, <i32>load<u8>(column + <usize>load<u32>(at4(nodeRows, i)))), to = load<i32>(place);
    store<u32>(at4(order, to), i);
    store<i32>(place, to + 1);
  }
  return <i32>((run - t.runs) >> 4);
}

// By the low byte of the codes, then by the high one, both stably.
function sortByDigits(t: Tree, column: usize): void {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, byLow = at4(t.order, t.dataRows);
  const low = t.work + COUNTERS, high = low + 1024;
  memory.fill(low, 0, 2048);
  for (let i = 0; i < count; i++) {
    const code = codeOf<u16>(column, load<u32>(at4(nodeRows, i)));
    const a = at4(low, code & 255), b = at4(high, code >> 8);
    store<i32>(a, load<i32>(a) + 1);
    store<i32>(b, load<i32>(b) + 1);
  }
  let lowEnd = 0, highEnd = 0;
  for (let digit = 0; digit < 256; digit++) {
    const a = at4(low, digit), b = at4(high, digit), lowHere = load<i32>(a), highHere = load<i32>(b);
    store<i32>(a, lowEnd);
    store<i32>(b, highEnd);
    lowEnd += lowHere;
    highEnd += highHere;
  }
  for (let i = 0; i < count; i++) {
    const a = at4(low, codeOf<u16>(column, load<u32>(at4(nodeRows, i))) & 255), to = load<i32>(a);
    store<u32>(at4(byLow, to), i);
    store<i32>(a, to + 1);
  }
  for (let i = 0; i < count; i++) {
    const place = load<u32>(at4(byLow, i));
    const b = at4(high, codeOf<u16>(column, load<u32>(nodeRows + (<usize>place << 2))) >> 8), to = load<i32>(b);
    store<u32>(at4(order, to), place);
    store<i32>(b, to + 1);
  }
}

// Weight, rows and the sum of each target of every run.
function sumRuns(t: Tree, runCount: i32): void {
  const order = t.order, nodeWeights = t.nodeWeights;
  for (let r = 0; r < runCount; r++) {
    const run = t.runs + (<usize>r << 4), begin = load<i32>(run, 4), end = load<i32>(run, 8), to = sumsOf(t, r);
    let weight: f64 = 0;
    for (let i = begin; i < end; i++) weight += load<f64>(nodeWeights + (<usize>load<u32>(at4(order, i)) << 3));
    store<f64>(to, weight);
    store<f64>(to, <f64>(end - begin), 8);
    for (let k = 0; k < t.targetCount; k++) {
      const from = at8(t.nodeTargets, k * t.dataRows);
      let sum: f64 = 0;
      for (let i = begin; i < end; i++) {
        const place = <usize>load<u32>(at4(order, i)) << 3;
        sum += load<f64>(nodeWeights + place) * load<f64>(from + place);
      }
      store<f64>(at8(to, 2 + k), sum);
    }
  }
}

// Weight and classes' weights of the runs of categories.
function sumClasses(t: Tree, known: i32): void {
  const order = t.order, nodeWeights = t.nodeWeights;
  for (let r = 0; r < known; r++) {
    const run = t.runs + (<usize>r << 4), begin = load<i32>(run, 4), end = load<i32>(run, 8), to = sumsOf(t, r);
    memory.fill(to, 0, t.stride);
    let weight: f64 = 0;
    for (let i = begin; i < end; i++) weight += load<f64>(nodeWeights + (<usize>load<u32>(at4(order, i)) << 3));
    store<f64>(to, weight);
    for (let target = 0; target < t.targetCount; target++) {
      const from = at8(t.nodeTargets, target * t.dataRows);
      for (let i = begin; i < end; i++) {
        const place = <usize>load<u32>(at4(order, i)) << 3;
        const sum = at8(to, 2 + <i32>load<f64>(from + place));
        store<f64>(sum, load<f64>(sum) + load<f64>(nodeWeights + place));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function meanOf(t: Tree, run: i32, k: i32): f64 {
  const sums = sumsOf(t, run);
  return load<f64>(at8(sums, 2 + k)) / load<f64>(sums);
}

// @ts-ignore: decorator
@inline
function swap8(a: usize, b: usize): void {
  const kept = load<u64>(a);
  store<u64>(a, load<u64>(b));
  store<u64>(b, kept);
}

// Categories by their mean, or, of several targets or classes, by the mean along the first principal direction.
function orderCategories(t: Tree, runCount: i32): void {
  const known = load<i32>(t.runs + (<usize>(runCount - 1) << 4)) == t.missing ? runCount - 1 : runCount;
  const keys = t.work + KEYS;
  if (t.classCount > 0) sumClasses(t, known);
  if (t.width == 1) {
    for (let r = 0; r < known; r++) store<f64>(at8(keys, r), meanOf(t, r, 0));
  } else principalKeys(t, known, keys);
  // By insertion: what keys that are not numbers do is then the same everywhere.
  for (let i = 1; i < known; i++) {
    for (let r = i; r > 0 && load<f64>(at8(keys, r - 1)) > load<f64>(at8(keys, r)); r--) {
      swap8(at8(keys, r - 1), at8(keys, r));
      const run = t.runs + (<usize>r << 4);
      swap8(run - 16, run);
      swap8(run - 8, run + 8);
      const sums = sumsOf(t, r);
      for (let byte: usize = 0; byte < t.stride; byte += 8) swap8(sums - t.stride + byte, sums + byte);
    }
  }
}

function along(t: Tree, run: i32, center: usize, direction: usize): f64 {
  let sum: f64 = 0;
  for (let k = 0; k < t.width; k++) {
    sum += (meanOf(t, run, k) - load<f64>(at8(center, k))) * load<f64>(at8(direction, k));
  }
  return sum;
}

// How far each category lies along the first principal direction of the categories' means, found by the power method.
function principalKeys(t: Tree, known: i32, keys: usize): void {
  const width = t.width;
  const center = at8(t.work + TOTALS, 3 * width), direction = at8(center, width), next = at8(direction, width);
  memory.fill(center, 0, <usize>width << 3);
  let total: f64 = 0;
  for (let r = 0; r < known; r++) {
    const weight = load<f64>(sumsOf(t, r));
    total += weight;
    for (let k = 0; k < width; k++) store<f64>(at8(center, k), load<f64>(at8(center, k)) + weight * meanOf(t, r, k));
  }
  for (let k = 0; k < width; k++) store<f64>(at8(center, k), load<f64>(at8(center, k)) / total);
  let farthest: f64 = -Infinity, start = 0;
  for (let r = 0; r < known; r++) {
    let far: f64 = 0;
    for (let k = 0; k < width; k++) {
      const away = meanOf(t, r, k) - load<f64>(at8(center, k));
      far += away * away;
    }
    far *= load<f64>(sumsOf(t, r));
    if (far > farthest) {
      farthest = far;
      start = r;
    }
  }
  for (let k = 0; k < width; k++) store<f64>(at8(direction, k), meanOf(t, start, k) - load<f64>(at8(center, k)));
  for (let step = 0; step < POWER_STEPS; step++) {
    memory.fill(next, 0, <usize>width << 3);
    for (let r = 0; r < known; r++) {
      const far = load<f64>(sumsOf(t, r)) * along(t, r, center, direction);
      for (let k = 0; k < width; k++) {
        store<f64>(at8(next, k), load<f64>(at8(next, k)) + far * (meanOf(t, r, k) - load<f64>(at8(center, k))));
      }
    }
    let largest: f64 = 0;
    for (let k = 0; k < width; k++) {
      const size = abs<f64>(load<f64>(at8(next, k)));
      if (size > largest) largest = size;
    }
    if (!(largest > 0)) break;
    for (let k = 0; k < width; k++) store<f64>(at8(direction, k), load<f64>(at8(next, k)) / largest);
  }
  for (let r = 0; r < known; r++) store<f64>(at8(keys, r), along(t, r, center, direction));
}

// The node's rows by code: numbers ascending, categories by the direction in which they differ most, missing values last.
function findRuns<Code>(t: Tree, feature: i32): i32 {
  const column = t.codes + <usize>feature * <usize>t.dataRows * sizeof<Code>();
  let runCount = 0;
  if (sizeof<Code>() == 1 && t.count > SORTED_ROWS && t.classCount == 0 && t.targetCount == 1) {
    runCount = countRuns(t, column);
  } else {
    runCount = sortRuns<Code>(t, column);
    if (runCount >= 2 && t.classCount == 0) sumRuns(t, runCount);
  }
  if (runCount >= 2 && load<u8>(t.categorical + <usize>feature) != 0) orderCategories(t, runCount);
  return runCount;
}

// @ts-ignore: decorator
@inline
function consider(t: Tree, score: f64, rows: i32, weight: f64, index: i32, withMissing: i32): void {
  if (!(score > t.score) || !allowed(t, rows, weight)) return;
  t.score = score;
  t.cutIndex = index;
  t.cutMissing = withMissing;
}

// Tries every cut between runs, or the random one, of one target of numbers.
function scanNumber(t: Tree, runCount: i32, only: i32): void {
  const logarithmic = t.logarithmic, total = load<f64>(t.work + TOTALS), nodeWeight = t.nodeWeight;
  const lastRun = t.runs + (<usize>(runCount - 1) << 4), last = t.sums + <usize>(runCount - 1) * 24;
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingRows = load<i32>(lastRun, 8) - load<i32>(lastRun, 4);
  const missingWeight = load<f64>(last), missingSum = load<f64>(last, 16);
  let weight: f64 = 0, sum: f64 = 0, rows = 0;
  for (let index = 0, run = t.runs, sums = t.sums; index + 1 < runCount; index++, run += 16, sums += 24) {
    weight += load<f64>(sums);
    rows += load<i32>(run, 8) - load<i32>(run, 4);
    sum += load<f64>(sums, 16);
    if (only >= 0 && only != index) continue;
    const score = side(logarithmic, sum, weight) + side(logarithmic, total - sum, nodeWeight - weight);
    consider(t, score, rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + missingWeight, sumOfBoth = sum + missingSum;
    const other = side(logarithmic, sumOfBoth, both) + side(logarithmic, total - sumOfBoth, nodeWeight - both);
    consider(t, other, rows + missingRows, both, index, 1);
  }
}

// The score of a left side of the sums at `left` and, where given, `add`.
function numberScore(t: Tree, left: usize, add: usize, weight: f64): f64 {
  const totals = t.work + TOTALS, rest = t.nodeWeight - weight;
  let score: f64 = 0;
  for (let k = 0; k < t.width; k++) {
    const sum = add == 0 ? load<f64>(at8(left, k)) : load<f64>(at8(left, k)) + load<f64>(at8(add, k));
    score += side(t.logarithmic, sum, weight) + side(t.logarithmic, load<f64>(at8(totals, k)) - sum, rest);
  }
  return score;
}

// The same of several targets.
function scanNumbers(t: Tree, runCount: i32, only: i32): void {
  const left = at8(t.work + TOTALS, 2 * t.width), last = sumsOf(t, runCount - 1);
  const lastRun = t.runs + (<usize>(runCount - 1) << 4);
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingRows = load<i32>(lastRun, 8) - load<i32>(lastRun, 4);
  memory.fill(left, 0, <usize>t.width << 3);
  let weight: f64 = 0, rows = 0;
  for (let index = 0; index + 1 < runCount; index++) {
    const run = t.runs + (<usize>index << 4), sums = sumsOf(t, index);
    weight += load<f64>(sums);
    rows += load<i32>(run, 8) - load<i32>(run, 4);
    for (let k = 0; k < t.width; k++) store<f64>(at8(left, k), load<f64>(at8(left, k)) + load<f64>(at8(sums, 2 + k)));
    if (only >= 0 && only != index) continue;
    consider(t, numberScore(t, left, 0, weight), rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + load<f64>(last);
    consider(t, numberScore(t, left, last + 16, both), rows + missingRows, both, index, 1);
  }
}

// The same for classes: what the classes' weights add up to is kept up by differences, row by row.
function scanClasses(t: Tree, runCount: i32, only: i32): void {
  const logarithmic = t.logarithmic, width = t.width, targetCount = t.targetCount;
  const order = t.order, nodeWeights = t.nodeWeights, nodeTargets = t.nodeTargets;
  const targetBytes = <usize>t.dataRows << 3;
  const totals = t.work + TOTALS, absent = at8(totals, width), left = at8(absent, width);
  const lastRun = t.runs + (<usize>(runCount - 1) << 4);
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingBegin = load<i32>(lastRun, 4), missingEnd = load<i32>(lastRun, 8);
  memory.fill(absent, 0, <usize>width << 4);
  let absentWeight: f64 = 0;
  for (let i = missingBegin; hasMissing && i < missingEnd; i++) {
    const place = <usize>load<u32>(at4(order, i)) << 3, w = load<f64>(nodeWeights + place);
    absentWeight += w;
    for (let target = 0, from = nodeTargets + place; target < targetCount; target++, from += targetBytes) {
      const to = at8(absent, <i32>load<f64>(from));
      store<f64>(to, load<f64>(to) + w);
    }
  }
  let onLeft: f64 = 0, onRight: f64 = 0, joined: f64 = 0, present: f64 = 0, weight: f64 = 0, rows = 0;
  for (let k = 0; k < width; k++) {
    const total = load<f64>(at8(totals, k)), gone = load<f64>(at8(absent, k));
    onRight += term(logarithmic, total);
    joined += term(logarithmic, gone);
    present += term(logarithmic, total - gone);
  }
  for (let index = 0; index + 1 < runCount; index++) {
    const run = t.runs + (<usize>index << 4), end = load<i32>(run, 8);
    for (let i = load<i32>(run, 4); i < end; i++) {
      const place = <usize>load<u32>(at4(order, i)) << 3, w = load<f64>(nodeWeights + place);
      weight += w;
      for (let target = 0, from = nodeTargets + place; target < targetCount; target++, from += targetBytes) {
        const k = <i32>load<f64>(from);
        const before = load<f64>(at8(left, k)), right = load<f64>(at8(totals, k)) - before;
        onLeft += rise(logarithmic, before, w);
        onRight -= rise(logarithmic, right - w, w);
        if (hasMissing) {
          const gone = load<f64>(at8(absent, k));
          joined += rise(logarithmic, before + gone, w);
          present -= rise(logarithmic, right - gone - w, w);
        }
        store<f64>(at8(left, k), before + w);
      }
    }
    rows += end - load<i32>(run, 4);
    if (only >= 0 && only != index) continue;
    const score = classScore(t, onLeft, weight) + classScore(t, onRight, t.nodeWeight - weight);
    consider(t, score, rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + absentWeight;
    const other = classScore(t, joined, both) + classScore(t, present, t.nodeWeight - both);
    consider(t, other, rows + missingEnd - missingBegin, both, index, 1);
  }
}

// @ts-ignore: decorator
@inline
function codeOfRun(t: Tree, run: i32): i32 {
  return load<i32>(t.runs + (<usize>run << 4));
}

// A random cut: of numbers, by a threshold between the least and the largest; of categories, any place in their order.
function drawCut(t: Tree, feature: i32, present: i32, word: u32): void {
  const uniform = (<f64>word + 0.5) / 4294967296.0;
  t.onlyDrawn = 0;
  t.onlyIndex = present > 1 ? <i32>(uniform * <f64>(present - 1)) : 0;
  if (load<u8>(t.categorical + <usize>feature) != 0 || present < 2) return;
  const offset = load<i32>(at4(t.offsets, feature)), low = at8(t.lows, offset), high = at8(t.highs, offset);
  const least = load<f64>(at8(low, codeOfRun(t, 0)));
  const range = load<f64>(at8(high, codeOfRun(t, present - 1))) - least;
  if (!(range < Infinity)) return;
  const threshold = least + uniform * range;
  let index = 0;
  while (index + 2 < present) {
    const code = codeOfRun(t, index + 1), from = load<f64>(at8(low, code)), to = load<f64>(at8(high, code));
    if (!(from + (to - from) / 2 <= threshold)) break;
    index++;
  }
  t.onlyDrawn = 1;
  t.onlyIndex = index;
  t.onlyThreshold = threshold;
}

// Writes the cut found last as the best split so far.
function keep(t: Tree, feature: i32): void {
  const toLeft = t.cutMissing ? MISSING_LEFT : 0, last = codeOfRun(t, t.cutIndex), next = codeOfRun(t, t.cutIndex + 1);
  t.bestFeature = feature;
  t.bestThreshold = 0;
  t.bestSplit = toLeft;
  memory.fill(t.bestCategories, 0, 32);
  if (load<u8>(t.categorical + <usize>feature) != 0) {
    for (let r = 0; r <= t.cutIndex; r++) {
      const code = codeOfRun(t, r), word = at4(t.bestCategories, code >> 5);
      store<u32>(word, load<u32>(word) | (<u32>1 << (code & 31)));
    }
    return;
  }
  // Behind the last number there are only missing values: every number goes left.
  if (next == t.missing) {
    t.bestSplit = toLeft + t.missing - 1;
    t.bestThreshold = Infinity;
    return;
  }
  t.bestSplit = toLeft + last;
  const offset = load<i32>(at4(t.offsets, feature));
  const below = load<f64>(at8(t.highs, offset + last)), above = load<f64>(at8(t.lows, offset + next));
  const drawn = t.onlyDrawn && t.onlyThreshold >= below && t.onlyThreshold < above;
  const middle = drawn ? t.onlyThreshold : below + (above - below) / 2;
  t.bestThreshold = middle >= below && middle < above ? middle : below;
}

// Draws features without replacement and keeps the best split; returns how many were tried.
function tryFeatures<Code>(t: Tree, node: i32): i32 {
  const features = t.features, featureCount = t.featureCount, words = t.work + WORDS;
  // Every node has blocks of its own.
  const firstBlock = <u64>node * <u64>((featureCount + 3) >> 2);
  for (let i = 0; i < featureCount; i++) store<i32>(at4(features, i), i);
  let differs = false;
  for (let tried = 0; tried < featureCount; tried++) {
    if (tried >= t.maxFeatures && differs) return tried;
    if ((tried & 3) == 0) {
      const block = firstBlock + <u64>(tried >> 2);
      storePhiloxBlock(words, block, t.keyLow, t.keyHigh);
      if (t.randomSplits) storePhiloxBlock(words + 16, THRESHOLD_BLOCKS + block, t.keyLow, t.keyHigh);
    }
    const word = at4(words, tried & 3);
    const drawnAt = at4(features, tried + <i32>((<u64>load<u32>(word) * <u64>(featureCount - tried)) >> 32));
    const drawn = load<i32>(drawnAt);
    store<i32>(drawnAt, load<i32>(at4(features, tried)));
    store<i32>(at4(features, tried), drawn);
    const runCount = findRuns<Code>(t, drawn);
    if (runCount < 2) continue;
    differs = true;
    t.cutIndex = -1;
    t.onlyIndex = -1;
    t.onlyDrawn = 0;
    if (t.randomSplits) {
      drawCut(t, drawn, codeOfRun(t, runCount - 1) == t.missing ? runCount - 1 : runCount, load<u32>(word, 16));
    }
    if (t.classCount > 0) scanClasses(t, runCount, t.onlyIndex);
    else if (t.targetCount == 1) scanNumber(t, runCount, t.onlyIndex);
    else scanNumbers(t, runCount, t.onlyIndex);
    if (t.cutIndex >= 0) keep(t, drawn);
  }
  return featureCount;
}

// Gives a node its value, and its split where one is found; returns the row visits.
function search<Code>(t: Tree, node: i32, start: i32, end: i32, depth: i32): i64 {
  const count = end - start, nodeWeights = t.nodeWeights, totals = t.work + TOTALS;
  t.count = count;
  t.nodeRows = at4(t.rows, start);
  const pure = gather(t);
  addTotals(t);
  let weight: f64 = 0;
  for (let i = 0; i < count; i++) weight += load<f64>(at8(nodeWeights, i));
  const value = t.values + ((<usize>node * <usize>t.width) << 3);
  for (let k = 0; k < t.width; k++) store<f64>(at8(value, k), count > 0 ? load<f64>(at8(totals, k)) / weight : 0);
  store<f64>(at8(t.cover, node), weight);
  store<i32>(at4(t.samples, node), count);
  makeLeaf(t, node);
  t.nodeWeight = weight;
  t.minWeight = t.minWeightFraction * load<f64>(t.cover);
  if (count < t.minSamplesSplit || <i64>count < 2 * <i64>t.minSamplesLeaf || weight < 2 * t.minWeight) return count;
  if (depth >= t.maxDepth || pure) return count;
  t.score = -Infinity;
  t.bestFeature = -1;
  const tried = tryFeatures<Code>(t, node);
  const more = t.score - scoreOfNode(t), gained = more > 0 ? more : 0;
  if (t.bestFeature >= 0 && gained >= t.minGain * load<f64>(t.cover)) {
    store<i32>(at4(t.feature, node), t.bestFeature);
    store<i32>(at4(t.split, node), t.bestSplit);
    store<f64>(at8(t.threshold, node), t.bestThreshold);
    store<f64>(at8(t.gain, node), gained);
    if (t.hasCategories) memory.copy(t.categories + (<usize>node << 5), t.bestCategories, 32);
  }
  return <i64>count * <i64>(1 + tried);
}

// Parts the rows, stably, makes the children, and says where codes go that the node has not met; returns the middle.
function divide<Code>(t: Tree, node: i32, start: i32, end: i32): i32 {
  const feature = load<i32>(at4(t.feature, node)), splitAt = at4(t.split, node), split = load<i32>(splitAt);
  const last = split & (MISSING_LEFT - 1), withMissing = split >= MISSING_LEFT, missing = t.missing;
  const byCategory = load<u8>(t.categorical + <usize>feature) != 0;
  const column = t.codes + <usize>feature * <usize>t.dataRows * sizeof<Code>();
  const met = t.bestCategories, bits = t.categories + (<usize>node << 5);
  memory.fill(met, 0, 32);
  const first = at4(t.rows, start), stop = at4(t.rows, end), order = t.order;
  let to = first, right = order;
  let anyMissing = false;
  // Both sides are written and one is kept; `to` never passes the row that is read.
  for (let at = first; at < stop; at += 4) {
    const row = load<u32>(at);
    const code = codeOf<Code>(column, row);
    let left = code <= last;
    if (byCategory && code < 256) {
      const word = <usize>(code >> 5) << 2, bit = <u32>1 << (code & 31);
      left = (load<u32>(bits + word) & bit) != 0;
      store<u32>(met + word, load<u32>(met + word) | bit);
    }
    const isMissing = code == missing;
    left = isMissing ? withMissing : left;
    anyMissing = anyMissing || isMissing;
    store<u32>(to, row);
    store<u32>(right, row);
    to += <usize>left << 2;
    right += <usize>!left << 2;
  }
  memory.copy(to, order, right - order);
  store<i32>(at4(t.child, node), load<i32>(t.state, 4));
  store<i32>(t.state, load<i32>(t.state, 4) + 2, 4);
  // No missing value here: those to come go with the many.
  if (!anyMissing && to - first > right - order) store<i32>(splitAt, split + MISSING_LEFT);
  if (byCategory && load<i32>(splitAt) >= MISSING_LEFT) {
    for (let word: usize = 0; word < 32; word += 4) {
      store<u32>(bits + word, load<u32>(bits + word) | ~load<u32>(met + word));
    }
  }
  return start + <i32>((to - first) >> 2);
}

// @ts-ignore: decorator
@inline
function push(t: Tree, node: i32, start: i32, end: i32, depth: i32): void {
  const size = load<i32>(t.state, 8);
  const entry = t.open + (<usize>size << 4);
  store<i32>(entry, node);
  store<i32>(entry, start, 4);
  store<i32>(entry, end, 8);
  store<i32>(entry, depth, 12);
  store<i32>(t.state, size + 1, 8);
}

function openIfDivisible<Code>(t: Tree, node: i32, start: i32, end: i32, depth: i32): i64 {
  const spent = search<Code>(t, node, start, end, depth);
  if (load<i32>(at4(t.feature, node)) >= 0) push(t, node, start, end, depth);
  return spent;
}

function growDepthFirst<Code>(t: Tree, budget: i64): i32 {
  while (load<i32>(t.state, 8) > 0 && budget > 0) {
    const size = load<i32>(t.state, 8) - 1;
    store<i32>(t.state, size, 8);
    const entry = t.open + (<usize>size << 4);
    const node = load<i32>(entry), start = load<i32>(entry, 4), end = load<i32>(entry, 8), depth = load<i32>(entry, 12);
    budget -= search<Code>(t, node, start, end, depth);
    if (load<i32>(at4(t.feature, node)) < 0) continue;
    const middle = divide<Code>(t, node, start, end), child = load<i32>(at4(t.child, node));
    // The larger first, so that the smaller is grown next and few nodes are open.
    const smallerLeft = middle - start <= end - middle;
    if (smallerLeft) push(t, child + 1, middle, end, depth + 1);
    push(t, child, start, middle, depth + 1);
    if (!smallerLeft) push(t, child + 1, middle, end, depth + 1);
  }
  return load<i32>(t.state, 8) > 0 ? 1 : 0;
}

// Divides the open node of the largest gain, the first of equals, until there are leaves enough.
function growBestFirst<Code>(t: Tree, maxLeafNodes: i32, budget: i64): i32 {
  const open = t.open, gain = t.gain;
  while (load<i32>(t.state, 8) > 0 && (load<i32>(t.state, 4) + 1) / 2 < maxLeafNodes) {
    if (budget <= 0) return 1;
    const size = load<i32>(t.state, 8) - 1;
    let best = open;
    for (let i = 1; i <= size; i++) {
      const entry = open + (<usize>i << 4);
      if (load<f64>(at8(gain, load<i32>(entry))) > load<f64>(at8(gain, load<i32>(best)))) best = entry;
    }
    const node = load<i32>(best), start = load<i32>(best, 4), end = load<i32>(best, 8), depth = load<i32>(best, 12);
    store<i32>(t.state, size, 8);
    v128.store(best, v128.load(open + (<usize>size << 4)));
    const middle = divide<Code>(t, node, start, end), child = load<i32>(at4(t.child, node));
    budget -= openIfDivisible<Code>(t, child, start, middle, depth + 1);
    budget -= openIfDivisible<Code>(t, child + 1, middle, end, depth + 1);
  }
  for (let i = 0; i < load<i32>(t.state, 8); i++) makeLeaf(t, load<i32>(open + (<usize>i << 4)));
  store<i32>(t.state, 0, 8);
  return 0;
}

// @ts-ignore: decorator
@inline
function grow<Code>(
  codes: usize, offsets: usize, lows: usize, highs: usize, categorical: usize, targets: usize, weights: usize,
  state: usize, rows: usize, bagWeights: usize, open: usize, feature: usize, split: usize, threshold: usize,
  categories: usize, child: usize, values: usize, cover: usize, samples: usize, gain: usize, nodeTargets: usize,
  nodeWeights: usize, order: usize, runs: usize, sums: usize, work: usize, features: usize,
  dataRows: i32, featureCount: i32, codeCount: i32, targetCount: i32, classCount: i32, logarithmic: i32,
  randomSplits: i32, hasCategories: i32, bootstrap: i32, sampleCount: i32, balanced: i32, bagKeyLow: i32,
  bagKeyHigh: i32, featureKeyLow: i32, featureKeyHigh: i32, maxFeatures: i32, maxDepth: i32, minSamplesSplit: i32,
  minSamplesLeaf: i32, minWeightFraction: f64, minGain: f64, maxLeafNodes: i32, maxNodes: i32, maxRuns: i32, budget:
  i32,
): i32 {
  const t = changetype<Tree>(work);
  t.codes = codes;
  t.offsets = offsets;
  t.lows = lows;
  t.highs = highs;
  t.categorical = categorical;
  t.targets = targets;
  t.weights = weights;
  t.state = state;
  t.rows = rows;
  t.bagWeights = bagWeights;
  t.open = open;
  t.feature = feature;
  t.split = split;
  t.threshold = threshold;
  t.categories = categories;
  t.child = child;
  t.values = values;
  t.cover = cover;
  t.samples = samples;
  t.gain = gain;
  t.nodeTargets = nodeTargets;
  t.nodeWeights = nodeWeights;
  t.order = order;
  t.runs = runs;
  t.sums = sums;
  t.work = work;
  t.features = features;
  t.dataRows = dataRows;
  t.featureCount = featureCount;
  t.targetCount = targetCount;
  t.classCount = classCount;
  t.logarithmic = logarithmic;
  t.randomSplits = randomSplits;
  t.hasCategories = hasCategories;
  t.maxFeatures = maxFeatures;
  t.maxDepth = maxDepth;
  t.minSamplesSplit = minSamplesSplit;
  t.minSamplesLeaf = minSamplesLeaf;
  t.minWeightFraction = minWeightFraction;
  t.minGain = minGain;
  t.width = max<i32>(classCount, targetCount);
  t.stride = <usize>(2 + t.width) << 3;
  t.missing = sizeof<Code>() == 1 ? 255 : 65535;
  t.keyLow = featureKeyLow;
  t.keyHigh = featureKeyHigh;
  t.bestCategories = work + WORDS + 32;
  let spent: i64 = 0;
  if (load<i32>(state) == 0) {
    const inBag = drawBag(t, bootstrap, sampleCount, balanced, bagKeyLow, bagKeyHigh);
    store<i32>(state, 1);
    store<i32>(state, 1, 4);
    store<i32>(state, 0, 8);
    if (maxLeafNodes > 0) spent = openIfDivisible<Code>(t, 0, 0, inBag, 0);
    else push(t, 0, 0, inBag, 0);
  }
  return maxLeafNodes > 0 ? growBestFirst<Code>(t, maxLeafNodes, <i64>budget - spent) : growDepthFirst<Code>(t, <i64>budget);
}

export function forest_grow_u8(
  codes: usize, offsets: usize, lows: usize, highs: usize, categorical: usize, targets: usize, weights: usize,
  state: usize, rows: usize, bagWeights: usize, open: usize, feature: usize, split: usize, threshold: usize,
  categories: usize, child: usize, values: usize, cover: usize, samples: usize, gain: usize, nodeTargets: usize,
  nodeWeights: usize, order: usize, runs: usize, sums: usize, work: usize, features: usize,
  dataRows: i32, featureCount: i32, codeCount: i32, targetCount: i32, classCount: i32, logarithmic: i32,
  randomSplits: i32, hasCategories: i32, bootstrap: i32, sampleCount: i32, balanced: i32, bagKeyLow: i32,
  bagKeyHigh: i32, featureKeyLow: i32, featureKeyHigh: i32, maxFeatures: i32, maxDepth: i32, minSamplesSplit: i32,
  minSamplesLeaf: i32, minWeightFraction: f64, minGain: f64, maxLeafNodes: i32, maxNodes: i32, maxRuns: i32, budget:
  i32,
): i32 {
  return grow<u8>(
    codes, offsets, lows, highs, categorical, targets, weights, state, rows, bagWeights, open, feature, split,
    threshold, categories, child, values, cover, samples, gain, nodeTargets, nodeWeights, order, runs, sums,
    work, features, dataRows, featureCount, codeCount, targetCount, classCount, logarithmic, randomSplits,
    hasCategories, bootstrap, sampleCount, balanced, bagKeyLow, bagKeyHigh, featureKeyLow, featureKeyHigh,
    maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf, minWeightFraction, minGain, maxLeafNodes,
    maxNodes, maxRuns, budget,
  );
}

export function forest_grow_u16(
  codes: usize, offsets: usize, lows: usize, highs: usize, categorical: usize, targets: usize, weights: usize,
  state: usize, rows: usize, bagWeights: usize, open: usize, feature: usize, split: usize, threshold: usize,
  categories: usize, child: usize, values: usize, cover: usize, samples: usize, gain: usize, nodeTargets: usize,
  nodeWeights: usize, order: usize, runs: usize, sums: usize, work: usize, features: usize,
  dataRows: i32, featureCount: i32, codeCount: i32, targetCount: i32, classCount: i32, logarithmic: i32,
  randomSplits: i32, hasCategories: i32, bootstrap: i32, sampleCount: i32, balanced: i32, bagKeyLow: i32,
  bagKeyHigh: i32, featureKeyLow: i32, featureKeyHigh: i32, maxFeatures: i32, maxDepth: i32, minSamplesSplit: i32,
  minSamplesLeaf: i32, minWeightFraction: f64, minGain: f64, maxLeafNodes: i32, maxNodes: i32, maxRuns: i32, budget:
  i32,
): i32 {
  return grow<u16>(
    codes, offsets, lows, highs, categorical, targets, weights, state, rows, bagWeights, open, feature, split,
    threshold, categories, child, values, cover, samples, gain, nodeTargets, nodeWeights, order, runs, sums,
    work, features, dataRows, featureCount, codeCount, targetCount, classCount, logarithmic, randomSplits,
    hasCategories, bootstrap, sampleCount, balanced, bagKeyLow, bagKeyHigh, featureKeyLow, featureKeyHigh,
    maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf, minWeightFraction, minGain, maxLeafNodes,
    maxNodes, maxRuns, budget,
  );
}

// Codes are the number of edges below a value.
// @ts-ignore: decorator
@inline
function encode<Code>(values: usize, edges: usize, codes: usize, edgeCount: i32, rowCount: i32): void {
  for (let row = 0; row < rowCount; row++) {
    const value = load<f64>(at8(values, row));
    let from = 0, size = edgeCount;
    while (size > 0) {
      const half = size >> 1, above = load<f64>(at8(edges, from + half)) < value;
      from = above ? from + half + 1 : from;
      size = above ? size - half - 1 : half;
    }
    store<Code>(codes + <usize>row * sizeof<Code>(), <Code>(value == value ? from : -1));
  }
}

export function codes_encode_u8(values: usize, edges: usize, codes: usize, edgeCount: i32, rowCount: i32): void {
  encode<u8>(values, edges, codes, edgeCount, rowCount);
}

export function codes_encode_u16(values: usize, edges: usize, codes: usize, edgeCount: i32, rowCount: i32): void {
  encode<u16>(values, edges, codes, edgeCount, rowCount);
}
