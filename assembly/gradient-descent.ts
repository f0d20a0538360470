import { foldLanes_f64x2, tailProduct } from './inline/lanes';

// Sums keep 32 virtual lanes in sixteen f64x2 registers; element i goes to lane i mod 32 (src/kernels/sums.ts).

export function dot_f64(x: usize, y: usize, rowCount: i32): f64 {
  const end = x + (<usize>rowCount << 3);
  const blockEnd = x + ((<usize>rowCount & ~31) << 3);
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let s4 = f64x2.splat(0), s5 = f64x2.splat(0), s6 = f64x2.splat(0), s7 = f64x2.splat(0);
  let s8 = f64x2.splat(0), s9 = f64x2.splat(0), s10 = f64x2.splat(0), s11 = f64x2.splat(0);
  let s12 = f64x2.splat(0), s13 = f64x2.splat(0), s14 = f64x2.splat(0), s15 = f64x2.splat(0);
  // Two passes over the block, lanes 0–15, then 16–31: sixteen sums in one loop would not stay in sixteen registers.
  let p = x, q = y;
  for (; p < blockEnd; p += 256, q += 256) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(p, 0), v128.load(q, 0)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(p, 16), v128.load(q, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(p, 32), v128.load(q, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(p, 48), v128.load(q, 48)));
    s4 = f64x2.add(s4, f64x2.mul(v128.load(p, 64), v128.load(q, 64)));
    s5 = f64x2.add(s5, f64x2.mul(v128.load(p, 80), v128.load(q, 80)));
    s6 = f64x2.add(s6, f64x2.mul(v128.load(p, 96), v128.load(q, 96)));
    s7 = f64x2.add(s7, f64x2.mul(v128.load(p, 112), v128.load(q, 112)));
  }
  p = x;
  q = y;
  for (; p < blockEnd; p += 256, q += 256) {
    s8 = f64x2.add(s8, f64x2.mul(v128.load(p, 128), v128.load(q, 128)));
    s9 = f64x2.add(s9, f64x2.mul(v128.load(p, 144), v128.load(q, 144)));
    s10 = f64x2.add(s10, f64x2.mul(v128.load(p, 160), v128.load(q, 160)));
    s11 = f64x2.add(s11, f64x2.mul(v128.load(p, 176), v128.load(q, 176)));
    s12 = f64x2.add(s12, f64x2.mul(v128.load(p, 192), v128.load(q, 192)));
    s13 = f64x2.add(s13, f64x2.mul(v128.load(p, 208), v128.load(q, 208)));
    s14 = f64x2.add(s14, f64x2.mul(v128.load(p, 224), v128.load(q, 224)));
    s15 = f64x2.add(s15, f64x2.mul(v128.load(p, 240), v128.load(q, 240)));
  }
  x = p;
  y = q;
  // The tail: lane j of the last, partial block takes its element; a switch on pairs would cost more than it saves.
  const tail = <i32>((end - x) >> 3);
  if (tail > 0) {
    s0 = f64x2.add(s0, tailProduct(x, y, tail, 0)); s1 = f64x2.add(s1, tailProduct(x, y, tail, 2));
    s2 = f64x2.add(s2, tailProduct(x, y, tail, 4)); s3 = f64x2.add(s3, tailProduct(x, y, tail, 6));
    s4 = f64x2.add(s4, tailProduct(x, y, tail, 8)); s5 = f64x2.add(s5, tailProduct(x, y, tail, 10));
    s6 = f64x2.add(s6, tailProduct(x, y, tail, 12)); s7 = f64x2.add(s7, tailProduct(x, y, tail, 14));
    s8 = f64x2.add(s8, tailProduct(x, y, tail, 16)); s9 = f64x2.add(s9, tailProduct(x, y, tail, 18));
    s10 = f64x2.add(s10, tailProduct(x, y, tail, 20)); s11 = f64x2.add(s11, tailProduct(x, y, tail, 22));
    s12 = f64x2.add(s12, tailProduct(x, y, tail, 24)); s13 = f64x2.add(s13, tailProduct(x, y, tail, 26));
    s14 = f64x2.add(s14, tailProduct(x, y, tail, 28)); s15 = f64x2.add(s15, tailProduct(x, y, tail, 30));
  }
  return foldLanes_f64x2(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15);
}

export function axpy_f64(x: usize, y: usize, a: f64, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const pairEnd = x + ((<usize>rowCount & ~1) << 3);
  const factor = f64x2.splat(a);
  while (x < pairEnd) {
    v128.store(y, f64x2.add(f64x2.mul(factor, v128.load(x)), v128.load(y)));
    x += 16;
    y += 16;
  }
  if (x < end) store<f64>(y, a * load<f64>(x) + load<f64>(y));
}

const TILE_ROWS: i32 = 256;
const TILE_BYTES: usize = 2048;

// out = intercept, + coefficient·column for each column in order; four columns a turn, so that out is touched less often.
export function linear_scores_f64(
  x: usize, coefficients: usize, out: usize, rowCount: i32, columnCount: i32, columnStride: i32,
): void {
  const stride = <usize>columnStride << 3;
  const end = out + (<usize>rowCount << 3);
  const pairEnd = out + ((<usize>rowCount & ~1) << 3);
  const intercept = load<f64>(coefficients + (<usize>columnCount << 3));
  for (let at = out; at < end; at += 8) store<f64>(at, intercept);
  let j = 0;
  for (; j + 4 <= columnCount; j += 4) {
    const a = load<f64>(coefficients), b = load<f64>(coefficients, 8);
    const c = load<f64>(coefficients, 16), d = load<f64>(coefficients, 24);
    const a2 = f64x2.splat(a), b2 = f64x2.splat(b), c2 = f64x2.splat(c), d2 = f64x2.splat(d);
    let p = x, q = x + stride, r = x + 2 * stride, s = x + 3 * stride;
    let at = out;
    while (at < pairEnd) {
      let sum = f64x2.add(f64x2.mul(a2, v128.load(p)), v128.load(at));
      sum = f64x2.add(f64x2.mul(b2, v128.load(q)), sum);
      sum = f64x2.add(f64x2.mul(c2, v128.load(r)), sum);
      v128.store(at, f64x2.add(f64x2.mul(d2, v128.load(s)), sum));
      p += 16; q += 16; r += 16; s += 16;
      at += 16;
    }
    if (at < end) {
      const sum = c * load<f64>(r) + (b * load<f64>(q) + (a * load<f64>(p) + load<f64>(at)));
      store<f64>(at, d * load<f64>(s) + sum);
    }
    x += 4 * stride;
    coefficients += 32;
  }
  for (; j < columnCount; j++) {
    axpy_f64(x, out, load<f64>(coefficients), rowCount);
    x += stride;
    coefficients += 8;
  }
}
