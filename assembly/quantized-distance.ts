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
  return 16 * (k / 4 + 5);
}

// Held points that come between two looks through them.
// @ts-ignore: decorator
@inline
function stepOf(k: i32): i32 {
  return max(4, k / 2);
}

// @ts-ignore: decorator
@inline
function roundToEven(value: f64): f64 {
  return value + 6755399441055744 - 6755399441055744;
}

// A code, stored: cut off at `least` and `most`, with `shift` added.
// @ts-ignore: decorator
@inline
function codeOf<T>(value: f64, least: f64, most: f64, shift: i32, to: usize): f64 {
  const low = value > least ? value : least;
  const code = roundToEven(low < most ? low : most);
  store<T>(to, <T>(<i32>code + shift));
  return code;
}

// The starts are less `weight` times the sum of a point's codes.
// @ts-ignore: decorator
@inline
function startOf(length: f64, sum: f64, weight: i32): i32 {
  return -<i32>(length / 2) - weight * <i32>sum;
}

// @ts-ignore: decorator
@inline
function quantizePoints<T>(
  points: usize, center: usize, codes: usize, starts: usize, errors: usize,
  pointCount: i32, dimension: i32, panel: i32, scale: f64, least: f64, most: f64, shift: i32, weight: i32,
): void {
  // A group of coordinates is four bytes of codes.
  const group = <usize>(4 / sizeof<T>());
  const width = (<usize>dimension + group - 1) / group * group;
  const bytes = <usize>dimension << 3;
  const across = <usize>panel << 2;
  const filled = (pointCount + panel - 1) / panel * panel;
  if (filled > pointCount || <usize>dimension != width) memory.fill(codes, 0, <usize>filled * width * sizeof<T>());
  for (let i = pointCount; i < filled; i++) store<i32>(starts + (<usize>i << 2), NEVER);
  let i = 0;
  while (i < pointCount) {
    const place = i % panel;
    let to = codes + <usize>(i - place) * width * sizeof<T>() + (<usize>place << 2);
    const point = points + <usize>i * bytes;
    const start = starts + (<usize>i << 2), error = errors + (<usize>i << 3);
    if (place + 2 <= panel && i + 2 <= pointCount) {
      // Two points side by side, whose sums do not wait for one another.
      let l0: f64 = 0, l1: f64 = 0, s0: f64 = 0, s1: f64 = 0, e0: f64 = 0, e1: f64 = 0;
      for (let j: usize = 0; j < bytes; j += 8) {
        const middle = load<f64>(center + j);
        const within = (j >> 3) & (group - 1);
        const v0 = (load<f64>(point + j) - middle) * scale, v1 = (load<f64>(point + bytes + j) - middle) * scale;
        const here = to + within * sizeof<T>();
        const c0 = codeOf<T>(v0, least, most, shift, here), c1 = codeOf<T>(v1, least, most, shift, here + 4);
        l0 += c0 * c0; l1 += c1 * c1;
        s0 += c0; s1 += c1;
        e0 += (v0 - c0) * (v0 - c0); e1 += (v1 - c1) * (v1 - c1);
        if (within == group - 1) to += across;
      }
      store<i32>(start, startOf(l0, s0, weight)); store<i32>(start, startOf(l1, s1, weight), 4);
      store<f64>(error, sqrt(e0)); store<f64>(error, sqrt(e1), 8);
      i += 2;
      continue;
    }
    let length: f64 = 0, sum: f64 = 0, lost: f64 = 0;
    for (let j: usize = 0; j < bytes; j += 8) {
      const within = (j >> 3) & (group - 1);
      const value = (load<f64>(point + j) - load<f64>(center + j)) * scale;
      const code = codeOf<T>(value, least, most, shift, to + within * sizeof<T>());
      length += code * code;
      sum += code;
      lost += (value - code) * (value - code);
      if (within == group - 1) to += across;
    }
    store<i32>(start, startOf(length, sum, weight));
    store<f64>(error, sqrt(lost));
    i++;
  }
}

export function quantize_points_i16(
  points: usize, center: usize, codes: usize, starts: usize, errors: usize,
  pointCount: i32, dimension: i32, panel: i32, scale: f64, largest: f64,
): void {
  quantizePoints<i16>(points, center, codes, starts, errors, pointCount, dimension, panel, scale, -largest, largest, 0, 0);
}

