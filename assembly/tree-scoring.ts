// The law is src/kernels/tree-scoring.ts. Tree by tree over blocks of rows, so that ranks, sums and a tree's nodes stay in
// the cache; each row still adds the trees in their order.

const BLOCK: i32 = 512;

// ---- masks: 64 rows at once, or 16

// The places of the lowest bits of bytes, in any of which one bit is set at least.
// @ts-ignore: decorator
@inline
function lowestBits(bytes: v128): v128 {
  const bit = v128.and(bytes, i8x16.neg(bytes));
  const zero = i8x16.splat(0);
  // The place of the one bit is a number of three bits; a comparison gives −1 where a bit of it is 0.
  const ones = v128.and(i8x16.eq(v128.and(bit, i8x16.splat(<i8>0xaa)), zero), i8x16.splat(1));
  const twos = v128.and(i8x16.eq(v128.and(bit, i8x16.splat(<i8>0xcc)), zero), i8x16.splat(2));
  const fours = v128.and(i8x16.eq(v128.and(bit, i8x16.splat(<i8>0xf0)), zero), i8x16.splat(4));
  return i8x16.sub(i8x16.splat(7), v128.or(v128.or(ones, twos), fours));
}

// What remains of a byte's leaves where the rank at `at` is below `rank`: all; elsewhere `keep`.
// @ts-ignore: decorator
@inline
function compared(remaining: v128, at: usize, rank: v128, keep: v128): v128 {
  return v128.and(remaining, v128.or(i8x16.gt_s(rank, v128.load(at)), keep));
}

// What remains where a set holds the category at `at`: `keep`; elsewhere all.
// @ts-ignore: decorator
@inline
function sifted(remaining: v128, at: usize, stride: usize, low: v128, high: v128, keep: v128): v128 {
  const byte = v128.load(at);
  // Indices beyond a table give 0, so each half is asked for what is its own.
  const held = v128.or(i8x16.swizzle(low, byte), i8x16.swizzle(high, i8x16.sub(byte, i8x16.splat(16))));
  const absent = i8x16.eq(v128.and(held, v128.load(at + stride)), i8x16.splat(0));
  return v128.and(remaining, v128.or(absent, keep));
}

// Writes the leaves of 64 rows, a byte each.
function leavesOf64(test: usize, bytes: i32, ranks: usize, stride: usize, sets: usize, leaves: usize): void {
  const zero = i8x16.splat(0);
  // By row: the first byte that is not 0, and, as a negative number, how many bytes before it are.
  let f0 = zero, f1 = zero, f2 = zero, f3 = zero;
  let n0 = zero, n1 = zero, n2 = zero, n3 = zero;
  let open0 = i8x16.splat(-1), open1 = open0, open2 = open0, open3 = open0;
  for (; bytes > 0; bytes--) {
    const counts = load<u32>(test);
    test += 4;
    let a0 = i8x16.splat(-1), a1 = a0, a2 = a0, a3 = a0;
    for (const end = test + (<usize>(counts & 0xffff) << 2); test < end; test += 4) {
      const at = ranks + <usize>load<u16>(test) * stride;
      const rank = v128.load8_splat(test, 2), keep = v128.load8_splat(test, 3);
      a0 = compared(a0, at, rank, keep);
      a1 = compared(a1, at + 16, rank, keep);
      a2 = compared(a2, at + 32, rank, keep);
      a3 = compared(a3, at + 48, rank, keep);
    }
    for (const end = test + (<usize>(counts >> 16) << 3); test < end; test += 8) {
      const at = ranks + <usize>load<u16>(test) * stride;
      const keep = v128.load8_splat(test, 3);
      const set = sets + (<usize>load<u32>(test, 4) << 5);
      const low = v128.load(set), high = v128.load(set, 16);
      a0 = sifted(a0, at, stride, low, high, keep);
      a1 = sifted(a1, at + 16, stride, low, high, keep);
      a2 = sifted(a2, at + 32, stride, low, high, keep);
      a3 = sifted(a3, at + 48, stride, low, high, keep);
    }
    f0 = v128.or(f0, v128.and(a0, open0));
    f1 = v128.or(f1, v128.and(a1, open1));
    f2 = v128.or(f2, v128.and(a2, open2));
    f3 = v128.or(f3, v128.and(a3, open3));
    open0 = v128.and(open0, i8x16.eq(a0, zero));
    open1 = v128.and(open1, i8x16.eq(a1, zero));
    open2 = v128.and(open2, i8x16.eq(a2, zero));
    open3 = v128.and(open3, i8x16.eq(a3, zero));
    n0 = i8x16.add(n0, open0);
    n1 = i8x16.add(n1, open1);
    n2 = i8x16.add(n2, open2);
    n3 = i8x16.add(n3, open3);
  }
  v128.store(leaves, leafNumbers(f0, n0));
  v128.store(leaves, leafNumbers(f1, n1), 16);
  v128.store(leaves, leafNumbers(f2, n2), 32);
  v128.store(leaves, leafNumbers(f3, n3), 48);
}

