import { laneSum } from './inline/lanes';

// Columns centred and scaled: src/kernels/standardize.ts is the law. Passes go in pairs, up to one element beyond the rows:
// the tile has room for it, inputs have slack.

const TILE_ROWS: i32 = 256;

export function column_moments_f64(x: usize, weights: usize, moments: usize, terms: usize, rowCount: i32): void {
  let total: f64 = 0, sum: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const from = x + (<usize>start << 3);
    if (!weights) {
      sum += laneSum(from, rows);
      continue;
    }
    const heavy = weights + (<usize>start << 3);
    for (let at: usize = 0; at < <usize>rows << 3; at += 16) {
      v128.store(terms + at, f64x2.mul(v128.load(heavy + at), v128.load(from + at)));
    }
    sum += laneSum(terms, rows);
    total += laneSum(heavy, rows);
  }
  if (!weights) total = <f64>rowCount;
  const mean = total == 0 ? 0 : sum / total;
  const middle = f64x2.splat(mean);
  let squares: f64 = 0;
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const from = x + (<usize>start << 3);
    for (let at: usize = 0; at < <usize>rows << 3; at += 16) {
      const deviation = f64x2.sub(v128.load(from + at), middle);
      const square = f64x2.mul(deviation, deviation);
      const heavy = weights ? f64x2.mul(v128.load(weights + (<usize>start << 3) + at), square) : square;
      v128.store(terms + at, heavy);
    }
    squares += laneSum(terms, rows);
  }
  store<f64>(moments, total);
  store<f64>(moments, mean, 8);
  store<f64>(moments, squares, 16);
}

export function column_standardize_f64(x: usize, shift: f64, scale: f64, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const pairEnd = x + ((<usize>rowCount & ~1) << 3);
  const middle = f64x2.splat(shift), unit = f64x2.splat(scale);
  for (; x < pairEnd; x += 16) v128.store(x, f64x2.div(f64x2.sub(v128.load(x), middle), unit));
  if (x < end) store<f64>(x, (load<f64>(x) - shift) / scale);
}
