import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';

/** Numerical policy: thresholds are compared in f64, leaf values added in the order of the trees, row by row. */

export const ensemble_score_f64 = defineKernel({
  name: 'ensemble_score_f64',
  family: 'tree-building',
  summary:
    'Adds up the leaves that rows reach in the trees of an ensemble; the layout of nodes is EnsembleOperation’s.',
  arguments: [
    {
      name: 'inputs',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.inputCount! * s.rowCount!,
      meaning: 'column by column',
    },
    { name: 'base', role: 'in', dtype: 'f64', length: (s) => s.outputCount!, meaning: 'first summand of each output' },
    { name: 'roots', role: 'in', dtype: 'i32', length: (s) => s.treeCount!, meaning: 'first node of each tree' },
    { name: 'feature', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'input of a node; −1 a leaf' },
    {
      name: 'threshold',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.nodeCount!,
      meaning: 'left where input ≤ threshold',
    },
    {
      name: 'left',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.nodeCount!,
      meaning: 'left child, or row of leafValues',
    },
    { name: 'right', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'right child' },
    { name: 'missingGoesLeft', role: 'in', dtype: 'u8', length: (s) => s.nodeCount!, meaning: '0 or 1' },
    { name: 'categoryOffset', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'first word, or −1' },
    { name: 'categoryWords', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'words of the set' },
    {
      name: 'categories',
      role: 'in',
      dtype: 'u32',
      length: (s) => s.wordCount!,
      meaning: 'bits of categories that go left',
    },
    {
      name: 'leafValues',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.leafCount! * s.leafWidth!,
      meaning: 'leafWidth a leaf',
    },
    {
      name: 'sums',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.outputCount! * s.rowCount!,
      meaning: 'column by column',
    },
    { name: 'inputCount', dtype: 'i32', meaning: 'inputs, at least 1' },
    { name: 'outputCount', dtype: 'i32', meaning: 'outputs' },
    { name: 'treeCount', dtype: 'i32', meaning: 'trees' },
    { name: 'nodeCount', dtype: 'i32', meaning: 'nodes of all trees' },
    { name: 'wordCount', dtype: 'i32', meaning: 'words of all sets' },
    { name: 'leafCount', dtype: 'i32', meaning: 'leaves of all trees' },
    { name: 'leafWidth', dtype: 'i32', meaning: '1: tree t adds to output t mod outputCount; else outputCount' },
    { name: 'average', dtype: 'i32', meaning: '1: sums are divided by the number of trees' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    inputs,
    base,
    roots,
    feature,
    threshold,
    left,
    right,
    missingGoesLeft,
    categoryOffset,
    categoryWords,
    categories,
    leafValues,
    sums,
    _inputCount,
    outputCount,
    treeCount,
    _nodeCount,
    _wordCount,
    _leafCount,
    leafWidth,
    average,
    rowCount,
  ) => {
    const goesLeft = (node: number, value: number): boolean => {
      const offset = categoryOffset[node]!;
      if (Number.isNaN(value)) return missingGoesLeft[node] === 1;
      if (offset < 0) return value <= threshold[node]!;
      const known = value >= 0 && value < 32 * categoryWords[node]! && Number.isInteger(value);
      if (!known) return missingGoesLeft[node] === 1;
      return ((categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
    };
    for (let row = 0; row < rowCount; row++) {
      for (let k = 0; k < outputCount; k++) sums[k * rowCount + row] = base[k]!;
      for (let tree = 0; tree < treeCount; tree++) {
        let node = roots[tree]!;
        while (feature[node]! >= 0) {
          node = goesLeft(node, inputs[feature[node]! * rowCount + row]!) ? left[node]! : right[node]!;
        }
        const leaf = left[node]! * leafWidth;
        for (let k = 0; k < leafWidth; k++) {
          const at = (leafWidth === 1 ? tree % outputCount : k) * rowCount + row;
          sums[at] = sums[at]! + leafValues[leaf + k]!;
        }
      }
      if (average === 1) for (let k = 0; k < outputCount; k++) sums[k * rowCount + row]! /= treeCount;
    }
  },
  inputs: (size, random, flavour) => ensembleCase(size, random, flavour),
  work: (s) => ({ elements: s.rowCount! * s.treeCount! }),
  benchSize: 4096,
});

function ensembleCase(rowCount: number, random: CaseRandom, flavour: Flavour) {
  const [inputCount, outputCount] = [1 + random.integer(5), flavour === 'skewed' ? 3 : 1];
  const leafWidth = flavour === 'skewed' ? outputCount : 1;
  const categorical = flavour === 'nulls' || flavour === 'special';
  const nodes: number[][] = [];
  const categories: number[] = [];
  let leaves = 0;
  /** Node: feature, threshold, left, right, missing, offset, words. */
  const grow = (depth: number): number => {
    const node = nodes.push([-1, 0, -1, -1, 0, -1, 0]) - 1;
    if (depth === 0 || random.integer(6) === 0) nodes[node]![2] = leaves++;
    else {
      const set = categorical && random.integer(2) === 0;
      const words = set ? 1 + random.integer(2) : 0;
      const offset = set ? categories.length : -1;
      for (let i = 0; i < words; i++) categories.push(random.integer(2 ** 32));
      const threshold =
        flavour === 'ties' ? random.integer(3) - 1 : flavour === 'one-bin' ? Number.POSITIVE_INFINITY : random.normal();
      const [left, right] = [grow(depth - 1), grow(depth - 1)];
      nodes[node] = [random.integer(inputCount), threshold, left, right, random.integer(2), offset, words];
    }
    return node;
  };
  const roots = Int32Array.from({ length: flavour === 'constant' ? 1 : 12 }, () =>
    grow(flavour === 'constant' ? 0 : 6),
  );
  const inputs = realValues(inputCount * rowCount, random, flavour);
  if (categorical) for (let i = 0; i < inputs.length; i += 2) inputs[i] = random.integer(70) - 2;
  if (flavour === 'nulls') for (let i = 0; i < inputs.length; i += 3) inputs[i] = Number.NaN;
  const column = (place: number) => Int32Array.from(nodes, (node) => node[place]!);
  return {
    scalars: {
      inputCount,
      outputCount,
      treeCount: roots.length,
      nodeCount: nodes.length,
      wordCount: categories.length,
      leafCount: leaves,
      leafWidth,
      average: random.integer(2),
      rowCount,
    },
    buffers: {
      inputs,
      base: realValues(outputCount, random, 'plain'),
      roots,
      feature: column(0),
      threshold: Float64Array.from(nodes, (node) => node[1]!),
      left: column(2),
      right: column(3),
      missingGoesLeft: Uint8Array.from(nodes, (node) => node[4]!),
      categoryOffset: column(5),
      categoryWords: column(6),
      categories: Uint32Array.from(categories),
      leafValues: realValues(leaves * leafWidth, random, 'plain'),
    },
  };
}
