// The law is src/kernels/tree-shap.ts. Eight rows are worked on side by side, each in a lane of its own. Nodes lie in preorder,
// so a tree is one pass: on the way down an edge multiplies the products of its parent, at a leaf the way up begins and ends
// at the first left child.
//
// scratch, in bytes: 0 the tree at hand; 512 by edge, 5·n numbers; then by depth, of eight rows: n products, n sums,
// n activities, hot (masks), goes left (masks), the node.

const HEADER: usize = 512;
const LANES: i32 = 8;
/** Bytes of eight rows. */
const ROW: usize = 64;

// @ts-ignore: decorator
@unmanaged
class ShapTree {
  inputs: usize;
  feature: usize;
  threshold: usize;
  missingGoesLeft: usize;
  categoryOffset: usize;
  categoryWords: usize;
  categories: usize;
  edges: usize;
  share: usize;
  ratio: usize;
  rule: usize;
  factors: usize;
  states: usize;
  stateBytes: usize;
  /** Bytes of one number, and of eight, for every point. */
  bytes: usize;
  wide: usize;
  stride: usize;
  first: i32;
}

// @ts-ignore: decorator
@inline
function depthOf(tree: ShapTree, node: i32): i32 {
  return load<i32>(tree.edges + (<usize>node << 4));
}

// @ts-ignore: decorator
@inline
function above(tree: ShapTree, node: i32): i32 {
  return load<i32>(tree.edges + (<usize>node << 4), 4);
}

// @ts-ignore: decorator
@inline
function inputOf(tree: ShapTree, node: i32): i32 {
  return load<i32>(tree.edges + (<usize>node << 4), 8);
}

// @ts-ignore: decorator
@inline
function isLeft(tree: ShapTree, node: i32): bool {
  return load<i32>(tree.edges + (<usize>node << 4), 12) == 1;
}

// @ts-ignore: decorator
@inline
function products(tree: ShapTree, depth: i32): usize {
  return tree.states + <usize>depth * tree.stateBytes;
}

// @ts-ignore: decorator
@inline
function hotOf(tree: ShapTree, depth: i32): usize {
  return products(tree, depth) + 3 * tree.wide;
}

// @ts-ignore: decorator
@inline
function factorsOf(tree: ShapTree, node: i32): usize {
  return tree.factors + <usize>(node - tree.first) * 5 * tree.bytes;
}

function prepareTree(tree: ShapTree, end: i32): void {
  const bytes = tree.bytes, at = tree.rule, rest = at + bytes;
  for (let node = tree.first + 1; node < end; node++) {
    const to = factorsOf(tree, node);
    const ratio = load<f64>(tree.ratio + (<usize>node << 3));
    const before = load<f64>(tree.ratio + (<usize>above(tree, node) << 3));
    for (let k: usize = 0; k < bytes; k += 8) {
      const t = load<f64>(at + k), u = load<f64>(rest + k);
      const taken = t + u * ratio, reached = t + u * before;
      const activityTaken = (1 - ratio) / taken, activityBefore = (1 - before) / reached;
      store<f64>(to + k, taken / reached);
      store<f64>(to + bytes + k, (u * ratio) / reached);
      store<f64>(to + 2 * bytes + k, activityTaken - activityBefore);
      store<f64>(to + 3 * bytes + k, -1 / u - activityBefore);
      store<f64>(to + 4 * bytes + k, activityTaken);
    }
  }
}

function shapGoesLeft(tree: ShapTree, node: usize, value: f64): bool {
  if (value != value) return load<u8>(tree.missingGoesLeft + node) == 1;
  const offset = load<i32>(tree.categoryOffset + (node << 2));
  if (offset < 0) return value <= load<f64>(tree.threshold + (node << 3));
  const known = value >= 0 && value < <f64>(32 * load<i32>(tree.categoryWords + (node << 2))) && Math.trunc(value) == value;
  if (!known) return load<u8>(tree.missingGoesLeft + node) == 1;
  const category = <i32>value;
  return ((load<u32>(tree.categories + (<usize>(offset + (category >>> 5)) << 2)) >> (category & 31)) & 1) == 1;
}

