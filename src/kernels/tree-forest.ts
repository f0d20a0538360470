import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { philoxBlock } from './random.js';
import { binsOfCase, GROUP_FEATURES, MISSING_BIN, MISSING_LEFT, ROW_BYTES } from './tree-building.js';

/**
 * Numerical policy: a tree of a forest is grown whole by one call after the other on one thread, so its f64 sums have one
 * order (that of the rows, bin by bin) on every backend and with any number of threads. No fused multiply-add.
 */

/** The Poisson distribution of mean 1, cumulated, in 32 bits: a word's draw is the number of entries ≤ it. */
const POISSON = [1580030168, 3160060337, 3950075421, 4213413783, 4279248373, 4292415291, 4294609777, 4294923276];
/** Open nodes at most: the smaller child is always grown first, so there is at most one for every halving of the rows. */
export const FOREST_STACK = 64;
/** Words of `state`: 0 started, 1 nodes, 2 open nodes. */
export const FOREST_STATE = 8;

export const forest_grow_u8 = defineKernel({
  name: 'forest_grow_u8',
  family: 'tree-building',
  summary:
    'Grows one tree of a random forest, or goes on growing it: returns 1 while nodes are open and the budget is spent, 0 when done.',
  source: 'Random forests: Breiman 2001; Poisson bootstrap: Oza and Russell 2001',
  arguments: [
    { name: 'bins', role: 'in', dtype: 'u8', length: (s) => 16 * s.groupCount! * s.dataRows!, meaning: 'all groups' },
    { name: 'targets', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'numbers, or class indices' },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dataRows!,
      meaning: '≥ 0; absent: 1',
      optional: true,
    },
    { name: 'state', role: 'inout', dtype: 'i32', length: () => 8, meaning: 'zeros at the start of a tree' },
    { name: 'rows', role: 'inout', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'rows in the bag, node by node' },
    { name: 'bagWeights', role: 'inout', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'weight · times drawn' },
    { name: 'stack', role: 'inout', dtype: 'i32', length: () => 256, meaning: 'node, start, end, depth a node' },
    { name: 'feature', role: 'inout', dtype: 'i32', length: (s) => s.maxNodes!, meaning: 'by node; −1 a leaf' },
    {
      name: 'split',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.maxNodes!,
      meaning: 'last bin that goes left, + 256 where missing values go left',
    },
    { name: 'child', role: 'inout', dtype: 'i32', length: (s) => s.maxNodes!, meaning: 'left child; right is next' },
    {
      name: 'values',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.maxNodes! * Math.max(1, s.classCount!),
      meaning: 'mean target of a node, or the share of each class',
    },
    { name: 'importances', role: 'inout', dtype: 'f64', length: (s) => s.featureCount!, meaning: 'gains added up' },
    { name: 'nodeTargets', role: 'scratch', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of a node' },
    { name: 'nodeWeights', role: 'scratch', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of a node' },
    { name: 'order', role: 'scratch', dtype: 'u32', length: (s) => s.dataRows!, meaning: 'places by bin' },
    { name: 'work', role: 'scratch', dtype: 'f64', length: (s) => 2048 + 4 * s.classCount!, meaning: 'runs, classes' },
    { name: 'features', role: 'scratch', dtype: 'i32', length: (s) => s.featureCount! + 8, meaning: 'drawn so far' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'groupCount', dtype: 'i32', meaning: 'groups of features' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
    { name: 'classCount', dtype: 'i32', meaning: 'classes of the Gini criterion; 0: squared error' },
    { name: 'bootstrap', dtype: 'i32', meaning: '1: rows are drawn; 0: all rows once' },
    { name: 'bagKeyLow', dtype: 'i32', meaning: 'random key of the draw of rows' },
    { name: 'bagKeyHigh', dtype: 'i32', meaning: 'its high word' },
    { name: 'featureKeyLow', dtype: 'i32', meaning: 'random key of the draw of features' },
    { name: 'featureKeyHigh', dtype: 'i32', meaning: 'its high word' },
    { name: 'maxFeatures', dtype: 'i32', meaning: 'features tried at a node, more only while all are constant' },
    { name: 'maxDepth', dtype: 'i32', meaning: 'edges from the root to a leaf at most' },
    { name: 'minSamplesSplit', dtype: 'i32', meaning: 'rows of a node that is split at least' },
    { name: 'minSamplesLeaf', dtype: 'i32', meaning: 'rows of a leaf at least' },
    { name: 'maxNodes', dtype: 'i32', meaning: 'room for nodes: twice the rows suffice' },
    { name: 'budget', dtype: 'i32', meaning: 'row visits after which the call returns' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (...values) => growForest(treeOf(values)),
  inputs: (size, random, flavour) => forestCase(size, random, flavour),
  work: (s) => ({ elements: s.dataRows! * s.maxFeatures! }),
  benchSize: 4096,
});

function forestCase(size: number, random: CaseRandom, flavour: Flavour) {
  // The reference takes its time: one flavour is grown large.
  const rows = Math.max(1, Math.min(size, flavour === 'plain' ? 3000 : 300));
  const groupCount = flavour === 'plain' ? 2 : 1;
  const featureCount = (groupCount - 1) * GROUP_FEATURES + 1 + random.integer(GROUP_FEATURES);
  const classCount = flavour === 'skewed' || flavour === 'special' ? 3 : 0;
  const binary = flavour === 'ties';
  const bins = new Uint8Array(groupCount * rows * ROW_BYTES);
  for (let group = 0; group < groupCount; group++)
    bins.set(binsOfCase(rows, random, flavour), group * rows * ROW_BYTES);
  const maxNodes = 2 * rows;
  const target = () => (classCount > 0 ? random.integer(classCount) : binary ? random.integer(2) : random.normal());
  const zeros = { i32: (n: number) => new Int32Array(n), f64: (n: number) => new Float64Array(n) };
  const key = () => random.integer(2 ** 32) | 0;
  return {
    scalars: {
      dataRows: rows,
      groupCount,
      featureCount,
      classCount,
      bootstrap: flavour === 'constant' ? 0 : 1,
      bagKeyLow: key(),
      bagKeyHigh: key(),
      featureKeyLow: key(),
      featureKeyHigh: key(),
      maxFeatures: 1 + random.integer(featureCount),
      maxDepth: flavour === 'ties' ? 6 : 1 << 30,
      minSamplesSplit: 2,
      minSamplesLeaf: flavour === 'nulls' ? 5 : 1,
      maxNodes,
      budget: flavour === 'ties' ? 3 * rows : 2 ** 31 - 1,
    },
    buffers: {
      bins,
      targets: Float64Array.from({ length: rows }, target),
      weights:
        flavour === 'nulls' || flavour === 'skewed'
          ? Float64Array.from({ length: rows }, () => random.integer(3) / 3)
          : null,
      state: zeros.i32(FOREST_STATE),
      rows: new Uint32Array(rows),
      bagWeights: zeros.f64(rows),
      stack: zeros.i32(4 * FOREST_STACK),
      feature: zeros.i32(maxNodes),
      split: zeros.i32(maxNodes),
      child: zeros.i32(maxNodes),
      values: zeros.f64(maxNodes * Math.max(1, classCount)),
      importances: zeros.f64(featureCount),
    },
  };
}

interface Tree {
  readonly bins: Uint8Array;
  readonly targets: Float64Array;
  readonly weights: Float64Array | null;
  readonly state: Int32Array;
  readonly rows: Uint32Array;
  readonly bagWeights: Float64Array;
  readonly stack: Int32Array;
  readonly feature: Int32Array;
  readonly split: Int32Array;
  readonly child: Int32Array;
  readonly values: Float64Array;
  readonly importances: Float64Array;
  readonly nodeTargets: Float64Array;
  readonly nodeWeights: Float64Array;
  readonly dataRows: number;
  readonly featureCount: number;
  readonly classCount: number;
  readonly bootstrap: number;
  readonly bagKey: readonly [number, number];
  readonly featureKey: readonly [number, number];
  readonly maxFeatures: number;
  readonly maxDepth: number;
  readonly minSamplesSplit: number;
  readonly minSamplesLeaf: number;
  readonly budget: number;
}

function treeOf(values: readonly unknown[]): Tree {
  const [bins, targets, weights, state, rows, bagWeights, stack, feature, split, child, leafValues, importances] =
    values as [
      Uint8Array,
      Float64Array,
      Float64Array | null,
      Int32Array,
      Uint32Array,
      Float64Array,
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
      Float64Array,
      Float64Array,
    ];
  const [nodeTargets, nodeWeights] = values.slice(12) as [Float64Array, Float64Array];
  const scalars = values.slice(17) as number[];
  const [dataRows, , featureCount, classCount, bootstrap, bagLow, bagHigh, featureLow, featureHigh] = scalars;
  const [maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf, , budget] = scalars.slice(9);
  return {
    ...{ bins, targets, weights, state, rows, bagWeights, stack, feature, split, child },
    ...{ values: leafValues, importances, nodeTargets, nodeWeights },
    dataRows: dataRows!,
    featureCount: featureCount!,
    classCount: classCount!,
    bootstrap: bootstrap!,
    bagKey: [bagLow!, bagHigh!],
    featureKey: [featureLow!, featureHigh!],
    maxFeatures: maxFeatures!,
    maxDepth: maxDepth!,
    minSamplesSplit: minSamplesSplit!,
    minSamplesLeaf: minSamplesLeaf!,
    budget: budget!,
  };
}

function growForest(tree: Tree): number {
  const { state, stack } = tree;
  if (state[0] === 0) {
    const inBag = drawBag(tree);
    state[0] = 1;
    state[1] = 1;
    state[2] = 1;
    stack.set([0, 0, inBag, 0]);
  }
  let budget = tree.budget;
  while (state[2]! > 0 && budget > 0) {
    state[2]!--;
    const [node, start, end, depth] = stack.subarray(4 * state[2]!, 4 * state[2]! + 4) as unknown as number[];
    budget -= growNode(tree, node!, start!, end!, depth!);
  }
  return state[2]! > 0 ? 1 : 0;
}

/** Draws the rows of the tree, ascending; returns how many differ. Where none is drawn, all are taken once. */
function drawBag(tree: Tree): number {
  const { bootstrap, bagKey, bagWeights, dataRows, rows, weights } = tree;
  for (const draw of bootstrap === 1 ? [true, false] : [false]) {
    const words = new Uint32Array(4);
    let inBag = 0;
    for (let row = 0; row < dataRows; row++) {
      if (draw && row % 4 === 0) philoxBlock(words, ...bagKey, row / 4);
      const times = draw ? POISSON.filter((limit) => words[row % 4]! >= limit).length : 1;
      const weight = times * (weights === null ? 1 : weights[row]!);
      bagWeights[row] = weight;
      if (weight > 0) rows[inBag++] = row;
    }
    if (inBag > 0) return inBag;
  }
  return 0;
}

/** Rows of one bin of one feature, all in one. */
interface Run {
  readonly bin: number;
  /** Places in the node, ascending. */
  readonly places: number[];
}

interface Best {
  score: number;
  feature: number;
  split: number;
}

/** Gives a node its value, and children where a split is found; returns the row visits. */
function growNode(tree: Tree, node: number, start: number, end: number, depth: number): number {
  const { nodeTargets, nodeWeights, rows, targets, bagWeights } = tree;
  const count = end - start;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    const row = rows[start + i]!;
    nodeTargets[i] = targets[row]!;
    nodeWeights[i] = bagWeights[row]!;
    least = Math.min(least, nodeTargets[i]!);
    most = Math.max(most, nodeTargets[i]!);
  }
  const parent = tree.classCount > 0 ? classValues(tree, node, count) : meanValue(tree, node, count);
  tree.feature[node] = -1;
  tree.split[node] = 0;
  tree.child[node] = -1;
  const { minSamplesSplit, minSamplesLeaf, maxDepth } = tree;
  const leaf = count < minSamplesSplit || count < 2 * minSamplesLeaf || depth >= maxDepth || least === most;
  if (leaf) return count;
  const best = { score: Number.NEGATIVE_INFINITY, feature: -1, split: 0 };
  const tried = tryFeatures(tree, node, start, count, best);
  if (best.feature >= 0) divide(tree, node, start, end, depth, best, parent);
  return count * (1 + tried);
}

/** Draws features without replacement and keeps the best split; returns how many were tried. */
function tryFeatures(tree: Tree, node: number, start: number, count: number, best: Best): number {
  const { featureCount, featureKey, maxFeatures } = tree;
  const features = Int32Array.from({ length: featureCount }, (_, feature) => feature);
  const words = new Uint32Array(4);
  let differs = false;
  for (let tried = 0; tried < featureCount; tried++) {
    if (tried >= maxFeatures && differs) return tried;
    // Every node has words of its own, from the next multiple of four.
    const word = node * 4 * Math.ceil(featureCount / 4) + tried;
    if (tried % 4 === 0) philoxBlock(words, ...featureKey, word / 4);
    const drawn = tried + Math.floor((words[tried % 4]! * (featureCount - tried)) / 2 ** 32);
    const feature = features[drawn]!;
    features[drawn] = features[tried]!;
    features[tried] = feature;
    const runs = runsOf(tree, feature, start, count);
    if (runs.length < 2) continue;
    differs = true;
    if (tree.classCount > 0) scanClasses(tree, feature, runs, count, best);
    else scanNumbers(tree, feature, runs, count, best);
  }
  return featureCount;
}

function binOf(tree: Tree, feature: number, row: number): number {
  const group = Math.floor(feature / GROUP_FEATURES);
  return tree.bins[(group * tree.dataRows + row) * ROW_BYTES + (feature % GROUP_FEATURES)]!;
}

/** The node's rows by bin, ascending, empty bins left out. */
function runsOf(tree: Tree, feature: number, start: number, count: number): Run[] {
  const bins = Uint8Array.from({ length: count }, (_, place) => binOf(tree, feature, tree.rows[start + place]!));
  const places = [...bins.keys()].sort((a, b) => bins[a]! - bins[b]! || a - b);
  const runs: Run[] = [];
  for (const place of places) {
    if (runs.at(-1)?.bin === bins[place]!) runs.at(-1)!.places.push(place);
    else runs.push({ bin: bins[place]!, places: [place] });
  }
  return runs;
}

/** The threshold between two bins of the node: halfway in bins. Behind the last one there are only missing values. */
function thresholdBin(bin: number, next: number): number {
  return next === MISSING_BIN ? MISSING_BIN - 1 : (bin + next) >> 1;
}

interface RunSums {
  weight: number;
  sum: number;
  count: number;
}

/** Squared error: the score of a split is Σw·y squared over Σw, left and right together. */
function scanNumbers(tree: Tree, feature: number, runs: readonly Run[], count: number, best: Best): void {
  const sums = runs.map((run) => sumRun(tree, run));
  const missing = runs.at(-1)!.bin === MISSING_BIN ? sums.at(-1)! : undefined;
  const total = { weight: 0, sum: 0, count };
  for (let i = 0; i < count; i++) {
    total.weight += tree.nodeWeights[i]!;
    total.sum += tree.nodeWeights[i]! * tree.nodeTargets[i]!;
  }
  const left = { weight: 0, sum: 0, count: 0 };
  const consider = ({ weight, sum, count: leftCount }: RunSums, split: number) => {
    const [restWeight, rest] = [total.weight - weight, total.sum - sum];
    if (leftCount < tree.minSamplesLeaf || count - leftCount < tree.minSamplesLeaf) return;
    if (!(weight > 0 && restWeight > 0)) return;
    const score = (sum * sum) / weight + (rest * rest) / restWeight;
    if (score > best.score) Object.assign(best, { score, feature, split });
  };
  for (let i = 0; i + 1 < runs.length; i++) {
    left.weight += sums[i]!.weight;
    left.sum += sums[i]!.sum;
    left.count += sums[i]!.count;
    const next = runs[i + 1]!.bin;
    const split = thresholdBin(runs[i]!.bin, next);
    consider(left, split);
    if (!missing || next === MISSING_BIN) continue;
    const { weight, sum, count: missingCount } = missing;
    const joined = { weight: left.weight + weight, sum: left.sum + sum, count: left.count + missingCount };
    consider(joined, split + MISSING_LEFT);
  }
}

function sumRun(tree: Tree, run: Run): RunSums {
  const sums = { weight: 0, sum: 0, count: run.places.length };
  for (const place of run.places) {
    sums.weight += tree.nodeWeights[place]!;
    sums.sum += tree.nodeWeights[place]! * tree.nodeTargets[place]!;
  }
  return sums;
}

/** Gini: the score of a split is Σ of the squared class weights over their sum, left and right together. */
function scanClasses(tree: Tree, feature: number, runs: readonly Run[], count: number, best: Best): void {
  const { classCount, nodeTargets, nodeWeights, minSamplesLeaf } = tree;
  const [total, absent, left] = [0, 1, 2].map(() => new Float64Array(classCount));
  let [totalWeight, absentWeight, absentCount] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    total![nodeTargets[i]!]! += nodeWeights[i]!;
    totalWeight += nodeWeights[i]!;
  }
  if (runs.at(-1)!.bin === MISSING_BIN) {
    for (const place of runs.at(-1)!.places) {
      absent![nodeTargets[place]!]! += nodeWeights[place]!;
      absentWeight += nodeWeights[place]!;
    }
    absentCount = runs.at(-1)!.places.length;
  }
  // Squares of the class weights on the left, on the right, and on the right without the missing; left · missing.
  let [squaresLeft, squaresRight, squaresPresent, cross, squaresAbsent] = [0, 0, 0, 0, 0];
  for (let k = 0; k < classCount; k++) {
    const present = total![k]! - absent![k]!;
    squaresRight += total![k]! * total![k]!;
    squaresPresent += present * present;
    squaresAbsent += absent![k]! * absent![k]!;
  }
  let [leftWeight, leftCount] = [0, 0];
  const consider = (side: number, weight: number, samples: number, other: number, split: number) => {
    const rest = totalWeight - weight;
    if (samples < minSamplesLeaf || count - samples < minSamplesLeaf) return;
    if (!(weight > 0 && rest > 0)) return;
    const score = side / weight + other / rest;
    if (score > best.score) Object.assign(best, { score, feature, split });
  };
  for (let i = 0; i + 1 < runs.length; i++) {
    for (const place of runs[i]!.places) {
      const [k, weight] = [nodeTargets[place]!, nodeWeights[place]!];
      const before = left![k]!;
      const right = total![k]! - before;
      const present = total![k]! - absent![k]! - before;
      squaresLeft += weight * (2 * before + weight);
      squaresRight -= weight * (2 * right - weight);
      squaresPresent -= weight * (2 * present - weight);
      cross += weight * absent![k]!;
      left![k] = before + weight;
      leftWeight += weight;
    }
    leftCount += runs[i]!.places.length;
    const next = runs[i + 1]!.bin;
    const split = thresholdBin(runs[i]!.bin, next);
    consider(squaresLeft, leftWeight, leftCount, squaresRight, split);
    if (absentCount === 0 || next === MISSING_BIN) continue;
    const joined = squaresLeft + 2 * cross + squaresAbsent;
    consider(joined, leftWeight + absentWeight, leftCount + absentCount, squaresPresent, split + MISSING_LEFT);
  }
}

/** Writes the weighted mean of the node's targets; returns the score of the undivided node. */
function meanValue(tree: Tree, node: number, count: number): number {
  let [weight, sum] = [0, 0];
  for (let i = 0; i < count; i++) {
    weight += tree.nodeWeights[i]!;
    sum += tree.nodeWeights[i]! * tree.nodeTargets[i]!;
  }
  tree.values[node] = count > 0 ? sum / weight : 0;
  return count > 0 ? (sum * sum) / weight : 0;
}

/** Writes the shares of the classes in the node; returns the score of the undivided node. */
function classValues(tree: Tree, node: number, count: number): number {
  const totals = new Float64Array(tree.classCount);
  let weight = 0;
  for (let i = 0; i < count; i++) {
    totals[tree.nodeTargets[i]!]! += tree.nodeWeights[i]!;
    weight += tree.nodeWeights[i]!;
  }
  let squares = 0;
  totals.forEach((total, k) => {
    tree.values[node * tree.classCount + k] = count > 0 ? total / weight : 0;
    squares += total * total;
  });
  return count > 0 ? squares / weight : 0;
}

/** Parts the rows, stably, and opens both children, the larger first, so that the smaller is grown next. */
function divide(tree: Tree, node: number, start: number, end: number, depth: number, best: Best, parent: number): void {
  const { rows, state, stack } = tree;
  const threshold = best.split % MISSING_LEFT;
  const missingLeft = best.split >= MISSING_LEFT;
  const bins = Array.from(rows.subarray(start, end), (row) => binOf(tree, best.feature, row));
  const isLeft = (bin: number) => (bin === MISSING_BIN ? missingLeft : bin <= threshold);
  const part = rows.slice(start, end);
  const left = part.filter((_, i) => isLeft(bins[i]!));
  rows.set(left, start);
  rows.set(
    part.filter((_, i) => !isLeft(bins[i]!)),
    start + left.length,
  );
  const middle = start + left.length;
  const child = state[1]!;
  state[1] = child + 2;
  // No missing value here: those to come go with the many.
  const unseen = !bins.includes(MISSING_BIN) && middle - start > end - middle;
  tree.feature[node] = best.feature;
  tree.split[node] = best.split + (unseen ? MISSING_LEFT : 0);
  tree.child[node] = child;
  tree.importances[best.feature]! += Math.max(0, best.score - parent);
  const children = [
    [child, start, middle, depth + 1],
    [child + 1, middle, end, depth + 1],
  ];
  if (middle - start <= end - middle) children.reverse();
  for (const open of children) {
    stack.set(open, 4 * state[2]!);
    state[2]!++;
  }
}