// Queries, in rows, lie without a sign; what that adds to every product is taken from the points' starts.
export function quantize_points_i8(
  points: usize, center: usize, codes: usize, starts: usize, errors: usize,
  pointCount: i32, dimension: i32, panel: i32, scale: f64,
): void {
  const shift = panel == 1 ? 128 : 0;
  quantizePoints<u8>(points, center, codes, starts, errors, pointCount, dimension, panel, scale, -128, 127, shift, 128 - shift);
}

// What values of points that lie within `reach` of a query, in the scale of the codes, reach at least.
// @ts-ignore: decorator
@inline
function valueOf(reach: f64, start: i32): i32 {
  const value = -<f64>start - (reach * reach * 1.000000000001 + 1) * 0.5 - 1;
  return value >= <f64>OPEN ? <i32>value : OPEN;
}

// What a value must reach for its point to be as near as the k-th: k values reach `worst`, and the k-th distance known.
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

// How many of the held values reach `least`, but for those that say nothing.
function reachedBy(values: usize, count: i32, least: i32): i32 {
  const lowest = i32x4.splat(least), surest = i32x4.splat(SUREST);
  let each = i32x4.splat(0);
  const end = values + (<usize>count << 2);
  for (let at = values; at < end; at += 16) {
    const value = v128.load(at);
    each = i32x4.sub(each, v128.and(i32x4.ge_s(value, lowest), i32x4.lt_s(value, surest)));
  }
  return i32x4.extract_lane(each, 0) + i32x4.extract_lane(each, 1) + i32x4.extract_lane(each, 2) + i32x4.extract_lane(each, 3);
}

// A value that k of the held reach, and few more: found by halving. NEVER: there are not so many.
function nearlyBest(values: usize, count: i32, k: i32): i32 {
  let low = SUREST, high = NEVER, sure = 0;
  for (let i = 0; i < count; i++) {
    const value = load<i32>(values + (<usize>i << 2));
    if (value >= SUREST) continue;
    low = min(low, value);
    high = max(high, value);
    sure++;
  }
  if (sure < k) return NEVER;
  for (let i = count; (i & 3) != 0; i++) store<i32>(values + (<usize>i << 2), NEVER);
  while (low < high) {
    const middle = low + (high - low + 1) / 2;
    const reached = reachedBy(values, count, middle);
    if (reached < k) {
      high = middle - 1;
    } else {
      low = middle;
      if (reached <= k + k / 8) break;
    }
  }
  return low;
}

// Forgets held points that have been ruled out since. A query's list: values of the held points, their indices.
function drop(values: usize, room: i32, count: i32, limit: i32): i32 {
  const behind = <usize>room << 2;
  let to = values;
  for (let i = 0; i < count; i++) {
    const at = values + (<usize>i << 2);
    const value = load<i32>(at), index = load<i32>(at + behind);
    store<i32>(to, value);
    store<i32>(to + behind, index);
    if (value >= limit) to += 4;
  }
  return <i32>((to - values) >> 2);
}

// The k nearest so far are a heap, the farthest on top; of equally far points the higher index is farther. Is a point nearer
// than what lies at a place?
// @ts-ignore: decorator
@inline
function isBefore(distance: f64, index: i32, distances: usize, indices: usize, place: i32): bool {
  const other = load<f64>(distances + (<usize>place << 3));
  return distance < other || (distance == other && index < load<i32>(indices + (<usize>place << 2)));
}

// Puts a point in the place of the top of the first `count`, where the heap's order wants it.
function sink(distance: f64, index: i32, distances: usize, indices: usize, count: i32): void {
  let place = 0;
  for (let child = 1; child < count; child = 2 * place + 1) {
    let farther = load<f64>(distances + (<usize>child << 3));
    let its = load<i32>(indices + (<usize>child << 2));
    if (child + 1 < count && isBefore(farther, its, distances, indices, child + 1)) {
      child++;
      farther = load<f64>(distances + (<usize>child << 3));
      its = load<i32>(indices + (<usize>child << 2));
    }
    if (!(distance < farther || (distance == farther && index < its))) break;
    store<f64>(distances + (<usize>place << 3), farther);
    store<i32>(indices + (<usize>place << 2), its);
    place = child;
  }
  store<f64>(distances + (<usize>place << 3), distance);
  store<i32>(indices + (<usize>place << 2), index);
}

