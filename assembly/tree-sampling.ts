// The law is src/kernels/tree-sampling.ts.

// The upper bits of |gradient| · hessian, rounded to f32.
// @ts-ignore: decorator
@inline
function sizeBucket(gradient: f32, hessian: f32, shift: i32): i32 {
  return <i32>(reinterpret<u32>(<f32>Math.abs(<f64>gradient * <f64>hessian)) >> shift);
}

export function gradient_sizes_count_f32(
  gradients: usize, hessians: usize, rows: usize, counts: usize, shift: i32, firstRow: i32, dataRows: i32, rowCount: i32,
): void {
  const end = rows + (<usize>rowCount << 2);
  for (; rows < end; rows += 4) {
    const at = <usize>(load<u32>(rows) - <u32>firstRow) << 2;
    const count = counts + (<usize>sizeBucket(load<f32>(gradients + at), load<f32>(hessians + at), shift) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
}

export function rows_sample_u32(
  words: usize, gradients: usize, hessians: usize, rows: usize, scratch: usize, limit: f64, shift: i32, bucket: i32, factor: f64,
  firstRow: i32, dataRows: i32, rowCount: i32,
): i32 {
  const end = rows + (<usize>rowCount << 2);
  let drawn = rows, rest = scratch;
  // Both sides are written and one of them kept: no branch that could be guessed wrong. `drawn` never passes `from`.
  for (let from = rows; from < end; from += 4) {
    const row = load<u32>(from);
    const at = <usize>(row - <u32>firstRow) << 2;
    let take = <usize>(<f64>load<u32>(words + at) < limit);
    if (gradients != 0) {
      const g = load<f32>(gradients + at), h = load<f32>(hessians + at);
      if (sizeBucket(g, h, shift) > bucket) take = 1;
      else if (take) {
        store<f32>(gradients + at, <f32>(<f64>g * factor));
        store<f32>(hessians + at, <f32>(<f64>h * factor));
      }
    }
    store<u32>(drawn, row);
    store<u32>(rest, row);
    drawn += take << 2;
    rest += (take ^ 1) << 2;
  }
  memory.copy(drawn, scratch, rest - scratch);
  return <i32>((drawn - rows) >> 2);
}