// Which way eight rows go at a node; behind the last row, it is repeated.
function decide(tree: ShapTree, node: usize, depth: i32, row: usize, count: i32): void {
  const column = tree.inputs + <usize>load<i32>(tree.feature + (node << 2)) * tree.stride + row;
  const to = hotOf(tree, depth) + ROW;
  if (count < LANES || load<i32>(tree.categoryOffset + (node << 2)) >= 0) {
    for (let lane = 0; lane < LANES; lane++) {
      const value = load<f64>(column + (<usize>min<i32>(lane, count - 1) << 3));
      store<i64>(to + (<usize>lane << 3), shapGoesLeft(tree, node, value) ? -1 : 0);
    }
    return;
  }
  const threshold = v128.load64_splat(tree.threshold + (node << 3));
  const missing = i64x2.splat(load<u8>(tree.missingGoesLeft + node) == 1 ? -1 : 0);
  for (let lane: usize = 0; lane < ROW; lane += 16) {
    const value = v128.load(column + lane);
    v128.store(to + lane, v128.or(f64x2.le(value, threshold), v128.and(f64x2.ne(value, value), missing)));
  }
}

function descend(tree: ShapTree, node: i32, depth: i32, interactions: bool): void {
  const bytes = tree.bytes, wide = tree.wide;
  const aboveDepth = depthOf(tree, above(tree, node));
  const factor = factorsOf(tree, node);
  const from = products(tree, depth - 1), to = products(tree, depth);
  const flip = i64x2.splat(isLeft(tree, node) ? 0 : -1);
  const share = v128.load64_splat(tree.share + (<usize>node << 3));
  const hot = hotOf(tree, depth), warm = hotOf(tree, aboveDepth), goes = hotOf(tree, depth - 1) + ROW;
  const w0 = v128.load(warm), w1 = v128.load(warm, 16), w2 = v128.load(warm, 32), w3 = v128.load(warm, 48);
  const h0 = v128.and(v128.xor(v128.load(goes), flip), w0);
  const h1 = v128.and(v128.xor(v128.load(goes, 16), flip), w1);
  const h2 = v128.and(v128.xor(v128.load(goes, 32), flip), w2);
  const h3 = v128.and(v128.xor(v128.load(goes, 48), flip), w3);
  v128.store(hot, h0);
  v128.store(hot, h1, 16);
  v128.store(hot, h2, 32);
  v128.store(hot, h3, 48);
  let place: usize = 0;
  if (aboveDepth == 0) {
    for (let k: usize = 0; k < bytes; k += 8, place += ROW) {
      const yes = v128.load64_splat(factor + k), no = v128.load64_splat(factor + bytes + k);
      const a = from + place, b = to + place;
      v128.store(b, f64x2.mul(v128.load(a), v128.bitselect(yes, no, h0)));
      v128.store(b, f64x2.mul(v128.load(a, 16), v128.bitselect(yes, no, h1)), 16);
      v128.store(b, f64x2.mul(v128.load(a, 32), v128.bitselect(yes, no, h2)), 32);
      v128.store(b, f64x2.mul(v128.load(a, 48), v128.bitselect(yes, no, h3)), 48);
    }
  } else {
    for (let k: usize = 0; k < bytes; k += 8, place += ROW) {
      const yes = v128.load64_splat(factor + k), no = v128.load64_splat(factor + bytes + k);
      const a = from + place, b = to + place;
      v128.store(b, f64x2.mul(v128.load(a), v128.bitselect(yes, v128.bitselect(no, share, w0), h0)));
      v128.store(b, f64x2.mul(v128.load(a, 16), v128.bitselect(yes, v128.bitselect(no, share, w1), h1)), 16);
      v128.store(b, f64x2.mul(v128.load(a, 32), v128.bitselect(yes, v128.bitselect(no, share, w2), h2)), 32);
      v128.store(b, f64x2.mul(v128.load(a, 48), v128.bitselect(yes, v128.bitselect(no, share, w3), h3)), 48);
    }
  }
  if (!interactions) return;
  const activity = to + 2 * wide, rest = tree.rule + bytes;
  place = 0;
  for (let k: usize = 0; k < bytes; k += 8, place += ROW) {
    const yes = v128.load64_splat(factor + 4 * bytes + k), no = f64x2.splat(-1 / load<f64>(rest + k));
    v128.store(activity + place, v128.bitselect(yes, no, h0));
    v128.store(activity + place, v128.bitselect(yes, no, h1), 16);
    v128.store(activity + place, v128.bitselect(yes, no, h2), 32);
    v128.store(activity + place, v128.bitselect(yes, no, h3), 48);
  }
}

