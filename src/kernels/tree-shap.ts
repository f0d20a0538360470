import { type Argument, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { treeCase } from './tree-cases.js';
import { EDGE_STRIDE, TREE_STRIDE } from './tree-paths.js';

/**
 * Numerical policy: a row is a lane, so every row's sums have one order: trees as they come, edges as their subtrees end
 * (left before right), points ascending. No fused multiply-add.
 *
 * Among the inputs on the path to a leaf, the leaf's share in a coalition is a product: of "x agrees" (hot: 1 or 0) over
 * inputs that are known, of the share of rows that agree (ratio) over the others. Its Shapley value for input j is so
 *
 *     value · (hot_j − ratio_j) · ∫₀¹ Π_{i ≠ j} (t·hot_i + (1 − t)·ratio_i) dt,
 *
 * for ∫ tˢ(1−t)ⁿ⁻¹⁻ˢ dt is the weight of a coalition of s. Gauss–Legendre integrates this polynomial exactly, and its
 * factors are ≥ 0, so nothing cancels. An edge multiplies the product by what it changes; on the way up the products of
 * the leaves below are added: a row costs nodes · points.
 */

const BENCH_ROWS = 1024;

const treeArguments = [
  {
    name: 'inputs',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.inputCount! * s.stride!,
    meaning: 'column by column, `stride` apart',
  },
  {
    name: 'trees',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => 4 * s.treeCount!,
    meaning: 'first node, points, place of the points, output',
  },
  { name: 'feature', role: 'in', dtype: 'i32', length: (s: Scalars) => s.nodeCount!, meaning: 'input; −1 a leaf' },
  { name: 'threshold', role: 'in', dtype: 'f64', length: (s: Scalars) => s.nodeCount!, meaning: 'left where ≤' },
  { name: 'missingGoesLeft', role: 'in', dtype: 'u8', length: (s: Scalars) => s.nodeCount!, meaning: '0 or 1' },
  { name: 'categoryOffset', role: 'in', dtype: 'i32', length: (s: Scalars) => s.nodeCount!, meaning: 'word, or −1' },
  {
    name: 'categoryWords',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.nodeCount!,
    meaning: 'words of the set',
  },
  { name: 'categories', role: 'in', dtype: 'u32', length: (s: Scalars) => s.wordCount!, meaning: 'bits that go left' },
  {
    name: 'edges',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => 4 * s.nodeCount!,
    meaning: 'by node: depth, edge above of the same input or root, that input, 1 left',
  },
  { name: 'share', role: 'in', dtype: 'f64', length: (s: Scalars) => s.nodeCount!, meaning: 'of the parent’s rows' },
  {
    name: 'ratio',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.nodeCount!,
    meaning: 'product of the shares of the input’s edges down to this one',
  },
  { name: 'leaf', role: 'in', dtype: 'i32', length: (s: Scalars) => s.nodeCount!, meaning: 'row of leafValues' },
  {
    name: 'leafValues',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.leafCount! * s.leafWidth!,
    meaning: 'leafWidth a leaf',
  },
  {
    name: 'quadrature',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.quadratureCount!,
    meaning: 'n points t, n times 1 − t, n weights',
  },
] as const satisfies readonly Argument[];

const scratchArgument = {
  name: 'scratch',
  role: 'scratch',
  dtype: 'f64',
  length: (s: Scalars) => 64 + 5 * s.mostNodes! * s.mostPoints! + 8 * (s.mostDepth! + 1) * (3 * s.mostPoints! + 4),
  meaning: 'factors of a tree’s edges; by depth, the state of eight rows',
} as const satisfies Argument;

const treeScalars = [
  { name: 'inputCount', dtype: 'i32', meaning: 'inputs, at least 1' },
  { name: 'treeCount', dtype: 'i32', meaning: 'trees' },
  { name: 'nodeCount', dtype: 'i32', meaning: 'nodes of all trees, in preorder' },
  { name: 'wordCount', dtype: 'i32', meaning: 'words of all sets' },
  { name: 'leafCount', dtype: 'i32', meaning: 'leaves of all trees' },
  { name: 'leafWidth', dtype: 'i32', meaning: '1: a tree adds to its output; else outputCount' },
  { name: 'outputCount', dtype: 'i32', meaning: 'outputs' },
  { name: 'quadratureCount', dtype: 'i32', meaning: 'numbers of all rules' },
  { name: 'mostNodes', dtype: 'i32', meaning: 'nodes of the largest tree' },
  { name: 'mostDepth', dtype: 'i32', meaning: 'depth of the deepest tree' },
  { name: 'mostPoints', dtype: 'i32', meaning: 'points of a tree at most' },
  { name: 'stride', dtype: 'i32', meaning: 'rows of a column' },
  { name: 'firstRow', dtype: 'i32', meaning: 'first row to explain' },
  { name: 'endRow', dtype: 'i32', meaning: 'row behind the last' },
] as const satisfies readonly Argument[];

export const shap_values_f64 = defineKernel({
  name: 'shap_values_f64',
  family: 'explanation',
  summary:
    'Adds to the Shapley value of every input of every row what the trees of an ensemble give it (path-dependent).',
  source: 'Lundberg et al. 2020, path-dependent TreeSHAP; by quadrature: see the numerical policy',
  arguments: [
    ...treeArguments,
    {
      name: 'contributions',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.outputCount! * s.inputCount! * s.stride!,
      meaning: 'by output, by input, by row',
    },
    scratchArgument,
    ...treeScalars,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (...values) => {
    const trees = treesOf(values as never);
    const contributions = values[14] as Float64Array;
    const { inputCount, stride } = trees;
    explainRows(trees, (row, output, edge, sums) => {
      const at = (output * inputCount + edge.input) * stride + row;
      let sum = 0;
      sums.forEach((below, k) => {
        sum = k === 0 ? below * edge.change[k]! : sum + below * edge.change[k]!;
      });
      contributions[at] = contributions[at]! + sum;
    });
  },
  inputs: (size, random, flavour) => shapCase(size, random, flavour, 'contributions'),
  work: (s) => ({ elements: (s.endRow! - s.firstRow!) * s.treeCount! }),
  benchSize: BENCH_ROWS,
});

export const shap_interactions_f64 = defineKernel({
  name: 'shap_interactions_f64',
  family: 'explanation',
  summary:
    'Adds to the Shapley interaction value of every two inputs of every row what the trees of an ensemble give it.',
  source: 'Lundberg et al. 2020, interaction values (half to either order of the two); by quadrature',
  arguments: [
    ...treeArguments,
    {
      name: 'pairStart',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.nodeCount! + 1,
      meaning: 'where a node’s list of pairs begins',
    },
    {
      name: 'pairs',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.pairCount!,
      meaning: 'last edges above of the other inputs on the path',
    },
    {
      name: 'interactions',
      role: 'inout',
      dtype: 'f64',
      length: (s) => (s.outputCount! * s.stride! * s.inputCount! * (s.inputCount! - 1)) / 2,
      meaning: 'by output, by pair i > j (number i(i − 1)/2 + j), by row',
    },
    scratchArgument,
    ...treeScalars,
    { name: 'pairCount', dtype: 'i32', meaning: 'entries of all lists of pairs' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (...values) => {
    const trees = treesOf(values as never);
    const [pairStart, pairs, interactions] = values.slice(14, 17) as [Int32Array, Int32Array, Float64Array];
    const { inputCount, stride, edges } = trees;
    explainRows(trees, (row, output, edge, sums, activityOf) => {
      const weighted = sums.map((below, k) => below * edge.change[k]!);
      for (let place = pairStart[edge.node]!; place < pairStart[edge.node + 1]!; place++) {
        const other = pairs[place]!;
        const activity = activityOf(other);
        let sum = 0;
        weighted.forEach((weight, k) => {
          sum = k === 0 ? weight * activity[k]! : sum + weight * activity[k]!;
        });
        const [low, high] = [edge.input, edges[EDGE_STRIDE * other + 2]!].sort((a, b) => a - b) as [number, number];
        const pair = (output * inputCount * (inputCount - 1)) / 2 + (high * (high - 1)) / 2 + low;
        interactions[pair * stride + row] = interactions[pair * stride + row]! + 0.5 * sum;
      }
    });
  },
  inputs: (size, random, flavour) => shapCase(size, random, flavour, 'interactions'),
  work: (s) => ({ elements: (s.endRow! - s.firstRow!) * s.treeCount! }),
  benchSize: BENCH_ROWS,
});

function shapCase(size: number, random: CaseRandom, flavour: Flavour, result: 'contributions' | 'interactions') {
  // The reference takes its time: but for the bench, a few blocks of eight rows and every remainder are enough.
  const rowCount = size === BENCH_ROWS ? size : Math.min(size, 20);
  const made = treeCase(rowCount, random, flavour, 1 + random.integer(5));
  const { paths, inputs, categories, leafValues, scalars } = made;
  const { inputCount, outputCount } = scalars;
  const width = result === 'contributions' ? inputCount : (inputCount * (inputCount - 1)) / 2;
  const { trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, edges } = paths;
  const { share, ratio, leaf, quadrature, pairStart, pairs, mostNodes, mostDepth, mostPoints } = paths;
  return {
    scalars: {
      ...scalars,
      quadratureCount: quadrature.length,
      mostNodes,
      mostDepth,
      mostPoints,
      stride: rowCount,
      firstRow: Math.min(rowCount, random.integer(3)),
      endRow: rowCount,
      pairCount: pairs.length,
    },
    buffers: {
      ...{ inputs, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, categories },
      ...{ edges, share, ratio, leaf, leafValues, quadrature, pairStart, pairs },
      [result]: Float64Array.from({ length: outputCount * width * rowCount }, () => random.normal()),
    },
  };
}

interface Trees {
  readonly inputs: Float64Array;
  readonly trees: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly missingGoesLeft: Uint8Array;
  readonly categoryOffset: Int32Array;
  readonly categoryWords: Int32Array;
  readonly categories: Uint32Array;
  readonly edges: Int32Array;
  readonly share: Float64Array;
  readonly ratio: Float64Array;
  readonly leaf: Int32Array;
  readonly leafValues: Float64Array;
  readonly quadrature: Float64Array;
  readonly inputCount: number;
  readonly leafWidth: number;
  readonly stride: number;
  readonly firstRow: number;
  readonly endRow: number;
}

type Column = Float64Array & Int32Array & Uint32Array & Uint8Array;

function treesOf(values: readonly Column[]): Trees {
  const [inputs, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords] = values as Column[];
  const [categories, edges, share, ratio, leaf, leafValues, quadrature] = values.slice(7);
  const scalars = values.filter((value) => typeof value === 'number') as unknown as number[];
  return {
    ...{ inputs: inputs!, trees: trees!, feature: feature!, threshold: threshold! },
    ...{ missingGoesLeft: missingGoesLeft!, categoryOffset: categoryOffset!, categoryWords: categoryWords! },
    ...{ categories: categories!, edges: edges!, share: share!, ratio: ratio!, leaf: leaf!, leafValues: leafValues! },
    quadrature: quadrature!,
    inputCount: scalars[0]!,
    leafWidth: scalars[5]!,
    stride: scalars[11]!,
    firstRow: scalars[12]!,
    endRow: scalars[13]!,
  };
}

/** Does a value go left at a node? As EnsembleOperation says. */
export function wentLeft(
  trees: Pick<Trees, 'threshold' | 'missingGoesLeft' | 'categoryOffset' | 'categoryWords' | 'categories'>,
  node: number,
  value: number,
): boolean {
  const offset = trees.categoryOffset[node]!;
  if (Number.isNaN(value)) return trees.missingGoesLeft[node] === 1;
  if (offset < 0) return value <= trees.threshold[node]!;
  const known = value >= 0 && value < 32 * trees.categoryWords[node]! && Number.isInteger(value);
  if (!known) return trees.missingGoesLeft[node] === 1;
  return ((trees.categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
}

/** An edge whose subtree has been summed. */
interface EndedEdge {
  readonly node: number;
  readonly input: number;
  /** By point: what the sums below are multiplied by for the edge's input. */
  readonly change: Float64Array;
}

type OnEdge = (
  row: number,
  output: number,
  edge: EndedEdge,
  sums: Float64Array,
  activityOf: (node: number) => Float64Array,
) => void;

/** Walks every tree wholly for every row, and tells of every edge when the leaves below it have been summed. */
function explainRows(all: Trees, onEdge: OnEdge): void {
  for (let tree = 0; tree < all.trees.length; tree += TREE_STRIDE) {
    const [first, points, place, output] = all.trees.subarray(tree, tree + TREE_STRIDE) as unknown as number[];
    const rule = all.quadrature.subarray(place!, place! + 3 * points!);
    for (let k = 0; k < all.leafWidth; k++) {
      for (let row = all.firstRow; row < all.endRow; row++) explainRow(all, first!, rule, row, output! + k, k, onEdge);
    }
  }
}

function explainRow(
  all: Trees,
  first: number,
  rule: Float64Array,
  row: number,
  output: number,
  column: number,
  onEdge: OnEdge,
): void {
  const points = rule.length / 3;
  const [at, rest, weights] = [0, 1, 2].map((part) => rule.subarray(part * points, (part + 1) * points)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const { edges, ratio, share, feature, leaf, leafValues, leafWidth, inputs, stride } = all;
  /** Does the row take this edge, and all above it that look at the same input? */
  const hot = new Map([[first, true]]);
  const hotFactor = (node: number, k: number) => at[k]! + rest[k]! * ratio[node]!;
  const hotActivity = (node: number, k: number) => (1 - ratio[node]!) / hotFactor(node, k);
  const activityOf = (node: number) => weights.map((_, k) => (hot.get(node) ? hotActivity(node, k) : -1 / rest[k]!));
  let next = first;
  const visit = (products: Float64Array): Float64Array => {
    const node = next++;
    if (feature[node]! < 0) return products.map((product) => product * leafValues[leaf[node]! * leafWidth + column]!);
    const left = wentLeft(all, node, inputs[feature[node]! * stride + row]!);
    const sums = follow(products, left);
    const others = follow(products, !left);
    return sums.map((sum, k) => sum + others[k]!);
  };
  const follow = (products: Float64Array, taken: boolean): Float64Array => {
    const node = next;
    const above = edges[EDGE_STRIDE * node + 1]!;
    const warm = hot.get(above)!;
    hot.set(node, warm && taken);
    const factor = (k: number) => {
      if (!warm) return share[node]!;
      return (taken ? hotFactor(node, k) : rest[k]! * ratio[node]!) / hotFactor(above, k);
    };
    const change = (k: number) => {
      if (!warm) return 0;
      return (taken ? hotActivity(node, k) : -1 / rest[k]!) - hotActivity(above, k);
    };
    const sums = visit(products.map((product, k) => product * factor(k)));
    const edge = { node, input: edges[EDGE_STRIDE * node + 2]!, change: weights.map((_, k) => change(k)) };
    onEdge(row, output, edge, sums, activityOf);
    return sums;
  };
  visit(weights.slice());
}
