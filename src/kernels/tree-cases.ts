import type { CaseRandom, Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';
import { type TreePaths, treePaths } from './tree-paths.js';

/** Random trees and rows for the kernels that explain them. */
export interface TreeCase {
  readonly paths: TreePaths;
  readonly inputs: Float64Array;
  readonly categories: Uint32Array;
  readonly leafValues: Float64Array;
  readonly scalars: {
    readonly inputCount: number;
    readonly treeCount: number;
    readonly nodeCount: number;
    readonly wordCount: number;
    readonly leafCount: number;
    readonly leafWidth: number;
    readonly outputCount: number;
  };
}

export function treeCase(rowCount: number, random: CaseRandom, flavour: Flavour, inputCount: number): TreeCase {
  const outputCount = flavour === 'skewed' ? 3 : flavour === 'nulls' ? 2 : 1;
  const leafWidth = flavour === 'skewed' ? outputCount : 1;
  const categorical = flavour === 'nulls' || flavour === 'special';
  const depthOf = flavour === 'constant' ? 0 : flavour === 'plain' ? 6 : 4;
  /** Node: feature, threshold, left, right, missing, offset, words; and its cover. */
  const nodes: number[][] = [];
  const cover: number[] = [];
  const categories: number[] = [];
  let leaves = 0;
  const grow = (depth: number): number => {
    const node = nodes.push([-1, 0, -1, -1, 0, -1, 0]) - 1;
    if (depth === 0 || random.integer(6) === 0) {
      nodes[node]![2] = leaves++;
      // Now and then no row came to a leaf.
      cover[node] = random.integer(9);
      return node;
    }
    const set = categorical && random.integer(2) === 0;
    const words = set ? 1 + random.integer(2) : 0;
    const offset = set ? categories.length : -1;
    for (let i = 0; i < words; i++) categories.push(random.integer(2 ** 32));
    const threshold = flavour === 'ties' ? random.integer(3) - 1 : random.normal();
    const [left, right] = [grow(depth - 1), grow(depth - 1)];
    nodes[node] = [random.integer(inputCount), threshold, left, right, random.integer(2), offset, words];
    cover[node] = cover[left]! + cover[right]!;
    return node;
  };
  const roots = Int32Array.from({ length: flavour === 'constant' ? 1 : 4 }, () => grow(depthOf));
  const inputs = realValues(inputCount * rowCount, random, flavour);
  if (categorical) for (let i = 0; i < inputs.length; i += 2) inputs[i] = random.integer(70) - 2;
  if (flavour === 'nulls') for (let i = 0; i < inputs.length; i += 3) inputs[i] = Number.NaN;
  const column = (place: number) => Int32Array.from(nodes, (node) => node[place]!);
  const leafValues = realValues(leaves * leafWidth, random, 'plain');
  const trees = {
    roots,
    feature: column(0),
    threshold: Float64Array.from(nodes, (node) => node[1]!),
    left: column(2),
    right: column(3),
    missingGoesLeft: Uint8Array.from(nodes, (node) => node[4]!),
    categoryOffset: column(5),
    categoryWords: column(6),
    leafValues,
    leafWidth,
  };
  const paths = treePaths(trees, outputCount, { cover: Float64Array.from(cover), pairs: true });
  return {
    paths,
    inputs,
    categories: Uint32Array.from(categories),
    leafValues,
    scalars: {
      inputCount,
      treeCount: roots.length,
      nodeCount: nodes.length,
      wordCount: categories.length,
      leafCount: leaves,
      leafWidth,
      outputCount,
    },
  };
}
