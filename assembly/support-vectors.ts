// Kernel machines: src/kernels/support-vectors.ts is the law. Points lie in panels of eight, four registers a coordinate.
import { exp_f64x2, tanh_f64x2 } from './inline/elementary-simd';

const POLY: i32 = 1;
const RBF: i32 = 2;
const SIGMOID: i32 = 3;
const TAU: f64 = 1e-12;
const BLOCK_SUPPORTS: i32 = 64;

// Sums over the coordinates of a panel against two rows: of squared differences, or of products.
// @ts-ignore: decorator
@inline
function sumsOfTwo(panel: usize, q: usize, r: usize, dimension: i32, outQ: usize, outR: usize, rbf: bool): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let t0 = f64x2.splat(0), t1 = f64x2.splat(0), t2 = f64x2.splat(0), t3 = f64x2.splat(0);
  const end = panel + (<usize>dimension << 6);
  while (panel < end) {
    const a = v128.load64_splat(q), b = v128.load64_splat(r);
    const x0 = v128.load(panel), x1 = v128.load(panel, 16), x2 = v128.load(panel, 32), x3 = v128.load(panel, 48);
    if (rbf) {
      let d = f64x2.sub(x0, a);
      s0 = f64x2.add(f64x2.mul(d, d), s0);
      d = f64x2.sub(x1, a);
      s1 = f64x2.add(f64x2.mul(d, d), s1);
      d = f64x2.sub(x2, a);
      s2 = f64x2.add(f64x2.mul(d, d), s2);
      d = f64x2.sub(x3, a);
      s3 = f64x2.add(f64x2.mul(d, d), s3);
      d = f64x2.sub(x0, b);
      t0 = f64x2.add(f64x2.mul(d, d), t0);
      d = f64x2.sub(x1, b);
      t1 = f64x2.add(f64x2.mul(d, d), t1);
      d = f64x2.sub(x2, b);
      t2 = f64x2.add(f64x2.mul(d, d), t2);
      d = f64x2.sub(x3, b);
      t3 = f64x2.add(f64x2.mul(d, d), t3);
    } else {
      s0 = f64x2.add(f64x2.mul(x0, a), s0); s1 = f64x2.add(f64x2.mul(x1, a), s1);
      s2 = f64x2.add(f64x2.mul(x2, a), s2); s3 = f64x2.add(f64x2.mul(x3, a), s3);
      t0 = f64x2.add(f64x2.mul(x0, b), t0); t1 = f64x2.add(f64x2.mul(x1, b), t1);
      t2 = f64x2.add(f64x2.mul(x2, b), t2); t3 = f64x2.add(f64x2.mul(x3, b), t3);
    }
    panel += 64;
    q += 8;
    r += 8;
  }
  v128.store(outQ, s0); v128.store(outQ, s1, 16); v128.store(outQ, s2, 32); v128.store(outQ, s3, 48);
  v128.store(outR, t0); v128.store(outR, t1, 16); v128.store(outR, t2, 32); v128.store(outR, t3, 48);
}

// Sums of two rows at a time; the last one, where it is alone, is computed twice, to the same place.
function sumsOfPair(panel: usize, q: usize, r: usize, dimension: i32, outQ: usize, outR: usize, kind: i32): void {
  if (kind == RBF) sumsOfTwo(panel, q, r, dimension, outQ, outR, true);
  else sumsOfTwo(panel, q, r, dimension, outQ, outR, false);
}