// Nearest first; what is no heap any more.
function sortHeap(distances: usize, indices: usize, k: i32): void {
  for (let last = k - 1; last > 0; last--) {
    const distance = load<f64>(distances + (<usize>last << 3));
    const index = load<i32>(indices + (<usize>last << 2));
    store<f64>(distances + (<usize>last << 3), load<f64>(distances));
    store<i32>(indices + (<usize>last << 2), load<i32>(indices));
    sink(distance, index, distances, indices, last);
  }
}

// @ts-ignore: decorator
@inline
function offer(index: i32, distance: f64, distances: usize, indices: usize, k: i32): void {
  if (distance < Infinity && isBefore(distance, index, distances, indices, 0)) sink(distance, index, distances, indices, k);
}

// Exact distances of held points, four side by side, into the query's heap.
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
    offer(w0, s0, distances, indices, k);
    if (i + 1 < count) offer(w1, s1, distances, indices, k);
    if (i + 2 < count) offer(w2, s2, distances, indices, k);
    if (i + 3 < count) offer(w3, s3, distances, indices, k);
  }
}

// Raises the limit by what is held, and forgets what does not reach it; where that leaves too many, or at the end, they are
// looked at. Returns what values must reach now.
function lookThrough(
  limit: i32, held: usize, most: usize, values: usize, query: usize, points: usize, distances: usize, indices: usize,
  start: i32, errors: f64, dimension: i32, k: i32, scale: f64, atEnd: bool,
): i32 {
  const room = roomFor(k);
  let count = load<i32>(held);
  const worst = nearlyBest(values, count, k);
  limit = max(limit, limitOf(worst, load<f64>(distances), start, errors, dimension, scale));
  count = drop(values, room, count, limit);
  if (atEnd || count > room / 2) {
    look(query, points, values + (<usize>room << 2), count, distances, indices, dimension, k);
    limit = max(limit, limitOf(NEVER, load<f64>(distances), start, errors, dimension, scale));
    count = 0;
  }
  store<i32>(held, count);
  store<i32>(most, max(count, k) + stepOf(k));
  return limit;
}

// A bit for each of eight values that reaches the limit.
// @ts-ignore: decorator
@inline
function reaching(low: v128, high: v128, limit: usize): i32 {
  const least = v128.load32_splat(limit);
  return i32x4.bitmask(i32x4.ge_s(low, least)) | i32x4.bitmask(i32x4.ge_s(high, least)) << 4;
}

// Adds the products of two pairs of sixteen bits.
// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

