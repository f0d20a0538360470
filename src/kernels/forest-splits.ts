import { entropyTerm, type GrowingTree, MISSING_LEFT, type Node, scoreOf, scoreOfClasses } from './forest-growth.js';

/** The search for the split of one node by one feature: part of the law of forest_grow_u8 and forest_grow_u16. */

/** Rows of a node with one code of one feature. */
export interface Run {
  readonly code: number;
  /** Places in the node, ascending. */
  readonly places: readonly number[];
  readonly weight: number;
  /** Of numbers: the weighted sum of each target. */
  readonly sums: Float64Array;
}

export interface Best {
  score: number;
  feature: number;
  split: number;
  threshold: number;
  /** Eight words of 32 codes; empty for numbers. */
  categories: readonly number[];
}

/** Behind run `index` ends the left side, which has the missing values too or has not. */
interface Cut {
  readonly index: number;
  readonly missingLeft: boolean;
  /** A random threshold; undefined: halfway. */
  readonly threshold?: number;
}

const POWER_STEPS = 8;

/** The node's rows by code: numbers ascending, categories by the direction in which they differ most, missing values last. */
export function findRuns(tree: GrowingTree, feature: number, node: Node): Run[] {
  const { codes, dataRows, rows } = tree;
  const codeAt = (place: number) => codes[feature * dataRows + rows[node.start + place]!]!;
  const places = Array.from({ length: node.count }, (_, place) => place);
  places.sort((a, b) => codeAt(a) - codeAt(b) || a - b);
  const grouped: { code: number; places: number[] }[] = [];
  for (const place of places) {
    if (grouped.at(-1)?.code === codeAt(place)) grouped.at(-1)!.places.push(place);
    else grouped.push({ code: codeAt(place), places: [place] });
  }
  const runs = grouped.map((run) => summed(tree, run));
  if (tree.categorical[feature] === 0) return runs;
  const known = runs.filter((run) => run.code !== tree.missing);
  return [...inOrder(tree, known), ...runs.filter((run) => run.code === tree.missing)];
}

function summed(tree: GrowingTree, { code, places }: { code: number; places: number[] }): Run {
  const { nodeWeights, nodeTargets, classCount, targetCount, dataRows } = tree;
  let weight = 0;
  const sums = new Float64Array(classCount > 0 ? 0 : targetCount);
  for (const place of places) {
    weight += nodeWeights[place]!;
    for (let k = 0; k < sums.length; k++) sums[k]! += nodeWeights[place]! * nodeTargets[k * dataRows + place]!;
  }
  return { code, places, weight, sums };
}

/** Categories by their mean, or, of several targets or classes, by the mean along the first principal direction. */
function inOrder(tree: GrowingTree, runs: readonly Run[]): Run[] {
  const means = runs.map((run) => meansOf(tree, run));
  const keys = means[0]?.length === 1 ? means.map((mean) => mean[0]!) : principalKeys(runs, means);
  // By insertion: what keys that are not numbers do is then the same everywhere.
  const order: number[] = [];
  for (let i = 0; i < runs.length; i++) {
    let at = i;
    for (; at > 0 && keys[order[at - 1]!]! > keys[i]!; at--) order[at] = order[at - 1]!;
    order[at] = i;
  }
  return order.map((index) => runs[index]!);
}

/** The mean of each target, or the share of each class. */
function meansOf(tree: GrowingTree, { places, weight, sums }: Run): Float64Array {
  const { nodeWeights, nodeTargets, classCount, targetCount, dataRows } = tree;
  if (classCount === 0) return sums.map((sum) => sum / weight);
  const shares = new Float64Array(classCount);
  for (let target = 0; target < targetCount; target++) {
    for (const place of places) shares[nodeTargets[target * dataRows + place]!]! += nodeWeights[place]!;
  }
  return shares.map((sum) => sum / weight);
}

/** How far each category lies along the first principal direction of the categories' means, found by the power method. */
function principalKeys(runs: readonly Run[], means: readonly Float64Array[]): number[] {
  const width = means[0]?.length ?? 0;
  const center = new Float64Array(width);
  let total = 0;
  runs.forEach(({ weight }, c) => {
    total += weight;
    for (let k = 0; k < width; k++) center[k]! += weight * means[c]![k]!;
  });
  const away = means.map((mean) => mean.map((value, k) => value - center[k]! / total));
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  let [direction, farthest] = [away[0]!, Number.NEGATIVE_INFINITY];
  runs.forEach(({ weight }, c) => {
    const far = weight * dot(away[c]!, away[c]!);
    if (far > farthest) [direction, farthest] = [away[c]!, far];
  });
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = new Float64Array(width);
    runs.forEach(({ weight }, c) => {
      const along = weight * dot(away[c]!, direction);
      for (let k = 0; k < width; k++) next[k]! += along * away[c]![k]!;
    });
    let largest = 0;
    for (const value of next) if (Math.abs(value) > largest) largest = Math.abs(value);
    if (!(largest > 0)) break;
    direction = next.map((value) => value / largest);
  }
  return away.map((vector) => dot(vector, direction));
}

