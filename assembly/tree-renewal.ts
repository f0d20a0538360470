import { laneSum } from './inline/lanes';
import { sortPlaces } from './inline/sort';

export function values_gather_f64(
  values: usize, minuend: usize, rows: usize, out: usize, absolute: i32, dataRows: i32, rowCount: i32,
): void {
  const end = rows + (<usize>rowCount << 2);
  const kept: u64 = absolute == 1 ? 0x7fffffffffffffff : 0xffffffffffffffff;
  if (minuend) {
    for (; rows < end; rows += 4, out += 8) {
      const at = <usize>load<u32>(rows) << 3;
      store<u64>(out, reinterpret<u64>(load<f64>(minuend + at) - load<f64>(values + at)) & kept);
    }
    return;
  }
  for (; rows < end; rows += 4, out += 8) store<u64>(out, load<u64>(values + (<usize>load<u32>(rows) << 3)) & kept);
}

export function derivatives_clear_f32(
  rows: usize, gradients: usize, hessians: usize, dataRows: i32, rowCount: i32,
): void {
  const end = rows + (<usize>rowCount << 2);
  for (; rows < end; rows += 4) {
    const at = <usize>load<u32>(rows) << 2;
    store<f32>(gradients + at, 0);
    store<f32>(hessians + at, 0);
  }
}

// Doubles as integers of the same order, and back.
// @ts-ignore: decorator
@inline
function ordered(bits: i64): i64 {
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
}

// @ts-ignore: decorator
@inline
function keyAt(keys: usize, place: i32): i64 {
  return load<i64>(keys + (<usize>place << 3));
}

// Hoare's selection: afterwards keys[wanted] is in its place, with none smaller behind it. Pivots are drawn at random,
// so that no order of the values makes it slow; which they are does not show.
function selectKey(keys: usize, count: i32, wanted: i32): void {
  let low = 0, high = count - 1;
  let state: u32 = 0x9e3779b9;
  while (low < high) {
    state = state * 1664525 + 1013904223;
    const pivot = keyAt(keys, low + <i32>((<u64>state * <u64>(high - low + 1)) >> 32));
    let i = low, j = high;
    while (i <= j) {
      while (keyAt(keys, i) < pivot) i++;
      while (keyAt(keys, j) > pivot) j--;
      if (i > j) break;
      const left = keyAt(keys, i);
      store<i64>(keys + (<usize>i << 3), keyAt(keys, j));
      store<i64>(keys + (<usize>j << 3), left);
      i++;
      j--;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else return;
  }
}

// @ts-ignore: decorator
@inline
function middle(value: f64, next: f64): f64 {
  return (next == value ? value : 0.5 * value + 0.5 * next) + 0;
}

export function quantile_select_f64(values: usize, weights: usize, scratch: usize, level: f64, rowCount: i32): f64 {
  if (rowCount == 0) return 0;
  if (weights) return weightedQuantile(values, weights, scratch, level, rowCount);
  for (let row = 0; row < rowCount; row++) store<i64>(scratch + (<usize>row << 3), ordered(keyAt(values, row)));
  const limit = level * <f64>rowCount;
  const wanted = min(rowCount - 1, max(0, <i32>ceil(limit) - 1));
  selectKey(scratch, rowCount, wanted);
  const value = reinterpret<f64>(ordered(keyAt(scratch, wanted)));
  if (<f64>(wanted + 1) != limit || wanted + 1 == rowCount) return value + 0;
  let next = keyAt(scratch, wanted + 1);
  for (let row = wanted + 2; row < rowCount; row++) next = min(next, keyAt(scratch, row));
  return middle(value, reinterpret<f64>(ordered(next)));
}

// The scratch holds places twice: sorted, and while they are sorted. Those without weight stand first as if they were
// smallest, where they add nothing.
function weightedQuantile(values: usize, weights: usize, places: usize, level: f64, rowCount: i32): f64 {
  for (let row = 0; row < rowCount; row++) store<u32>(places + (<usize>row << 2), row);
  sortPlaces(values, places, places + (<usize>rowCount << 2), rowCount);
  const end = places + (<usize>rowCount << 2);
  let total: f64 = 0, last: usize = 0;
  for (let at = places; at < end; at += 4) {
    const weight = weightAt(weights, at);
    if (!(weight > 0)) continue;
    total += weight;
    last = at;
  }
  if (!last) return 0;
  const limit = level * total;
  let sum: f64 = 0;
  for (let at = places; at <= last; at += 4) {
    const weight = weightAt(weights, at);
    if (!(weight > 0)) continue;
    sum += weight;
    if (sum < limit && at != last) continue;
    const value = valueAt(values, at);
    if (sum != limit || at == last) return value + 0;
    at += 4;
    while (!(weightAt(weights, at) > 0)) at += 4;
    return middle(value, valueAt(values, at));
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function weightAt(weights: usize, at: usize): f64 {
  return load<f64>(weights + (<usize>load<u32>(at) << 3));
}

// @ts-ignore: decorator
@inline
function valueAt(values: usize, at: usize): f64 {
  return load<f64>(values + (<usize>load<u32>(at) << 3));
}

const TILE_ROWS: i32 = 256;

export function clipped_mean_f64(
  values: usize, weights: usize, tile: usize, center: f64, delta: f64, rowCount: i32,
): f64 {
  const middleOf = f64x2.splat(center), above = f64x2.splat(delta), below = f64x2.splat(-delta);
  let sum: f64 = 0, total: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const offset = <usize>start << 3;
    for (let at: usize = 0; at < <usize>rows << 3; at += 16) {
      const distance = f64x2.sub(v128.load(values + offset + at), middleOf);
      let held = v128.bitselect(below, distance, f64x2.lt(distance, below));
      held = v128.bitselect(above, held, f64x2.gt(distance, above));
      v128.store(tile + at, weights ? f64x2.mul(v128.load(weights + offset + at), held) : held);
    }
    sum += laneSum(tile, rows);
    total += weights ? laneSum(weights + offset, rows) : <f64>rows;
  }
  return total > 0 ? center + sum / total : center;
}
