// Distances: the law is direct f64 differences (src/kernels/distance.ts); the expanded form in f32 only rules candidates out.
// The tile is four queries by a panel of eight points: eight sums of four lanes, two loads and four splats a coordinate.

const INFINITE: f64 = Infinity;
// Points whose panels and queries whose rows stay in the second-level cache while they meet.
const BLOCK_POINTS: i32 = 512;

// @ts-ignore: decorator
@inline
function exactDistance(a: usize, b: usize, dimension: i32): f64 {
  const end = a + (<usize>dimension << 3);
  let sum: f64 = 0;
  while (a < end) {
    const difference = load<f64>(a) - load<f64>(b);
    sum += difference * difference;
    a += 8;
    b += 8;
  }
  return sum;
}

// Products of four queries with a panel, summed over the coordinates in order; then, for each query, twice the sum is taken
// from the points' `lengths` + the query's own, and stored at its place of `out`.
// @ts-ignore: decorator
@inline
function tile(
  q0: usize, q1: usize, q2: usize, q3: usize, panel: usize, dimension: i32, lengths: usize,
  l0: v128, l1: v128, l2: v128, l3: v128,
  o0: usize, o1: usize, o2: usize, o3: usize,
): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  // Four coordinates a turn, so that the pointers cost little.
  const end = panel + (<usize>dimension << 5);
  const unrolled = panel + ((<usize>dimension & ~3) << 5);
  let low: v128, high: v128, a: v128, b: v128;
  while (panel < unrolled) {
    low = v128.load(panel); high = v128.load(panel, 16);
    a = v128.load32_splat(q0); b = v128.load32_splat(q1);
    s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
    s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
    a = v128.load32_splat(q2); b = v128.load32_splat(q3);
    s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
    s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    low = v128.load(panel, 32); high = v128.load(panel, 48);
    a = v128.load32_splat(q0, 4); b = v128.load32_splat(q1, 4);
    s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
    s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
    a = v128.load32_splat(q2, 4); b = v128.load32_splat(q3, 4);
    s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
    s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    low = v128.load(panel, 64); high = v128.load(panel, 80);
    a = v128.load32_splat(q0, 8); b = v128.load32_splat(q1, 8);
    s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
    s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
    a = v128.load32_splat(q2, 8); b = v128.load32_splat(q3, 8);
    s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
    s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    low = v128.load(panel, 96); high = v128.load(panel, 112);
    a = v128.load32_splat(q0, 12); b = v128.load32_splat(q1, 12);
    s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
    s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
    a = v128.load32_splat(q2, 12); b = v128.load32_splat(q3, 12);
    s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
    s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    panel += 128;
    q0 += 16; q1 += 16; q2 += 16; q3 += 16;
  }
  while (panel < end) {
    low = v128.load(panel); high = v128.load(panel, 16);
    a = v128.load32_splat(q0); b = v128.load32_splat(q1);
    s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
    s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
    a = v128.load32_splat(q2); b = v128.load32_splat(q3);
    s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
    s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    panel += 32;
    q0 += 4; q1 += 4; q2 += 4; q3 += 4;
  }
  low = v128.load(lengths);
  high = v128.load(lengths, 16);
  v128.store(o0, value(f32x4.add(l0, low), s00));
  v128.store(o0, value(f32x4.add(l0, high), s01), 16);
  v128.store(o1, value(f32x4.add(l1, low), s10));
  v128.store(o1, value(f32x4.add(l1, high), s11), 16);
  v128.store(o2, value(f32x4.add(l2, low), s20));
  v128.store(o2, value(f32x4.add(l2, high), s21), 16);
  v128.store(o3, value(f32x4.add(l3, low), s30));
  v128.store(o3, value(f32x4.add(l3, high), s31), 16);
}

// @ts-ignore: decorator
@inline
function value(length: v128, sum: v128): v128 {
  return f32x4.sub(length, f32x4.mul(f32x4.splat(2), sum));
}