// Two neighbouring panels against one row: as many sums at once as two rows have.
// @ts-ignore: decorator
@inline
function sumsOfPanels(panel: usize, other: usize, q: usize, dimension: i32, out: usize, rbf: bool): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let t0 = f64x2.splat(0), t1 = f64x2.splat(0), t2 = f64x2.splat(0), t3 = f64x2.splat(0);
  const end = panel + (<usize>dimension << 6);
  while (panel < end) {
    const a = v128.load64_splat(q);
    if (rbf) {
      let d = f64x2.sub(v128.load(panel), a);
      s0 = f64x2.add(f64x2.mul(d, d), s0);
      d = f64x2.sub(v128.load(panel, 16), a);
      s1 = f64x2.add(f64x2.mul(d, d), s1);
      d = f64x2.sub(v128.load(panel, 32), a);
      s2 = f64x2.add(f64x2.mul(d, d), s2);
      d = f64x2.sub(v128.load(panel, 48), a);
      s3 = f64x2.add(f64x2.mul(d, d), s3);
      d = f64x2.sub(v128.load(other), a);
      t0 = f64x2.add(f64x2.mul(d, d), t0);
      d = f64x2.sub(v128.load(other, 16), a);
      t1 = f64x2.add(f64x2.mul(d, d), t1);
      d = f64x2.sub(v128.load(other, 32), a);
      t2 = f64x2.add(f64x2.mul(d, d), t2);
      d = f64x2.sub(v128.load(other, 48), a);
      t3 = f64x2.add(f64x2.mul(d, d), t3);
    } else {
      s0 = f64x2.add(f64x2.mul(v128.load(panel), a), s0); s1 = f64x2.add(f64x2.mul(v128.load(panel, 16), a), s1);
      s2 = f64x2.add(f64x2.mul(v128.load(panel, 32), a), s2); s3 = f64x2.add(f64x2.mul(v128.load(panel, 48), a), s3);
      t0 = f64x2.add(f64x2.mul(v128.load(other), a), t0); t1 = f64x2.add(f64x2.mul(v128.load(other, 16), a), t1);
      t2 = f64x2.add(f64x2.mul(v128.load(other, 32), a), t2); t3 = f64x2.add(f64x2.mul(v128.load(other, 48), a), t3);
    }
    panel += 64;
    other += 64;
    q += 8;
  }
  v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48);
  v128.store(out, t0, 64); v128.store(out, t1, 80); v128.store(out, t2, 96); v128.store(out, t3, 112);
}

// Sums become kernel values, in place; a multiple of two of them.
function finish(at: usize, end: usize, kind: i32, gamma: f64, coef0: f64, degree: i32): void {
  if (kind == RBF) {
    const factor = f64x2.splat(-gamma);
    for (; at < end; at += 32) {
      const first = exp_f64x2(f64x2.mul(factor, v128.load(at)));
      v128.store(at, first);
      v128.store(at, exp_f64x2(f64x2.mul(factor, v128.load(at, 16))), 16);
    }
  } else if (kind == POLY) {
    for (; at < end; at += 16) {
      let square = f64x2.add(f64x2.mul(f64x2.splat(gamma), v128.load(at)), f64x2.splat(coef0));
      let result = f64x2.splat(1);
      for (let rest = degree; rest > 0; rest >>= 1) {
        if (rest & 1) result = f64x2.mul(result, square);
        square = f64x2.mul(square, square);
      }
      v128.store(at, result);
    }
  } else if (kind == SIGMOID) {
    for (; at < end; at += 16) {
      v128.store(at, tanh_f64x2(f64x2.add(f64x2.mul(f64x2.splat(gamma), v128.load(at)), f64x2.splat(coef0))));
    }
  }
}

export function kernel_rows_f64(
  panels: usize, queries: usize, out: usize, pointCount: i32, queryCount: i32, dimension: i32, outStride: i32,
  kind: i32, gamma: f64, coef0: f64, degree: i32,
): void {
  const panelCount = (pointCount + 7) >> 3;
  const panelBytes = <usize>dimension << 6;
  const rowBytes = <usize>dimension << 3;
  const line = <usize>outStride << 3;
  const bytes = <usize>panelCount << 6;
  let i = 0;
  for (; i + 2 <= queryCount; i += 2) {
    const q = queries + <usize>i * rowBytes;
    const row = out + <usize>i * line;
    for (let p = 0; p < panelCount; p++) {
      const at = row + (<usize>p << 6);
      sumsOfPair(panels + <usize>p * panelBytes, q, q + rowBytes, dimension, at, at + line, kind);
    }
  }
  if (i < queryCount) {
    const q = queries + <usize>i * rowBytes;
    const row = out + <usize>i * line;
    let p = 0;
    for (; p + 2 <= panelCount; p += 2) {
      const panel = panels + <usize>p * panelBytes;
      if (kind == RBF) sumsOfPanels(panel, panel + panelBytes, q, dimension, row + (<usize>p << 6), true);
      else sumsOfPanels(panel, panel + panelBytes, q, dimension, row + (<usize>p << 6), false);
    }
    if (p < panelCount) {
      const at = row + (<usize>p << 6);
      sumsOfPair(panels + <usize>p * panelBytes, q, q, dimension, at, at, kind);
    }
  }
  for (let k = 0; k < queryCount; k++) finish(out + <usize>k * line, out + <usize>k * line + bytes, kind, gamma, coef0, degree);
}

