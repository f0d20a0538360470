// Nearest points with candidates found in integers: src/kernels/quantized-distance.ts is the law. A tile is four queries by
// eight points: eight sums of four lanes, each turn two coordinates, two loads and four splats.

const NEVER: i32 = -1500000000;
// What every value of a point that is there reaches, and what none reaches but a point that is always a candidate.
const OPEN: i32 = -900000000;
const SUREST: i32 = 900000000;

// Held points a query, at most.
// @ts-ignore: decorator
@inline
function roomFor(k: i32): i32 {
  return 4 * k + 64;
}

// @ts-ignore: decorator
@inline
function roundToEven(value: f64): f64 {
  return value + 6755399441055744 - 6755399441055744;
}

// A code, stored.
// @ts-ignore: decorator
@inline
function codeOf(value: f64, largest: f64, to: usize): f64 {
  const low = value > -largest ? value : -largest;
  const code = roundToEven(low < largest ? low : largest);
  store<i16>(to, <i16><i32>code);
  return code;
}

export function quantize_points_i16(
  points: usize, center: usize, codes: usize, starts: usize, errors: usize,
  pointCount: i32, dimension: i32, panel: i32, scale: f64, largest: f64,
): void {
  const width = <usize>((dimension + 1) & ~1);
  const bytes = <usize>dimension << 3;
  const across = <usize>panel << 2;
  const filled = (pointCount + panel - 1) / panel * panel;
  if (filled > pointCount || (dimension & 1) != 0) memory.fill(codes, 0, <usize>filled * width << 1);
  for (let i = pointCount; i < filled; i++) store<i32>(starts + (<usize>i << 2), NEVER);
  let i = 0;
  while (i < pointCount) {
    const place = i % panel;
    let to = codes + (<usize>(i - place) * width << 1) + (<usize>place << 2);
    const point = points + <usize>i * bytes;
    const start = starts + (<usize>i << 2), error = errors + (<usize>i << 3);
    if (place + 2 <= panel && i + 2 <= pointCount) {
      // Two points side by side, whose sums do not wait for one another.
      let l0: f64 = 0, l1: f64 = 0, e0: f64 = 0, e1: f64 = 0;
      for (let j: usize = 0; j < bytes; j += 8) {
        const middle = load<f64>(center + j);
        const half = (j >> 3 & 1) << 1;
        const v0 = (load<f64>(point + j) - middle) * scale, v1 = (load<f64>(point + bytes + j) - middle) * scale;
        const c0 = codeOf(v0, largest, to + half), c1 = codeOf(v1, largest, to + half + 4);
        l0 += c0 * c0; l1 += c1 * c1;
        e0 += (v0 - c0) * (v0 - c0); e1 += (v1 - c1) * (v1 - c1);
        if (half != 0) to += across;
      }
      store<i32>(start, -<i32>(l0 / 2)); store<i32>(start, -<i32>(l1 / 2), 4);
      store<f64>(error, sqrt(e0)); store<f64>(error, sqrt(e1), 8);
      i += 2;
      continue;
    }
    let length: f64 = 0, lost: f64 = 0;
    for (let j: usize = 0; j < bytes; j += 8) {
      const half = (j >> 3 & 1) << 1;
      const value = (load<f64>(point + j) - load<f64>(center + j)) * scale;
      const code = codeOf(value, largest, to + half);
      length += code * code;
      lost += (value - code) * (value - code);
      if (half != 0) to += across;
    }
    store<i32>(start, -<i32>(length / 2));
    store<f64>(error, sqrt(lost));
    i++;
  }
}

// What values of points that lie within `reach` of a query, in the scale of the codes, reach at least.
// @ts-ignore: decorator
@inline
function valueOf(reach: f64, start: i32): i32 {
  const value = -<f64>start - (reach * reach * 1.000000000001 + 1) * 0.5 - 1;
  return value >= <f64>OPEN ? <i32>value : OPEN;
}

// What a value must reach for its point to be as near as the k-th: from the k-th best value, and the k-th distance known.
function limitOf(worst: i32, distance: f64, start: i32, errors: f64, dimension: i32, scale: f64): i32 {
  const half = -<f64>start;
  let upper: f64 = Infinity;
  if (worst != NEVER) {
    const square = 2 * (half - <f64>worst) + 2;
    upper = sqrt(square > 0 ? square : 0) + errors;
  }
  if (distance < Infinity) {
    const known = sqrt(distance) * scale;
    if (known < upper) upper = known;
  }
  return valueOf((upper + scale * 1e-145) * (1 + <f64>(dimension + 8) * 4.440892098500626e-16) + errors, start);
}

