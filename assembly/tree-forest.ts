import { drawCut, keep, scanClasses, scanNumber, scanNumbers } from './inline/forest-cuts';
import { findRuns } from './inline/forest-runs';
import {
  WORDS, TOTALS, MISSING_LEFT, THRESHOLD_BLOCKS, Tree, at4, at8, codeOf, side, classScore, term, codeOfRun,
} from './inline/forest-tree';
import { storePhiloxBlock } from './inline/philox';

// The law is src/kernels/forest-growth.ts and forest-splits.ts. One call grows a decision tree, or goes on with it.

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
