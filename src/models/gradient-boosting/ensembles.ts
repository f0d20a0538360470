import type { EnsembleArrays } from './lower.js';

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
