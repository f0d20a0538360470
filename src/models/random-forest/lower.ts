import type { ForestTree } from '../../engine/forest.js';
import { MISSING_LEFT } from '../../kernels/tree-building.js';
import type { FeatureBins } from '../binning/index.js';
import { type EnsembleArrays, thresholdOf } from '../gradient-boosting/lower.js';

/** Writes a forest as the arrays of an ensemble that is averaged. `shift` is added to the values of one-number leaves. */
export function lowerForest(
  trees: readonly ForestTree[],
  bins: readonly FeatureBins[],
  leafWidth: number,
  shift: number,
): EnsembleArrays {
  const nodeCount = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const leafCount = trees.reduce((sum, tree) => sum + (tree.feature.length + 1) / 2, 0);
  const feature = new Int32Array(nodeCount);
  const threshold = new Float64Array(nodeCount);
  const left = new Int32Array(nodeCount);
  const right = new Int32Array(nodeCount).fill(-1);
  const missingGoesLeft = new Uint8Array(nodeCount);
  const leafValues = new Float64Array(leafCount * leafWidth);
  const roots = new Int32Array(trees.length);
  let [first, leaf] = [0, 0];
  trees.forEach((tree, index) => {
    roots[index] = first;
    for (let node = 0; node < tree.feature.length; node++) {
      const at = first + node;
      feature[at] = tree.feature[node]!;
      if (feature[at]! < 0) {
        for (let k = 0; k < leafWidth; k++)
          leafValues[leaf * leafWidth + k] = tree.values[node * leafWidth + k]! + shift;
        left[at] = leaf++;
        continue;
      }
      threshold[at] = thresholdOf(bins[feature[at]!]!, tree.split[node]! % MISSING_LEFT);
      missingGoesLeft[at] = tree.split[node]! >= MISSING_LEFT ? 1 : 0;
      left[at] = first + tree.child[node]!;
      right[at] = first + tree.child[node]! + 1;
    }
    first += tree.feature.length;
  });
  return {
    base: new Float64Array(leafWidth),
    average: true,
    leafWidth,
    roots,
    feature,
    threshold,
    left,
    right,
    missingGoesLeft,
    categoryOffset: new Int32Array(nodeCount).fill(-1),
    categoryWords: new Int32Array(nodeCount),
    categories: new Uint32Array(0),
    leafValues,
  };
}
