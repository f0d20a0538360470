import { log } from './elementary.js';
import { type Best, findRuns, keepSplit, scan } from './forest-splits.js';
import { philoxBlock } from './random.js';

/** The law of forest_grow_u8 and forest_grow_u16 (src/kernels/tree-forest.ts): its arguments by name. */
export interface GrowingTree {
  readonly codes: Uint8Array | Uint16Array;
  readonly offsets: Int32Array;
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  readonly categorical: Uint8Array;
  readonly targets: Float64Array;
  readonly weights: Float64Array | null;
  readonly state: Int32Array;
  readonly rows: Uint32Array;
  readonly bagWeights: Float64Array;
  readonly open: Int32Array;
  readonly feature: Int32Array;
  readonly split: Int32Array;
  readonly threshold: Float64Array;
  readonly categories: Uint32Array;
  readonly child: Int32Array;
  readonly values: Float64Array;
  readonly cover: Float64Array;
  readonly samples: Int32Array;
  readonly gain: Float64Array;
  readonly nodeTargets: Float64Array;
  readonly nodeWeights: Float64Array;
  readonly dataRows: number;
  readonly featureCount: number;
  readonly targetCount: number;
  readonly classCount: number;
  readonly logarithmic: number;
  readonly randomSplits: number;
  readonly hasCategories: number;
  readonly bootstrap: number;
  readonly sampleCount: number;
  readonly balanced: number;
  readonly bagKeyLow: number;
  readonly bagKeyHigh: number;
  readonly featureKeyLow: number;
  readonly featureKeyHigh: number;
  readonly maxFeatures: number;
  readonly maxDepth: number;
  readonly minSamplesSplit: number;
  readonly minSamplesLeaf: number;
  readonly minWeightFraction: number;
  readonly minGain: number;
  readonly maxLeafNodes: number;
  readonly budget: number;
  /** The code of missing values. */
  readonly missing: number;
}

/** A node whose split is looked for. Its targets and weights are the first `count` numbers of `nodeTargets` (of each target) and `nodeWeights`. */
export interface Node {
  readonly start: number;
  readonly count: number;
  readonly weight: number;
  /** Weighted sum of each target, or weight of each class. */
  readonly totals: Float64Array;
  readonly minWeight: number;
}

/** Added to a split where missing values go left. */
export const MISSING_LEFT = 65_536;
/** Blocks of random words for thresholds lie behind those for features. */
const THRESHOLD_BLOCKS = 2 ** 40;

export function growTree(tree: GrowingTree): number {
  const { state } = tree;
  let spent = 0;
  if (state[0] === 0) {
    const inBag = drawBag(tree);
    state.set([1, 1, 0]);
    if (tree.maxLeafNodes > 0) spent = openIfDivisible(tree, 0, 0, inBag, 0);
    else pushOpen(tree, 0, 0, inBag, 0);
  }
  return tree.maxLeafNodes > 0 ? growBestFirst(tree, spent) : growDepthFirst(tree);
}

function growDepthFirst(tree: GrowingTree): number {
  const { state, open, feature } = tree;
  let budget = tree.budget;
  while (state[2]! > 0 && budget > 0) {
    state[2]!--;
    const [node, start, end, depth] = open.slice(4 * state[2]!, 4 * state[2]! + 4);
    budget -= searchNode(tree, node!, start!, end!, depth!);
    if (feature[node!]! < 0) continue;
    const middle = divide(tree, node!, start!, end!);
    const child = tree.child[node!]!;
    const children = [
      [child, start!, middle],
      [child + 1, middle, end!],
    ];
    // The larger first, so that the smaller is grown next and few nodes are open.
    if (middle - start! <= end! - middle) children.reverse();
    for (const [which, from, to] of children) pushOpen(tree, which!, from!, to!, depth! + 1);
  }
  return state[2]! > 0 ? 1 : 0;
}