export function kernel_expand_f64(
  panels: usize, supports: usize, coefficients: usize, intercepts: usize, out: usize, values: usize,
  pointCount: i32, supportCount: i32, dimension: i32, outputCount: i32,
  kind: i32, gamma: f64, coef0: f64, degree: i32,
): void {
  const panelCount = (pointCount + 7) >> 3;
  const panelBytes = <usize>dimension << 6;
  const rowBytes = <usize>dimension << 3;
  const line = <usize>panelCount << 6;
  for (let p = 0; p < panelCount; p++) {
    const panel = panels + <usize>p * panelBytes;
    const place = out + (<usize>p << 6);
    for (let k = 0; k < outputCount; k++) {
      const intercept = v128.load64_splat(intercepts + (<usize>k << 3));
      const at = place + <usize>k * line;
      v128.store(at, intercept); v128.store(at, intercept, 16); v128.store(at, intercept, 32); v128.store(at, intercept, 48);
    }
    for (let start = 0; start < supportCount; start += BLOCK_SUPPORTS) {
      const count = min(BLOCK_SUPPORTS, supportCount - start);
      for (let i = 0; i < count; i += 2) {
        const other = min(i + 1, count - 1);
        const first = supports + <usize>(start + i) * rowBytes, second = supports + <usize>(start + other) * rowBytes;
        sumsOfPair(panel, first, second, dimension, values + (<usize>i << 6), values + (<usize>other << 6), kind);
      }
      finish(values, values + (<usize>count << 6), kind, gamma, coef0, degree);
      for (let k = 0; k < outputCount; k++) {
        addProducts(coefficients + (<usize>(k * supportCount + start) << 3), values, count, place + <usize>k * line);
      }
    }
  }
}

// out = coefficient·value + out for the eight points of a panel, support by support.
// @ts-ignore: decorator
@inline
function addProducts(coefficients: usize, values: usize, count: i32, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
  for (let i = 0; i < count; i++) {
    const factor = v128.load64_splat(coefficients);
    s0 = f64x2.add(f64x2.mul(factor, v128.load(values)), s0);
    s1 = f64x2.add(f64x2.mul(factor, v128.load(values, 16)), s1);
    s2 = f64x2.add(f64x2.mul(factor, v128.load(values, 32)), s2);
    s3 = f64x2.add(f64x2.mul(factor, v128.load(values, 48)), s3);
    coefficients += 8;
    values += 64;
  }
  v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48);
}

// @ts-ignore: decorator
@inline
function at(array: usize, t: i32): f64 {
  return load<f64>(array + (<usize>t << 3));
}

// What a score is lessened by where its variable would rise, and where it would fall.
// @ts-ignore: decorator
@inline
function setShifts(beta: usize, lower: usize, upper: usize, raise: usize, fall: usize, t: i32, epsilon: f64): void {
  const place = <usize>t << 3;
  const value = load<f64>(beta + place);
  const rises: f64 = value >= 0 ? epsilon : -epsilon;
  const falls: f64 = value > 0 ? epsilon : -epsilon;
  store<f64>(raise + place, value < load<f64>(upper + place) ? rises : Infinity);
  store<f64>(fall + place, value > load<f64>(lower + place) ? falls : -Infinity);
}

