import type { EnsembleOperation } from '../../scoring/program.js';
import type { FeatureBins } from '../binning/index.js';
import type { GrownNode } from './grower.js';

/** Everything of an ensemble operation but its registers. */
export type EnsembleArrays = Omit<EnsembleOperation, 'op' | 'inputs' | 'outputs'>;

/** Writes grown trees as the arrays of an ensemble; nodes of a tree in preorder. */
export function lowerTrees(
  trees: readonly GrownNode[],
  bins: readonly FeatureBins[],
  labelCounts: readonly number[],
  base: Float64Array,
): EnsembleArrays {
  const writer = new EnsembleWriter(bins, labelCounts);
  const roots = Int32Array.from(trees, (tree) => writer.write(tree));
  return { ...writer.finish(), roots, base, average: false, leafWidth: 1 };
}

class EnsembleWriter {
  readonly #bins: readonly FeatureBins[];
  readonly #labelCounts: readonly number[];
  readonly #feature: number[] = [];
  readonly #threshold: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #missingGoesLeft: number[] = [];
  readonly #categoryOffset: number[] = [];
  readonly #categoryWords: number[] = [];
  readonly #categories: number[] = [];
  readonly #leafValues: number[] = [];
  readonly #cover: number[] = [];
  readonly #gain: number[] = [];

  constructor(bins: readonly FeatureBins[], labelCounts: readonly number[]) {
    this.#bins = bins;
    this.#labelCounts = labelCounts;
  }

  /** Writes a tree and returns its first node. */
  write(root: GrownNode): number {
    const first = this.#feature.length;
    // Depth first with a stack of its own: trees without a limit on depth are as deep as they have leaves.
    const visit: { node: GrownNode; parent: number }[] = [{ node: root, parent: -1 }];
    while (visit.length > 0) {
      const { node, parent } = visit.pop()!;
      const index = this.#add(node);
      // Left children follow their parent at once; a right child tells its parent where it lies.
      if (parent >= 0) this.#right[parent] = index;
      if (!node.split) continue;
      this.#left[index] = index + 1;
      visit.push({ node: node.right!, parent: index }, { node: node.left!, parent: -1 });
    }
    return first;
  }

  #add(node: GrownNode): number {
    const { split } = node;
    const bins = split && this.#bins[split.feature]!;
    const index = this.#feature.push(split ? split.feature : -1) - 1;
    this.#left.push(split ? -1 : this.#leafValues.push(node.value) - 1);
    this.#right.push(-1);
    this.#missingGoesLeft.push(split?.missingLeft ? 1 : 0);
    this.#cover.push(node.cover ?? node.rows.count);
    this.#gain.push(split ? finiteGain(split.gain) : 0);
    const categorical = bins?.categorical ?? false;
    this.#threshold.push(split && !categorical ? thresholdOf(bins!, split.bin) : 0);
    this.#categoryOffset.push(categorical ? this.#categories.length : -1);
    const words = categorical ? this.#categoryBits(node) : [];
    this.#categoryWords.push(words.length);
    for (const word of words) this.#categories.push(word);
    return index;
  }

  /** A bit for each label; labels without a bin of their own, and places beyond the labels, go where missing values go. */
  #categoryBits(node: GrownNode): Uint32Array {
    const { feature, set, missingLeft } = node.split!;
    const binOfCode = this.#bins[feature]!.binOfCode!;
    const words = new Uint32Array(Math.max(1, Math.ceil(this.#labelCounts[feature]! / 32)));
    for (let code = 0; code < 32 * words.length; code++) {
      const bin = binOfCode[code] ?? Number.NaN;
      const left = Number.isNaN(bin) ? missingLeft : set![bin] === 1;
      if (left) words[code >>> 5]! |= 1 << (code & 31);
    }
    return words;
  }

  finish(): Omit<EnsembleArrays, 'roots' | 'base' | 'average' | 'leafWidth'> {
    return {
      feature: Int32Array.from(this.#feature),
      threshold: Float64Array.from(this.#threshold),
      left: Int32Array.from(this.#left),
      right: Int32Array.from(this.#right),
      missingGoesLeft: Uint8Array.from(this.#missingGoesLeft),
      categoryOffset: Int32Array.from(this.#categoryOffset),
      categoryWords: Int32Array.from(this.#categoryWords),
      categories: Uint32Array.from(this.#categories),
      leafValues: Float64Array.from(this.#leafValues),
      cover: Float64Array.from(this.#cover),
      gain: Float64Array.from(this.#gain),
    };
  }
}

/** A gain as programs carry it: gains of targets near the largest numbers overflow. */
export function finiteGain(gain: number): number {
  return gain > 0 ? Math.min(gain, Number.MAX_VALUE) : 0;
}

/** Behind the last bin there are only missing values: every number goes left. */
export function thresholdOf(bins: FeatureBins, bin: number): number {
  return bin < bins.edges.length ? bins.edges[bin]! : Number.POSITIVE_INFINITY;
}