// @ts-ignore: decorator
@inline
function change(factor: usize, bytes: usize, k: usize, hot: v128, warm: v128): v128 {
  const yes = v128.load64_splat(factor + 2 * bytes + k), no = v128.load64_splat(factor + 3 * bytes + k);
  return v128.and(v128.bitselect(yes, no, hot), warm);
}

function addRows(to: usize, a: v128, b: v128, c: v128, d: v128, count: i32): void {
  if (count == LANES) {
    v128.store(to, f64x2.add(v128.load(to), a));
    v128.store(to, f64x2.add(v128.load(to, 16), b), 16);
    v128.store(to, f64x2.add(v128.load(to, 32), c), 32);
    v128.store(to, f64x2.add(v128.load(to, 48), d), 48);
    return;
  }
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(a, 0));
  if (count > 1) store<f64>(to, load<f64>(to, 8) + f64x2.extract_lane(a, 1), 8);
  if (count > 2) store<f64>(to, load<f64>(to, 16) + f64x2.extract_lane(b, 0), 16);
  if (count > 3) store<f64>(to, load<f64>(to, 24) + f64x2.extract_lane(b, 1), 24);
  if (count > 4) store<f64>(to, load<f64>(to, 32) + f64x2.extract_lane(c, 0), 32);
  if (count > 5) store<f64>(to, load<f64>(to, 40) + f64x2.extract_lane(c, 1), 40);
  if (count > 6) store<f64>(to, load<f64>(to, 48) + f64x2.extract_lane(d, 0), 48);
}

function endEdge(tree: ShapTree, node: i32, depth: i32, to: usize, count: i32): void {
  const bytes = tree.bytes;
  const factor = factorsOf(tree, node);
  const below = products(tree, depth);
  const hot = hotOf(tree, depth), warm = hotOf(tree, depthOf(tree, above(tree, node)));
  const w0 = v128.load(warm), w1 = v128.load(warm, 16), w2 = v128.load(warm, 32), w3 = v128.load(warm, 48);
  const h0 = v128.load(hot), h1 = v128.load(hot, 16), h2 = v128.load(hot, 32), h3 = v128.load(hot, 48);
  let a = f64x2.mul(v128.load(below), change(factor, bytes, 0, h0, w0));
  let b = f64x2.mul(v128.load(below, 16), change(factor, bytes, 0, h1, w1));
  let c = f64x2.mul(v128.load(below, 32), change(factor, bytes, 0, h2, w2));
  let d = f64x2.mul(v128.load(below, 48), change(factor, bytes, 0, h3, w3));
  for (let k: usize = 8, at = below + ROW; k < bytes; k += 8, at += ROW) {
    a = f64x2.add(a, f64x2.mul(v128.load(at), change(factor, bytes, k, h0, w0)));
    b = f64x2.add(b, f64x2.mul(v128.load(at, 16), change(factor, bytes, k, h1, w1)));
    c = f64x2.add(c, f64x2.mul(v128.load(at, 32), change(factor, bytes, k, h2, w2)));
    d = f64x2.add(d, f64x2.mul(v128.load(at, 48), change(factor, bytes, k, h3, w3)));
  }
  addRows(to + <usize>inputOf(tree, node) * tree.stride, a, b, c, d, count);
}

