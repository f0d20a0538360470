import { log } from './inline/elementary';
import { exp_f64x2 } from './inline/elementary-simd';
import { laneSum } from './inline/lanes';
import { sortPlaces } from './inline/sort';

// One list at a time, its rows by rank in the scratch: eight arrays of longest + 1 numbers, because pairs of rows may reach
// one beyond the list.
export function derivatives_lambdarank_f32(
  raw: usize, gains: usize, weights: usize, rows: usize, ends: usize, inverseIdeal: usize, discounts: usize,
  gradients: usize, hessians: usize, scratch: usize, truncation: i32, normalise: i32, steepness: f64,
  gradientScale: f64, hessianScale: f64, longest: i32, listCount: i32, listRows: i32, dataRows: i32,
): void {
  const bytes = <usize>(longest + 1) << 3;
  const places = scratch, scores = scratch + bytes, ranked = scratch + 2 * bytes;
  const gradient = scratch + 3 * bytes, hessian = scratch + 4 * bytes;
  const pulls = scratch + 5 * bytes, curvatures = scratch + 6 * bytes, sizes = scratch + 7 * bytes;
  for (let list = 0; list < listCount; list++) {
    const first = load<i32>(ends + (<usize>list << 2));
    const count = load<i32>(ends + (<usize>list << 2), 4) - first;
    const members = rows + (<usize>first << 2);
    rankList(raw, gains, members, places, scores, ranked, pulls, bytes, count);
    memory.fill(gradient, 0, 2 * bytes);
    const last = scores + (<usize>max(0, count - 1) << 3);
    const distance = normalise == 1 && count > 0 && load<f64>(scores) != load<f64>(last);
    const inverse = load<f64>(inverseIdeal + (<usize>list << 3));
    let total: f64 = 0;
    for (let i = 0, end = min(count - 1, truncation); i < end; i++) {
      pairs(i, count, scores, ranked, discounts, gradient, hessian, pulls, curvatures, sizes, inverse, steepness, distance);
      const at = <usize>i << 3;
      const others = count - i - 1;
      store<f64>(gradient + at, load<f64>(gradient + at) - laneSum(pulls + at + 8, others));
      store<f64>(hessian + at, load<f64>(hessian + at) + laneSum(curvatures + at + 8, others));
      total += 2 * laneSum(sizes + at + 8, others);
    }
    const factor = normalise == 1 && total > 0 ? (log(1 + total) * 1.4426950408889634) / total : 1;
    for (let i = 0; i < count; i++) {
      const at = <usize>i << 3;
      const row = <usize>load<u32>(members + (<usize>load<u32>(places + (<usize>i << 2)) << 2));
      const weight = (weights ? load<f64>(weights + (row << 3)) : 1) * factor;
      store<f32>(gradients + (row << 2), <f32>(weight * gradientScale * load<f64>(gradient + at)));
      store<f32>(hessians + (row << 2), <f32>(weight * hessianScale * load<f64>(hessian + at)));
    }
  }
}

// Sorts the list by descending score into places, scores and gains.
// @ts-ignore: decorator
@inline
function rankList(
  raw: usize, gains: usize, members: usize, places: usize, scores: usize, ranked: usize, keys: usize, bytes: usize,
  count: i32,
): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(members + (<usize>i << 2));
    store<u32>(places + (<usize>i << 2), i);
    store<f64>(keys + (<usize>i << 3), -load<f64>(raw + (row << 3)));
  }
  sortPlaces(keys, places, places + (bytes >> 1), count);
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(members + (<usize>load<u32>(places + (<usize>i << 2)) << 2));
    store<f64>(scores + (<usize>i << 3), load<f64>(raw + (row << 3)));
    store<f64>(ranked + (<usize>i << 3), load<f64>(gains + (row << 3)));
  }
}