/** Divides the open node of the largest gain, the first of equals, until there are leaves enough. */
function growBestFirst(tree: GrowingTree, spent: number): number {
  const { state, open, gain, maxLeafNodes } = tree;
  let budget = tree.budget - spent;
  const leaves = () => (state[1]! + 1) / 2;
  while (state[2]! > 0 && leaves() < maxLeafNodes) {
    if (budget <= 0) return 1;
    let best = 0;
    for (let i = 1; i < state[2]!; i++) if (gain[open[4 * i]!]! > gain[open[4 * best]!]!) best = i;
    const [node, start, end, depth] = open.slice(4 * best, 4 * best + 4);
    state[2]!--;
    open.copyWithin(4 * best, 4 * state[2]!, 4 * state[2]! + 4);
    const middle = divide(tree, node!, start!, end!);
    const child = tree.child[node!]!;
    budget -= openIfDivisible(tree, child, start!, middle, depth! + 1);
    budget -= openIfDivisible(tree, child + 1, middle, end!, depth! + 1);
  }
  for (let i = 0; i < state[2]!; i++) makeLeaf(tree, open[4 * i]!);
  state[2] = 0;
  return 0;
}

function openIfDivisible(tree: GrowingTree, node: number, start: number, end: number, depth: number): number {
  const spent = searchNode(tree, node, start, end, depth);
  if (tree.feature[node]! >= 0) pushOpen(tree, node, start, end, depth);
  return spent;
}

function pushOpen({ state, open }: GrowingTree, node: number, start: number, end: number, depth: number): void {
  open.set([node, start, end, depth], 4 * state[2]!);
  state[2]!++;
}

/** Draws the rows of the tree, ascending; returns how many differ. Where none is drawn, or weighs, all are taken once. */
function drawBag(tree: GrowingTree): number {
  const { bagWeights, rows, dataRows, weights, balanced, bootstrap } = tree;
  for (const mode of bootstrap > 0 ? [bootstrap, 0] : [0]) {
    drawTimes(tree, mode);
    if (balanced === 1) balanceClasses(tree);
    let inBag = 0;
    for (let row = 0; row < dataRows; row++) {
      const weight = bagWeights[row]! * (weights === null ? 1 : weights[row]!);
      bagWeights[row] = weight;
      if (weight > 0) rows[inBag++] = row;
    }
    if (inBag > 0) return inBag;
  }
  return 0;
}

/** How often each row is drawn, to `bagWeights`: mode 0 once, 1 with, 2 without replacement. */
function drawTimes({ bagWeights, rows, dataRows, sampleCount, bagKeyLow, bagKeyHigh }: GrowingTree, mode: number) {
  bagWeights.fill(mode === 0 ? 1 : 0);
  if (mode === 0) return;
  for (let row = 0; row < dataRows; row++) rows[row] = row;
  const words = new Uint32Array(4);
  for (let draw = 0; draw < sampleCount; draw++) {
    if (draw % 4 === 0) philoxBlock(words, bagKeyLow, bagKeyHigh, draw / 4);
    const word = words[draw % 4]!;
    if (mode === 1) {
      bagWeights[Math.floor((word * dataRows) / 2 ** 32)]! += 1;
      continue;
    }
    const at = draw + Math.floor((word * (dataRows - draw)) / 2 ** 32);
    bagWeights[rows[at]!] = 1;
    rows[at] = rows[draw]!;
  }
}

/** Multiplies by rows / (classes · rows of the class), over the rows drawn, for each target. */
function balanceClasses({ bagWeights, targets, targetCount, classCount, dataRows }: GrowingTree): void {
  const times = bagWeights.slice();
  const drawn = times.reduce((sum, count) => sum + count, 0);
  for (let target = 0; target < targetCount; target++) {
    const counts = new Float64Array(Math.max(2, classCount));
    for (let row = 0; row < dataRows; row++) counts[targets[target * dataRows + row]!]! += times[row]!;
    const present = counts.filter((count) => count > 0).length;
    for (let row = 0; row < dataRows; row++) {
      const count = counts[targets[target * dataRows + row]!]!;
      if (count > 0) bagWeights[row]! *= drawn / (present * count);
    }
  }
}

