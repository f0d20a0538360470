// Folds 32 lanes, two a register, in halves: the order of src/kernels/sums.ts.
// @ts-ignore: decorator
@inline
export function foldLanes_f64x2(
  s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
  s8: v128, s9: v128, s10: v128, s11: v128, s12: v128, s13: v128, s14: v128, s15: v128,
): f64 {
  s0 = f64x2.add(s0, s8); s1 = f64x2.add(s1, s9); s2 = f64x2.add(s2, s10); s3 = f64x2.add(s3, s11);
  s4 = f64x2.add(s4, s12); s5 = f64x2.add(s5, s13); s6 = f64x2.add(s6, s14); s7 = f64x2.add(s7, s15);
  s0 = f64x2.add(s0, s4); s1 = f64x2.add(s1, s5); s2 = f64x2.add(s2, s6); s3 = f64x2.add(s3, s7);
  s0 = f64x2.add(s0, s2); s1 = f64x2.add(s1, s3);
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

// The lane sum of a column.
export function laneSum(x: usize, rowCount: i32): f64 {
  const end = x + (<usize>rowCount << 3);
  const blockEnd = x + ((<usize>rowCount & ~31) << 3);
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let s4 = f64x2.splat(0), s5 = f64x2.splat(0), s6 = f64x2.splat(0), s7 = f64x2.splat(0);
  let s8 = f64x2.splat(0), s9 = f64x2.splat(0), s10 = f64x2.splat(0), s11 = f64x2.splat(0);
  let s12 = f64x2.splat(0), s13 = f64x2.splat(0), s14 = f64x2.splat(0), s15 = f64x2.splat(0);
  while (x < blockEnd) {
    s0 = f64x2.add(s0, v128.load(x, 0)); s1 = f64x2.add(s1, v128.load(x, 16));
    s2 = f64x2.add(s2, v128.load(x, 32)); s3 = f64x2.add(s3, v128.load(x, 48));
    s4 = f64x2.add(s4, v128.load(x, 64)); s5 = f64x2.add(s5, v128.load(x, 80));
    s6 = f64x2.add(s6, v128.load(x, 96)); s7 = f64x2.add(s7, v128.load(x, 112));
    s8 = f64x2.add(s8, v128.load(x, 128)); s9 = f64x2.add(s9, v128.load(x, 144));
    s10 = f64x2.add(s10, v128.load(x, 160)); s11 = f64x2.add(s11, v128.load(x, 176));
    s12 = f64x2.add(s12, v128.load(x, 192)); s13 = f64x2.add(s13, v128.load(x, 208));
    s14 = f64x2.add(s14, v128.load(x, 224)); s15 = f64x2.add(s15, v128.load(x, 240));
    x += 256;
  }
  const tail = <i32>((end - x) >> 3);
  if (tail > 0) {
    s0 = f64x2.add(s0, tailPair(x, tail, 0)); s1 = f64x2.add(s1, tailPair(x, tail, 2));
    s2 = f64x2.add(s2, tailPair(x, tail, 4)); s3 = f64x2.add(s3, tailPair(x, tail, 6));
    s4 = f64x2.add(s4, tailPair(x, tail, 8)); s5 = f64x2.add(s5, tailPair(x, tail, 10));
    s6 = f64x2.add(s6, tailPair(x, tail, 12)); s7 = f64x2.add(s7, tailPair(x, tail, 14));
    s8 = f64x2.add(s8, tailPair(x, tail, 16)); s9 = f64x2.add(s9, tailPair(x, tail, 18));
    s10 = f64x2.add(s10, tailPair(x, tail, 20)); s11 = f64x2.add(s11, tailPair(x, tail, 22));
    s12 = f64x2.add(s12, tailPair(x, tail, 24)); s13 = f64x2.add(s13, tailPair(x, tail, 26));
    s14 = f64x2.add(s14, tailPair(x, tail, 28)); s15 = f64x2.add(s15, tailPair(x, tail, 30));
  }
  return foldLanes_f64x2(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15);
}

// @ts-ignore: decorator
@inline
function tailPair(x: usize, tail: i32, pair: i32): v128 {
  const at = <usize>pair << 3;
  let values = f64x2.splat(-0.0);
  if (pair < tail) values = f64x2.replace_lane(values, 0, load<f64>(x + at));
  if (pair + 1 < tail) values = f64x2.replace_lane(values, 1, load<f64>(x + at + 8));
  return values;
}

// Adds a column to 32 lanes that lie in memory.
export function addLanes(x: usize, lanes: usize, rowCount: i32): void {
  const blockEnd = x + ((<usize>rowCount & ~31) << 3);
  for (; x < blockEnd; x += 256) {
    for (let at: usize = 0; at < 256; at += 16) {
      v128.store(lanes + at, f64x2.add(v128.load(lanes + at), v128.load(x + at)));
    }
  }
  const tail = rowCount & 31;
  for (let lane = 0; lane < tail; lane++) {
    const at = <usize>lane << 3;
    store<f64>(lanes + at, load<f64>(lanes + at) + load<f64>(x + at));
  }
}

// The sum of 32 lanes that lie in memory.
export function foldLanesAt(lanes: usize): f64 {
  return foldLanes_f64x2(
    v128.load(lanes, 0), v128.load(lanes, 16), v128.load(lanes, 32), v128.load(lanes, 48),
    v128.load(lanes, 64), v128.load(lanes, 80), v128.load(lanes, 96), v128.load(lanes, 112),
    v128.load(lanes, 128), v128.load(lanes, 144), v128.load(lanes, 160), v128.load(lanes, 176),
    v128.load(lanes, 192), v128.load(lanes, 208), v128.load(lanes, 224), v128.load(lanes, 240),
  );
}

// Lanes pair, pair + 1 of a partial block; a lane without an element adds −0, which changes no sum, not even −0.
// @ts-ignore: decorator
@inline
export function tailProduct(x: usize, y: usize, tail: i32, pair: i32): v128 {
  const at = <usize>pair << 3;
  let product = f64x2.splat(-0.0);
  if (pair < tail) product = f64x2.replace_lane(product, 0, load<f64>(x + at) * load<f64>(y + at));
  if (pair + 1 < tail) product = f64x2.replace_lane(product, 1, load<f64>(x + at + 8) * load<f64>(y + at + 8));
  return product;
}