// As endEdge, for every other input on the path above; the edge's own activity is no longer needed and makes room.
function endPairs(tree: ShapTree, node: i32, depth: i32, pair: usize, lastPair: usize, to: usize, count: i32): void {
  const bytes = tree.bytes, wide = tree.wide;
  const factor = factorsOf(tree, node);
  const below = products(tree, depth), weighted = below + 2 * wide;
  const hot = hotOf(tree, depth), warm = hotOf(tree, depthOf(tree, above(tree, node)));
  for (let lane: usize = 0; lane < ROW; lane += 16) {
    const h = v128.load(hot + lane), w = v128.load(warm + lane);
    for (let k: usize = 0, at = lane; k < bytes; k += 8, at += ROW) {
      v128.store(weighted + at, f64x2.mul(v128.load(below + at), change(factor, bytes, k, h, w)));
    }
  }
  const own = <usize>inputOf(tree, node);
  const half = f64x2.splat(0.5);
  for (; pair < lastPair; pair += 4) {
    const edge = load<i32>(pair);
    const activity = products(tree, depthOf(tree, edge)) + 2 * wide;
    let a = f64x2.mul(v128.load(weighted), v128.load(activity));
    let b = f64x2.mul(v128.load(weighted, 16), v128.load(activity, 16));
    let c = f64x2.mul(v128.load(weighted, 32), v128.load(activity, 32));
    let d = f64x2.mul(v128.load(weighted, 48), v128.load(activity, 48));
    for (let at = ROW; at < wide; at += ROW) {
      const x = weighted + at, y = activity + at;
      a = f64x2.add(a, f64x2.mul(v128.load(x), v128.load(y)));
      b = f64x2.add(b, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
      c = f64x2.add(c, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
      d = f64x2.add(d, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    }
    const input = <usize>inputOf(tree, edge);
    const high = max<usize>(own, input), low = min<usize>(own, input);
    const at = to + ((high * (high - 1)) / 2 + low) * tree.stride;
    addRows(at, f64x2.mul(half, a), f64x2.mul(half, b), f64x2.mul(half, c), f64x2.mul(half, d), count);
  }
}

function explainTree(
  tree: ShapTree, end: i32, row: usize, count: i32, leaf: usize, leafValues: usize, leafBytes: usize,
  pairStart: usize, pairs: usize, to: usize,
): void {
  const bytes = tree.bytes, wide = tree.wide;
  const weights = tree.rule + 2 * bytes;
  for (let k: usize = 0; k < wide; k += 16) v128.store(products(tree, 0) + k, v128.load64_splat(weights + ((k >> 6) << 3)));
  for (let lane: usize = 0; lane < ROW; lane += 16) v128.store(hotOf(tree, 0) + lane, i64x2.splat(-1));
  for (let node = tree.first; node < end; node++) {
    let depth = depthOf(tree, node);
    if (depth > 0) descend(tree, node, depth, pairStart != 0);
    store<i32>(hotOf(tree, depth) + 2 * ROW, node);
    if (load<i32>(tree.feature + (<usize>node << 2)) >= 0) {
      decide(tree, <usize>node, depth, row, count);
      continue;
    }
    const value = v128.load64_splat(leafValues + <usize>load<i32>(leaf + (<usize>node << 2)) * leafBytes);
    const below = products(tree, depth);
    for (let k: usize = 0; k < wide; k += 16) v128.store(below + k, f64x2.mul(v128.load(below + k), value));
    for (; depth > 0; depth--) {
      const state = products(tree, depth);
      const ended = load<i32>(state + 3 * wide + 2 * ROW);
      if (pairStart != 0) {
        const list = pairStart + (<usize>ended << 2);
        endPairs(tree, ended, depth, pairs + (<usize>load<i32>(list) << 2), pairs + (<usize>load<i32>(list, 4) << 2), to, count);
      } else {
        endEdge(tree, ended, depth, to, count);
      }
      const sum = state + wide;
      if (isLeft(tree, ended)) {
        memory.copy(sum, state, wide);
        break;
      }
      const parent = products(tree, depth - 1);
      for (let k: usize = 0; k < wide; k += 16) v128.store(parent + k, f64x2.add(v128.load(sum + k), v128.load(state + k)));
    }
  }
}

function explainTrees(
  inputs: usize, trees: usize, feature: usize, threshold: usize, missingGoesLeft: usize, categoryOffset: usize,
  categoryWords: usize, categories: usize, edges: usize, share: usize, ratio: usize, leaf: usize, leafValues: usize,
  quadrature: usize, pairStart: usize, pairs: usize, to: usize, scratch: usize, width: usize, treeCount: i32, nodeCount: i32,
  leafWidth: i32, mostNodes: i32, stride: i32, firstRow: i32, endRow: i32,
): void {
  const tree = changetype<ShapTree>(scratch);
  tree.inputs = inputs;
  tree.feature = feature;
  tree.threshold = threshold;
  tree.missingGoesLeft = missingGoesLeft;
  tree.categoryOffset = categoryOffset;
  tree.categoryWords = categoryWords;
  tree.categories = categories;
  tree.edges = edges;
  tree.share = share;
  tree.ratio = ratio;
  tree.stride = <usize>stride << 3;
  tree.factors = scratch + HEADER;
  for (let index = 0; index < treeCount; index++) {
    const entry = trees + (<usize>index << 4);
    const points = <usize>load<i32>(entry, 4);
    const end = index + 1 < treeCount ? load<i32>(entry, 16) : nodeCount;
    tree.first = load<i32>(entry);
    tree.rule = quadrature + (<usize>load<i32>(entry, 8) << 3);
    tree.bytes = points << 3;
    tree.wide = points * ROW;
    tree.states = tree.factors + <usize>mostNodes * 5 * tree.bytes;
    tree.stateBytes = 3 * tree.wide + 4 * ROW;
    prepareTree(tree, end);
    for (let column = 0; column < leafWidth; column++) {
      const output = to + <usize>(load<i32>(entry, 12) + column) * width * tree.stride;
      for (let row = firstRow; row < endRow; row += LANES) {
        const at = <usize>row << 3;
        explainTree(
          tree, end, at, min<i32>(LANES, endRow - row), leaf, leafValues + (<usize>column << 3), <usize>leafWidth << 3,
          pairStart, pairs, output + at,
        );
      }
    }
  }
}

export function shap_values_f64(
  inputs: usize, trees: usize, feature: usize, threshold: usize, missingGoesLeft: usize, categoryOffset: usize,
  categoryWords: usize, categories: usize, edges: usize, share: usize, ratio: usize, leaf: usize, leafValues: usize,
  quadrature: usize, contributions: usize, scratch: usize, inputCount: i32, treeCount: i32, nodeCount: i32, wordCount: i32,
  leafCount: i32, leafWidth: i32, outputCount: i32, quadratureCount: i32, mostNodes: i32, mostDepth: i32, mostPoints: i32,
  stride: i32, firstRow: i32, endRow: i32,
): void {
  explainTrees(
    inputs, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, categories, edges, share, ratio, leaf,
    leafValues, quadrature, 0, 0, contributions, scratch, <usize>inputCount, treeCount, nodeCount, leafWidth, mostNodes, stride,
    firstRow, endRow,
  );
}

export function shap_interactions_f64(
  inputs: usize, trees: usize, feature: usize, threshold: usize, missingGoesLeft: usize, categoryOffset: usize,
  categoryWords: usize, categories: usize, edges: usize, share: usize, ratio: usize, leaf: usize, leafValues: usize,
  quadrature: usize, pairStart: usize, pairs: usize, interactions: usize, scratch: usize, inputCount: i32, treeCount: i32,
  nodeCount: i32, wordCount: i32, leafCount: i32, leafWidth: i32, outputCount: i32, quadratureCount: i32, mostNodes: i32,
  mostDepth: i32, mostPoints: i32, stride: i32, firstRow: i32, endRow: i32, pairCount: i32,
): void {
  explainTrees(
    inputs, trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, categories, edges, share, ratio, leaf,
    leafValues, quadrature, pairStart, pairs, interactions, scratch, (<usize>inputCount * <usize>(inputCount - 1)) / 2, treeCount,
    nodeCount, leafWidth, mostNodes, stride, firstRow, endRow,
  );
}