// Forgets held points that have been ruled out since. A query's list: k best values, held points, their values.
function drop(waiting: usize, room: i32, count: i32, limit: i32): i32 {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const value = load<i32>(waiting + (<usize>(room + i) << 2));
    if (value < limit) continue;
    store<i32>(waiting + (<usize>kept << 2), load<i32>(waiting + (<usize>i << 2)));
    store<i32>(waiting + (<usize>(room + kept) << 2), value);
    kept++;
  }
  return kept;
}

// Puts a point into a query's list if it is nearer than the last; equals stay behind those that came before.
function insert(index: i32, distance: f64, distances: usize, indices: usize, k: i32): void {
  let place = k - 1;
  if (!(distance < load<f64>(distances + (<usize>place << 3)))) return;
  while (place > 0 && load<f64>(distances + (<usize>(place - 1) << 3)) > distance) {
    store<f64>(distances + (<usize>place << 3), load<f64>(distances + (<usize>(place - 1) << 3)));
    store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - 1) << 2)));
    place--;
  }
  store<f64>(distances + (<usize>place << 3), distance);
  store<i32>(indices + (<usize>place << 2), index);
}

// Exact distances of held points, four side by side, into the query's list in the order of their indices.
function look(
  query: usize, points: usize, waiting: usize, count: i32, distances: usize, indices: usize, dimension: i32, k: i32,
): void {
  const bytes = <usize>dimension << 3;
  for (let i = 0; i < count; i += 4) {
    const w0 = load<i32>(waiting + (<usize>i << 2)), w1 = load<i32>(waiting + (<usize>min(i + 1, count - 1) << 2));
    const w2 = load<i32>(waiting + (<usize>min(i + 2, count - 1) << 2));
    const w3 = load<i32>(waiting + (<usize>min(i + 3, count - 1) << 2));
    const p0 = points + <usize>w0 * bytes, p1 = points + <usize>w1 * bytes;
    const p2 = points + <usize>w2 * bytes, p3 = points + <usize>w3 * bytes;
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    for (let j: usize = 0; j < bytes; j += 8) {
      const asked = load<f64>(query + j);
      const d0 = asked - load<f64>(p0 + j), d1 = asked - load<f64>(p1 + j);
      const d2 = asked - load<f64>(p2 + j), d3 = asked - load<f64>(p3 + j);
      s0 += d0 * d0; s1 += d1 * d1; s2 += d2 * d2; s3 += d3 * d3;
    }
    insert(w0, s0, distances, indices, k);
    if (i + 1 < count) insert(w1, s1, distances, indices, k);
    if (i + 2 < count) insert(w2, s2, distances, indices, k);
    if (i + 3 < count) insert(w3, s3, distances, indices, k);
  }
}

// Holds a candidate of a query; it counts among the k best unless its codes say nothing. Returns what values must reach now.
function hold(
  index: i32, value: i32, limit: i32, held: usize, list: usize, query: usize, points: usize, distances: usize, indices: usize,
  start: i32, errors: f64, dimension: i32, k: i32, scale: f64,
): i32 {
  const last = list + (<usize>(k - 1) << 2);
  const farthest = distances + (<usize>(k - 1) << 3);
  if (value < SUREST && value > load<i32>(last)) {
    let place = last;
    while (place > list && load<i32>(place - 4) < value) {
      store<i32>(place, load<i32>(place - 4));
      place -= 4;
    }
    store<i32>(place, value);
    if (load<i32>(last) != NEVER) limit = limitOf(load<i32>(last), load<f64>(farthest), start, errors, dimension, scale);
  }
  const waiting = list + (<usize>k << 2);
  const room = roomFor(k);
  let count = load<i32>(held);
  store<i32>(waiting + (<usize>count << 2), index);
  store<i32>(waiting + (<usize>(room + count) << 2), value);
  count++;
  if (count == room) {
    count = drop(waiting, room, count, limit);
    if (count > room / 2) {
      look(query, points, waiting, count, distances, indices, dimension, k);
      limit = limitOf(load<i32>(last), load<f64>(farthest), start, errors, dimension, scale);
      count = 0;
    }
  }
  store<i32>(held, count);
  return limit;
}

// A bit for each of eight values that reaches the limit.
// @ts-ignore: decorator
@inline
function reaching(low: v128, high: v128, limit: usize): i32 {
  const least = v128.load32_splat(limit);
  return i32x4.bitmask(i32x4.ge_s(low, least)) | i32x4.bitmask(i32x4.ge_s(high, least)) << 4;
}

// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

export function nearest_codes_i16(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  distances: usize, indices: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, k: i32, scale: f64, error: f64,
): void {
  const pairs = <usize>(dimension + 1) >> 1;
  const rowBytes = pairs << 2, panelBytes = pairs << 6;
  // Scratch: what a value must reach, by query; how many are held, by query; then a list a query.
  const held = scratch + (<usize>queryCount << 2);
  const lists = held + (<usize>queryCount << 2);
  const listBytes = <usize>(k + 2 * roomFor(k)) << 2;
  for (let i = 0; i < queryCount * k; i++) {
    store<f64>(distances + (<usize>i << 3), Infinity);
    store<i32>(indices + (<usize>i << 2), -1);
  }
  for (let i = 0; i < queryCount; i++) {
    store<i32>(scratch + (<usize>i << 2), OPEN);
    store<i32>(held + (<usize>i << 2), 0);
    for (let place = 0; place < k; place++) store<i32>(lists + <usize>i * listBytes + (<usize>place << 2), NEVER);
  }
  for (let eight = 0; eight < pointCount; eight += 8) {
    const first = panels + <usize>(eight >> 4) * panelBytes + (<usize>(eight & 8) << 2);
    const end = first + panelBytes;
    const startLow = v128.load(panelStarts + (<usize>eight << 2)), startHigh = v128.load(panelStarts + (<usize>eight << 2), 16);
    for (let i = 0; i < queryCount; i += 4) {
      const count = min(4, queryCount - i);
      // Absent queries of the last four repeat the last one.
      const i1 = min(i + 1, queryCount - 1), i2 = min(i + 2, queryCount - 1), i3 = min(i + 3, queryCount - 1);
      let q0 = queryCodes + <usize>i * rowBytes, q1 = queryCodes + <usize>i1 * rowBytes;
      let q2 = queryCodes + <usize>i2 * rowBytes, q3 = queryCodes + <usize>i3 * rowBytes;
      let s00 = startLow, s01 = startHigh, s10 = startLow, s11 = startHigh;
      let s20 = startLow, s21 = startHigh, s30 = startLow, s31 = startHigh;
      let at = first;
      const unrolled = first + ((pairs & ~1) << 6);
      while (at < unrolled) {
        let low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
        low = v128.load(at, 64); high = v128.load(at, 80);
        a = v128.load32_splat(q0, 4); b = v128.load32_splat(q1, 4);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2, 4); b = v128.load32_splat(q3, 4);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
        at += 128;
        q0 += 8; q1 += 8; q2 += 8; q3 += 8;
      }
      if (at < end) {
        const low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
      }
      let open = reaching(s00, s01, scratch + (<usize>i << 2));
      open |= reaching(s10, s11, scratch + (<usize>i1 << 2)) << 8;
      open |= reaching(s20, s21, scratch + (<usize>i2 << 2)) << 16;
      open |= reaching(s30, s31, scratch + (<usize>i3 << 2)) << 24;
      if (count < 4) open &= (1 << (count << 3)) - 1;
      while (open != 0) {
        const bit = ctz(open);
        open &= open - 1;
        const index = eight + (bit & 7);
        if (index >= pointCount) continue;
        const q = bit >> 3;
        const low = q < 2 ? (q == 0 ? s00 : s10) : q == 2 ? s20 : s30;
        const high = q < 2 ? (q == 0 ? s01 : s11) : q == 2 ? s21 : s31;
        const value = lane((bit & 4) == 0 ? low : high, bit & 3);
        const query = i + q;
        const limit = scratch + (<usize>query << 2);
        if (value < load<i32>(limit)) continue;
        store<i32>(limit, hold(
          index, value, load<i32>(limit), held + (<usize>query << 2), lists + <usize>query * listBytes,
          queries + (<usize>query * <usize>dimension << 3), points,
          distances + (<usize>(query * k) << 3), indices + (<usize>(query * k) << 2), load<i32>(queryStarts + (<usize>query << 2)),
          errorsOf(queryErrors, query, error), dimension, k, scale,
        ));
      }
    }
  }
  for (let i = 0; i < queryCount; i++) {
    const waiting = lists + <usize>i * listBytes + (<usize>k << 2);
    const count = drop(waiting, roomFor(k), load<i32>(held + (<usize>i << 2)), load<i32>(scratch + (<usize>i << 2)));
    look(
      queries + (<usize>i * <usize>dimension << 3), points, waiting, count,
      distances + (<usize>(i * k) << 3), indices + (<usize>(i * k) << 2), dimension, k,
    );
  }
}