// As leavesOf64, of 16 rows.
function leavesOf16(test: usize, bytes: i32, ranks: usize, stride: usize, sets: usize, leaves: usize): void {
  const zero = i8x16.splat(0);
  let first = zero, count = zero, open = i8x16.splat(-1);
  for (; bytes > 0; bytes--) {
    const counts = load<u32>(test);
    test += 4;
    let remaining = i8x16.splat(-1);
    for (const end = test + (<usize>(counts & 0xffff) << 2); test < end; test += 4) {
      const at = ranks + <usize>load<u16>(test) * stride;
      remaining = compared(remaining, at, v128.load8_splat(test, 2), v128.load8_splat(test, 3));
    }
    for (const end = test + (<usize>(counts >> 16) << 3); test < end; test += 8) {
      const at = ranks + <usize>load<u16>(test) * stride;
      const set = sets + (<usize>load<u32>(test, 4) << 5);
      remaining = sifted(remaining, at, stride, v128.load(set), v128.load(set, 16), v128.load8_splat(test, 3));
    }
    first = v128.or(first, v128.and(remaining, open));
    open = v128.and(open, i8x16.eq(remaining, zero));
    count = i8x16.add(count, open);
  }
  v128.store(leaves, leafNumbers(first, count));
}

// @ts-ignore: decorator
@inline
function leafNumbers(byte: v128, negatedBytes: v128): v128 {
  return i8x16.sub(lowestBits(byte), v128.shl<i16>(v128.and(negatedBytes, i8x16.splat(31)), 3));
}

// ---- walks: 8 rows side by side, which hides the latency of one walk behind the others

// The child a row goes to; a leaf leads to itself.
// @ts-ignore: decorator
@inline
function step(node: usize, nodes: usize, ranks: usize, stride: usize): usize {
  const at = nodes + (node << 3);
  const rank = load<i8>(ranks + <usize>load<u16>(at) * stride);
  return <usize>load<u32>(at, 4) + <usize>(rank >= load<i8>(at, 2));
}

// As `step`, where a node may be a set of categories.
function stepOfAny(node: usize, nodes: usize, targets: usize, sets: usize, ranks: usize, stride: usize): usize {
  const at = nodes + (node << 3);
  let sort = <i32>load<u8>(at, 3);
  if (sort == 0) return step(node, nodes, ranks, stride);
  let plane = ranks + <usize>load<u16>(at) * stride;
  let set = sets + (<usize>load<u32>(targets + (node << 2)) << 5);
  let held: u32 = 0;
  for (; sort > 0; sort--, plane += 2 * stride, set += 32) {
    const byte = load<u8>(plane);
    if (byte < 32) held |= <u32>load<u8>(set + byte) & <u32>load<u8>(plane + stride);
  }
  return <usize>load<u32>(at, 4) + <usize>(held != 0);
}

