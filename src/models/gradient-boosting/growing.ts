import type { TreeGrowing } from '../../engine/trees/tree-growing.js';
import { leafValue, SET_WORDS } from '../../kernels/tree-splitting.js';
import { ColumnSampling } from './column-sampling.js';
import { type FeatureConstraints, TreeRules } from './constraints.js';
import type { GrowerOptions, GrownNode } from './grower.js';
import type { BoostingLoss } from './loss.js';
import type { GradientBoostingParameters } from './parameters.js';
import { setOf } from './splitting.js';

/** The parameters as growing a tree reads them. */
export function growerOptions(parameters: GradientBoostingParameters, maxLeafNodes: number): GrowerOptions {
  return {
    maxLeafNodes,
    maxDepth: parameters.maxDepth ?? Number.POSITIVE_INFINITY,
    growPolicy: parameters.growPolicy,
    minSamples: parameters.minSamplesLeaf,
    minHessian: parameters.minSumHessianInLeaf,
    minGain: parameters.minGainToSplit,
    l1: parameters.l1Regularization,
    l2: parameters.l2Regularization,
    maxDeltaStep: parameters.maxDeltaStep,
    categories: {
      smooth: parameters.catSmooth,
      l2: parameters.catL2,
      maxThreshold: parameters.maxCatThreshold,
      minPerGroup: parameters.minDataPerGroup,
      maxToOnehot: parameters.maxCatToOnehot,
    },
  };
}

/** The rules of one tree. */
export function treeRules(
  options: GradientBoostingParameters & { readonly constraints: FeatureConstraints; readonly seed: number },
  iteration: number,
  output: number,
): TreeRules {
  const { constraints, colsampleBytree, colsampleBylevel, colsampleBynode, seed } = options;
  const shares = { byTree: colsampleBytree, byLevel: colsampleBylevel, byNode: colsampleBynode };
  if (Object.values(shares).every((share) => share === 1)) return new TreeRules(constraints);
  return new TreeRules(constraints, new ColumnSampling(shares, constraints.featureCount, seed, iteration, output));
}

/** Gives a tree that was grown in one piece its nodes: those that a `Grower` finds, where none has limits of its own. */
export function takeNodes(root: GrownNode, grown: TreeGrowing): void {
  const waiting = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (takeSplit(node, grown)) waiting.push(node.right!, node.left!);
  }
}

/** Was the node split? Then it gets its split and its children. */
function takeSplit(node: GrownNode, grown: TreeGrowing): boolean {
  const { slot, count } = node.rows;
  const found = grown.splitOf(slot);
  if (!found) return false;
  const { child, gain, feature, bin, missingLeft, leftRows } = found;
  const set = bin < 0 ? setOf(grown.sets, SET_WORDS * slot) : undefined;
  const counts = [leftRows, count - leftRows] as const;
  node.split = { feature, gain, bin, missingLeft, set, leftValue: 0, rightValue: 0, counts };
  const side = (index: 0 | 1): GrownNode => {
    const rows = { slot: child + index, count: counts[index] };
    return { rows, depth: node.depth + 1, rules: node.rules, value: 0 };
  };
  node.left = side(0);
  node.right = side(1);
  return true;
}

/** Gives leaves their values, by the sums of gradient and hessian of each. */
export function setLeafValues(
  leaves: readonly GrownNode[],
  sums: Float64Array,
  options: GrowerOptions,
  learningRate: number,
  mostStep?: BoostingLoss['mostStep'],
): void {
  const { l1, l2, maxDeltaStep } = options;
  leaves.forEach((leaf, index) => {
    const [gradient, hessian] = [sums[2 * index]!, sums[2 * index + 1]!];
    if (!(hessian + l2 > 0)) return;
    const { lower, upper } = leaf.rules;
    const most = mostStep?.(gradient, hessian) ?? Number.POSITIVE_INFINITY;
    const value = leafValue(gradient, hessian, { l1, l2, maxDeltaStep, lower, upper });
    leaf.value = learningRate * Math.min(Math.max(value, -most), most);
  });
}

/** Gives leaves values found otherwise, held to each leaf's bounds. */
export function renewLeafValues(leaves: readonly GrownNode[], values: ArrayLike<number>, learningRate: number): void {
  leaves.forEach((leaf, index) => {
    const { lower, upper } = leaf.rules;
    leaf.value = learningRate * Math.min(Math.max(values[index]!, lower), upper);
  });
}