// Adds the products of four bytes of codes: two pairs of sixteen bits, or four of eight, of which the queries' have no sign.
// @ts-ignore: decorator
@inline
function addGroup<T>(sum: v128, a: v128, b: v128): v128 {
  if (sizeof<T>() == 2) return add(sum, a, b);
  sum = add(sum, v128.and(a, i32x4.splat(0x00ff00ff)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  return add(sum, i16x8.shr_u(a, 8), i16x8.shr_s(b, 8));
}

// @ts-ignore: decorator
@inline
function nearestCodes<T>(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  distances: usize, indices: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, k: i32, scale: f64, error: f64,
): void {
  const groups = (<usize>dimension * sizeof<T>() + 3) >> 2;
  const rowBytes = groups << 2, panelBytes = groups << 6;
  // Scratch: what a value must reach, by query; how many are held, by query; how many may be before they are looked through,
  // by query; then a list a query.
  const held = scratch + (<usize>queryCount << 2);
  const most = held + (<usize>queryCount << 2);
  const lists = most + (<usize>queryCount << 2);
  const room = roomFor(k);
  const listBytes = <usize>room << 3;
  for (let i = 0; i < queryCount * k; i++) {
    store<f64>(distances + (<usize>i << 3), Infinity);
    store<i32>(indices + (<usize>i << 2), -1);
  }
  for (let i = 0; i < queryCount; i++) {
    store<i32>(scratch + (<usize>i << 2), OPEN);
    store<i32>(held + (<usize>i << 2), 0);
    store<i32>(most + (<usize>i << 2), k + stepOf(k));
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
      const unrolled = first + ((groups & ~1) << 6);
      while (at < unrolled) {
        let low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = addGroup<T>(s00, a, low); s01 = addGroup<T>(s01, a, high);
        s10 = addGroup<T>(s10, b, low); s11 = addGroup<T>(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = addGroup<T>(s20, a, low); s21 = addGroup<T>(s21, a, high);
        s30 = addGroup<T>(s30, b, low); s31 = addGroup<T>(s31, b, high);
        low = v128.load(at, 64); high = v128.load(at, 80);
        a = v128.load32_splat(q0, 4); b = v128.load32_splat(q1, 4);
        s00 = addGroup<T>(s00, a, low); s01 = addGroup<T>(s01, a, high);
        s10 = addGroup<T>(s10, b, low); s11 = addGroup<T>(s11, b, high);
        a = v128.load32_splat(q2, 4); b = v128.load32_splat(q3, 4);
        s20 = addGroup<T>(s20, a, low); s21 = addGroup<T>(s21, a, high);
        s30 = addGroup<T>(s30, b, low); s31 = addGroup<T>(s31, b, high);
        at += 128;
        q0 += 8; q1 += 8; q2 += 8; q3 += 8;
      }
      if (at < end) {
        const low = v128.load(at), high = v128.load(at, 16);
        let a = v128.load32_splat(q0), b = v128.load32_splat(q1);
        s00 = addGroup<T>(s00, a, low); s01 = addGroup<T>(s01, a, high);
        s10 = addGroup<T>(s10, b, low); s11 = addGroup<T>(s11, b, high);
        a = v128.load32_splat(q2); b = v128.load32_splat(q3);
        s20 = addGroup<T>(s20, a, low); s21 = addGroup<T>(s21, a, high);
        s30 = addGroup<T>(s30, b, low); s31 = addGroup<T>(s31, b, high);
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
        const values = lists + <usize>query * listBytes, count = held + (<usize>query << 2), may = most + (<usize>query << 2);
        const place = load<i32>(count);
        store<i32>(values + (<usize>place << 2), value);
        store<i32>(values + (<usize>(room + place) << 2), index);
        store<i32>(count, place + 1);
        if (place + 1 < load<i32>(may)) continue;
        store<i32>(limit, lookThrough(
          load<i32>(limit), count, may, values, queries + (<usize>query * <usize>dimension << 3), points,
          distances + (<usize>(query * k) << 3), indices + (<usize>(query * k) << 2), load<i32>(queryStarts + (<usize>query << 2)),
          errorsOf(queryErrors, query, error), dimension, k, scale, false,
        ));
      }
    }
  }
  for (let i = 0; i < queryCount; i++) {
    const nearest = distances + (<usize>(i * k) << 3), which = indices + (<usize>(i * k) << 2);
    lookThrough(
      load<i32>(scratch + (<usize>i << 2)), held + (<usize>i << 2), most + (<usize>i << 2), lists + <usize>i * listBytes,
      queries + (<usize>i * <usize>dimension << 3), points, nearest, which, load<i32>(queryStarts + (<usize>i << 2)),
      errorsOf(queryErrors, i, error), dimension, k, scale, true,
    );
    sortHeap(nearest, which, k);
  }
}

export function nearest_codes_i16(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  distances: usize, indices: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, k: i32, scale: f64, error: f64,
): void {
  nearestCodes<i16>(
    queries, points, queryCodes, queryStarts, queryErrors, panels, panelStarts, distances, indices, scratch,
    queryCount, pointCount, dimension, k, scale, error,
  );
}

export function nearest_codes_i8(
  queries: usize, points: usize, queryCodes: usize, queryStarts: usize, queryErrors: usize, panels: usize, panelStarts: usize,
  distances: usize, indices: usize, scratch: usize,
  queryCount: i32, pointCount: i32, dimension: i32, k: i32, scale: f64, error: f64,
): void {
  nearestCodes<u8>(
    queries, points, queryCodes, queryStarts, queryErrors, panels, panelStarts, distances, indices, scratch,
    queryCount, pointCount, dimension, k, scale, error,
  );
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
