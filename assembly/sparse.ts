// The law is src/kernels/sparse.ts.

export function sparse_multiply_f64(
  offsets: usize, indices: usize, values: usize, dense: usize, out: usize,
  rowCount: i32, entryCount: i32, columnCount: i32, outputCount: i32,
): void {
  const end = offsets + (<usize>rowCount << 2);
  if (outputCount == 1) {
    for (; offsets < end; offsets += 4, out += 8) store<f64>(out, rowProduct(offsets, indices, values, dense));
    return;
  }
  const width = <usize>outputCount << 3;
  for (; offsets < end; offsets += 4, out += width) {
    memory.fill(out, 0, width);
    const last = <usize>load<i32>(offsets, 4);
    for (let entry = <usize>load<i32>(offsets); entry < last; entry++) {
      const from = dense + <usize>load<i32>(indices + (entry << 2)) * width;
      addMultiple(out, from, load<f64>(values + (entry << 3)), width);
    }
  }
}

// @ts-ignore: decorator
@inline
function rowProduct(offsets: usize, indices: usize, values: usize, dense: usize): f64 {
  const last = <usize>load<i32>(offsets, 4);
  let sum: f64 = 0;
  for (let entry = <usize>load<i32>(offsets); entry < last; entry++) {
    const at = <usize>load<i32>(indices + (entry << 2)) << 3;
    sum = load<f64>(values + (entry << 3)) * load<f64>(dense + at) + sum;
  }
  return sum;
}

// to ← value · from + to
// @ts-ignore: decorator
@inline
function addMultiple(to: usize, from: usize, value: f64, width: usize): void {
  const factor = f64x2.splat(value);
  const pairs = width & ~15;
  for (let at: usize = 0; at < pairs; at += 16) {
    v128.store(to + at, f64x2.add(f64x2.mul(factor, v128.load(from + at)), v128.load(to + at)));
  }
  if (pairs < width) store<f64>(to + pairs, value * load<f64>(from + pairs) + load<f64>(to + pairs));
}

export function sparse_moments_f64(
  offsets: usize, values: usize, sums: usize, squares: usize, rowCount: i32, entryCount: i32,
): void {
  const end = offsets + (<usize>rowCount << 2);
  for (; offsets < end; offsets += 4, sums += 8, squares += 8) {
    const last = values + (<usize>load<i32>(offsets, 4) << 3);
    let sum: f64 = 0, square: f64 = 0;
    for (let at = values + (<usize>load<i32>(offsets) << 3); at < last; at += 8) {
      const value = load<f64>(at);
      sum = value + sum;
      square = value * value + square;
    }
    store<f64>(sums, sum);
    store<f64>(squares, square);
  }
}
