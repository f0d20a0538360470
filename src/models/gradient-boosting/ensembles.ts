import type { EnsembleArrays } from './lower.js';

/** The first trees of an ensemble whose trees lie one behind the other, and nothing of the others. */
export function firstTrees(ensemble: EnsembleArrays, count: number): EnsembleArrays {
  const { roots, feature, left, categoryOffset, categoryWords, cover, gain, leafWidth } = ensemble;
  if (count >= roots.length) return ensemble;
  const nodes = roots[count]!;
  let [leaves, words] = [0, 0];
  for (let node = 0; node < nodes; node++) {
    if (feature[node]! < 0) leaves = Math.max(leaves, left[node]! + 1);
    else words = Math.max(words, categoryOffset[node]! + categoryWords[node]!);
  }
  return {
    ...ensemble,
    roots: roots.slice(0, count),
    feature: feature.slice(0, nodes),
    threshold: ensemble.threshold.slice(0, nodes),
    left: left.slice(0, nodes),
    right: ensemble.right.slice(0, nodes),
    missingGoesLeft: ensemble.missingGoesLeft.slice(0, nodes),
    categoryOffset: categoryOffset.slice(0, nodes),
    categoryWords: categoryWords.slice(0, nodes),
    categories: ensemble.categories.slice(0, words),
    leafValues: ensemble.leafValues.slice(0, leaves * leafWidth),
    ...(cover && { cover: cover.slice(0, nodes) }),
    ...(gain && { gain: gain.slice(0, nodes) }),
  };
}

/** Multiplies the leaves of the last rounds' trees by one weight a round. `outputs`: trees of a round. */
export function weighLastTrees(ensemble: EnsembleArrays, weights: readonly number[], outputs: number): EnsembleArrays {
  if (weights.length === 0) return ensemble;
  const { roots, feature, left, leafWidth } = ensemble;
  const leafValues = ensemble.leafValues.slice();
  const first = roots.length - weights.length * outputs;
  weights.forEach((weight, round) => {
    const from = first + round * outputs;
    for (let node = roots[from]!; node < (roots[from + outputs] ?? feature.length); node++) {
      if (feature[node]! >= 0) continue;
      const leaf = left[node]! * leafWidth;
      for (let at = leaf; at < leaf + leafWidth; at++) leafValues[at] = leafValues[at]! * weight;
    }
  });
  return { ...ensemble, leafValues };
}

/** The trees of one ensemble behind those of another, both with the same inputs, outputs and base. */
export function joinEnsembles(first: EnsembleArrays, second: EnsembleArrays): EnsembleArrays {
  const nodes = first.feature.length;
  const leaves = first.leafValues.length / first.leafWidth;
  const words = first.categories.length;
  const isLeaf = (node: number) => second.feature[node]! < 0;
  return {
    ...first,
    roots: joined(
      first.roots,
      second.roots.map((root) => root + nodes),
    ),
    feature: joined(first.feature, second.feature),
    threshold: joined(first.threshold, second.threshold),
    left: joined(
      first.left,
      second.left.map((child, node) => child + (isLeaf(node) ? leaves : nodes)),
    ),
    right: joined(
      first.right,
      second.right.map((child, node) => (isLeaf(node) ? child : child + nodes)),
    ),
    missingGoesLeft: joined(first.missingGoesLeft, second.missingGoesLeft),
    categoryOffset: joined(
      first.categoryOffset,
      second.categoryOffset.map((at) => (at < 0 ? at : at + words)),
    ),
    categoryWords: joined(first.categoryWords, second.categoryWords),
    categories: joined(first.categories, second.categories),
    leafValues: joined(first.leafValues, second.leafValues),
    ...(first.cover && second.cover && { cover: joined(first.cover, second.cover) }),
    ...(first.gain && second.gain && { gain: joined(first.gain, second.gain) }),
  };
}

function joined<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(first: T, second: T): T {
  const both = new (first.constructor as new (length: number) => T)(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
