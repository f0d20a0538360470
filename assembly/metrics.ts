// Distances by any metric: src/kernels/metric-distance.ts is the law. Lanes are points, in panels of eight; each lane adds its
// coordinates in their order. `form` is constant wherever these functions are inlined, so each form gets a loop of its own.
import { arcOfChord } from './inline/arc';

const INFINITE: f64 = Infinity;
// Values of four queries and a block of points: what `values` holds.
const BLOCK_POINTS: i32 = 512;
// Bytes of panels that stay in the second-level cache while the queries meet them.
const BLOCK_BYTES: i32 = 262144;

// Metrics, in the order of metricNames.
const EUCLIDEAN: i32 = 0;
const SQEUCLIDEAN: i32 = 1;
const COSINE: i32 = 2;
const DOT: i32 = 3;
const MANHATTAN: i32 = 4;
const CHEBYSHEV: i32 = 5;
const HAMMING: i32 = 6;
const JACCARD: i32 = 7;
const HAVERSINE: i32 = 8;
const GOWER: i32 = 9;
const NAN_EUCLIDEAN: i32 = 10;

// @ts-ignore: decorator
@inline
function both(a: v128, b: v128): v128 {
  return v128.and(f64x2.eq(a, a), f64x2.eq(b, b));
}

// The sum over the coordinates, one further.
// @ts-ignore: decorator
@inline
function plus(form: i32, sum: v128, q: v128, p: v128, range: v128, weight: v128): v128 {
  if (form == COSINE) return f64x2.add(sum, f64x2.mul(q, p));
  if (form == HAMMING) return f64x2.add(sum, v128.and(f64x2.ne(q, p), f64x2.splat(1)));
  const difference = f64x2.sub(q, p);
  if (form == SQEUCLIDEAN) return f64x2.add(sum, f64x2.mul(difference, difference));
  if (form == NAN_EUCLIDEAN) return f64x2.add(sum, v128.and(f64x2.mul(difference, difference), both(q, p)));
  const size = f64x2.abs(difference);
  if (form == CHEBYSHEV) return f64x2.pmax(sum, size);
  if (form == GOWER) {
    const share = f64x2.pmin(f64x2.splat(1), f64x2.div(size, range));
    const unequal = v128.and(f64x2.ne(q, p), f64x2.splat(1));
    const apart = v128.bitselect(share, unequal, f64x2.gt(range, f64x2.splat(0)));
    return f64x2.add(sum, v128.and(f64x2.mul(weight, apart), both(q, p)));
  }
  return f64x2.add(sum, size);
}

// What the sum is divided by, one coordinate further.
// @ts-ignore: decorator
@inline
function plusTotal(form: i32, total: v128, q: v128, p: v128, weight: v128): v128 {
  if (form == JACCARD) return f64x2.add(total, v128.bitselect(q, p, f64x2.gt(q, p)));
  if (form == GOWER) return f64x2.add(total, v128.and(weight, both(q, p)));
  return f64x2.add(total, v128.and(f64x2.splat(1), both(q, p)));
}

// Of products and the products of the squared lengths; 1 where a vector has no length.
// @ts-ignore: decorator
@inline
function cosineApart(product: v128, lengths: v128): v128 {
  const cosine = f64x2.sub(f64x2.splat(1), f64x2.div(product, f64x2.sqrt(lengths)));
  const held = f64x2.max(f64x2.splat(0), f64x2.min(f64x2.splat(2), cosine));
  return v128.bitselect(held, f64x2.splat(1), f64x2.gt(lengths, f64x2.splat(0)));
}

