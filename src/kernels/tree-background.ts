import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';
import { treeCase } from './tree-cases.js';
import { TREE_STRIDE } from './tree-paths.js';
import { wentLeft } from './tree-shap.js';

/**
 * Numerical policy: for every row, trees as they come, then background rows as they come, then the splits at which the two
 * rows part, as the leaves on both sides have been added (the explained row's side first). No fused multiply-add.
 */
export const shap_background_f64 = defineKernel({
  name: 'shap_background_f64',
  family: 'explanation',
  summary:
    'Adds to the Shapley value of every input of every row what trees give it against background rows (interventional).',
  source: 'Lundberg et al. 2020, interventional TreeSHAP',
  arguments: [
    {
      name: 'inputs',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.inputCount! * s.stride!,
      meaning: 'column by column, `stride` apart',
    },
    {
      name: 'background',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.inputCount! * s.backgroundCount!,
      meaning: 'column by column',
    },
    { name: 'weights', role: 'in', dtype: 'f64', length: (s) => s.backgroundCount!, meaning: 'sum to 1' },
    {
      name: 'trees',
      role: 'in',
      dtype: 'i32',
      length: (s) => 4 * s.treeCount!,
      meaning: 'first node, points, place of the points, output',
    },
    { name: 'feature', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'input; −1 a leaf' },
    { name: 'threshold', role: 'in', dtype: 'f64', length: (s) => s.nodeCount!, meaning: 'left where ≤' },
    { name: 'missingGoesLeft', role: 'in', dtype: 'u8', length: (s) => s.nodeCount!, meaning: '0 or 1' },
    { name: 'categoryOffset', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'word, or −1' },
    { name: 'categoryWords', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'words of the set' },
    { name: 'categories', role: 'in', dtype: 'u32', length: (s) => s.wordCount!, meaning: 'bits that go left' },
    { name: 'right', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'right child; left is next' },
    { name: 'leaf', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'row of leafValues' },
    {
      name: 'leafValues',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.leafCount! * s.leafWidth!,
      meaning: 'leafWidth a leaf',
    },
    {
      name: 'coalitions',
      role: 'in',
      dtype: 'f64',
      length: (s) => (s.mostInputs! + 1) * (s.mostInputs! + 1),
      meaning: 'a!·b!/(a + b + 1)! at a·(mostInputs + 1) + b',
    },
    {
      name: 'contributions',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.outputCount! * s.inputCount! * s.stride!,
      meaning: 'by output, by input, by row',
    },
    { name: 'sides', role: 'scratch', dtype: 'f64', length: (s) => s.inputCount! + 1, meaning: 'of each input' },
    { name: 'inputCount', dtype: 'i32', meaning: 'inputs, at least 1' },
    { name: 'backgroundCount', dtype: 'i32', meaning: 'background rows' },
    { name: 'treeCount', dtype: 'i32', meaning: 'trees' },
    { name: 'nodeCount', dtype: 'i32', meaning: 'nodes of all trees, in preorder' },
    { name: 'wordCount', dtype: 'i32', meaning: 'words of all sets' },
    { name: 'leafCount', dtype: 'i32', meaning: 'leaves of all trees' },
    { name: 'leafWidth', dtype: 'i32', meaning: '1: a tree adds to its output; else outputCount' },
    { name: 'outputCount', dtype: 'i32', meaning: 'outputs' },
    { name: 'mostInputs', dtype: 'i32', meaning: 'inputs on a path at most' },
    { name: 'stride', dtype: 'i32', meaning: 'rows of a column' },
    { name: 'firstRow', dtype: 'i32', meaning: 'first row to explain' },
    { name: 'endRow', dtype: 'i32', meaning: 'row behind the last' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    inputs,
    background,
    weights,
    trees,
    feature,
    threshold,
    missingGoesLeft,
    categoryOffset,
    categoryWords,
    categories,
    right,
    leaf,
    leafValues,
    coalitions,
    contributions,
    _sides,
    inputCount,
    backgroundCount,
    _treeCount,
    _nodeCount,
    _wordCount,
    _leafCount,
    leafWidth,
    _outputCount,
    mostInputs,
    stride,
    firstRow,
    endRow,
  ) => {
    const nodes = { threshold, missingGoesLeft, categoryOffset, categoryWords, categories };
    const coalition = (a: number, b: number) => coalitions[a * (mostInputs + 1) + b]!;
    /** Adds what parts the two rows below a node; returns the values of its leaves as either row's inputs weigh them. */
    const compare = (row: number, other: number, column: number, output: number) => {
      /** Inputs at which the two rows have parted: which of them is followed. */
      const sides = new Map<number, 'row' | 'other'>();
      const visit = (node: number, fromRow: number, fromOther: number): [forRow: number, forOther: number] => {
        const input = feature[node]!;
        if (input < 0) {
          const value = leafValues[leaf[node]! * leafWidth + column]!;
          return [
            fromRow > 0 ? value * coalition(fromRow - 1, fromOther) : 0,
            fromOther > 0 ? value * coalition(fromRow, fromOther - 1) : 0,
          ];
        }
        const child = (left: boolean) => (left ? node + 1 : right[node]!);
        const ofRow = child(wentLeft(nodes, node, inputs[input * stride + row]!));
        const ofOther = child(wentLeft(nodes, node, background[input * backgroundCount + other]!));
        const side = sides.get(input);
        if (side === 'row' || (!side && ofRow === ofOther)) return visit(ofRow, fromRow, fromOther);
        if (side === 'other') return visit(ofOther, fromRow, fromOther);
        sides.set(input, 'row');
        const [gain, rest] = visit(ofRow, fromRow + 1, fromOther);
        sides.set(input, 'other');
        const [more, loss] = visit(ofOther, fromRow, fromOther + 1);
        sides.delete(input);
        const at = (output * inputCount + input) * stride + row;
        contributions[at] = contributions[at]! + weights[other]! * (gain - loss);
        return [gain + more, rest + loss];
      };
      return visit;
    };
    for (let tree = 0; tree < trees.length; tree += TREE_STRIDE) {
      for (let column = 0; column < leafWidth; column++) {
        for (let row = firstRow; row < endRow; row++) {
          for (let other = 0; other < backgroundCount; other++) {
            compare(row, other, column, trees[tree + 3]! + column)(trees[tree]!, 0, 0);
          }
        }
      }
    }
  },
  inputs: (size, random, flavour) => backgroundCase(size, random, flavour),
  work: (s) => ({ elements: (s.endRow! - s.firstRow!) * s.treeCount! * s.backgroundCount! }),
  benchSize: 64,
});

/** a!·b!/(a + b + 1)! for a and b up to `most`. */
export function coalitionWeights(most: number): Float64Array {
  const width = most + 1;
  const table = new Float64Array(width * width);
  for (let a = 0; a <= most; a++) {
    for (let b = 0; b <= most; b++) {
      table[a * width + b] = a === 0 ? 1 / (b + 1) : (table[(a - 1) * width + b]! * a) / (a + b + 1);
    }
  }
  return table;
}

function backgroundCase(size: number, random: CaseRandom, flavour: Flavour) {
  const rowCount = Math.min(size, 64);
  const made = treeCase(rowCount, random, flavour, 1 + random.integer(6));
  const { inputCount, outputCount } = made.scalars;
  const backgroundCount = random.integer(6);
  const { mostInputs, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords } = made.paths;
  const background = realValues(inputCount * backgroundCount, random, flavour);
  if (made.categories.length > 0) background.forEach((_, i) => (background[i] = random.integer(70) - 2));
  return {
    scalars: {
      ...made.scalars,
      backgroundCount,
      mostInputs,
      stride: rowCount,
      firstRow: Math.min(rowCount, random.integer(3)),
      endRow: rowCount,
    },
    buffers: {
      ...{ inputs: made.inputs, background, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords },
      weights: Float64Array.from({ length: backgroundCount }, () => 1 / backgroundCount),
      ...{ categories: made.categories, right: made.paths.right, leaf: made.paths.leaf, leafValues: made.leafValues },
      coalitions: coalitionWeights(mostInputs),
      contributions: Float64Array.from({ length: outputCount * inputCount * rowCount }, () => random.normal()),
    },
  };
}
