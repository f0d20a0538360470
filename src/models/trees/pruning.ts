import type { ForestTree } from '../../engine/trees/forest.js';

/** How a tree shrinks as the price of a leaf rises: scikit-learn's cost_complexity_pruning_path. */
export interface PruningPath {
  /** Prices at which the tree shrinks, ascending from 0. */
  readonly ccpAlphas: readonly number[];
  /** Impurity of the leaves of the tree that is left, weighted by their shares of the rows. */
  readonly impurities: readonly number[];
}

/** Prices that differ by less are the same: the sums behind them were rounded. */
const TIE = 1e-12;

/** A tree that is being pruned: what its nodes and the trees below them cost, as shares of the tree's weight. */
class Pruning {
  /** Impurity that the splits below a node, its own included, take away. */
  readonly #saved: Float64Array;
  readonly #leaves: Float64Array;
  readonly #parent: Int32Array;
  readonly cut: Uint8Array;
  readonly #tree: ForestTree;

  /** `gainScale` turns the gains into decreases of weight · impurity. */
  constructor(tree: ForestTree, gainScale: number) {
    const nodes = tree.feature.length;
    this.#tree = tree;
    this.#saved = new Float64Array(nodes);
    this.#leaves = new Float64Array(nodes).fill(1);
    this.#parent = new Int32Array(nodes).fill(-1);
    this.cut = new Uint8Array(nodes);
    // Children have higher numbers than their parents.
    for (let node = nodes - 1; node >= 0; node--) {
      if (tree.feature[node]! < 0) continue;
      const left = tree.child[node]!;
      this.#parent[left] = node;
      this.#parent[left + 1] = node;
      const own = (tree.gain[node]! * gainScale) / tree.cover[0]!;
      this.#saved[node] = own + this.#saved[left]! + this.#saved[left + 1]!;
      this.#leaves[node] = this.#leaves[left]! + this.#leaves[left + 1]!;
    }
  }

  /** Impurity that all splits still there take away. */
  get saved(): number {
    return this.#saved[0]!;
  }

  /** The node whose splits save least a leaf, of equals the one nearest the root; −1 where only the root is left. */
  weakest(): { node: number; price: number } {
    const inner: number[] = [];
    const open = [0];
    let least = Number.POSITIVE_INFINITY;
    while (open.length > 0) {
      const at = open.pop()!;
      if (this.isLeaf(at)) continue;
      inner.push(at);
      least = Math.min(least, this.#price(at));
      open.push(this.#tree.child[at]!, this.#tree.child[at]! + 1);
    }
    const limit = least * (1 + TIE);
    const node = inner.reduce((best, at) => (this.#price(at) <= limit && (best < 0 || at < best) ? at : best), -1);
    return { node, price: least };
  }

  #price(node: number): number {
    return this.#saved[node]! / (this.#leaves[node]! - 1);
  }

  isLeaf(node: number): boolean {
    return this.#tree.feature[node]! < 0 || this.cut[node] === 1;
  }

  prune(node: number): void {
    this.cut[node] = 1;
    const [saved, leaves] = [this.#saved[node]!, this.#leaves[node]! - 1];
    for (let at = node; at >= 0; at = this.#parent[at]!) {
      this.#saved[at]! -= saved;
      this.#leaves[at]! -= leaves;
    }
  }
}

/**
 * Minimal cost-complexity pruning (Breiman, Friedman, Olshen and Stone 1984): makes leaves of the nodes whose splits
 * lessen the impurity by no more than `ccpAlpha` a leaf, the weakest first.
 */
export function prune(tree: ForestTree, ccpAlpha: number, gainScale: number): ForestTree {
  if (ccpAlpha === 0) return tree;
  const pruning = new Pruning(tree, gainScale);
  for (;;) {
    const { node, price } = pruning.weakest();
    if (node < 0 || price > ccpAlpha) break;
    pruning.prune(node);
  }
  return kept(tree, pruning);
}

/** The whole path, down to the root alone. `impurity` is the root's. */
export function pruningPath(tree: ForestTree, impurity: number, gainScale: number): PruningPath {
  const pruning = new Pruning(tree, gainScale);
  const [ccpAlphas, impurities] = [[0], [impurity - pruning.saved]];
  for (;;) {
    const { node, price } = pruning.weakest();
    if (node < 0) return { ccpAlphas, impurities };
    pruning.prune(node);
    // Rounding may take a price below the one before it.
    ccpAlphas.push(Math.max(price, ccpAlphas.at(-1)!));
    impurities.push(impurity - pruning.saved);
  }
}

/** The nodes that are left, in their order. */
function kept(tree: ForestTree, pruning: Pruning): ForestTree {
  const nodes = tree.feature.length;
  const stays = new Uint8Array(nodes);
  stays[0] = 1;
  for (let node = 0; node < nodes; node++) {
    if (stays[node] === 0 || pruning.isLeaf(node)) continue;
    stays[tree.child[node]!] = 1;
    stays[tree.child[node]! + 1] = 1;
  }
  const old = Int32Array.from(stays.keys()).filter((node) => stays[node] === 1);
  const place = new Int32Array(nodes);
  old.forEach((node, index) => {
    place[node] = index;
  });
  const width = tree.values.length / nodes;
  const words = tree.categories.length / nodes;
  const inner = (node: number) => !pruning.isLeaf(node);
  return {
    feature: old.map((node) => (inner(node) ? tree.feature[node]! : -1)),
    threshold: Float64Array.from(old, (node) => (inner(node) ? tree.threshold[node]! : 0)),
    missingLeft: Uint8Array.from(old, (node) => (inner(node) ? tree.missingLeft[node]! : 0)),
    categories: Uint32Array.from({ length: old.length * words }, (_, i) =>
      inner(old[Math.floor(i / words)]!) ? tree.categories[old[Math.floor(i / words)]! * words + (i % words)]! : 0,
    ),
    child: old.map((node) => (inner(node) ? place[tree.child[node]!]! : -1)),
    values: Float64Array.from(
      { length: old.length * width },
      (_, i) => tree.values[old[Math.floor(i / width)]! * width + (i % width)]!,
    ),
    cover: Float64Array.from(old, (node) => tree.cover[node]!),
    samples: old.map((node) => tree.samples[node]!),
    gain: Float64Array.from(old, (node) => (inner(node) ? tree.gain[node]! : 0)),
  };
}