// @ts-ignore: decorator
@inline
function errorsOf(queryErrors: usize, query: i32, error: f64): f64 {
  return (load<f64>(queryErrors + (<usize>query << 3)) + error) * 1.000000001 + 1e-6;
}

function lane(values: v128, place: i32): i32 {
  if (place < 2) return place == 0 ? i32x4.extract_lane(values, 0) : i32x4.extract_lane(values, 1);
  return place == 2 ? i32x4.extract_lane(values, 2) : i32x4.extract_lane(values, 3);
}

// What values reach whose points surely lie within a radius, given in the scale of the codes.
function surestOf(radius: f64, slack: f64, rounding: f64, errors: f64, start: i32): i32 {
  const inner = (radius - slack) * (1 - rounding) - errors;
  if (!(inner > 2)) return SUREST;
  const surest = 2 - <f64>start - (inner * inner * 0.999999999999 - 1) * 0.5;
  if (surest <= <f64>OPEN) return OPEN;
  return surest < <f64>SUREST ? <i32>surest + 1 : SUREST;
}

// Exact distances of the points of `waiting` (offsets from `points`), four side by side; counts, or lists, those within.
function lookWithin(
  query: usize, points: usize, waiting: usize, count: i32, indices: usize, distances: usize, found: i32, limit: f64, dimension: i32,
): i32 {
  const bytes = <usize>dimension << 3;
  for (let i = 0; i < count; i += 4) {
    const w0 = load<i32>(waiting + (<usize>i << 2)), w1 = load<i32>(waiting + (<usize>min(i + 1, count - 1) << 2));
    const w2 = load<i32>(waiting + (<usize>min(i + 2, count - 1) << 2));
    const w3 = load<i32>(waiting + (<usize>min(i + 3, count - 1) << 2));
    const p0 = points + <usize>w0 * bytes, p1 = points + <usize>w1 * bytes;
    const p2 = points + <usize>w2 * bytes, p3 = points + <usize>w3 * bytes;
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    for (let j: usize = 0; j < bytes; j += 8) {
      const asked = load<f64>(query + j);
      const d0 = asked - load<f64>(p0 + j), d1 = asked - load<f64>(p1 + j);
      const d2 = asked - load<f64>(p2 + j), d3 = asked - load<f64>(p3 + j);
      s0 += d0 * d0; s1 += d1 * d1; s2 += d2 * d2; s3 += d3 * d3;
    }
    found = listed(w0, s0, indices, distances, found, limit);
    if (i + 1 < count) found = listed(w1, s1, indices, distances, found, limit);
    if (i + 2 < count) found = listed(w2, s2, indices, distances, found, limit);
    if (i + 3 < count) found = listed(w3, s3, indices, distances, found, limit);
  }
  return found;
}

// @ts-ignore: decorator
@inline
function listed(index: i32, distance: f64, indices: usize, distances: usize, found: i32, limit: f64): i32 {
  if (!(distance <= limit)) return found;
  if (indices != 0) {
    store<i32>(indices + (<usize>found << 2), index);
    store<f64>(distances + (<usize>found << 3), distance);
  }
  return found + 1;
}

