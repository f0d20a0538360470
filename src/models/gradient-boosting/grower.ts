import type { NodeRows, Parting, TreeWorkspace, Units } from '../../engine/trees/tree-workspace.js';
import { Breather } from '../../engine/turn.js';
import { BINS, HISTOGRAM_STRIDE } from '../../kernels/tree-building.js';
import { SET_WORDS } from '../../kernels/tree-splitting.js';
import type { FeatureBins } from '../binning/index.js';
import type { NodeRules, TreeRules } from './constraints.js';
import { HistogramPool } from './histogram.js';
import { completeSplit, goesLeftOf, type Split, type SplitRules, setOf } from './splitting.js';

export interface GrowerOptions extends SplitRules {
  readonly maxLeafNodes: number;
  readonly maxDepth: number;
  /** A split is made where it gains more than this. */
  readonly minGain: number;
  /** lossguide: the leaf of the largest gain first; depthwise: of the least depth, and there of the largest gain. */
  readonly growPolicy: 'lossguide' | 'depthwise';
}

export interface GrownNode {
  readonly rows: NodeRows;
  readonly depth: number;
  /** What was handed down to it from the splits above. */
  readonly rules: NodeRules;
  /** Where the node was split. */
  split?: Split;
  left?: GrownNode;
  right?: GrownNode;
  /** Where it was not: its value, learning rate included. */
  value: number;
  /** Training rows in it, weighted: see measureCover. */
  cover?: number;
}

/** A node that waits to be split, best gain first. */
interface OpenNode {
  readonly node: GrownNode;
  /** −1: given back for want of room. */
  histogram: number;
  readonly split: Split;
  /** Order of creation, which decides among equal gains. */
  readonly age: number;
  /** Where it was parted ahead of its turn. */
  ahead?: Ahead;
}

/** What parting a node gave: its children, and the histogram of the smaller one (−1: there is none). */
interface Ahead {
  readonly rows: [NodeRows, NodeRows];
  histogram: number;
  /** Whose histogram it is: 0 is the left child. */
  readonly child: 0 | 1;
}

/** Grows one tree leaf by leaf, in the order of `growPolicy`. */
export class Grower {
  readonly #workspace: TreeWorkspace;
  readonly #bins: readonly FeatureBins[];
  readonly #options: GrowerOptions;
  readonly #units: Units;
  readonly #rules: TreeRules;
  readonly #categorical: boolean;
  /** The bins that go left in the node that is being parted. */
  readonly #goesLeft = new Uint8Array(BINS);
  readonly #pool: HistogramPool;
  readonly #open: OpenNode[] = [];
  readonly #breather = new Breather();
  #age = 0;

  constructor(
    workspace: TreeWorkspace,
    bins: readonly FeatureBins[],
    options: GrowerOptions,
    units: Units,
    rules: TreeRules,
  ) {
    this.#workspace = workspace;
    this.#bins = bins;
    this.#options = options;
    this.#units = units;
    this.#rules = rules;
    this.#categorical = bins.some(({ categorical }) => categorical);
    this.#pool = new HistogramPool(workspace.histogramCount);
  }

  async grow(root: GrownNode, signal?: AbortSignal): Promise<void> {
    const { minSamples, maxLeafNodes } = this.#options;
    if (root.rows.count < 2 * minSamples) return;
    const histogram = this.#pool.take();
    await this.#workspace.buildHistogram(histogram, root.rows, signal);
    this.#consider(root, histogram);
    for (let leaves = 1; leaves < maxLeafNodes && this.#open.length > 0; leaves++) {
      await this.#splitBest(maxLeafNodes - leaves, signal);
      if (this.#breather.due) await this.#breather.breathe(signal);
    }
    const inVain = this.#open.flatMap(({ node, ahead }) => (ahead ? [{ node: node.rows, left: ahead.rows[0] }] : []));
    if (inVain.length > 0) await this.#workspace.restore(inVain);
  }

  /** Splits the open node that comes first; `splits`: how many are left, this one included. */
  async #splitBest(splits: number, signal?: AbortSignal): Promise<void> {
    const more = splits > 1;
    const parent = this.#takeBest();
    if (this.#workspace.inWindows && !parent.ahead) await this.#partAhead(parent, splits, signal);
    const [left, right] = await this.#part(parent, signal);
    const [first, second] = [left, right].map((node) => more && this.#splittable(node.depth, node.rows.count));
    if (!first && !second) {
      this.#giveBack(parent.ahead?.histogram ?? -1);
      return this.#giveBack(parent.histogram);
    }
    const ahead = parent.ahead?.histogram ?? -1;
    const leftFirst = ahead >= 0 ? parent.ahead!.child === 0 : left.rows.count <= right.rows.count;
    const [smaller, larger] = leftFirst ? [left, right] : [right, left];
    const built = ahead >= 0 ? ahead : await this.#build(smaller, signal);
    let rest = parent.histogram;
    if (rest >= 0) this.#workspace.subtractHistogram(rest, built, rest);
    else rest = await this.#build(larger, signal);
    // Left before right, so that the order of creation does not depend on sizes.
    for (const [node, wanted] of [[left, first] as const, [right, second] as const]) {
      const histogram = node === smaller ? built : rest;
      if (wanted) this.#consider(node, histogram);
      else this.#pool.give(histogram);
    }
  }

  async #build(node: GrownNode, signal?: AbortSignal): Promise<number> {
    if (this.#pool.available === 0) this.#makeRoom();
    const histogram = this.#pool.take();
    await this.#workspace.buildHistogram(histogram, node.rows, signal);
    return histogram;
  }

  /** Takes the histogram of the open node that is least likely to need it. */
  #makeRoom(): void {
    const byGain = this.#open.toSorted((a, b) => a.split.gain - b.split.gain);
    const owner =
      byGain.find((open) => open.ahead && open.ahead.histogram >= 0)?.ahead ??
      byGain.find((open) => open.histogram >= 0)!;
    this.#giveBack(owner.histogram);
    owner.histogram = -1;
  }

  #giveBack(histogram: number): void {
    if (histogram >= 0) this.#pool.give(histogram);
  }

