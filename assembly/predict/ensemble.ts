// Decision trees, walked row by row and added in order: src/scoring/ensemble.ts. Fields as in src/scoring/layout.ts.
import { columnIn, count, length, list, value, write } from './program';

export function scoreEnsemble(at: usize, rows: i32): void {
  const inputs = list(at, 0);
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
  for (let row = 0; row < rows; row++) {
    for (let tree = 0; tree < treeCount; tree++) {
      const leaf = findLeaf(at, inputs, load<i32>(roots + (<usize>tree << 2)), row);
      if (leafWidth == 1) addTo(columnIn(outputs, tree % outputCount), row, value(leafValues, leaf));
      else {
        for (let k = 0; k < leafWidth; k++) addTo(columnIn(outputs, k), row, value(leafValues, leaf * leafWidth + k));
      }
    }
    if (count(at, 3) == 0) continue;
    for (let k = 0; k < outputCount; k++) {
      const out = columnIn(outputs, k);
      write(out, row, value(out, row) / <f64>treeCount);
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(column: usize, row: i32, summand: f64): void {
  write(column, row, value(column, row) + summand);
}

function findLeaf(at: usize, inputs: usize, root: i32, row: i32): i32 {
  const features = list(at, 6);
  const left = list(at, 8);
  const right = list(at, 9);
  let node = <usize>root;
  let feature = load<i32>(features + (node << 2));
  while (feature >= 0) {
    const next = goesLeft(at, node, value(columnIn(inputs, feature), row)) ? left : right;
    node = load<u32>(next + (node << 2));
    feature = load<i32>(features + (node << 2));
  }
  return load<i32>(left + (node << 2));
}

// @ts-ignore: decorator
@inline
function goesLeft(at: usize, node: usize, x: f64): bool {
  const offset = load<i32>(list(at, 11) + (node << 2));
  if (offset < 0 && x == x) return x <= load<f64>(list(at, 7) + (node << 3));
  const words = load<i32>(list(at, 12) + (node << 2));
  const known = x >= 0 && x < 32 * <f64>words && trunc(x) == x;
  if (!known) return load<u8>(list(at, 10) + node) == 1;
  const category = <i32>x;
  const word = load<u32>(list(at, 13) + (<usize>(offset + (category >>> 5)) << 2));
  return ((word >>> (category & 31)) & 1) == 1;
}
