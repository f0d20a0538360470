import { exp, log1p } from './inline/elementary';

// Eight lanes, folded in halves; rows are padded to a multiple of eight.
// @ts-ignore: decorator
@inline
function rowProduct(row: usize, factors: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 64) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(factors + at, 0), v128.load(row + at, 0)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(factors + at, 16), v128.load(row + at, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(factors + at, 32), v128.load(row + at, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(factors + at, 48), v128.load(row + at, 48)));
  }
  s0 = f64x2.add(s0, s2);
  s1 = f64x2.add(s1, s3);
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

function lossValue(loss: i32, parameter: f64, decision: f64, y: f64): f64 {
  const margin = y * decision;
  if (loss == 0) return margin <= parameter ? parameter - margin : 0;
  if (loss == 1) return log1p(exp(-Math.abs(margin))) + (margin < 0 ? -margin : 0);
  if (loss == 2) {
    if (margin >= 1) return 0;
    return margin >= -1 ? (1 - margin) * (1 - margin) : -4 * margin;
  }
  if (loss == 3) {
    const short = 1 - margin;
    return short > 0 ? short * short : 0;
  }
  const error = decision - y;
  const size = Math.abs(error);
  if (loss == 4) return 0.5 * error * error;
  if (loss == 5) return size <= parameter ? 0.5 * error * error : parameter * (size - 0.5 * parameter);
  if (loss == 6) return size > parameter ? size - parameter : 0;
  const over = size - parameter;
  return over > 0 ? over * over : 0;
}

function lossSlope(loss: i32, parameter: f64, decision: f64, y: f64): f64 {
  const margin = y * decision;
  if (loss == 0) return margin <= parameter ? -y : 0;
  if (loss == 1) {
    const power = exp(-Math.abs(margin));
    const share = 1 / (1 + power);
    return -y * (margin < 0 ? share : power * share);
  }
  if (loss == 2) {
    if (margin >= 1) return 0;
    return margin >= -1 ? 2 * (1 - margin) * -y : -4 * y;
  }
  if (loss == 3) {
    const short = 1 - margin;
    return short > 0 ? -2 * y * short : 0;
  }
  const error = decision - y;
  const size = Math.abs(error);
  if (loss == 4) return error;
  if (loss == 5) {
    if (size <= parameter) return error;
    return error > 0 ? parameter : -parameter;
  }
  if (loss == 6) {
    if (!(size > parameter)) return 0;
    return error > 0 ? 1 : -1;
  }
  const over = size - parameter;
  if (!(over > 0)) return 0;
  return error > 0 ? 2 * over : -2 * over;
}

const LARGEST_DERIVATIVE: f64 = 1e12;

// @ts-ignore: decorator
@inline
function addRow(state: usize, row: usize, update: f64, shrink: f64, bytes: usize): void {
  const factor = f64x2.splat(update), kept = f64x2.splat(shrink);
  for (let at: usize = 0; at < bytes; at += 32) {
    const low = f64x2.mul(v128.load(state + at), kept);
    const high = f64x2.mul(v128.load(state + at, 16), kept);
    v128.store(state + at, f64x2.add(low, f64x2.mul(factor, v128.load(row + at))));
    v128.store(state + at, f64x2.add(high, f64x2.mul(factor, v128.load(row + at, 16))), 16);
  }
}

// @ts-ignore: decorator
@inline
function scaleAll(state: usize, shrink: f64, bytes: usize): void {
  const kept = f64x2.splat(shrink);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(state + at, f64x2.mul(v128.load(state + at), kept));
}

// What L1 is due, less what it has taken of each coefficient, never beyond 0.
function takeL1(state: usize, taken: usize, due: f64, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) {
    const before = load<f64>(state + at), had = load<f64>(taken + at);
    let after = before;
    if (before > 0) {
      const left = before - (due + had);
      after = left > 0 ? left : 0;
    } else if (before < 0) {
      const left = before + (due - had);
      after = left < 0 ? left : 0;
    }
    store<f64>(state + at, after);
    store<f64>(taken + at, had + (after - before));
  }
}