/** Gives a node its value, and its split where one is found; returns the row visits. */
function searchNode(tree: GrowingTree, node: number, start: number, end: number, depth: number): number {
  const { minSamplesSplit, minSamplesLeaf, minWeightFraction, maxDepth, cover } = tree;
  const count = end - start;
  const pure = gather(tree, start, count);
  const totals = totalsOf(tree, count);
  let weight = 0;
  for (let i = 0; i < count; i++) weight += tree.nodeWeights[i]!;
  const width = totals.length;
  for (let k = 0; k < width; k++) tree.values[node * width + k] = count > 0 ? totals[k]! / weight : 0;
  cover[node] = weight;
  tree.samples[node] = count;
  makeLeaf(tree, node);
  const minWeight = minWeightFraction * cover[0]!;
  if (count < minSamplesSplit || count < 2 * minSamplesLeaf || weight < 2 * minWeight) return count;
  if (depth >= maxDepth || pure) return count;
  const best: Best = { score: Number.NEGATIVE_INFINITY, feature: -1, split: 0, threshold: 0, categories: [] };
  const tried = tryFeatures(tree, node, { start, count, weight, totals, minWeight }, best);
  const rise = best.score - scoreOf(tree, totals, weight);
  let gain = 0;
  if (rise > 0) gain = rise; // and not where sums have overflown and it is no number
  if (best.feature >= 0 && gain >= tree.minGain * cover[0]!) {
    tree.feature[node] = best.feature;
    tree.split[node] = best.split;
    tree.threshold[node] = best.threshold;
    tree.gain[node] = gain;
    if (tree.hasCategories === 1) tree.categories.set(best.categories, 8 * node);
  }
  return count * (1 + tried);
}

function makeLeaf(tree: GrowingTree, node: number): void {
  tree.feature[node] = -1;
  tree.split[node] = 0;
  tree.threshold[node] = 0;
  tree.child[node] = -1;
  tree.gain[node] = 0;
  if (tree.hasCategories === 1) tree.categories.fill(0, 8 * node, 8 * node + 8);
}

/** Copies targets and weights of the node's rows; is every target the same in all of them? */
function gather(tree: GrowingTree, start: number, count: number): boolean {
  const { rows, dataRows, targetCount, nodeTargets, nodeWeights, targets, bagWeights } = tree;
  let pure = true;
  for (let target = 0; target < targetCount; target++) {
    const first = target * dataRows;
    for (let i = 0; i < count; i++) {
      const value = targets[first + rows[start + i]!]!;
      nodeTargets[first + i] = value;
      if (value !== nodeTargets[first]) pure = false;
    }
  }
  for (let i = 0; i < count; i++) nodeWeights[i] = bagWeights[rows[start + i]!]!;
  return pure;
}

/** The weighted sum of each target, or the weight of each class. */
function totalsOf({ classCount, targetCount, dataRows, nodeTargets, nodeWeights }: GrowingTree, count: number) {
  const totals = new Float64Array(Math.max(classCount, targetCount));
  for (let target = 0; target < targetCount; target++) {
    for (let i = 0; i < count; i++) {
      const value = nodeTargets[target * dataRows + i]!;
      if (classCount > 0) totals[value]! += nodeWeights[i]!;
      else totals[target]! += nodeWeights[i]! * value;
    }
  }
  return totals;
}

/**
 * What a side of a split is worth: Σ s²/w, where s are the sums of targets or the weights of classes; logarithmic:
 * Σ s·log(s/w), for classes written Σ s·log s − targets·w·log w. Minus infinity where a sum that needs one has no logarithm.
 */