// All of them, two at a time.
// @ts-ignore: decorator
@inline
function setAllShifts(beta: usize, lower: usize, upper: usize, raise: usize, fall: usize, count: i32, epsilon: f64): void {
  const pairs = count & ~1;
  const end = <usize>pairs << 3;
  const above = f64x2.splat(epsilon), below = f64x2.splat(-epsilon), zero = f64x2.splat(0);
  for (let place: usize = 0; place < end; place += 16) {
    const value = v128.load(beta + place);
    const rises = v128.bitselect(above, below, f64x2.ge(value, zero));
    const falls = v128.bitselect(above, below, f64x2.gt(value, zero));
    const free = f64x2.lt(value, v128.load(upper + place)), held = f64x2.gt(value, v128.load(lower + place));
    v128.store(raise + place, v128.bitselect(rises, f64x2.splat(Infinity), free));
    v128.store(fall + place, v128.bitselect(falls, f64x2.splat(-Infinity), held));
  }
  if (pairs < count) setShifts(beta, lower, upper, raise, fall, pairs, epsilon);
}

// Moves the scores along a step (where there is one), and finds the first that gains most from rising and the least that
// can fall: state[1], state[2]. Returns the first's number, −1 where none can rise.
// @ts-ignore: decorator
@inline
function moveScores(
  scores: usize, raise: usize, fall: usize, row: usize, other: usize, step: f64, count: i32, state: usize, moving: bool,
): i32 {
  const pairs = count & ~1;
  let highest = f64x2.splat(-Infinity), lowest = f64x2.splat(Infinity);
  let first = i64x2.splat(-1), index = i64x2(0, 1);
  const factor = f64x2.splat(step), two = i64x2.splat(2);
  const end = <usize>pairs << 3;
  for (let place: usize = 0; place < end; place += 16) {
    let score = v128.load(scores + place);
    if (moving) {
      score = f64x2.sub(score, f64x2.mul(factor, f64x2.sub(v128.load(row + place), v128.load(other + place))));
      v128.store(scores + place, score);
    }
    const up = f64x2.sub(score, v128.load(raise + place));
    lowest = f64x2.pmin(lowest, f64x2.sub(score, v128.load(fall + place)));
    const above = f64x2.gt(up, highest);
    highest = v128.bitselect(up, highest, above);
    first = v128.bitselect(index, first, above);
    index = i64x2.add(index, two);
  }
  let best = f64x2.extract_lane(highest, 0), place = <i32>i64x2.extract_lane(first, 0);
  const bestOther = f64x2.extract_lane(highest, 1), placeOther = <i32>i64x2.extract_lane(first, 1);
  if (bestOther > best || (bestOther == best && placeOther >= 0 && (place < 0 || placeOther < place))) {
    best = bestOther;
    place = placeOther;
  }
  let least = f64x2.extract_lane(lowest, 0);
  const leastOther = f64x2.extract_lane(lowest, 1);
  if (leastOther < least) least = leastOther;
  if (pairs < count) {
    let score = at(scores, pairs);
    if (moving) {
      score = score - step * (at(row, pairs) - at(other, pairs));
      store<f64>(scores + end, score);
    }
    const up = score - at(raise, pairs), down = score - at(fall, pairs);
    if (up > best) {
      best = up;
      place = pairs;
    }
    if (down < least) least = down;
  }
  store<f64>(state, best, 8);
  store<f64>(state, least, 16);
  return place;
}

// @ts-ignore: decorator
@inline
function gainOf(violation: v128, own: v128, diagonal: v128, value: v128): v128 {
  const curvature = f64x2.sub(f64x2.add(own, diagonal), f64x2.mul(f64x2.splat(2), value));
  const held = v128.bitselect(curvature, f64x2.splat(TAU), f64x2.gt(curvature, f64x2.splat(0)));
  return f64x2.div(f64x2.mul(violation, violation), held);
}