/** Tries every cut between runs, or a random one; returns the best where it is better than all so far. */
export function scan(
  tree: GrowingTree,
  feature: number,
  runs: readonly Run[],
  node: Node,
  best: Best,
  word: number | undefined,
): Cut | undefined {
  const hasMissing = runs.at(-1)!.code === tree.missing;
  const present = runs.length - (hasMissing ? 1 : 0);
  const only = word === undefined ? undefined : drawCut(tree, feature, runs, present, word);
  let found: Cut | undefined;
  const consider = (cut: Cut, leftCount: number, leftWeight: number, score: () => number) => {
    const rightWeight = node.weight - leftWeight;
    if (leftCount < tree.minSamplesLeaf || node.count - leftCount < tree.minSamplesLeaf) return;
    if (!(leftWeight > 0 && rightWeight > 0 && leftWeight >= node.minWeight && rightWeight >= node.minWeight)) return;
    const value = score();
    if (!(value > best.score)) return;
    best.score = value;
    found = cut;
  };
  const sides = tree.classCount > 0 ? new ClassSides(tree, node, runs) : new NumberSides(tree, node, runs);
  for (let index = 0; index + 1 < runs.length; index++) {
    sides.moveLeft(runs[index]!);
    if (only && only.index !== index) continue;
    const cut = { index, threshold: only?.threshold };
    consider({ ...cut, missingLeft: false }, sides.count, sides.weight, () => sides.score(false));
    if (!hasMissing || index + 1 === present) continue;
    const missing = runs.at(-1)!;
    const [count, weight] = [sides.count + missing.places.length, sides.weight + missing.weight];
    consider({ ...cut, missingLeft: true }, count, weight, () => sides.score(true));
  }
  return found;
}

/** The sums of a left side that grows run by run. */
class NumberSides {
  count = 0;
  weight = 0;
  readonly #tree: GrowingTree;
  readonly #node: Node;
  readonly #sums: Float64Array;
  readonly #missing: Run;

  constructor(tree: GrowingTree, node: Node, runs: readonly Run[]) {
    this.#tree = tree;
    this.#node = node;
    this.#sums = new Float64Array(tree.targetCount);
    this.#missing = runs.at(-1)!;
  }

  moveLeft({ places, weight, sums }: Run): void {
    this.count += places.length;
    this.weight += weight;
    sums.forEach((sum, k) => {
      this.#sums[k]! += sum;
    });
  }

  score(missingLeft: boolean): number {
    const left = missingLeft ? this.#sums.map((sum, k) => sum + this.#missing.sums[k]!) : this.#sums;
    const weight = missingLeft ? this.weight + this.#missing.weight : this.weight;
    const right = left.map((sum, k) => this.#node.totals[k]! - sum);
    return pairwise(this.#tree, left, weight, right, this.#node.weight - weight);
  }
}

/** Σ over the targets of left and right, target by target. */
function pairwise(tree: GrowingTree, left: Float64Array, leftWeight: number, right: Float64Array, rightWeight: number) {
  let score = 0;
  for (let k = 0; k < left.length; k++) {
    score += scoreOf(tree, left.subarray(k, k + 1), leftWeight) + scoreOf(tree, right.subarray(k, k + 1), rightWeight);
  }
  return score;
}

/** The classes' weights of a left side that grows row by row, and what they add up to, kept up by differences. */
class ClassSides {
  count = 0;
  weight = 0;
  readonly #tree: GrowingTree;
  readonly #node: Node;
  readonly #left: Float64Array;
  readonly #absent: Float64Array;
  readonly #hasMissing: boolean;
  #absentWeight = 0;
  /** Sums over the classes: left, right; left with the missing, right without. */
  #sums = [0, 0, 0, 0];

  constructor(tree: GrowingTree, node: Node, runs: readonly Run[]) {
    this.#tree = tree;
    this.#node = node;
    this.#left = new Float64Array(tree.classCount);
    this.#absent = new Float64Array(tree.classCount);
    this.#hasMissing = runs.at(-1)!.code === tree.missing;
    if (this.#hasMissing) this.#countMissing(runs.at(-1)!);
    for (let k = 0; k < tree.classCount; k++) {
      this.#sums[1]! += this.#term(node.totals[k]!);
      this.#sums[2]! += this.#term(this.#absent[k]!);
      this.#sums[3]! += this.#term(node.totals[k]! - this.#absent[k]!);
    }
  }

  #countMissing(run: Run): void {
    const { nodeTargets, nodeWeights, targetCount, dataRows } = this.#tree;
    this.#absentWeight = run.weight;
    for (const place of run.places) {
      for (let target = 0; target < targetCount; target++) {
        this.#absent[nodeTargets[target * dataRows + place]!]! += nodeWeights[place]!;
      }
    }
  }

  #term(x: number): number {
    return this.#tree.logarithmic === 1 ? entropyTerm(x) : x * x;
  }

  /** term(x + w) − term(x). */
  #rise(x: number, w: number): number {
    return this.#tree.logarithmic === 1 ? entropyTerm(x + w) - entropyTerm(x) : w * (2 * x + w);
  }

