// Decision trees, added in order: src/scoring/ensemble.ts. Fields as in src/scoring/layout.ts. Each tree goes over the rows
// of the block before the next does: its nodes stay in the cache, and a row's sum still grows tree by tree.
import { columnIn, count, length, list, value, write } from './program';

export function scoreEnsemble(at: usize, rows: i32): void {
  const outputs = list(at, 1);
  const outputCount = length(at, 1);
  const base = list(at, 2);
  const leafWidth = count(at, 4);
  const roots = list(at, 5);
  const treeCount = length(at, 5);
  const leafValues = list(at, 14);
  for (let k = 0; k < outputCount; k++) {
    for (let row = 0; row < rows; row++) write(columnIn(outputs, k), row, value(base, k));
  }
  for (let tree = 0; tree < treeCount; tree++) {
    const root = load<u32>(roots + (<usize>tree << 2));
    if (leafWidth == 1) addLeaves(at, root, rows, columnIn(outputs, tree % outputCount), leafValues);
    else addWideLeaves(at, root, rows, outputs, leafValues, leafWidth);
  }
  if (count(at, 3) == 0) return;
  for (let k = 0; k < outputCount; k++) {
    const out = columnIn(outputs, k);
    for (let row = 0; row < rows; row++) write(out, row, value(out, row) / <f64>treeCount);
  }
}

// One value a leaf.
function addLeaves(at: usize, root: usize, rows: i32, out: usize, leafValues: usize): void {
  const inputs = list(at, 0), features = list(at, 6), thresholds = list(at, 7), left = list(at, 8), right = list(at, 9);
  const categoryOffsets = list(at, 11);
  for (let row = 0; row < rows; row++) {
    const leaf = findLeaf(at, inputs, features, thresholds, left, right, categoryOffsets, root, row);
    write(out, row, value(out, row) + value(leafValues, leaf));
  }
}

// A value for each output.
function addWideLeaves(at: usize, root: usize, rows: i32, outputs: usize, leafValues: usize, leafWidth: i32): void {
  const inputs = list(at, 0), features = list(at, 6), thresholds = list(at, 7), left = list(at, 8), right = list(at, 9);
  const categoryOffsets = list(at, 11);
  for (let row = 0; row < rows; row++) {
    const leaf = findLeaf(at, inputs, features, thresholds, left, right, categoryOffsets, root, row);
    for (let k = 0; k < leafWidth; k++) {
      const out = columnIn(outputs, k);
      write(out, row, value(out, row) + value(leafValues, leaf * leafWidth + k));
    }
  }
}

// The row of leafValues in which a sample ends.
// @ts-ignore: decorator
@inline
function findLeaf(
  at: usize, inputs: usize, features: usize, thresholds: usize, left: usize, right: usize, categoryOffsets: usize,
  root: usize, row: i32,
): i32 {
  let node = root;
  let feature = load<i32>(features + (node << 2));
  while (feature >= 0) {
    const x = value(columnIn(inputs, feature), row);
    const isPlain = load<i32>(categoryOffsets + (node << 2)) < 0 && x == x;
    const goes = isPlain ? x <= load<f64>(thresholds + (node << 3)) : goesLeft(at, node, x);
    node = load<u32>((goes ? left : right) + (node << 2));
    feature = load<i32>(features + (node << 2));
  }
  return load<i32>(left + (node << 2));
}

// Of NaN, and of a node that splits by categories.
function goesLeft(at: usize, node: usize, x: f64): bool {
  const offset = load<i32>(list(at, 11) + (node << 2));
  const words = load<i32>(list(at, 12) + (node << 2));
  const known = offset >= 0 && x >= 0 && x < 32 * <f64>words && trunc(x) == x;
  if (!known) return load<u8>(list(at, 10) + node) == 1;
  const category = <i32>x;
  const word = load<u32>(list(at, 13) + (<usize>(offset + (category >>> 5)) << 2));
  return ((word >>> (category & 31)) & 1) == 1;
}