export function l2_block_f32(
  queryRows: usize, panels: usize, queryLengths: usize, panelLengths: usize, out: usize,
  queryCount: i32, pointCount: i32, dimension: i32,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const panelBytes = <usize>dimension << 5;
  const line = <usize>panelTotal << 5;
  const rowBytes = <usize>dimension << 2;
  for (let block = 0; block < panelTotal; block += BLOCK_POINTS >> 3) {
    const blockEnd = min(panelTotal, block + (BLOCK_POINTS >> 3));
    for (let i = 0; i < queryCount; i += 4) {
      // Absent queries of the last four repeat the last one: the same values to the same places.
      const i1 = min(i + 1, queryCount - 1), i2 = min(i + 2, queryCount - 1), i3 = min(i + 3, queryCount - 1);
      const l0 = v128.load32_splat(queryLengths + (<usize>i << 2)), l1 = v128.load32_splat(queryLengths + (<usize>i1 << 2));
      const l2 = v128.load32_splat(queryLengths + (<usize>i2 << 2)), l3 = v128.load32_splat(queryLengths + (<usize>i3 << 2));
      for (let panel = block; panel < blockEnd; panel++) {
        const at = out + (<usize>panel << 5);
        tile(
          queryRows + <usize>i * rowBytes, queryRows + <usize>i1 * rowBytes,
          queryRows + <usize>i2 * rowBytes, queryRows + <usize>i3 * rowBytes,
          panels + <usize>panel * panelBytes, dimension, panelLengths + (<usize>panel << 5),
          l0, l1, l2, l3,
          at + <usize>i * line, at + <usize>i1 * line, at + <usize>i2 * line, at + <usize>i3 * line,
        );
      }
    }
  }
}

// Puts a point into a query's list if it is nearer than the last; equals stay behind those that came before.
function offer(
  query: usize, point: usize, index: i32, distances: usize, indices: usize, limit: usize,
  dimension: i32, k: i32, bound: f64, unit: f64,
): void {
  const distance = exactDistance(query, point, dimension);
  let place = k - 1;
  if (!(distance < load<f64>(distances + (<usize>place << 3)))) return;
  while (place > 0 && load<f64>(distances + (<usize>(place - 1) << 3)) > distance) {
    store<f64>(distances + (<usize>place << 3), load<f64>(distances + (<usize>(place - 1) << 3)));
    store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - 1) << 2)));
    place--;
  }
  store<f64>(distances + (<usize>place << 3), distance);
  store<i32>(indices + (<usize>place << 2), index);
  store<f32>(limit, limitOf(load<f64>(distances + (<usize>(k - 1) << 3)), bound, unit));
}

// What a candidate's value (bound of its length − 2·q·p) may be at most, for its distance to be `distance` or less.
// @ts-ignore: decorator
@inline
function limitOf(distance: f64, bound: f64, unit: f64): f32 {
  return <f32>(distance * unit * unit - bound);
}