// Where a row ends.
function walk(node: usize, nodes: usize, targets: usize, sets: usize, ranks: usize, stride: usize): usize {
  let child = stepOfAny(node, nodes, targets, sets, ranks, stride);
  while (child != node) {
    node = child;
    child = stepOfAny(node, nodes, targets, sets, ranks, stride);
  }
  return node;
}

// ---- what is done with the leaves

// Adds the leaves of neighbouring rows, a byte each, to their sums; one value a leaf.
// @ts-ignore: decorator
@inline
function addLeaves(leaves: usize, count: i32, values: usize, sums: usize): void {
  const end = sums + (<usize>count << 3);
  for (; sums + 8 < end; sums += 16, leaves += 2) {
    const pair = v128.load64_lane(values + (<usize>load<u8>(leaves, 1) << 3), v128.load64_zero(values + (<usize>load<u8>(leaves) << 3)), 1);
    v128.store(sums, f64x2.add(v128.load(sums), pair));
  }
  if (sums < end) store<f64>(sums, load<f64>(sums) + load<f64>(values + (<usize>load<u8>(leaves) << 3)));
}

// Adds a leaf to the sums of a row, which lie `stride` apart.
// @ts-ignore: decorator
@inline
function addLeaf(leaf: usize, values: usize, width: i32, sums: usize, stride: usize): void {
  if (width == 1) {
    store<f64>(sums, load<f64>(sums) + load<f64>(values + (leaf << 3)));
    return;
  }
  const from = values + ((leaf * <usize>width) << 3);
  for (let k: usize = 0; k < <usize>width; k++, sums += stride) {
    store<f64>(sums, load<f64>(sums) + load<f64>(from + (k << 3)));
  }
}