  moveLeft({ places }: Run): void {
    const { nodeTargets, nodeWeights, targetCount, dataRows } = this.#tree;
    this.count += places.length;
    for (const place of places) {
      const weight = nodeWeights[place]!;
      this.weight += weight;
      for (let target = 0; target < targetCount; target++) {
        const k = nodeTargets[target * dataRows + place]!;
        const before = this.#left[k]!;
        const right = this.#node.totals[k]! - before;
        this.#sums[0]! += this.#rise(before, weight);
        this.#sums[1]! -= this.#rise(right - weight, weight);
        if (this.#hasMissing) {
          const absent = this.#absent[k]!;
          this.#sums[2]! += this.#rise(before + absent, weight);
          this.#sums[3]! -= this.#rise(right - absent - weight, weight);
        }
        this.#left[k] = before + weight;
      }
    }
  }

  score(missingLeft: boolean): number {
    const weight = missingLeft ? this.weight + this.#absentWeight : this.weight;
    const [left, right] = missingLeft ? [this.#sums[2]!, this.#sums[3]!] : [this.#sums[0]!, this.#sums[1]!];
    return scoreOfClasses(this.#tree, left, weight) + scoreOfClasses(this.#tree, right, this.#node.weight - weight);
  }
}

/** A random cut: of numbers, by a threshold drawn between the least and the largest value; of categories, any place in their order. */
function drawCut(tree: GrowingTree, feature: number, runs: readonly Run[], present: number, word: number) {
  const uniform = (word + 0.5) / 2 ** 32;
  const anywhere = { index: Math.max(0, Math.floor(uniform * (present - 1))), threshold: undefined };
  if (tree.categorical[feature] === 1 || present < 2) return anywhere;
  const low = lowOf(tree, feature, runs[0]!);
  const high = highOf(tree, feature, runs[present - 1]!);
  const threshold = low + uniform * (high - low);
  if (!(high - low < Number.POSITIVE_INFINITY)) return anywhere;
  let index = 0;
  while (index + 2 < present) {
    const [from, to] = [lowOf(tree, feature, runs[index + 1]!), highOf(tree, feature, runs[index + 1]!)];
    if (!(from + (to - from) / 2 <= threshold)) break;
    index++;
  }
  return { index, threshold };
}

function lowOf({ lows, offsets }: GrowingTree, feature: number, { code }: Run): number {
  return lows[offsets[feature]! + code]!;
}

function highOf({ highs, offsets }: GrowingTree, feature: number, { code }: Run): number {
  return highs[offsets[feature]! + code]!;
}

/** Writes a cut as the split of a node. */
export function keepSplit(tree: GrowingTree, feature: number, runs: readonly Run[], cut: Cut, best: Best): void {
  const [last, next] = [runs[cut.index]!, runs[cut.index + 1]!];
  best.feature = feature;
  best.categories = [0, 0, 0, 0, 0, 0, 0, 0];
  best.threshold = 0;
  const side = cut.missingLeft ? MISSING_LEFT : 0;
  if (tree.categorical[feature] === 1) {
    const words = new Uint32Array(8);
    for (const { code } of runs.slice(0, cut.index + 1)) words[code >>> 5]! |= 1 << (code & 31);
    best.categories = [...words];
    best.split = side;
    return;
  }
  // Behind the last number there are only missing values: every number goes left.
  const onlyMissing = next.code === tree.missing;
  best.split = side + (onlyMissing ? tree.missing - 1 : last.code);
  best.threshold = onlyMissing ? Number.POSITIVE_INFINITY : thresholdOf(tree, feature, last, next, cut.threshold);
}

/** The threshold drawn where it parts the two runs, else halfway between their values; it is below the second's least. */
function thresholdOf(tree: GrowingTree, feature: number, last: Run, next: Run, drawn: number | undefined): number {
  const [below, above] = [highOf(tree, feature, last), lowOf(tree, feature, next)];
  if (drawn !== undefined && drawn >= below && drawn < above) return drawn;
  const middle = below + (above - below) / 2;
  return middle >= below && middle < above ? middle : below;
}