export function ndcg_sum_f64(
  raw: usize, gains: usize, listWeights: usize, rows: usize, ends: usize, inverseIdeal: usize, discounts: usize,
  scratch: usize, places: i32, longest: i32, listCount: i32, listRows: i32, dataRows: i32,
): f64 {
  const keys = scratch + (<usize>longest << 3);
  let total: f64 = 0;
  for (let list = 0; list < listCount; list++) {
    const first = load<i32>(ends + (<usize>list << 2));
    const count = load<i32>(ends + (<usize>list << 2), 4) - first;
    const members = rows + (<usize>first << 2);
    for (let i = 0; i < count; i++) {
      store<u32>(scratch + (<usize>i << 2), i);
      store<f64>(keys + (<usize>i << 3), -load<f64>(raw + (<usize>load<u32>(members + (<usize>i << 2)) << 3)));
    }
    sortPlaces(keys, scratch, scratch + (<usize>longest << 2), count);
    let sum: f64 = 0;
    for (let begin = 0; begin < min(places, count); ) {
      const score = load<f64>(keys + (<usize>load<u32>(scratch + (<usize>begin << 2)) << 3));
      let gain: f64 = 0, discount: f64 = 0, end = begin;
      for (; end < count; end++) {
        const place = <usize>load<u32>(scratch + (<usize>end << 2));
        if (load<f64>(keys + (place << 3)) != score) break;
        gain += load<f64>(gains + (<usize>load<u32>(members + (place << 2)) << 3));
        if (end < places) discount += load<f64>(discounts + (<usize>end << 3));
      }
      // A score that equals nothing, itself included, is one place.
      end = max(end, begin + 1);
      sum += (gain / <f64>(end - begin)) * discount;
      begin = end;
    }
    const weight = listWeights ? load<f64>(listWeights + (<usize>list << 3)) : 1;
    total += weight * (sum * load<f64>(inverseIdeal + (<usize>list << 3)));
  }
  return total;
}

// The pairs of rank i with every rank behind it.
// @ts-ignore: decorator
@inline
function pairs(
  i: i32, count: i32, scores: usize, ranked: usize, discounts: usize, gradient: usize, hessian: usize, pulls: usize,
  curvatures: usize, sizes: usize, inverse: f64, steepness: f64, distance: bool,
): void {
  const own = <usize>i << 3;
  const score = f64x2.splat(load<f64>(scores + own)), gain = f64x2.splat(load<f64>(ranked + own));
  const discount = f64x2.splat(load<f64>(discounts + own));
  const one = f64x2.splat(1), steep = f64x2.splat(steepness), steeper = f64x2.splat(steepness * steepness);
  for (let at = own + 8, end = <usize>count << 3; at < end; at += 16) {
    const gap = f64x2.sub(gain, v128.load(ranked + at));
    const apart = f64x2.sub(score, v128.load(scores + at));
    let swap = f64x2.mul(gap, f64x2.sub(discount, v128.load(discounts + at)));
    swap = f64x2.mul(swap, f64x2.splat(inverse));
    if (distance) swap = f64x2.div(swap, f64x2.add(f64x2.splat(0.01), f64x2.abs(apart)));
    const ahead = v128.bitselect(f64x2.neg(apart), apart, f64x2.lt(gap, f64x2.splat(0)));
    const share = f64x2.div(one, f64x2.add(one, exp_f64x2(f64x2.mul(steep, ahead))));
    const pull = f64x2.mul(f64x2.mul(steep, swap), share);
    const spread = f64x2.mul(share, f64x2.sub(one, share));
    const curvature = f64x2.mul(f64x2.mul(steeper, f64x2.abs(swap)), spread);
    v128.store(pulls + at, pull);
    v128.store(sizes + at, f64x2.abs(pull));
    v128.store(curvatures + at, curvature);
    v128.store(gradient + at, f64x2.add(v128.load(gradient + at), pull));
    v128.store(hessian + at, f64x2.add(v128.load(hessian + at), curvature));
  }
}
