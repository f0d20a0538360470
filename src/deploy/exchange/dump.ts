import { encodeNumber } from '../../scoring/serialize.js';
import type { Model } from '../../table/interfaces.js';
import { type ExchangeForest, type ExchangeTree, hasBit, type Link } from './forest.js';
import { raiseForest } from './raise.js';

/** Numbers that JSON has not are written as their names: 'Infinity', '-Infinity', 'NaN', '-0'. */
type JsonNumber = number | string;

/**
 * A model of trees for reading, in JSON. The prediction is the link of base + the sum of the leaves' values (their mean where
 * `average`); a tree with `output` adds to that output alone, one without has a value for each in its leaves.
 */
export interface ModelDump {
  readonly format: 'lanewise-trees';
  readonly version: 1;
  readonly estimator: string;
  readonly task: string;
  readonly target?: string;
  readonly classes?: readonly string[];
  readonly features: readonly { readonly name: string; readonly type: string; readonly labels?: readonly string[] }[];
  readonly base: readonly JsonNumber[];
  readonly average: boolean;
  /** From sums to predictions. With two classes and one sum, the link gives the probability of the second class. */
  readonly link: Link;
  readonly trees: readonly { readonly output?: number; readonly root: DumpedNode }[];
}

export type DumpedNode = DumpedLeaf | DumpedSplit;

export interface DumpedLeaf {
  readonly value: JsonNumber | readonly JsonNumber[];
  readonly cover: JsonNumber;
}

export interface DumpedSplit {
  readonly feature: string;
  /** Numbers: the left child takes values ≤ this. */
  readonly threshold?: JsonNumber;
  /** Categories: the labels that the left child takes. */
  readonly categories?: readonly string[];
  /** Where a missing value goes. */
  readonly missing: 'left' | 'right';
  /** Categories: where a label goes that training never saw. */
  readonly unseen?: 'left' | 'right';
  /** Values from −1e-35 to 1e-35 go where missing ones go. */
  readonly zeroIsMissing?: true;
  readonly gain: JsonNumber;
  readonly cover: JsonNumber;
  readonly left: DumpedNode;
  readonly right: DumpedNode;
}

/** @throws LanewiseError `unsupported` where the model is not one ensemble of trees on its columns. */
export function dumpModel(model: Model): ModelDump {
  const forest = raiseForest(model);
  const { features, trees, leafWidth, outputs, base, average, link, classes } = forest;
  return {
    format: 'lanewise-trees',
    version: 1,
    estimator: model.estimator,
    task: model.task,
    ...(model.target !== undefined && { target: model.target }),
    ...(classes && { classes }),
    features: features
      .filter(({ zeroIsMissing }) => !zeroIsMissing)
      .map(({ name, type, labels }) => ({ name, type, ...(labels && { labels }) })),
    base: Array.from(base, encodeNumber),
    average,
    link,
    trees: trees.map((tree, index) => ({
      ...(leafWidth === 1 && { output: index % outputs }),
      root: dumpTree(tree, forest),
    })),
  };
}

/** Children come after their parents, so from the last node to the first every child is there when its parent asks. */
function dumpTree(tree: ExchangeTree, { features, leafWidth }: ExchangeForest): DumpedNode {
  const nodes: DumpedNode[] = [];
  for (let node = tree.feature.length - 1; node >= 0; node--) {
    const cover = encodeNumber(tree.cover[node]!);
    if (tree.feature[node]! < 0) {
      const values = Array.from(tree.values.subarray(node * leafWidth, (node + 1) * leafWidth), encodeNumber);
      nodes[node] = { value: leafWidth === 1 ? values[0]! : values, cover };
      continue;
    }
    const { name, labels, zeroIsMissing } = features[tree.feature[node]!]!;
    const words = tree.labelsLeft[node];
    const side = (left: boolean) => (left ? 'left' : 'right');
    nodes[node] = {
      feature: name,
      ...(words
        ? { categories: labels!.filter((_, label) => hasBit(words, label)) }
        : { threshold: encodeNumber(tree.threshold[node]!) }),
      missing: side(tree.missingLeft[node] === 1),
      ...(words && { unseen: side(hasBit(words, labels!.length)) }),
      ...(zeroIsMissing && { zeroIsMissing }),
      gain: encodeNumber(tree.gain[node]!),
      cover,
      left: nodes[tree.left[node]!]!,
      right: nodes[tree.right[node]!]!,
    };
  }
  return nodes[0]!;
}