  #splittable(depth: number, count: number): boolean {
    return depth < this.#options.maxDepth && count >= 2 * this.#options.minSamples;
  }

  /**
   * Parts an open node, and with it those that are likely to follow, as many as there are splits left: the rows of all
   * are passed over once. Whether the others' turn comes is seen later; what they gave is the same then.
   */
  async #partAhead(first: OpenNode, splits: number, signal?: AbortSignal): Promise<void> {
    const others = this.#open.filter((open) => !open.ahead).sort((a, b) => (this.#comesFirst(a, b) ? -1 : 1));
    const most = Math.min(splits, Math.max(1, this.#workspace.nodesLeft - splits));
    const chosen = [first, ...others].slice(0, most);
    const wanted = chosen.map((open): Parting => {
      const { node, split } = open;
      const [left, right] = split.counts;
      const children = splits > 1 && [left, right].some((count) => this.#splittable(node.depth + 1, count));
      const histogram = children && this.#pool.available > (open === first ? 0 : 1) ? this.#pool.take() : -1;
      const goesLeft = goesLeftOf(split);
      return { node: node.rows, feature: split.feature, goesLeft, histogram, child: left <= right ? 0 : 1 };
    });
    const parted = await this.#workspace.partAhead(wanted, signal);
    chosen.forEach((open, index) => {
      const { histogram, child } = wanted[index]!;
      open.ahead = { rows: parted[index]!, histogram, child };
    });
  }

  async #part({ node, split, ahead }: OpenNode, signal?: AbortSignal): Promise<[GrownNode, GrownNode]> {
    const [left, right] =
      ahead?.rows ??
      (await this.#workspace.partition(node.rows, split.feature, goesLeftOf(split, this.#goesLeft), signal));
    const [leftRules, rightRules] = this.#rules.children(node.rules, split);
    const depth = node.depth + 1;
    node.split = split;
    node.left = { rows: left, depth, rules: leftRules, value: 0 };
    node.right = { rows: right, depth, rules: rightRules, value: 0 };
    return [node.left, node.right];
  }

  /** Puts a node among those that can be split, with its best split, or gives its histogram back. */
  #consider(node: GrownNode, histogram: number): void {
    const split = this.#bestSplit(node, histogram);
    if (split) this.#open.push({ node, histogram, split, age: this.#age++ });
    else this.#pool.give(histogram);
  }

  #bestSplit(node: GrownNode, histogram: number): Split | undefined {
    const workspace = this.#workspace;
    const limits = this.#rules.limits(node.rules, node.depth);
    workspace.scan(histogram, this.#units, this.#options, limits);
    if (this.#categorical) workspace.scanCategories(histogram, this.#units, this.#options, limits);
    const [gains, setGains] = [workspace.gains.values, workspace.setGains.values];
    let [feature, gain] = [-1, this.#options.minGain];
    for (let index = 0; index < gains.length; index++) {
      // A feature has one of the two, and −∞ for the other.
      const own = Math.max(gains[index]!, setGains[index]!);
      if (own > gain) [feature, gain] = [index, own];
    }
    if (feature < 0) return undefined;
    const set = this.#bins[feature]!.categorical ? setOf(workspace.sets.values, SET_WORDS * feature) : undefined;
    const candidate = { feature, gain, bin: workspace.splits.values[feature]!, set };
    const { lower, upper } = limits;
    const rules = this.#rules.bounds(feature) ? { ...this.#options, lower, upper } : undefined;
    const start = workspace.scannedStart(histogram) + feature * HISTOGRAM_STRIDE;
    return completeSplit(candidate, workspace.scanned, start, node.rows.count, this.#units, rules);
  }

  #takeBest(): OpenNode {
    let best = 0;
    for (let i = 1; i < this.#open.length; i++) if (this.#comesFirst(this.#open[i]!, this.#open[best]!)) best = i;
    return this.#open.splice(best, 1)[0]!;
  }

  #comesFirst(a: OpenNode, b: OpenNode): boolean {
    if (this.#options.growPolicy === 'depthwise' && a.node.depth !== b.node.depth) return a.node.depth < b.node.depth;
    return a.split.gain !== b.split.gain ? a.split.gain > b.split.gain : a.age < b.age;
  }
}

/** The leaves of a tree, left to right. */
export function leavesOf(root: GrownNode): GrownNode[] {
  const leaves: GrownNode[] = [];
  const visit = [root];
  while (visit.length > 0) {
    const node = visit.pop()!;
    if (node.split) visit.push(node.right!, node.left!);
    else leaves.push(node);
  }
  return leaves;
}
