import { axpy_f64, dot_f64 } from './gradient-descent';

// @ts-ignore: decorator
@inline
function softThreshold(value: f64, threshold: f64, positive: i32): f64 {
  if (value > threshold) return value - threshold;
  return positive == 0 && value < -threshold ? value + threshold : 0;
}

export function coordinate_residual_f64(
  x: usize, residual: usize, coefficients: usize, l1: usize, l2: usize, squares: usize, indices: usize,
  rowCount: i32, columnCount: i32, columnStride: i32, indexCount: i32, positive: i32,
): f64 {
  const stride = <usize>columnStride << 3;
  let largest: f64 = 0;
  for (let k = 0; k < indexCount; k++) {
    const j = <usize>load<i32>(indices + (<usize>k << 2));
    const at = j << 3;
    const length = load<f64>(squares + at);
    if (length == 0) continue;
    const column = x + j * stride;
    const old = load<f64>(coefficients + at);
    const inner = dot_f64(column, residual, rowCount) + length * old;
    const next = softThreshold(inner, load<f64>(l1 + at), positive) / (length + load<f64>(l2 + at));
    if (next == old) continue;
    const change = old - next;
    axpy_f64(column, residual, change, rowCount);
    store<f64>(coefficients + at, next);
    const moved = length * change * change;
    if (moved > largest) largest = moved;
  }
  return largest;
}

export function coordinate_correlations_f64(
  x: usize, residual: usize, correlations: usize, indices: usize,
  rowCount: i32, columnCount: i32, columnStride: i32, indexCount: i32,
): void {
  const stride = <usize>columnStride << 3;
  for (let k = 0; k < indexCount; k++) {
    const j = <usize>load<i32>(indices + (<usize>k << 2));
    store<f64>(correlations + (j << 3), dot_f64(x + j * stride, residual, rowCount));
  }
}

export function coordinate_gram_f64(
  gram: usize, correlations: usize, coefficients: usize, l1: usize, l2: usize, indices: usize,
  columnCount: i32, indexCount: i32, positive: i32, limit: f64, passCount: i32,
): i32 {
  const line = <usize>columnCount << 3;
  let done = 0;
  while (done < passCount) {
    done++;
    let largest: f64 = 0;
    for (let k = 0; k < indexCount; k++) {
      const j = <usize>load<i32>(indices + (<usize>k << 2));
      const at = j << 3;
      const row = gram + j * line;
      const length = load<f64>(row + at);
      if (length == 0) continue;
      const old = load<f64>(coefficients + at);
      const inner = load<f64>(correlations + at) + length * old;
      const next = softThreshold(inner, load<f64>(l1 + at), positive) / (length + load<f64>(l2 + at));
      if (next == old) continue;
      const change = old - next;
      axpy_f64(row, correlations, change, columnCount);
      store<f64>(coefficients + at, next);
      const moved = length * change * change;
      if (moved > largest) largest = moved;
    }
    if (!(largest > limit)) break;
  }
  return done;
}
