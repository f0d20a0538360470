// The law is src/kernels/tree-scoring.ts. Tree by tree over blocks of rows, so that a tree's nodes stay in the cache; each
// row still adds the trees in their order. Where no node is a set of categories, eight rows walk side by side without
// branches, which hides the latency of one walk behind the others.

const BLOCK: i32 = 512;

// The child a row goes to, or the node itself where it is a leaf.
// @ts-ignore: decorator
@inline
function step(
  node: usize, inputs: usize, stride: usize,
  feature: usize, threshold: usize, left: usize, right: usize, missingGoesLeft: usize,
): usize {
  const f = load<i32>(feature + (node << 2));
  const value = load<f64>(inputs + <usize>max<i32>(f, 0) * stride);
  const goesLeft = i32(value <= load<f64>(threshold + (node << 3)))
    | (i32(value != value) & <i32>load<u8>(missingGoesLeft + node));
  const child = <usize>load<u32>(select<usize>(left, right, goesLeft != 0) + (node << 2));
  return select<usize>(child, node, f >= 0);
}

// @ts-ignore: decorator
@inline
function isInner(feature: usize, node: usize): i32 {
  return i32(load<i32>(feature + (node << 2)) >= 0);
}

function walk(
  node: usize, inputs: usize, stride: usize, feature: usize, threshold: usize, left: usize, right: usize,
  missingGoesLeft: usize, categoryOffset: usize, categoryWords: usize, categories: usize,
): usize {
  let f = load<i32>(feature + (node << 2));
  while (f >= 0) {
    const value = load<f64>(inputs + <usize>f * stride);
    let goesLeft = false;
    const offset = load<i32>(categoryOffset + (node << 2));
    if (offset < 0 && value == value) goesLeft = value <= load<f64>(threshold + (node << 3));
    else {
      const known = offset >= 0 && value >= 0 && value < <f64>(32 * load<i32>(categoryWords + (node << 2))) && Math.trunc(value) == value;
      if (!known) goesLeft = load<u8>(missingGoesLeft + node) == 1;
      else {
        const category = <i32>value;
        const word = load<u32>(categories + (<usize>(offset + (category >>> 5)) << 2));
        goesLeft = ((word >> (category & 31)) & 1) == 1;
      }
    }
    node = <usize>load<u32>((goesLeft ? left : right) + (node << 2));
    f = load<i32>(feature + (node << 2));
  }
  return node;
}

// @ts-ignore: decorator
@inline
function addLeaf(
  sums: usize, stride: usize, row: usize, leaf: usize, leafValues: usize, leafWidth: i32, output: i32,
): void {
  if (leafWidth == 1) {
    const at = sums + <usize>output * stride + row;
    store<f64>(at, load<f64>(at) + load<f64>(leafValues + (leaf << 3)));
    return;
  }
  const values = leafValues + ((leaf * <usize>leafWidth) << 3);
  for (let k: usize = 0; k < <usize>leafWidth; k++) {
    const at = sums + k * stride + row;
    store<f64>(at, load<f64>(at) + load<f64>(values + (k << 3)));
  }
}

export function ensemble_score_f64(
  inputs: usize, base: usize, roots: usize, feature: usize, threshold: usize, left: usize, right: usize,
  missingGoesLeft: usize, categoryOffset: usize, categoryWords: usize, categories: usize, leafValues: usize, sums: usize,
  inputCount: i32, outputCount: i32, treeCount: i32, nodeCount: i32, wordCount: i32, leafCount: i32, leafWidth: i32,
  average: i32, rowCount: i32,
): void {
  const stride = <usize>rowCount << 3;
  for (let k = 0; k < outputCount; k++) {
    const first = load<f64>(base + (<usize>k << 3));
    for (let at = sums + <usize>k * stride, end = at + stride; at < end; at += 8) store<f64>(at, first);
  }
  for (let start = 0; start < rowCount; start += BLOCK) {
    const from = <usize>start << 3, to = <usize>min<i32>(rowCount, start + BLOCK) << 3;
    for (let tree = 0; tree < treeCount; tree++) {
      const root = <usize>load<u32>(roots + (<usize>tree << 2));
      const output = tree % outputCount;
      let row = from;
      if (wordCount == 0) {
        for (; row + 56 < to; row += 64) {
          const x = inputs + row;
          let n0 = root, n1 = root, n2 = root, n3 = root, n4 = root, n5 = root, n6 = root, n7 = root;
          let inner = isInner(feature, root);
          while (inner) {
            n0 = step(n0, x, stride, feature, threshold, left, right, missingGoesLeft);
            n1 = step(n1, x + 8, stride, feature, threshold, left, right, missingGoesLeft);
            n2 = step(n2, x + 16, stride, feature, threshold, left, right, missingGoesLeft);
            n3 = step(n3, x + 24, stride, feature, threshold, left, right, missingGoesLeft);
            n4 = step(n4, x + 32, stride, feature, threshold, left, right, missingGoesLeft);
            n5 = step(n5, x + 40, stride, feature, threshold, left, right, missingGoesLeft);
            n6 = step(n6, x + 48, stride, feature, threshold, left, right, missingGoesLeft);
            n7 = step(n7, x + 56, stride, feature, threshold, left, right, missingGoesLeft);
            inner = isInner(feature, n0) | isInner(feature, n1) | isInner(feature, n2) | isInner(feature, n3)
              | isInner(feature, n4) | isInner(feature, n5) | isInner(feature, n6) | isInner(feature, n7);
          }
          addLeaf(sums, stride, row, <usize>load<u32>(left + (n0 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 8, <usize>load<u32>(left + (n1 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 16, <usize>load<u32>(left + (n2 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 24, <usize>load<u32>(left + (n3 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 32, <usize>load<u32>(left + (n4 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 40, <usize>load<u32>(left + (n5 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 48, <usize>load<u32>(left + (n6 << 2)), leafValues, leafWidth, output);
          addLeaf(sums, stride, row + 56, <usize>load<u32>(left + (n7 << 2)), leafValues, leafWidth, output);
        }
      }
      for (; row < to; row += 8) {
        const node = walk(
          root, inputs + row, stride, feature, threshold, left, right, missingGoesLeft, categoryOffset, categoryWords, categories,
        );
        addLeaf(sums, stride, row, <usize>load<u32>(left + (node << 2)), leafValues, leafWidth, output);
      }
    }
  }
  if (average == 0) return;
  const trees = <f64>treeCount;
  for (let at = sums, end = sums + <usize>outputCount * stride; at < end; at += 8) store<f64>(at, load<f64>(at) / trees);
}
