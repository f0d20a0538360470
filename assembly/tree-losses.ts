import { exp_f64x2, log1p_f64x2, log_f64x2, sigmoid_f64x2 } from './inline/elementary-simd';
import { laneSum } from './inline/lanes';

// Rows go in pairs; the last odd row is computed as a pair, of which one half is stored. Inputs have slack to read.

const TILE_ROWS: i32 = 256;

// @ts-ignore: decorator
@inline
function pairAt(values: usize, row: i32): v128 {
  return v128.load(values + (<usize>row << 3));
}

// @ts-ignore: decorator
@inline
function weightsAt(weights: usize, row: i32): v128 {
  return weights ? pairAt(weights, row) : f64x2.splat(1);
}

// @ts-ignore: decorator
@inline
function storeFloats(to: usize, row: i32, rowCount: i32, values: v128): void {
  const at = to + (<usize>row << 2);
  const floats = f32x4.demote_f64x2_zero(values);
  if (row + 1 < rowCount) v128.store64_lane(at, floats, 0);
  else store<f32>(at, f32x4.extract_lane(floats, 0));
}

// weight · scale · slope
// @ts-ignore: decorator
@inline
function scaled(weight: v128, scale: f64, slope: v128): v128 {
  return f64x2.mul(f64x2.mul(weight, f64x2.splat(scale)), slope);
}

export function derivatives_squared_f32(
  raw: usize, target: usize, weights: usize, gradients: usize, hessians: usize,
  gradientScale: f64, hessianScale: f64, rowCount: i32,
): void {
  for (let row = 0; row < rowCount; row += 2) {
    const weight = weightsAt(weights, row);
    const error = f64x2.sub(pairAt(raw, row), pairAt(target, row));
    storeFloats(gradients, row, rowCount, scaled(weight, gradientScale, error));
    storeFloats(hessians, row, rowCount, f64x2.mul(weight, f64x2.splat(hessianScale)));
  }
}

export function loss_squared_f64(raw: usize, target: usize, weights: usize, tile: usize, rowCount: i32): f64 {
  let sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const end = min(rowCount, start + TILE_ROWS);
    for (let row = start; row < end; row += 2) {
      const error = f64x2.sub(pairAt(raw, row), pairAt(target, row));
      const loss = f64x2.mul(weightsAt(weights, row), f64x2.mul(error, error));
      v128.store(tile + (<usize>(row - start) << 3), loss);
    }
    sum += laneSum(tile, end - start);
  }
  return sum;
}

// above beyond delta, below beyond −delta, else within
// @ts-ignore: decorator
@inline
function slopeOf(error: v128, delta: f64, below: f64, above: f64, within: v128): v128 {
  const lower = v128.bitselect(f64x2.splat(below), within, f64x2.lt(error, f64x2.splat(-delta)));
  return v128.bitselect(f64x2.splat(above), lower, f64x2.gt(error, f64x2.splat(delta)));
}

export function derivatives_robust_f32(
  raw: usize, target: usize, weights: usize, gradients: usize, hessians: usize,
  delta: f64, low: f64, high: f64, gradientScale: f64, hessianScale: f64, rowCount: i32,
): void {
  for (let row = 0; row < rowCount; row += 2) {
    const weight = weightsAt(weights, row);
    const error = f64x2.sub(pairAt(raw, row), pairAt(target, row));
    storeFloats(gradients, row, rowCount, scaled(weight, gradientScale, slopeOf(error, delta, low, high, error)));
    storeFloats(hessians, row, rowCount, f64x2.mul(weight, f64x2.splat(hessianScale)));
  }
}

export function loss_robust_f64(
  raw: usize, target: usize, weights: usize, tile: usize, delta: f64, low: f64, high: f64, rowCount: i32,
): f64 {
  const beyond = f64x2.splat(0.5 * delta * delta);
  let sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const end = min(rowCount, start + TILE_ROWS);
    for (let row = start; row < end; row += 2) {
      const error = f64x2.sub(pairAt(raw, row), pairAt(target, row));
      const slope = slopeOf(error, delta, low, high, f64x2.mul(f64x2.splat(0.5), error));
      const offset = v128.and(beyond, f64x2.gt(f64x2.abs(error), f64x2.splat(delta)));
      const loss = f64x2.mul(weightsAt(weights, row), f64x2.sub(f64x2.mul(slope, error), offset));
      v128.store(tile + (<usize>(row - start) << 3), loss);
    }
    sum += laneSum(tile, end - start);
  }
  return sum;
}

// p·(1 − p)
// @ts-ignore: decorator
@inline
function spread(probability: v128): v128 {
  return f64x2.mul(probability, f64x2.sub(f64x2.splat(1), probability));
}

export function derivatives_logistic_f32(
  raw: usize, target: usize, weights: usize, gradients: usize, hessians: usize,
  gradientScale: f64, hessianScale: f64, rowCount: i32,
): void {
  for (let row = 0; row < rowCount; row += 2) {
    const weight = weightsAt(weights, row);
    const probability = sigmoid_f64x2(pairAt(raw, row));
    const error = f64x2.sub(probability, pairAt(target, row));
    storeFloats(gradients, row, rowCount, scaled(weight, gradientScale, error));
    storeFloats(hessians, row, rowCount, scaled(weight, hessianScale, spread(probability)));
  }
}