export function scoreOf(tree: GrowingTree, sums: Float64Array, weight: number): number {
  let score = 0;
  for (let k = 0; k < sums.length; k++) {
    const sum = sums[k]!;
    if (tree.classCount > 0) score += tree.logarithmic === 1 ? entropyTerm(sum) : sum * sum;
    else if (tree.logarithmic === 0) score += (sum * sum) / weight;
    else score += sum > 0 ? sum * log(sum / weight) : Number.NEGATIVE_INFINITY;
  }
  return tree.classCount > 0 ? scoreOfClasses(tree, score, weight) : score;
}

/** The same from what the classes' weights add up to. */
export function scoreOfClasses(tree: GrowingTree, sum: number, weight: number): number {
  return tree.logarithmic === 1 ? sum - tree.targetCount * entropyTerm(weight) : sum / weight;
}

export function entropyTerm(x: number): number {
  return x > 0 ? x * log(x) : 0;
}

/** Draws features without replacement and keeps the best split; returns how many were tried. */
function tryFeatures(tree: GrowingTree, at: number, node: Node, best: Best): number {
  const { featureCount, featureKeyLow, featureKeyHigh, maxFeatures, randomSplits } = tree;
  const features = Int32Array.from({ length: featureCount }, (_, feature) => feature);
  const [words, more] = [new Uint32Array(4), new Uint32Array(4)];
  let differs = false;
  for (let tried = 0; tried < featureCount; tried++) {
    if (tried >= maxFeatures && differs) return tried;
    if (tried % 4 === 0) {
      // Every node has blocks of its own.
      const block = at * Math.ceil(featureCount / 4) + tried / 4;
      philoxBlock(words, featureKeyLow, featureKeyHigh, block);
      if (randomSplits === 1) philoxBlock(more, featureKeyLow, featureKeyHigh, THRESHOLD_BLOCKS + block);
    }
    const drawn = tried + Math.floor((words[tried % 4]! * (featureCount - tried)) / 2 ** 32);
    const feature = features[drawn]!;
    features[drawn] = features[tried]!;
    features[tried] = feature;
    const runs = findRuns(tree, feature, node);
    if (runs.length < 2) continue;
    differs = true;
    const cut = scan(tree, feature, runs, node, best, randomSplits === 1 ? more[tried % 4]! : undefined);
    if (cut) keepSplit(tree, feature, runs, cut, best);
  }
  return featureCount;
}

export function goesLeft(tree: GrowingTree, node: number, code: number): boolean {
  const split = tree.split[node]!;
  if (code === tree.missing) return split >= MISSING_LEFT;
  if (tree.categorical[tree.feature[node]!] === 0) return code <= split % MISSING_LEFT;
  return ((tree.categories[8 * node + (code >>> 5)]! >>> (code & 31)) & 1) === 1;
}

/** Parts the rows, stably, makes the children, and says where codes go that the node has not met; returns the middle. */
function divide(tree: GrowingTree, node: number, start: number, end: number): number {
  const { rows, codes, dataRows, state, split } = tree;
  const feature = tree.feature[node]!;
  const part = rows.slice(start, end);
  const codeOf = (row: number) => codes[feature * dataRows + row]!;
  const left = part.filter((row) => goesLeft(tree, node, codeOf(row)));
  rows.set(left, start);
  rows.set(
    part.filter((row) => !goesLeft(tree, node, codeOf(row))),
    start + left.length,
  );
  tree.child[node] = state[1]!;
  state[1]! += 2;
  const met = new Set(Array.from(part, codeOf));
  // No missing value here: those to come go with the many.
  if (!met.has(tree.missing) && 2 * left.length > part.length) split[node]! += MISSING_LEFT;
  // Categories that the node has not met go with the missing.
  if (tree.categorical[feature] === 1 && split[node]! >= MISSING_LEFT) {
    for (let code = 0; code < 256; code++) {
      if (!met.has(code)) tree.categories[8 * node + (code >>> 5)]! |= 1 << (code & 31);
    }
  }
  return start + left.length;
}