export function ensemble_score_i8(
  ranks: usize, trees: usize, tests: usize, nodes: usize, targets: usize, sets: usize, base: usize, leafValues: usize,
  sums: usize, scratch: usize, planeCount: i32, rankStride: i32, treeCount: i32, testWords: i32, nodeCount: i32,
  setCount: i32, rowCount: i32, outputCount: i32, leafCount: i32, leafWidth: i32, average: i32,
): void {
  const sumStride = <usize>rowCount << 3, stride = <usize>rankStride;
  for (let k = 0; k < outputCount; k++) {
    const first = load<f64>(base + (<usize>k << 3));
    for (let at = sums + <usize>k * sumStride, end = at + sumStride; at < end; at += 8) store<f64>(at, first);
  }
  for (let start = 0; start < rowCount; start += BLOCK) {
    const end = min<i32>(rowCount, start + BLOCK);
    for (let tree = 0, at = trees; tree < treeCount; tree++, at += 16) {
      const bytes = load<i32>(at), first = <usize>load<u32>(at, 4);
      const values = leafValues + ((<usize>load<u32>(at, 8) * <usize>leafWidth) << 3);
      const out = leafWidth == 1 ? sums + <usize>(tree % outputCount) * sumStride : sums;
      let row = start;
      if (bytes > 0) {
        const test = tests + (first << 2);
        while (row < end) {
          const rest = end - row;
          let group = 64;
          if (rest > 48) leavesOf64(test, bytes, ranks + row, stride, sets, scratch);
          else {
            leavesOf16(test, bytes, ranks + row, stride, sets, scratch);
            group = 16;
          }
          group = min<i32>(group, rest);
          const into = out + (<usize>row << 3);
          if (leafWidth == 1) addLeaves(scratch, group, values, into);
          else {
            for (let j: usize = 0; j < <usize>group; j++) {
              addLeaf(load<u8>(scratch + j), values, leafWidth, into + (j << 3), sumStride);
            }
          }
          row += group;
        }
        continue;
      }
      if (bytes == 0) {
        const most = load<i32>(at, 12);
        for (; row + 8 <= end; row += 8) {
          const x = ranks + row;
          let n0 = first, n1 = first, n2 = first, n3 = first, n4 = first, n5 = first, n6 = first, n7 = first;
          for (let steps = most; steps > 0; steps -= 2) {
            n0 = step(n0, nodes, x, stride);
            n1 = step(n1, nodes, x + 1, stride);
            n2 = step(n2, nodes, x + 2, stride);
            n3 = step(n3, nodes, x + 3, stride);
            n4 = step(n4, nodes, x + 4, stride);
            n5 = step(n5, nodes, x + 5, stride);
            n6 = step(n6, nodes, x + 6, stride);
            n7 = step(n7, nodes, x + 7, stride);
            const m0 = n0, m1 = n1, m2 = n2, m3 = n3, m4 = n4, m5 = n5, m6 = n6, m7 = n7;
            n0 = step(n0, nodes, x, stride);
            n1 = step(n1, nodes, x + 1, stride);
            n2 = step(n2, nodes, x + 2, stride);
            n3 = step(n3, nodes, x + 3, stride);
            n4 = step(n4, nodes, x + 4, stride);
            n5 = step(n5, nodes, x + 5, stride);
            n6 = step(n6, nodes, x + 6, stride);
            n7 = step(n7, nodes, x + 7, stride);
            // Where nobody moved, all have arrived.
            if (((n0 ^ m0) | (n1 ^ m1) | (n2 ^ m2) | (n3 ^ m3) | (n4 ^ m4) | (n5 ^ m5) | (n6 ^ m6) | (n7 ^ m7)) == 0) break;
          }
          const into = out + (<usize>row << 3);
          addLeaf(load<u32>(targets + (n0 << 2)), values, leafWidth, into, sumStride);
          addLeaf(load<u32>(targets + (n1 << 2)), values, leafWidth, into + 8, sumStride);
          addLeaf(load<u32>(targets + (n2 << 2)), values, leafWidth, into + 16, sumStride);
          addLeaf(load<u32>(targets + (n3 << 2)), values, leafWidth, into + 24, sumStride);
          addLeaf(load<u32>(targets + (n4 << 2)), values, leafWidth, into + 32, sumStride);
          addLeaf(load<u32>(targets + (n5 << 2)), values, leafWidth, into + 40, sumStride);
          addLeaf(load<u32>(targets + (n6 << 2)), values, leafWidth, into + 48, sumStride);
          addLeaf(load<u32>(targets + (n7 << 2)), values, leafWidth, into + 56, sumStride);
        }
      }
      for (; row < end; row++) {
        const leaf = load<u32>(targets + (walk(first, nodes, targets, sets, ranks + row, stride) << 2));
        addLeaf(leaf, values, leafWidth, out + (<usize>row << 3), sumStride);
      }
    }
  }
  if (average == 0) return;
  const count = <f64>treeCount;
  for (let at = sums, end = sums + <usize>outputCount * sumStride; at < end; at += 8) store<f64>(at, load<f64>(at) / count);
}

export function ensemble_leaves_i8(
  ranks: usize, trees: usize, tests: usize, nodes: usize, targets: usize, sets: usize, leaves: usize, scratch: usize,
  planeCount: i32, rankStride: i32, treeCount: i32, testWords: i32, nodeCount: i32, setCount: i32, rowCount: i32,
): void {
  const stride = <usize>rankStride;
  for (let tree = 0, at = trees; tree < treeCount; tree++, at += 16) {
    const bytes = load<i32>(at), first = <usize>load<u32>(at, 4);
    let row = 0;
    if (bytes <= 0) {
      for (; row < rowCount; row++, leaves += 4) {
        store<u32>(leaves, load<u32>(targets + (walk(first, nodes, targets, sets, ranks + row, stride) << 2)));
      }
      continue;
    }
    for (const test = tests + (first << 2); row < rowCount; row += 64) {
      leavesOf64(test, bytes, ranks + row, stride, sets, scratch);
      const count = min<i32>(64, rowCount - row);
      for (let j = 0; j < count; j++, leaves += 4) store<u32>(leaves, load<u8>(scratch + j));
    }
  }
}