// The partner whose pair lowers the objective most; −1 where none does.
// @ts-ignore: decorator
@inline
function partner(scores: usize, fall: usize, diagonal: usize, row: usize, own: f64, highest: f64, count: i32): i32 {
  const pairs = count & ~1;
  const top = f64x2.splat(highest), self = f64x2.splat(own), zero = f64x2.splat(0), two = i64x2.splat(2);
  let best = f64x2.splat(-Infinity), second = i64x2.splat(-1), index = i64x2(0, 1);
  const end = <usize>pairs << 3;
  for (let place: usize = 0; place < end; place += 16) {
    const violation = f64x2.sub(top, f64x2.sub(v128.load(scores + place), v128.load(fall + place)));
    const open = f64x2.gt(violation, zero);
    if (v128.any_true(open)) {
      const gain = gainOf(violation, self, v128.load(diagonal + place), v128.load(row + place));
      const better = v128.and(open, f64x2.gt(gain, best));
      best = v128.bitselect(gain, best, better);
      second = v128.bitselect(index, second, better);
    }
    index = i64x2.add(index, two);
  }
  let gain = f64x2.extract_lane(best, 0), place = <i32>i64x2.extract_lane(second, 0);
  const gainOther = f64x2.extract_lane(best, 1), placeOther = <i32>i64x2.extract_lane(second, 1);
  if (gainOther > gain || (gainOther == gain && placeOther >= 0 && (place < 0 || placeOther < place))) {
    gain = gainOther;
    place = placeOther;
  }
  if (pairs < count) {
    const violation = highest - (at(scores, pairs) - at(fall, pairs));
    if (violation > 0) {
      const curvature = own + at(diagonal, pairs) - 2 * at(row, pairs);
      if (violation * violation / (curvature > 0 ? curvature : TAU) > gain) place = pairs;
    }
  }
  return place;
}

const CONVERGED: i32 = 0;
const ITERATIONS: i32 = 1;
const ROW_MISSING: i32 = 2;
const STALLED: i32 = 3;

export function smo_steps_f64(
  rows: usize, slots: usize, stamps: usize, diagonal: usize, lower: usize, upper: usize, beta: usize, scores: usize,
  raise: usize, fall: usize, state: usize,
  count: i32, stride: i32, slotCount: i32, maxIterations: i32, epsilon: f64, tolerance: f64,
): i32 {
  const line = <usize>stride << 3;
  setAllShifts(beta, lower, upper, raise, fall, count, epsilon);
  let first = moveScores(scores, raise, fall, rows, rows, 0, count, state, false);
  while (true) {
    const highest = load<f64>(state, 8);
    if (!(highest - load<f64>(state, 16) > tolerance)) return CONVERGED;
    const iterations = load<f64>(state);
    if (iterations >= <f64>maxIterations) return ITERATIONS;
    store<f64>(state, <f64>first, 24);
    const slot = load<i32>(slots + (<usize>first << 2));
    if (slot < 0) return ROW_MISSING;
    store<i32>(stamps + (<usize>slot << 2), <i32>iterations);
    const row = rows + <usize>slot * line;
    const second = partner(scores, fall, diagonal, row, at(diagonal, first), highest, count);
    if (second < 0) return STALLED;
    store<f64>(state, <f64>second, 24);
    const otherSlot = load<i32>(slots + (<usize>second << 2));
    if (otherSlot < 0) return ROW_MISSING;
    store<i32>(stamps + (<usize>otherSlot << 2), <i32>iterations);

    const violation = highest - (at(scores, second) - at(fall, second));
    const found = at(diagonal, first) + at(diagonal, second) - 2 * at(row, second);
    const curvature = found > 0 ? found : TAU;
    const from = at(beta, first), fromOther = at(beta, second);
    const ceiling: f64 = from < 0 ? 0 : at(upper, first);
    const floor: f64 = fromOther > 0 ? 0 : at(lower, second);
    const room = ceiling - from, otherRoom = fromOther - floor;
    let step = violation / curvature;
    if (room < step) step = room;
    if (otherRoom < step) step = otherRoom;
    const risen = step == room ? ceiling : from + step;
    const fallen = step == otherRoom ? floor : fromOther - step;
    if (!(step > 0) || (risen == from && fallen == fromOther)) return STALLED;
    store<f64>(beta + (<usize>first << 3), risen);
    store<f64>(beta + (<usize>second << 3), fallen);
    setShifts(beta, lower, upper, raise, fall, first, epsilon);
    setShifts(beta, lower, upper, raise, fall, second, epsilon);
    store<f64>(state, load<f64>(state, 32) - (step * violation - 0.5 * step * step * curvature), 32);
    store<f64>(state, iterations + 1);
    first = moveScores(scores, raise, fall, row, rows + <usize>otherSlot * line, step, count, state, true);
  }
}
