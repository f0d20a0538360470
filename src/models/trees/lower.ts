import type { ForestTree } from '../../engine/trees/forest.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FeatureBins } from '../binning/index.js';
import { inputsOf, type Target } from '../features.js';
import { type EnsembleArrays, finiteGain } from '../gradient-boosting/lower.js';
import { outputsOf } from '../targets.js';
import type { CodedTargets } from './targets.js';

/** Writes trees as a program: an ensemble that is averaged, and the outputs of its targets. */
export function lowerTrees(
  columns: readonly RegisterColumn[],
  features: readonly RegisterColumn[],
  bins: readonly FeatureBins[],
  trees: readonly ForestTree[],
  targets: readonly Target[],
  coded: CodedTargets,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = features.map(({ name, labels }, index) => {
    const { register } = builder.columns.get(name)!;
    if (!labels || bins[index]!.categorical) return register;
    // Of labels that are numbers, one never seen is as good as missing.
    const table = Float64Array.from(labels, (_, code) => code);
    return builder.add({ op: 'lookup', in: register, table, missing: Number.NaN, unseen: Number.NaN });
  });
  const first = builder.reserve(coded.width);
  const outputs = Array.from({ length: coded.width }, (_, k) => first + k);
  builder.emit({ op: 'ensemble', inputs, outputs, ...ensembleArrays(trees, bins, features, coded) });
  return builder.build(outputsOf(builder, targets, registersOf(builder, outputs, targets, coded)));
}

/** For each target the registers of its number, or of its classes' probabilities. */
function registersOf(
  builder: ProgramBuilder,
  outputs: readonly number[],
  targets: readonly Target[],
  { classCount }: CodedTargets,
): number[][] {
  let first = 0;
  return targets.map(({ classes }, t) => {
    if (!classes) return [outputs[t]!];
    if (classCount > 0) return outputs.slice(first, (first += classes.length));
    const one = builder.add({ op: 'constant', value: 1 });
    return [builder.add({ op: 'binary', left: one, right: outputs[t]!, operator: 'subtract' }), outputs[t]!];
  });
}

function ensembleArrays(
  trees: readonly ForestTree[],
  bins: readonly FeatureBins[],
  features: readonly RegisterColumn[],
  { width, shift, scale, gainScale }: CodedTargets,
): EnsembleArrays {
  const nodeCount = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const leafCount = trees.reduce((sum, tree) => sum + (tree.feature.length + 1) / 2, 0);
  const arrays = {
    feature: new Int32Array(nodeCount),
    threshold: new Float64Array(nodeCount),
    left: new Int32Array(nodeCount),
    right: new Int32Array(nodeCount).fill(-1),
    missingGoesLeft: new Uint8Array(nodeCount),
    categoryOffset: new Int32Array(nodeCount).fill(-1),
    categoryWords: new Int32Array(nodeCount),
    leafValues: new Float64Array(leafCount * width),
    cover: new Float64Array(nodeCount),
    gain: new Float64Array(nodeCount),
  };
  const roots = new Int32Array(trees.length);
  const categories: number[] = [];
  let [first, leaf] = [0, 0];
  trees.forEach((tree, index) => {
    roots[index] = first;
    arrays.feature.set(tree.feature, first);
    arrays.cover.set(tree.cover, first);
    for (let node = 0; node < tree.feature.length; node++) {
      const at = first + node;
      const feature = tree.feature[node]!;
      if (feature < 0) {
        for (let k = 0; k < width; k++)
          arrays.leafValues[leaf * width + k] = shift[k]! + scale[k]! * tree.values[node * width + k]!;
        arrays.left[at] = leaf++;
        continue;
      }
      arrays.left[at] = first + tree.child[node]!;
      arrays.right[at] = first + tree.child[node]! + 1;
      arrays.missingGoesLeft[at] = tree.missingLeft[node]!;
      arrays.gain[at] = finiteGain(tree.gain[node]! * gainScale);
      if (!bins[feature]!.categorical) {
        arrays.threshold[at] = tree.threshold[node]!;
        continue;
      }
      const words = categoryBits(tree, node, bins[feature]!, features[feature]!.labels!.length);
      arrays.categoryOffset[at] = categories.length;
      arrays.categoryWords[at] = words.length;
      for (const word of words) categories.push(word);
    }
    first += tree.feature.length;
  });
  return {
    base: new Float64Array(width),
    average: true,
    leafWidth: width,
    roots,
    ...arrays,
    categories: Uint32Array.from(categories),
  };
}

/** A bit for each label; labels without a bin of their own, and places beyond the labels, go where missing values go. */
function categoryBits(tree: ForestTree, node: number, { binOfCode }: FeatureBins, labelCount: number): Uint32Array {
  const words = new Uint32Array(Math.max(1, Math.ceil(labelCount / 32)));
  for (let label = 0; label < 32 * words.length; label++) {
    const bin = binOfCode![label] ?? Number.NaN;
    const left = Number.isNaN(bin)
      ? tree.missingLeft[node] === 1
      : ((tree.categories[8 * node + (bin >>> 5)]! >>> (bin & 31)) & 1) === 1;
    if (left) words[label >>> 5]! |= 1 << (label & 31);
  }
  return words;
}