export function loss_logistic_f64(raw: usize, target: usize, weights: usize, tile: usize, rowCount: i32): f64 {
  let sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const end = min(rowCount, start + TILE_ROWS);
    for (let row = start; row < end; row += 2) {
      const z = pairAt(raw, row);
      const linear = f64x2.sub(f64x2.pmax(f64x2.splat(0), z), f64x2.mul(pairAt(target, row), z));
      const curved = log1p_f64x2(exp_f64x2(f64x2.neg(f64x2.abs(z))));
      const loss = f64x2.mul(weightsAt(weights, row), f64x2.add(curved, linear));
      v128.store(tile + (<usize>(row - start) << 3), loss);
    }
    sum += laneSum(tile, end - start);
  }
  return sum;
}

// log Σ e^raw of two rows
// @ts-ignore: decorator
@inline
function logSumExp(raw: usize, row: i32, classCount: i32, stride: usize): v128 {
  const first = raw + (<usize>row << 3);
  let largest = v128.load(first);
  for (let k = 1, at = first + stride; k < classCount; k++, at += stride) largest = f64x2.pmax(largest, v128.load(at));
  let sum = f64x2.splat(0);
  for (let k = 0, at = first; k < classCount; k++, at += stride) {
    sum = f64x2.add(sum, exp_f64x2(f64x2.sub(v128.load(at), largest)));
  }
  return f64x2.add(largest, log_f64x2(sum));
}

export function softmax_normalizers_f64(
  raw: usize, normalizers: usize, classCount: i32, classStride: i32, rowCount: i32,
): void {
  const stride = <usize>classStride << 3;
  for (let row = 0; row < rowCount; row += 2) {
    const normalizer = logSumExp(raw, row, classCount, stride);
    const at = normalizers + (<usize>row << 3);
    if (row + 1 < rowCount) v128.store(at, normalizer);
    else store<f64>(at, f64x2.extract_lane(normalizer, 0));
  }
}

export function derivatives_softmax_f32(
  raw: usize, normalizers: usize, target: usize, weights: usize, gradients: usize, hessians: usize,
  own: f64, gradientScale: f64, hessianScale: f64, rowCount: i32,
): void {
  const one = f64x2.splat(1);
  for (let row = 0; row < rowCount; row += 2) {
    const weight = weightsAt(weights, row);
    const probability = exp_f64x2(f64x2.sub(pairAt(raw, row), pairAt(normalizers, row)));
    const hit = v128.and(one, f64x2.eq(pairAt(target, row), f64x2.splat(own)));
    storeFloats(gradients, row, rowCount, scaled(weight, gradientScale, f64x2.sub(probability, hit)));
    storeFloats(hessians, row, rowCount, scaled(weight, hessianScale, spread(probability)));
  }
}

export function loss_softmax_f64(
  raw: usize, target: usize, weights: usize, tile: usize, classCount: i32, classStride: i32, rowCount: i32,
): f64 {
  const stride = <usize>classStride << 3;
  let sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const end = min(rowCount, start + TILE_ROWS);
    for (let row = start; row < end; row += 2) {
      let own = f64x2.splat(ownRaw(raw, target, row, stride));
      if (row + 1 < end) own = f64x2.replace_lane(own, 1, ownRaw(raw, target, row + 1, stride));
      const loss = f64x2.mul(weightsAt(weights, row), f64x2.sub(logSumExp(raw, row, classCount, stride), own));
      v128.store(tile + (<usize>(row - start) << 3), loss);
    }
    sum += laneSum(tile, end - start);
  }
  return sum;
}

// The raw prediction of a row's class.
// @ts-ignore: decorator
@inline
function ownRaw(raw: usize, target: usize, row: i32, stride: usize): f64 {
  const at = <usize>row << 3;
  return load<f64>(raw + <usize>load<f64>(target + at) * stride + at);
}

export function derivatives_tweedie_f32(
  raw: usize, target: usize, weights: usize, gradients: usize, hessians: usize,
  power: f64, gradientScale: f64, hessianScale: f64, rowCount: i32,
): void {
  const one = f64x2.splat(1), first = f64x2.splat(1 - power), second = f64x2.splat(2 - power);
  for (let row = 0; row < rowCount; row += 2) {
    const weight = weightsAt(weights, row);
    const z = pairAt(raw, row);
    const observed = f64x2.mul(pairAt(target, row), power == 1 ? one : exp_f64x2(f64x2.mul(first, z)));
    const expected = power == 2 ? one : exp_f64x2(f64x2.mul(second, z));
    const curvature = f64x2.add(f64x2.mul(second, expected), f64x2.mul(f64x2.splat(power - 1), observed));
    storeFloats(gradients, row, rowCount, scaled(weight, gradientScale, f64x2.sub(expected, observed)));
    storeFloats(hessians, row, rowCount, scaled(weight, hessianScale, curvature));
  }
}

export function loss_tweedie_f64(
  raw: usize, target: usize, weights: usize, tile: usize, power: f64, rowCount: i32,
): f64 {
  const first = f64x2.splat(1 - power), second = f64x2.splat(2 - power);
  let sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const end = min(rowCount, start + TILE_ROWS);
    for (let row = start; row < end; row += 2) {
      const z = pairAt(raw, row);
      const unit = power == 1 ? z : f64x2.div(exp_f64x2(f64x2.mul(first, z)), first);
      const expected = power == 2 ? z : f64x2.div(exp_f64x2(f64x2.mul(second, z)), second);
      const observed = f64x2.mul(pairAt(target, row), unit);
      const loss = f64x2.mul(weightsAt(weights, row), f64x2.sub(expected, observed));
      v128.store(tile + (<usize>(row - start) << 3), loss);
    }
    sum += laneSum(tile, end - start);
  }
  return sum;
}