// The reduced distance of what was summed.
// @ts-ignore: decorator
@inline
function reduced(form: i32, metric: i32, sum: v128, total: v128, lengths: v128, dimension: v128): v128 {
  if (form == COSINE) return metric == DOT ? f64x2.sub(f64x2.splat(0), sum) : cosineApart(sum, lengths);
  if (form == HAMMING) return f64x2.div(sum, dimension);
  const some = f64x2.gt(total, f64x2.splat(0));
  if (form == JACCARD) return v128.and(f64x2.div(sum, total), some);
  if (form == GOWER) return v128.bitselect(f64x2.div(sum, total), f64x2.splat(INFINITE), some);
  if (form == NAN_EUCLIDEAN) {
    return v128.bitselect(f64x2.mul(f64x2.div(sum, total), dimension), f64x2.splat(INFINITE), some);
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function productOfLengths(form: i32, metric: i32, length: v128, lengths: usize, at: usize): v128 {
  return form == COSINE && metric == COSINE ? f64x2.mul(length, v128.load(lengths + at)) : length;
}

// The number below a distance: what is beyond it is not below the distance, and so not among the k nearest.
// @ts-ignore: decorator
@inline
function justBelow(distance: f64): f64 {
  return distance > 0 ? reinterpret<f64>(reinterpret<i64>(distance) - 1) : -1;
}

// Sums of these forms never sink, rounded or not: what is beyond a limit half-way is beyond it in the end.
// @ts-ignore: decorator
@inline
function grows(form: i32): bool {
  return form == SQEUCLIDEAN || form == MANHATTAN || form == CHEBYSHEV;
}

// Bytes of a query behind which is asked whether its sums to all eight points are beyond the limit already: 32 coordinates of
// a maximum, 64 of a sum, which gets there later.
// @ts-ignore: decorator
@inline
function stretch(form: i32): usize {
  return form == CHEBYSHEV ? 256 : 512;
}

// @ts-ignore: decorator
@inline
function allBeyond(limit: v128, a: v128, b: v128, c: v128, d: v128): bool {
  const ab = v128.and(f64x2.gt(a, limit), f64x2.gt(b, limit)), cd = v128.and(f64x2.gt(c, limit), f64x2.gt(d, limit));
  return i64x2.all_true(v128.and(ab, cd));
}

// Reduced distances of two queries to the points of some panels, at out0 and out1. Where the last query stands alone it is
// given twice. Of a panel whose points all lie beyond both limits, some number beyond them.
// @ts-ignore: decorator
@inline
function lines(
  form: i32, metric: i32, q0: usize, q1: usize, length0: f64, length1: f64,
  panels: usize, panelLengths: usize, columns: usize, out0: usize, out1: usize, panelTotal: i32, dimension: i32,
  limit0: f64, limit1: f64,
): void {
  const zero = f64x2.splat(0), most0 = f64x2.splat(limit0), most1 = f64x2.splat(limit1);
  const l0 = f64x2.splat(length0), l1 = f64x2.splat(length1), width = f64x2.splat(<f64>dimension);
  const weights = columns + (<usize>dimension << 3);
  for (let panel = 0; panel < panelTotal; panel++) {
    let s00 = zero, s01 = zero, s02 = zero, s03 = zero, s10 = zero, s11 = zero, s12 = zero, s13 = zero;
    let t00 = zero, t01 = zero, t02 = zero, t03 = zero, t10 = zero, t11 = zero, t12 = zero, t13 = zero;
    let at = panels + <usize>panel * (<usize>dimension << 6);
    let range = zero, weight = zero;
    for (let j: usize = 0, end = <usize>dimension << 3; j < end;) {
      for (const stop = grows(form) ? min(j + stretch(form), end) : end; j < stop; j += 8, at += 64) {
        const a = v128.load64_splat(q0 + j), b = v128.load64_splat(q1 + j);
        const p0 = v128.load(at), p1 = v128.load(at, 16), p2 = v128.load(at, 32), p3 = v128.load(at, 48);
        if (form == GOWER) {
          range = v128.load64_splat(columns + j);
          weight = v128.load64_splat(weights + j);
        }
        s00 = plus(form, s00, a, p0, range, weight); s01 = plus(form, s01, a, p1, range, weight);
        s02 = plus(form, s02, a, p2, range, weight); s03 = plus(form, s03, a, p3, range, weight);
        s10 = plus(form, s10, b, p0, range, weight); s11 = plus(form, s11, b, p1, range, weight);
        s12 = plus(form, s12, b, p2, range, weight); s13 = plus(form, s13, b, p3, range, weight);
        if (form == JACCARD || form == GOWER || form == NAN_EUCLIDEAN) {
          t00 = plusTotal(form, t00, a, p0, weight); t01 = plusTotal(form, t01, a, p1, weight);
          t02 = plusTotal(form, t02, a, p2, weight); t03 = plusTotal(form, t03, a, p3, weight);
          t10 = plusTotal(form, t10, b, p0, weight); t11 = plusTotal(form, t11, b, p1, weight);
          t12 = plusTotal(form, t12, b, p2, weight); t13 = plusTotal(form, t13, b, p3, weight);
        }
      }
      if (grows(form) && j < end && allBeyond(most0, s00, s01, s02, s03) && allBeyond(most1, s10, s11, s12, s13)) break;
    }
    const from = <usize>panel << 6;
    const o0 = out0 + from, o1 = out1 + from;
    v128.store(o0, reduced(form, metric, s00, t00, productOfLengths(form, metric, l0, panelLengths, from), width));
    v128.store(o0, reduced(form, metric, s01, t01, productOfLengths(form, metric, l0, panelLengths, from + 16), width), 16);
    v128.store(o0, reduced(form, metric, s02, t02, productOfLengths(form, metric, l0, panelLengths, from + 32), width), 32);
    v128.store(o0, reduced(form, metric, s03, t03, productOfLengths(form, metric, l0, panelLengths, from + 48), width), 48);
    v128.store(o1, reduced(form, metric, s10, t10, productOfLengths(form, metric, l1, panelLengths, from), width));
    v128.store(o1, reduced(form, metric, s11, t11, productOfLengths(form, metric, l1, panelLengths, from + 16), width), 16);
    v128.store(o1, reduced(form, metric, s12, t12, productOfLengths(form, metric, l1, panelLengths, from + 32), width), 32);
    v128.store(o1, reduced(form, metric, s13, t13, productOfLengths(form, metric, l1, panelLengths, from + 48), width), 48);
  }
}

// Two queries (`second` bytes apart from each other, 0 for one alone) and the panels of a block.
function twoLines(
  metric: i32, q0: usize, second: usize, queryLengths: usize, panels: usize, panelLengths: usize, columns: usize,
  out: usize, line: usize, panelTotal: i32, dimension: i32, limit0: f64, limit1: f64,
): void {
  const q1 = q0 + second;
  const o1 = second == 0 ? out : out + line;
  let l0: f64 = 0, l1: f64 = 0;
  if (metric == COSINE) {
    l0 = load<f64>(queryLengths);
    l1 = second == 0 ? l0 : load<f64>(queryLengths, 8);
  }
  switch (metric) {
    case EUCLIDEAN: case SQEUCLIDEAN: case HAVERSINE:
      lines(SQEUCLIDEAN, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case COSINE: case DOT:
      lines(COSINE, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case MANHATTAN:
      lines(MANHATTAN, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case CHEBYSHEV:
      lines(CHEBYSHEV, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case HAMMING:
      lines(HAMMING, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case JACCARD:
      lines(JACCARD, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    case GOWER:
      lines(GOWER, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1); break;
    default:
      lines(NAN_EUCLIDEAN, metric, q0, q1, l0, l1, panels, panelLengths, columns, out, o1, panelTotal, dimension, limit0, limit1);
  }
}

// @ts-ignore: decorator
@inline
function finish(metric: i32, value: f64): f64 {
  if (metric == EUCLIDEAN || metric == NAN_EUCLIDEAN) return sqrt(value);
  return metric == HAVERSINE ? arcOfChord(value) : value;
}

function finishLine(metric: i32, at: usize, count: i32): void {
  const end = at + (<usize>count << 3);
  if (metric == EUCLIDEAN || metric == NAN_EUCLIDEAN) {
    for (; at < end; at += 16) v128.store(at, f64x2.sqrt(v128.load(at)));
  } else if (metric == HAVERSINE) {
    for (; at < end; at += 8) store<f64>(at, arcOfChord(load<f64>(at)));
  }
}

export function metric_block_f64(
  queries: usize, panels: usize, queryLengths: usize, panelLengths: usize, columns: usize, out: usize,
  queryCount: i32, pointCount: i32, dimension: i32, metric: i32,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const line = <usize>panelTotal << 6;
  const rowBytes = <usize>dimension << 3;
  const blockPanels = panelsTogether(dimension);
  for (let block = 0; block < panelTotal; block += blockPanels) {
    const count = min(blockPanels, panelTotal - block);
    const ahead = <usize>block << 6;
    for (let i = 0; i < queryCount; i += 2) {
      twoLines(
        metric, queries + <usize>i * rowBytes, i + 1 < queryCount ? rowBytes : 0, queryLengths + (<usize>i << 3),
        panels + <usize>block * (rowBytes << 3), panelLengths + ahead, columns,
        out + <usize>i * line + ahead, line, count, dimension, INFINITE, INFINITE,
      );
      finishLine(metric, out + <usize>i * line + ahead, count << 3);
      if (i + 1 < queryCount) finishLine(metric, out + <usize>(i + 1) * line + ahead, count << 3);
    }
  }
}

// Below this share of |q|² + |p|² the product form has cancelled too much; and what underflow may hide.
const NEAR_SHARE: f64 = 0.0009765625;
const LEAST_SQUARE: f64 = 1e-290;

function directSquare(a: usize, b: usize, dimension: i32): f64 {
  const end = a + (<usize>dimension << 3);
  let sum: f64 = 0;
  for (; a < end; a += 8, b += 8) {
    const difference = load<f64>(a) - load<f64>(b);
    sum += difference * difference;
  }
  return sum;
}

// Distances of a query's products with two points, the second of which may be the first again.
// @ts-ignore: decorator
@inline
function ofProducts(
  metric: i32, product: v128, length: v128, lengths: v128, query: usize, point: usize, second: usize, dimension: i32,
): v128 {
  if (metric == DOT) return f64x2.sub(f64x2.splat(0), product);
  if (metric == COSINE) return cosineApart(product, f64x2.mul(length, lengths));
  const sums = f64x2.add(length, lengths);
  let squared = f64x2.sub(sums, f64x2.mul(f64x2.splat(2), product));
  const least = f64x2.add(f64x2.mul(sums, f64x2.splat(NEAR_SHARE)), f64x2.splat(LEAST_SQUARE));
  const far = i64x2.bitmask(f64x2.gt(squared, least));
  if (far != 3) {
    if ((far & 1) == 0) squared = f64x2.replace_lane(squared, 0, directSquare(query, point, dimension));
    if ((far & 2) == 0) squared = f64x2.replace_lane(squared, 1, directSquare(query, point + second, dimension));
  }
  return metric == EUCLIDEAN ? f64x2.sqrt(squared) : squared;
}

// @ts-ignore: decorator
@inline
function productLine(
  metric: i32, query: usize, points: usize, queryLength: f64, pointLengths: usize, out: usize, pointCount: i32, dimension: i32,
): void {
  const length = f64x2.splat(queryLength), rowBytes = <usize>dimension << 3;
  const pairs = pointCount & ~1;
  for (let k = 0; k < pairs; k += 2) {
    const at = <usize>k << 3;
    const lengths = metric == DOT ? length : v128.load(pointLengths + at);
    const point = points + <usize>k * rowBytes;
    v128.store(out + at, ofProducts(metric, v128.load(out + at), length, lengths, query, point, rowBytes, dimension));
  }
  if (pairs < pointCount) {
    const at = <usize>pairs << 3;
    const lengths = metric == DOT ? length : v128.load64_splat(pointLengths + at);
    const point = points + <usize>pairs * rowBytes;
    const last = ofProducts(metric, v128.load64_splat(out + at), length, lengths, query, point, 0, dimension);
    store<f64>(out + at, f64x2.extract_lane(last, 0));
  }
}

export function product_distances_f64(
  queries: usize, points: usize, queryLengths: usize, pointLengths: usize, out: usize,
  queryCount: i32, pointCount: i32, dimension: i32, stride: i32, metric: i32,
): void {
  for (let i = 0; i < queryCount; i++) {
    const query = queries + (<usize>i * <usize>dimension << 3);
    const line = out + (<usize>i * <usize>stride << 3);
    const length: f64 = metric == DOT ? 0 : load<f64>(queryLengths + (<usize>i << 3));
    switch (metric) {
      case EUCLIDEAN: productLine(EUCLIDEAN, query, points, length, pointLengths, line, pointCount, dimension); break;
      case COSINE: productLine(COSINE, query, points, length, pointLengths, line, pointCount, dimension); break;
      case DOT: productLine(DOT, query, points, length, pointLengths, line, pointCount, dimension); break;
      default: productLine(SQEUCLIDEAN, query, points, length, pointLengths, line, pointCount, dimension);
    }
  }
}

// @ts-ignore: decorator
@inline
function panelsTogether(dimension: i32): i32 {
  return max(1, min(BLOCK_POINTS >> 3, BLOCK_BYTES / (max(1, dimension) << 6)));
}

export function metric_nearest_f64(
  queries: usize, panels: usize, queryLengths: usize, panelLengths: usize, columns: usize,
  distances: usize, indices: usize, values: usize,
  queryCount: i32, pointCount: i32, dimension: i32, metric: i32, k: i32, firstQuery: i32,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const rowBytes = <usize>dimension << 3;
  const perQuery = <usize>k << 3;
  const blockPanels = panelsTogether(dimension);
  for (let i = 0; i < queryCount * k; i++) {
    store<f64>(distances + (<usize>i << 3), INFINITE);
    store<i32>(indices + (<usize>i << 2), -1);
  }
  for (let block = 0; block < panelTotal; block += blockPanels) {
    const count = min(blockPanels, panelTotal - block);
    const points = min(count << 3, pointCount - (block << 3));
    for (let i = 0; i < queryCount; i += 2) {
      const two = i + 1 < queryCount;
      const kth = distances + <usize>i * perQuery + perQuery - 8;
      twoLines(
        metric, queries + <usize>i * rowBytes, two ? rowBytes : 0, queryLengths + (<usize>i << 3),
        panels + <usize>block * (rowBytes << 3), panelLengths + (<usize>block << 6), columns,
        values, BLOCK_POINTS << 3, count, dimension, justBelow(load<f64>(kth)), justBelow(two ? load<f64>(kth + perQuery) : load<f64>(kth)),
      );
      for (let q = i, end = two ? i + 2 : i + 1; q < end; q++) {
        offerLine(
          values + <usize>(q - i) * (BLOCK_POINTS << 3), points, block << 3, firstQuery < 0 ? -1 : firstQuery + q,
          distances + (<usize>(q * k) << 3), indices + (<usize>(q * k) << 2), k,
        );
      }
    }
  }
  if (metric != EUCLIDEAN && metric != NAN_EUCLIDEAN && metric != HAVERSINE) return;
  for (let i = 0; i < queryCount * k; i++) {
    if (load<i32>(indices + (<usize>i << 2)) < 0) continue;
    const at = distances + (<usize>i << 3);
    store<f64>(at, finish(metric, load<f64>(at)));
  }
}

// A query's values for a block of points, of which `first` is the first: those below the last of its list go into it.
function offerLine(
  values: usize, points: i32, first: i32, self: i32, distances: usize, indices: usize, k: i32,
): void {
  const last = distances + (<usize>(k - 1) << 3);
  let highest = load<f64>(last);
  let i = 0;
  while (i < points) {
    // Eight at a time, as long as none is near enough.
    if (i + 8 <= points) {
      const at = values + (<usize>i << 3);
      const limit = f64x2.splat(highest);
      const low = v128.or(f64x2.lt(v128.load(at), limit), f64x2.lt(v128.load(at, 16), limit));
      const high = v128.or(f64x2.lt(v128.load(at, 32), limit), f64x2.lt(v128.load(at, 48), limit));
      if (!v128.any_true(v128.or(low, high))) {
        i += 8;
        continue;
      }
    }
    const end = min(points, i + 8);
    for (; i < end; i++) {
      const value = load<f64>(values + (<usize>i << 3));
      if (!(value < highest) || first + i == self) continue;
      let place = k - 1;
      while (place > 0 && load<f64>(distances + (<usize>(place - 1) << 3)) > value) {
        store<f64>(distances + (<usize>place << 3), load<f64>(distances + (<usize>(place - 1) << 3)));
        store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - 1) << 2)));
        place--;
      }
      store<f64>(distances + (<usize>place << 3), value);
      store<i32>(indices + (<usize>place << 2), first + i);
      highest = load<f64>(last);
    }
  }
}

export function metric_count_f64(
  queries: usize, panels: usize, queryLengths: usize, panelLengths: usize, columns: usize,
  counts: usize, values: usize,
  queryCount: i32, pointCount: i32, dimension: i32, metric: i32, limit: f64, firstQuery: i32,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const rowBytes = <usize>dimension << 3;
  const blockPanels = panelsTogether(dimension);
  for (let i = 0; i < queryCount; i++) store<i32>(counts + (<usize>i << 2), 0);
  for (let block = 0; block < panelTotal; block += blockPanels) {
    const count = min(blockPanels, panelTotal - block);
    const points = min(count << 3, pointCount - (block << 3));
    for (let i = 0; i < queryCount; i += 2) {
      const two = i + 1 < queryCount;
      twoLines(
        metric, queries + <usize>i * rowBytes, two ? rowBytes : 0, queryLengths + (<usize>i << 3),
        panels + <usize>block * (rowBytes << 3), panelLengths + (<usize>block << 6), columns,
        values, BLOCK_POINTS << 3, count, dimension, limit, limit,
      );
      for (let q = i, end = two ? i + 2 : i + 1; q < end; q++) {
        const line = values + <usize>(q - i) * (BLOCK_POINTS << 3);
        const at = counts + (<usize>q << 2);
        let found = load<i32>(at) + countLine(line, points, limit);
        const self = firstQuery + q - (block << 3);
        if (firstQuery >= 0 && self >= 0 && self < points && load<f64>(line + (<usize>self << 3)) <= limit) found--;
        store<i32>(at, found);
      }
    }
  }
}

function countLine(values: usize, points: i32, limit: f64): i32 {
  const highest = f64x2.splat(limit);
  let counts = i64x2.splat(0);
  let i = 0;
  for (; i + 2 <= points; i += 2) {
    counts = i64x2.sub(counts, f64x2.le(v128.load(values + (<usize>i << 3)), highest));
  }
  let found = <i32>(i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1));
  if (i < points && load<f64>(values + (<usize>i << 3)) <= limit) found++;
  return found;
}

export function metric_within_f64(
  queries: usize, panels: usize, queryLengths: usize, panelLengths: usize, columns: usize,
  places: usize, indices: usize, distances: usize, values: usize,
  queryCount: i32, pointCount: i32, dimension: i32, metric: i32, limit: f64, firstQuery: i32, found: i32,
): void {
  const panelTotal = (pointCount + 7) >> 3;
  const rowBytes = <usize>dimension << 3;
  const blockPanels = panelsTogether(dimension);
  for (let block = 0; block < panelTotal; block += blockPanels) {
    const count = min(blockPanels, panelTotal - block);
    const points = min(count << 3, pointCount - (block << 3));
    for (let i = 0; i < queryCount; i += 2) {
      const two = i + 1 < queryCount;
      twoLines(
        metric, queries + <usize>i * rowBytes, two ? rowBytes : 0, queryLengths + (<usize>i << 3),
        panels + <usize>block * (rowBytes << 3), panelLengths + (<usize>block << 6), columns,
        values, BLOCK_POINTS << 3, count, dimension, limit, limit,
      );
      for (let q = i, end = two ? i + 2 : i + 1; q < end; q++) {
        const line = values + <usize>(q - i) * (BLOCK_POINTS << 3);
        const self = firstQuery < 0 ? -1 : firstQuery + q - (block << 3);
        let place = load<i32>(places + (<usize>q << 2));
        for (let p = 0; p < points; p++) {
          const value = load<f64>(line + (<usize>p << 3));
          if (!(value <= limit) || p == self) continue;
          store<i32>(indices + (<usize>place << 2), (block << 3) + p);
          store<f64>(distances + (<usize>place << 3), finish(metric, value));
          place++;
        }
        store<i32>(places + (<usize>q << 2), place);
      }
    }
  }
}
