import { foldLanes_f64x2 } from './inline/lanes';

// Sums keep 32 virtual lanes in sixteen f64x2 registers; element i goes to lane i mod 32 (src/kernels/sums.ts).

export function dot_f64(x: usize, y: usize, rowCount: i32): f64 {
  const end = x + (<usize>rowCount << 3);
  const blockEnd = x + ((<usize>rowCount & ~31) << 3);
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let s4 = f64x2.splat(0), s5 = f64x2.splat(0), s6 = f64x2.splat(0), s7 = f64x2.splat(0);
  let s8 = f64x2.splat(0), s9 = f64x2.splat(0), s10 = f64x2.splat(0), s11 = f64x2.splat(0);
  let s12 = f64x2.splat(0), s13 = f64x2.splat(0), s14 = f64x2.splat(0), s15 = f64x2.splat(0);
  while (x < blockEnd) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x, 0), v128.load(y, 0)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    s4 = f64x2.add(s4, f64x2.mul(v128.load(x, 64), v128.load(y, 64)));
    s5 = f64x2.add(s5, f64x2.mul(v128.load(x, 80), v128.load(y, 80)));
    s6 = f64x2.add(s6, f64x2.mul(v128.load(x, 96), v128.load(y, 96)));
    s7 = f64x2.add(s7, f64x2.mul(v128.load(x, 112), v128.load(y, 112)));
    s8 = f64x2.add(s8, f64x2.mul(v128.load(x, 128), v128.load(y, 128)));
    s9 = f64x2.add(s9, f64x2.mul(v128.load(x, 144), v128.load(y, 144)));
    s10 = f64x2.add(s10, f64x2.mul(v128.load(x, 160), v128.load(y, 160)));
    s11 = f64x2.add(s11, f64x2.mul(v128.load(x, 176), v128.load(y, 176)));
    s12 = f64x2.add(s12, f64x2.mul(v128.load(x, 192), v128.load(y, 192)));
    s13 = f64x2.add(s13, f64x2.mul(v128.load(x, 208), v128.load(y, 208)));
    s14 = f64x2.add(s14, f64x2.mul(v128.load(x, 224), v128.load(y, 224)));
    s15 = f64x2.add(s15, f64x2.mul(v128.load(x, 240), v128.load(y, 240)));
    x += 256;
    y += 256;
  }
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

// Lanes pair, pair + 1 of a partial block; a lane without an element adds −0, which changes no sum, not even −0.
// @ts-ignore: decorator
@inline
function tailProduct(x: usize, y: usize, tail: i32, pair: i32): v128 {
  const at = <usize>pair << 3;
  let product = f64x2.splat(-0.0);
  if (pair < tail) product = f64x2.replace_lane(product, 0, load<f64>(x + at) * load<f64>(y + at));
  if (pair + 1 < tail) product = f64x2.replace_lane(product, 1, load<f64>(x + at + 8) * load<f64>(y + at + 8));
  return product;
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