export function sgd_steps_f64(
  x: usize, target: usize, weights: usize, order: usize, rates: usize, state: usize, updates: usize,
  width: i32, rowCount: i32, orderCount: i32, batchSize: i32, loss: i32, parameter: f64, positive: i32,
  l1: f64, l2: f64, averageFrom: i32, intercept: i32,
): void {
  const bytes = <usize>width << 3;
  const average = state + bytes, taken = average + bytes, scalars = taken + bytes;
  const one = <f64>positive;
  let offset = load<f64>(scalars), steps = load<f64>(scalars, 24), losses = load<f64>(scalars, 32);
  for (let start = 0; start < orderCount; start += batchSize) {
    const count = min(batchSize, orderCount - start);
    const rate = load<f64>(rates);
    rates += 8;
    for (let i = 0; i < count; i++) {
      const row = <usize>load<i32>(order + (<usize>(start + i) << 2));
      const decision = rowProduct(x + row * bytes, state, bytes) + offset;
      const truth = load<f64>(target + (row << 3));
      const y = positive < 0 ? truth : truth == one ? 1 : -1;
      const weight = weights ? load<f64>(weights + (row << 3)) : 1;
      let slope = lossSlope(loss, parameter, decision, y);
      if (slope > LARGEST_DERIVATIVE) slope = LARGEST_DERIVATIVE;
      else if (slope < -LARGEST_DERIVATIVE) slope = -LARGEST_DERIVATIVE;
      losses += weight * lossValue(loss, parameter, decision, y);
      store<f64>(updates + (<usize>i << 3), (-rate * slope * weight) / <f64>count);
    }
    const kept = 1 - rate * l2;
    let shrink = kept > 0 ? kept : 0;
    for (let i = 0; i < count; i++) {
      const update = load<f64>(updates + (<usize>i << 3));
      if (update == 0) continue;
      const row = <usize>load<i32>(order + (<usize>(start + i) << 2));
      addRow(state, x + row * bytes, update, shrink, bytes);
      shrink = 1;
      if (intercept == 1) offset += update;
    }
    if (shrink != 1) scaleAll(state, shrink, bytes);
    steps += 1;
    if (l1 > 0) {
      const due = load<f64>(scalars, 16) + rate * l1;
      store<f64>(scalars, due, 16);
      takeL1(state, taken, due, bytes);
    }
    if (averageFrom > 0 && steps >= <f64>averageFrom) {
      const share = 1 / (steps - <f64>averageFrom + 1);
      const factor = f64x2.splat(share);
      for (let at: usize = 0; at < bytes; at += 16) {
        const mean = v128.load(average + at);
        v128.store(average + at, f64x2.add(mean, f64x2.mul(f64x2.sub(v128.load(state + at), mean), factor)));
      }
      const mean = load<f64>(scalars, 8);
      store<f64>(scalars, mean + (offset - mean) * share, 8);
    }
  }
  store<f64>(scalars, offset);
  store<f64>(scalars, steps, 24);
  store<f64>(scalars, losses, 32);
}

export function dual_coordinate_steps_f64(
  x: usize, target: usize, upper: usize, diagonal: usize, squares: usize, order: usize, duals: usize,
  coefficients: usize, largest: usize, width: i32, rowCount: i32, orderCount: i32, epsilon: f64, oneSided: i32,
  threshold: f64,
): i32 {
  const bytes = <usize>width << 3;
  let kept = 0;
  let most: f64 = 0;
  for (let k = 0; k < orderCount; k++) {
    const row = load<i32>(order + (<usize>k << 2));
    const at = <usize>row << 3;
    const own = x + <usize>row * bytes;
    const y = load<f64>(target + at), bound = load<f64>(upper + at);
    const dual = load<f64>(duals + at), extra = load<f64>(diagonal + at);
    const least = oneSided == 1 && y >= 0 ? 0 : -bound;
    const highest = oneSided == 1 && y < 0 ? 0 : bound;
    const slope = rowProduct(own, coefficients, bytes) - y + extra * dual;
    let low = dual > 0 ? slope + epsilon : slope - epsilon;
    let high = dual < 0 ? slope - epsilon : slope + epsilon;
    if (dual <= least) low = -Infinity;
    if (dual >= highest) high = Infinity;
    const violation = low > -high ? low : -high;
    if (violation < -threshold) continue;
    store<i32>(order + (<usize>kept << 2), row);
    kept++;
    if (!(violation > 0)) continue;
    if (violation > most) most = violation;
    const curvature = load<f64>(squares + at) + extra;
    let next = low > 0 ? least : highest;
    if (curvature > 0) {
      const free = dual - slope / curvature;
      const dead = epsilon / curvature;
      next = free > dead ? free - dead : free < -dead ? free + dead : 0;
      if (next < least) next = least;
      if (next > highest) next = highest;
    }
    const change = next - dual;
    if (change == 0) continue;
    store<f64>(duals + at, next);
    const factor = f64x2.splat(change);
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(coefficients + j, f64x2.add(v128.load(coefficients + j), f64x2.mul(factor, v128.load(own + j))));
    }
  }
  store<f64>(largest, most);
  return kept;
}