export function nearest_points_f64(
  queries: usize, points: usize, queryRows: usize, panels: usize, queryBounds: usize, panelBounds: usize,
  distances: usize, indices: usize, limits: usize,
  queryCount: i32, pointCount: i32, dimension: i32, k: i32, unit: f64,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const panelBytes = <usize>dimension << 5;
  const rowBytes = <usize>dimension << 2;
  const pointBytes = <usize>dimension << 3;
  for (let i = 0; i < queryCount * k; i++) {
    store<f64>(distances + (<usize>i << 3), INFINITE);
    store<i32>(indices + (<usize>i << 2), -1);
  }
  for (let i = 0; i < queryCount; i++) store<f32>(limits + (<usize>i << 2), <f32>INFINITE);
  const zero = f32x4.splat(0);
  for (let block = 0; block < panelTotal; block += BLOCK_POINTS >> 3) {
    const blockEnd = min(panelTotal, block + (BLOCK_POINTS >> 3));
    for (let i = 0; i < queryCount; i += 4) {
      const count = min(4, queryCount - i);
      const i1 = min(i + 1, queryCount - 1), i2 = min(i + 2, queryCount - 1), i3 = min(i + 3, queryCount - 1);
      const q0 = queryRows + <usize>i * rowBytes, q1 = queryRows + <usize>i1 * rowBytes;
      const q2 = queryRows + <usize>i2 * rowBytes, q3 = queryRows + <usize>i3 * rowBytes;
      for (let panel = block; panel < blockEnd; panel++) {
        let at = panels + <usize>panel * panelBytes;
        let p0 = q0, p1 = q1, p2 = q2, p3 = q3;
        let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
        const end = at + panelBytes;
        const unrolled = at + ((<usize>dimension & ~3) << 5);
        let low: v128, high: v128, a: v128, b: v128;
        while (at < unrolled) {
          low = v128.load(at); high = v128.load(at, 16);
          a = v128.load32_splat(p0); b = v128.load32_splat(p1);
          s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
          s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
          a = v128.load32_splat(p2); b = v128.load32_splat(p3);
          s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
          s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
          low = v128.load(at, 32); high = v128.load(at, 48);
          a = v128.load32_splat(p0, 4); b = v128.load32_splat(p1, 4);
          s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
          s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
          a = v128.load32_splat(p2, 4); b = v128.load32_splat(p3, 4);
          s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
          s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
          low = v128.load(at, 64); high = v128.load(at, 80);
          a = v128.load32_splat(p0, 8); b = v128.load32_splat(p1, 8);
          s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
          s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
          a = v128.load32_splat(p2, 8); b = v128.load32_splat(p3, 8);
          s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
          s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
          low = v128.load(at, 96); high = v128.load(at, 112);
          a = v128.load32_splat(p0, 12); b = v128.load32_splat(p1, 12);
          s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
          s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
          a = v128.load32_splat(p2, 12); b = v128.load32_splat(p3, 12);
          s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
          s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
          at += 128;
          p0 += 16; p1 += 16; p2 += 16; p3 += 16;
        }
        while (at < end) {
          low = v128.load(at); high = v128.load(at, 16);
          a = v128.load32_splat(p0); b = v128.load32_splat(p1);
          s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
          s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
          a = v128.load32_splat(p2); b = v128.load32_splat(p3);
          s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
          s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
          at += 32;
          p0 += 4; p1 += 4; p2 += 4; p3 += 4;
        }
        low = v128.load(panelBounds + (<usize>panel << 5));
        high = v128.load(panelBounds + (<usize>panel << 5), 16);
        // Ruled out where the value is above the limit: NaN is not.
        let open = hits(value(low, s00), value(high, s01), limits + (<usize>i << 2));
        open |= hits(value(low, s10), value(high, s11), limits + (<usize>i1 << 2)) << 8;
        open |= hits(value(low, s20), value(high, s21), limits + (<usize>i2 << 2)) << 16;
        open |= hits(value(low, s30), value(high, s31), limits + (<usize>i3 << 2)) << 24;
        if (count < 4) open &= (1 << (count << 3)) - 1;
        while (open != 0) {
          const bit = ctz(open);
          open &= open - 1;
          const index = (panel << 3) + (bit & 7);
          if (index >= pointCount) continue;
          const query = i + (bit >> 3);
          offer(
            queries + <usize>query * pointBytes, points + <usize>index * pointBytes, index,
            distances + (<usize>(query * k) << 3), indices + (<usize>(query * k) << 2), limits + (<usize>query << 2),
            dimension, k, load<f64>(queryBounds + (<usize>query << 3)), unit,
          );
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function hits(low: v128, high: v128, limit: usize): i32 {
  const highest = v128.load32_splat(limit);
  const above = i32x4.bitmask(f32x4.gt(low, highest)) | i32x4.bitmask(f32x4.gt(high, highest)) << 4;
  return above ^ 0xff;
}