// Points within a radius of queries: counted, or listed where there are indices. Scratch: what a value must reach, by query;
// what values reach whose points surely lie within, by query; eight points that wait.
function withinRadius(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  offsets: usize, indices: usize, distances: usize, counts: usize, scratch: usize, waiting: usize,
  queryCount: i32, pointCount: i32, dimension: i32, scale: f64, error: f64, limit: f64, self: i32,
): void {
  const pairs = <usize>(dimension + 1) >> 1;
  const rowBytes = pairs << 2, panelBytes = pairs << 6;
  const surest = scratch + (<usize>queryCount << 2);
  const radius = sqrt(limit) * scale, slack = scale * 1e-145;
  const rounding = <f64>(dimension + 8) * 4.440892098500626e-16;
  for (let i = 0; i < queryCount; i++) {
    const errors = errorsOf(queryErrors, i, error), start = load<i32>(queryStarts + (<usize>i << 2));
    store<i32>(scratch + (<usize>i << 2), valueOf((radius + slack) * (1 + rounding) + errors, start));
    store<i32>(surest + (<usize>i << 2), surestOf(radius, slack, rounding, errors, start));
    store<i32>(counts + (<usize>i << 2), 0);
  }
  for (let eight = 0; eight < pointCount; eight += 8) {
    const first = panels + <usize>(eight >> 4) * panelBytes + (<usize>(eight & 8) << 2);
    const end = first + panelBytes;
    const startLow = v128.load(panelStarts + (<usize>eight << 2)), startHigh = v128.load(panelStarts + (<usize>eight << 2), 16);
    for (let i = 0; i < queryCount; i += 4) {
      const count = min(4, queryCount - i);
      const i1 = min(i + 1, queryCount - 1), i2 = min(i + 2, queryCount - 1), i3 = min(i + 3, queryCount - 1);
      let q0 = queryCodes + <usize>i * rowBytes, q1 = queryCodes + <usize>i1 * rowBytes;
      let q2 = queryCodes + <usize>i2 * rowBytes, q3 = queryCodes + <usize>i3 * rowBytes;
      let s00 = startLow, s01 = startHigh, s10 = startLow, s11 = startHigh;
      let s20 = startLow, s21 = startHigh, s30 = startLow, s31 = startHigh;
      let at = first;
      const unrolled = first + ((pairs & ~1) << 6);
      while (at < unrolled) {
        let low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
        low = v128.load(at, 64); high = v128.load(at, 80);
        a = v128.load32_splat(q0, 4); b = v128.load32_splat(q1, 4);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2, 4); b = v128.load32_splat(q3, 4);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
        at += 128;
        q0 += 8; q1 += 8; q2 += 8; q3 += 8;
      }
      if (at < end) {
        const low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = add(s00, a, low); s01 = add(s01, a, high);
        s10 = add(s10, b, low); s11 = add(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = add(s20, a, low); s21 = add(s21, a, high);
        s30 = add(s30, b, low); s31 = add(s31, b, high);
      }
      let open = reaching(s00, s01, scratch + (<usize>i << 2));
      open |= reaching(s10, s11, scratch + (<usize>i1 << 2)) << 8;
      open |= reaching(s20, s21, scratch + (<usize>i2 << 2)) << 16;
      open |= reaching(s30, s31, scratch + (<usize>i3 << 2)) << 24;
      if (count < 4) open &= (1 << (count << 3)) - 1;
      if (open == 0) continue;
      for (let q = 0; q < count; q++) {
        let bits = open >>> (q << 3) & 0xff;
        if (bits == 0) continue;
        const query = i + q;
        const sure = load<i32>(surest + (<usize>query << 2));
        const own = self < 0 ? -1 : self + query;
        const low = q < 2 ? (q == 0 ? s00 : s10) : q == 2 ? s20 : s30;
        const high = q < 2 ? (q == 0 ? s01 : s11) : q == 2 ? s21 : s31;
        let found = load<i32>(counts + (<usize>query << 2)), held = 0;
        for (; bits != 0; bits &= bits - 1) {
          const bit = ctz(bits);
          const index = eight + bit;
          if (index == own || index >= pointCount) continue;
          const value = lane((bit & 4) == 0 ? low : high, bit & 3);
          if (indices == 0 && value >= sure && value < SUREST) {
            found++;
          } else {
            store<i32>(waiting + (<usize>held << 2), index);
            held++;
          }
        }
        const from: usize = indices == 0 ? 0 : <usize>load<i32>(offsets + (<usize>query << 2));
        const places: usize = indices == 0 ? 0 : indices + (from << 2);
        store<i32>(counts + (<usize>query << 2), lookWithin(
          queries + (<usize>query * <usize>dimension << 3), points, waiting, held, places, distances + (from << 3), found, limit, dimension,
        ));
      }
    }
  }
}

export function count_codes_i16(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  counts: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, scale: f64, error: f64, limit: f64, self: i32,
): void {
  withinRadius(
    queries, points, queryCodes, queryStarts, queryErrors, panels, panelStarts, 0, 0, 0, counts, scratch,
    scratch + (<usize>queryCount * 3 << 2), queryCount, pointCount, dimension, scale, error, limit, self,
  );
}

export function within_codes_i16(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  offsets: usize, indices: usize, distances: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, scale: f64, error: f64, limit: f64, self: i32, found: i32,
): void {
  withinRadius(
    queries, points, queryCodes, queryStarts, queryErrors, panels, panelStarts, offsets, indices, distances,
    scratch + (<usize>queryCount * 2 << 2), scratch, scratch + (<usize>queryCount * 3 << 2),
    queryCount, pointCount, dimension, scale, error, limit, self,
  );
}
