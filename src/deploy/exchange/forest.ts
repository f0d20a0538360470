import { LanewiseError } from '../../errors.js';
import type { InputType } from '../../scoring/program.js';

/**
 * An ensemble of trees in the one form between a scoring program and the files of other libraries: importers make it,
 * exporters read it, and both ends stand in `lower.ts` and `raise.ts`.
 */
export interface ExchangeForest {
  readonly features: readonly ExchangeFeature[];
  /** With leaves of one value, tree t adds to output t mod `outputs`. */
  readonly trees: readonly ExchangeTree[];
  readonly outputs: number;
  /** Values of a leaf: 1, or `outputs`. */
  readonly leafWidth: number;
  /** What the sums begin with, one an output. */
  readonly base: Float64Array;
  /** Sums are divided by the number of trees that add to an output. */
  readonly average: boolean;
  readonly link: Link;
  /** Of a classifier; the positive class of two is the last. */
  readonly classes?: readonly string[];
}

/** An input of the trees. Two of them may share a name: once with zeros as numbers, once with zeros as missing. */
export interface ExchangeFeature {
  readonly name: string;
  readonly type: InputType;
  /** Of a category. */
  readonly labels?: readonly string[];
  /** LightGBM's `zero_as_missing`: values in [−1e-35, 1e-35] go where missing values go. */
  readonly zeroIsMissing?: boolean;
}

/** Nodes by index, the root first; a child comes after its parent. */
export interface ExchangeTree {
  /** −1: a leaf. */
  readonly feature: Int32Array;
  /** A number goes left where it is ≤ this. */
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** Of a categorical node: a bit for each label, and behind them one for a label never seen, 1 where it goes left. */
  readonly labelsLeft: readonly (Uint32Array | undefined)[];
  /** `leafWidth` a node. */
  readonly values: Float64Array;
  /** Training rows in a node: their count (LightGBM), or the sum of their hessians (XGBoost). */
  readonly cover: Float64Array;
  /** 0 in leaves. */
  readonly gain: Float64Array;
}

/** How the sums become predictions. */
export type Link =
  | { readonly kind: 'identity' | 'exp' | 'softmax' | 'softplus' | 'signed square' | 'step' }
  /** 1 / (1 + exp(−slope · x)); `sigmoids`: each class by itself, not adding to 1. */
  | { readonly kind: 'sigmoid' | 'sigmoids'; readonly slope: number };

/** A node as a file has it, by its own numbering. */
export type ForeignNode = ForeignLeaf | ForeignSplit;

export interface ForeignLeaf {
  readonly values: readonly number[];
  readonly cover: number;
}

export interface ForeignSplit {
  readonly feature: number;
  readonly threshold: number;
  readonly labelsLeft?: Uint32Array;
  readonly missingLeft: boolean;
  readonly left: number;
  readonly right: number;
  readonly cover: number;
  readonly gain: number;
}

/**
 * Numbers the nodes of a tree anew, parents first, from its root 0. Nodes that nothing leads to are left out.
 * @throws LanewiseError `file` where a child is no node or has two parents: a cycle would have one.
 */
export function orderTree(
  count: number,
  nodeAt: (index: number) => ForeignNode,
  leafWidth: number,
  where: string,
): ExchangeTree {
  const seen = new Uint8Array(count);
  const order: ForeignNode[] = [];
  const [left, right]: number[][] = [[], []];
  const queue = [0];
  const reach = (child: number): number => {
    if (!(child >= 0 && child < count)) throw damaged(`${where} leads to node ${child} of ${count}`);
    if (seen[child] === 1) throw damaged(`node ${child} of ${where} has two parents`);
    seen[child] = 1;
    return queue.push(child) - 1;
  };
  seen[0] = 1;
  for (let at = 0; at < queue.length; at++) {
    const node = nodeAt(queue[at]!);
    order.push(node);
    left!.push('values' in node ? -1 : reach(node.left));
    right!.push('values' in node ? -1 : reach(node.right));
  }
  return {
    feature: Int32Array.from(order, (node) => ('values' in node ? -1 : node.feature)),
    threshold: Float64Array.from(order, (node) => ('values' in node ? 0 : node.threshold)),
    left: Int32Array.from(left!),
    right: Int32Array.from(right!),
    missingLeft: Uint8Array.from(order, (node) => ('values' in node || !node.missingLeft ? 0 : 1)),
    labelsLeft: order.map((node) => ('values' in node ? undefined : node.labelsLeft)),
    values: Float64Array.from({ length: order.length * leafWidth }, (_, i) => {
      const node = order[Math.floor(i / leafWidth)]!;
      return 'values' in node ? node.values[i % leafWidth]! : 0;
    }),
    cover: Float64Array.from(order, (node) => node.cover),
    gain: Float64Array.from(order, (node) => ('values' in node ? 0 : node.gain)),
  };
}

/** Hands out bits of labels, and refuses the file that would fill the memory with them. */
export class BitBudget {
  #words = 0;

  /** Words of 32 bits, lowest first, for so many labels and one never seen: none of them goes left yet. */
  take(labelCount: number): Uint32Array {
    const words = (labelCount >>> 5) + 1;
    this.#words += words;
    if (this.#words > MOST_WORDS) {
      throw unsupported(
        `The trees have more than ${MOST_WORDS / 1e6} million words of category bits`,
        'Train it on fewer categories.',
      );
    }
    return new Uint32Array(words);
  }
}

/** @throws LanewiseError `unsupported` where a column has more categories than a split could be read with. */
export function checkLabelCount(name: string, count: number): void {
  if (count <= MOST_LABELS) return;
  throw unsupported(
    `Expected at most ${MOST_LABELS} categories in "${name}" but it has ${count} categories`,
    'Train it on that column as a number.',
  );
}

const MOST_LABELS = 65_536;
/** 256 MB. */
const MOST_WORDS = 64_000_000;

export function setBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5]! |= 1 << (bit & 31);
}

export function hasBit(words: Uint32Array, bit: number): boolean {
  return ((words[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A tree of one leaf. */
export function constantTree(values: readonly number[]): ExchangeTree {
  return orderTree(1, () => ({ values, cover: 0 }), values.length, 'a constant tree');
}

/** The file is not what it claims to be; `importModel` adds the format's name. */
export function damaged(what: string): LanewiseError {
  return new LanewiseError('file', what, { hint: 'The file was changed or cut short; save the model again.' });
}

export function unsupported(what: string, hint: string): LanewiseError {
  return new LanewiseError('unsupported', what, { hint });
}
