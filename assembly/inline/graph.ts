// What the kernels of navigable graphs share; src/kernels/graph.ts is the law. A node of the pool is its distance, in an
// order-preserving form, over its number, over two bits: expanded, and barred from being an answer.

export const OLDEST_FIRST: i32 = 0;
export const NEWEST_FIRST: i32 = 0x3fffffff;
const EXPANDED: u64 = 1;
const BARRED: u64 = 2;

// @ts-ignore: decorator
@inline
export function metOf(distance: f32, node: i32, order: i32): u64 {
  let bits = reinterpret<i32>(distance);
  bits ^= (bits >> 31) | <i32>0x80000000;
  return (<u64><u32>bits << 32) | (<u64><u32>(node ^ order) << 2);
}

// @ts-ignore: decorator
@inline
export function nodeOf(met: u64, order: i32): i32 {
  return <i32>(<u32>met >> 2) ^ order;
}

// @ts-ignore: decorator
@inline
export function distanceOf(met: u64): f32 {
  let bits = <i32>(met >> 32);
  bits ^= bits < 0 ? <i32>0x80000000 : -1;
  return reinterpret<f32>(bits);
}

// @ts-ignore: decorator
@inline
export function hasBit(bits: usize, node: i32): bool {
  return ((load<u8>(bits + (<usize>node >> 3)) >> <u8>(node & 7)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function testAndSet(bits: usize, node: i32): bool {
  const at = bits + ((<usize>node >> 5) << 2);
  const word = load<u32>(at);
  const bit = <u32>1 << (node & 31);
  store<u32>(at, word | bit);
  return (word & bit) != 0;
}

// @ts-ignore: decorator
@inline
export function clearBits(bits: usize, count: i32): void {
  memory.fill(bits, 0, <usize>((count + 31) >> 5) << 2);
}

// @ts-ignore: decorator
@inline
function square(a: v128, b: v128): v128 {
  const difference = f32x4.sub(a, b);
  return f32x4.mul(difference, difference);
}

// Sixteen lanes of two sums, folded to two of each: (a0 + a2, a1 + a3, b0 + b2, b1 + b3).
// @ts-ignore: decorator
@inline
function foldPair(a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  const a = f32x4.add(f32x4.add(a0, a2), f32x4.add(a1, a3));
  const b = f32x4.add(f32x4.add(b0, b2), f32x4.add(b1, b3));
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
}

function squaresOfTwo(query: usize, x: usize, y: usize, stride: i32): v128 {
  const end = query + (<usize>stride << 2);
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  while (query < end) {
    let q = v128.load(query);
    a0 = f32x4.add(a0, square(q, v128.load(x)));
    b0 = f32x4.add(b0, square(q, v128.load(y)));
    q = v128.load(query, 16);
    a1 = f32x4.add(a1, square(q, v128.load(x, 16)));
    b1 = f32x4.add(b1, square(q, v128.load(y, 16)));
    q = v128.load(query, 32);
    a2 = f32x4.add(a2, square(q, v128.load(x, 32)));
    b2 = f32x4.add(b2, square(q, v128.load(y, 32)));
    q = v128.load(query, 48);
    a3 = f32x4.add(a3, square(q, v128.load(x, 48)));
    b3 = f32x4.add(b3, square(q, v128.load(y, 48)));
    query += 64;
    x += 64;
    y += 64;
  }
  return foldPair(a0, a1, a2, a3, b0, b1, b2, b3);
}

function productsOfTwo(query: usize, x: usize, y: usize, stride: i32): v128 {
  const end = query + (<usize>stride << 2);
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  while (query < end) {
    let q = v128.load(query);
    a0 = f32x4.add(a0, f32x4.mul(q, v128.load(x)));
    b0 = f32x4.add(b0, f32x4.mul(q, v128.load(y)));
    q = v128.load(query, 16);
    a1 = f32x4.add(a1, f32x4.mul(q, v128.load(x, 16)));
    b1 = f32x4.add(b1, f32x4.mul(q, v128.load(y, 16)));
    q = v128.load(query, 32);
    a2 = f32x4.add(a2, f32x4.mul(q, v128.load(x, 32)));
    b2 = f32x4.add(b2, f32x4.mul(q, v128.load(y, 32)));
    q = v128.load(query, 48);
    a3 = f32x4.add(a3, f32x4.mul(q, v128.load(x, 48)));
    b3 = f32x4.add(b3, f32x4.mul(q, v128.load(y, 48)));
    query += 64;
    x += 64;
    y += 64;
  }
  return foldPair(a0, a1, a2, a3, b0, b1, b2, b3);
}

// Distances of a query to four rows, given by their addresses.
export function graphDistances(query: usize, a: usize, b: usize, c: usize, d: usize, stride: i32, metric: i32): v128 {
  let low: v128, high: v128;
  if (metric == 1) {
    low = productsOfTwo(query, a, b, stride);
    high = c == a ? low : productsOfTwo(query, c, d, stride);
  } else {
    low = squaresOfTwo(query, a, b, stride);
    high = c == a ? low : squaresOfTwo(query, c, d, stride);
  }
  const sums = f32x4.add(v128.shuffle<f32>(low, high, 0, 2, 4, 6), v128.shuffle<f32>(low, high, 1, 3, 5, 7));
  return metric == 1 ? f32x4.sub(f32x4.splat(0), sums) : sums;
}

// @ts-ignore: decorator
@inline
export function rowOf(vectors: usize, node: i32, stride: i32): usize {
  return vectors + ((<usize>node * <usize>stride) << 2);
}

// Distances to nodes[from … from + 3], the last repeated where there are fewer.
// @ts-ignore: decorator
@inline
export function distancesAt(query: usize, vectors: usize, nodes: usize, count: i32, stride: i32, metric: i32): v128 {
  const a = load<i32>(nodes);
  const b = count > 1 ? load<i32>(nodes, 4) : a;
  const c = count > 2 ? load<i32>(nodes, 8) : a;
  const d = count > 3 ? load<i32>(nodes, 12) : b;
  return graphDistances(
    query, rowOf(vectors, a, stride), rowOf(vectors, b, stride), rowOf(vectors, c, stride), rowOf(vectors, d, stride),
    stride, metric,
  );
}

// @ts-ignore: decorator
@inline
export function laneOf(distances: v128, lane: i32): f32 {
  if (lane == 0) return f32x4.extract_lane(distances, 0);
  if (lane == 1) return f32x4.extract_lane(distances, 1);
  if (lane == 2) return f32x4.extract_lane(distances, 2);
  return f32x4.extract_lane(distances, 3);
}

export function distanceTo(query: usize, vectors: usize, node: i32, stride: i32, metric: i32): f32 {
  const row = rowOf(vectors, node, stride);
  return f32x4.extract_lane(graphDistances(query, row, row, row, row, stride, metric), 0);
}

// Puts a node into a sorted pool of `length`, which has room for one more; its place.
export function insertMet(pool: usize, length: i32, met: u64): i32 {
  let low = 0, left = length;
  while (left > 0) {
    const half = left >> 1;
    if (load<u64>(pool + (<usize>(low + half) << 3)) < met) {
      low += half + 1;
      left -= half + 1;
    } else left = half;
  }
  const place = pool + (<usize>low << 3);
  let at = pool + (<usize>length << 3);
  while (at >= place + 16) {
    at -= 16;
    v128.store(at, v128.load(at), 8);
  }
  if (at > place) {
    at -= 8;
    store<u64>(at, load<u64>(at), 8);
  }
  store<u64>(place, met);
  return low;
}

// From `start`, on a list of `slots` links, to nearer and nearer neighbours; `lists` as offsets say for the level.
export function descend(
  vectors: usize, upperOffsets: usize, upper: usize, query: usize, start: u64, level: i32, m: i32, stride: i32, metric: i32,
  order: i32,
): u64 {
  let best = start;
  while (true) {
    const list = upper + (<usize>(load<i32>(upperOffsets + (<usize>nodeOf(best, order) << 2)) + (level - 1) * m) << 2);
    let count = 0;
    while (count < m && load<i32>(list + (<usize>count << 2)) >= 0) count++;
    let next = best;
    for (let i = 0; i < count; i += 4) {
      const at = list + (<usize>i << 2);
      const these = min(4, count - i);
      const distances = distancesAt(query, vectors, at, these, stride, metric);
      for (let j = 0; j < these; j++) {
        const met = metOf(laneOf(distances, j), load<i32>(at + (<usize>j << 2)), order);
        if (met < next) next = met;
      }
    }
    if (next == best) return best;
    best = next;
  }
}

// @ts-ignore: decorator
@inline
export function listOf(links: usize, upperOffsets: usize, upper: usize, node: i32, level: i32, m: i32): usize {
  if (level == 0) return links + ((<usize>node * <usize>(2 * m)) << 2);
  return upper + (<usize>(load<i32>(upperOffsets + (<usize>node << 2)) + (level - 1) * m) << 2);
}

// Fills the pool from `start` on; how many entries it has then. `visited` has all bits cleared.
export function searchLayer(
  vectors: usize, links: usize, upperOffsets: usize, upper: usize, query: usize, start: u64, level: i32, allowed: usize,
  visited: usize, pool: usize, fresh: usize, stride: i32, m: i32, metric: i32, order: i32, size: i32,
  capacity: i32,
): i32 {
  const slots = level == 0 ? 2 * m : m;
  let length = 1, wanted = 1, cursor = 0;
  testAndSet(visited, nodeOf(start, order));
  if (allowed && !hasBit(allowed, nodeOf(start, order))) {
    start |= BARRED;
    wanted = 0;
  }
  store<u64>(pool, start);
  while (true) {
    while (cursor < length && (load<u64>(pool + (<usize>cursor << 3)) & EXPANDED) != 0) cursor++;
    if (cursor >= length) return length;
    const entry = pool + (<usize>cursor << 3);
    const met = load<u64>(entry);
    store<u64>(entry, met | EXPANDED);
    const list = listOf(links, upperOffsets, upper, nodeOf(met, order), level, m);
    let count = 0;
    for (let i = 0; i < slots; i++) {
      const node = load<i32>(list + (<usize>i << 2));
      if (node < 0) break;
      if (testAndSet(visited, node)) continue;
      store<i32>(fresh + (<usize>count << 2), node);
      count++;
    }
    for (let i = 0; i < count; i += 4) {
      const at = fresh + (<usize>i << 2);
      const these = min(4, count - i);
      const distances = distancesAt(query, vectors, at, these, stride, metric);
      for (let j = 0; j < these; j++) {
        const node = load<i32>(at + (<usize>j << 2));
        let next = metOf(laneOf(distances, j), node, order);
        if (allowed && !hasBit(allowed, node)) next |= BARRED;
        const full = wanted == size || length == capacity;
        if (full && next >= load<u64>(pool + (<usize>(length - 1) << 3))) continue;
        const place = insertMet(pool, length, next);
        length++;
        cursor = min(cursor, place);
        if ((next & BARRED) == 0) wanted++;
        if (length > capacity) {
          length--;
          if ((load<u64>(pool + (<usize>length << 3)) & BARRED) == 0) wanted--;
        }
        while (wanted > size || (wanted == size && (load<u64>(pool + (<usize>(length - 1) << 3)) & BARRED) != 0)) {
          length--;
          if ((load<u64>(pool + (<usize>length << 3)) & BARRED) == 0) wanted--;
        }
      }
    }
  }
}

// Is one of the chosen nearer to the row than `distance`?
function isCrowded(row: usize, vectors: usize, chosen: usize, count: i32, distance: f32, stride: i32, metric: i32): bool {
  const limit = f32x4.splat(distance);
  for (let i = 0; i < count; i += 4) {
    const distances = distancesAt(row, vectors, chosen + (<usize>i << 2), min(4, count - i), stride, metric);
    if (v128.any_true(f32x4.lt(distances, limit))) return true;
  }
  return false;
}

// Algorithm 4: of `count` candidates in the pool into a list of `slots`, −1 behind the last.
export function chooseNeighbors(
  vectors: usize, pool: usize, count: i32, list: usize, slots: i32, stride: i32, metric: i32,
): void {
  let taken = 0, equals = 0;
  for (let i = 0; i < count && taken < slots; i++) {
    const met = load<u64>(pool + (<usize>i << 3));
    const node = nodeOf(met, NEWEST_FIRST);
    const distance = distanceOf(met);
    const equal = metric != 1 && distance == 0;
    if (equal && equals == slots >> 1) continue;
    if (isCrowded(rowOf(vectors, node, stride), vectors, list, taken, distance, stride, metric)) continue;
    store<i32>(list + (<usize>taken << 2), node);
    taken++;
    if (equal) equals++;
  }
  for (; taken < slots; taken++) store<i32>(list + (<usize>taken << 2), -1);
}

// Offers a node to a pool that keeps the `capacity` nearest: its new length.
// @ts-ignore: decorator
@inline
export function offer(pool: usize, length: i32, capacity: i32, met: u64): i32 {
  if (length == capacity && met >= load<u64>(pool + (<usize>(length - 1) << 3))) return length;
  insertMet(pool, length, met);
  return min(length + 1, capacity);
}

// @ts-ignore: decorator
@inline
export function isBarred(met: u64): bool {
  return (met & BARRED) != 0;
}

// @ts-ignore: decorator
@inline
export function withoutMarks(met: u64): u64 {
  return met & ~(EXPANDED | BARRED);
}
