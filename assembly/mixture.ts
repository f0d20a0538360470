// Mixtures of normal densities: src/kernels/mixture.ts is the law.
import { exp, log } from './inline/elementary';

const TILE: i32 = 256;

export function mixture_expect_f64(
  columns: usize, means: usize, factors: usize, offsets: usize, shares: usize, logs: usize, differences: usize,
  rowCount: i32, componentCount: i32, dimension: i32, full: i32,
): void {
  const stride = <usize>rowCount << 3, width = <usize>dimension << 3;
  const factorBytes = full ? width * <usize>dimension : width;
  for (let start = 0; start < rowCount; start += 16) {
    const rows = min(16, rowCount - start);
    const begin = <usize>start << 3, some = <usize>rows << 3;
    for (let c = 0; c < componentCount; c++) {
      const mean = means + <usize>c * width;
      for (let j: usize = 0; j < width; j += 8) {
        const middle = load<f64>(mean + j);
        const column = columns + (j >> 3) * stride + begin, to = differences + (j << 4);
        for (let at: usize = 0; at < 128; at += 8) store<f64>(to + at, at < some ? load<f64>(column + at) - middle : 0);
      }
      const own = factors + <usize>c * factorBytes;
      const offset = f64x2.splat(load<f64>(offsets + (<usize>c << 3))), half = f64x2.splat(0.5);
      const out = shares + <usize>c * stride + begin;
      for (let pair: usize = 0; pair < 128; pair += 64) {
        let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (let i: usize = 0; i < width; i += 8) {
          let z0 = f64x2.splat(0), z1 = z0, z2 = z0, z3 = z0;
          for (let j: usize = full ? 0 : i; j <= i; j += 8) {
            const factor = v128.load64_splat(own + (full ? i * <usize>dimension + j : i));
            const from = differences + (j << 4) + pair;
            z0 = f64x2.add(f64x2.mul(factor, v128.load(from)), z0);
            z1 = f64x2.add(f64x2.mul(factor, v128.load(from, 16)), z1);
            z2 = f64x2.add(f64x2.mul(factor, v128.load(from, 32)), z2);
            z3 = f64x2.add(f64x2.mul(factor, v128.load(from, 48)), z3);
          }
          s0 = f64x2.add(s0, f64x2.mul(z0, z0));
          s1 = f64x2.add(s1, f64x2.mul(z1, z1));
          s2 = f64x2.add(s2, f64x2.mul(z2, z2));
          s3 = f64x2.add(s3, f64x2.mul(z3, z3));
        }
        s0 = f64x2.sub(offset, f64x2.mul(half, s0)); s1 = f64x2.sub(offset, f64x2.mul(half, s1));
        s2 = f64x2.sub(offset, f64x2.mul(half, s2)); s3 = f64x2.sub(offset, f64x2.mul(half, s3));
        put(out, pair, some, s0); put(out, pair + 16, some, s1); put(out, pair + 32, some, s2); put(out, pair + 48, some, s3);
      }
    }
    for (let row = begin; row < begin + some; row += 8) {
      let most = -Infinity;
      for (let at = shares + row; at < shares + <usize>componentCount * stride; at += stride) {
        const density = load<f64>(at);
        if (density > most) most = density;
      }
      let sum: f64 = 0;
      for (let at = shares + row; at < shares + <usize>componentCount * stride; at += stride) {
        const part: f64 = most == -Infinity ? 1 : exp(load<f64>(at) - most);
        store<f64>(at, part);
        sum += part;
      }
      for (let at = shares + row; at < shares + <usize>componentCount * stride; at += stride) {
        store<f64>(at, load<f64>(at) / sum);
      }
      store<f64>(logs + row, most == -Infinity ? most : most + log(sum));
    }
  }
}

// Stores those of two numbers that lie before the end.
// @ts-ignore: decorator
@inline
function put(out: usize, at: usize, end: usize, values: v128): void {
  if (at < end) store<f64>(out + at, f64x2.extract_lane(values, 0));
  if (at + 8 < end) store<f64>(out + at + 8, f64x2.extract_lane(values, 1));
}

// @ts-ignore: decorator
@inline
function folded(a: v128, b: v128, c: v128, d: v128): f64 {
  const pair = f64x2.add(f64x2.add(a, c), f64x2.add(b, d));
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

// Σ a·b over a tile, in eight lanes.
// @ts-ignore: decorator
@inline
function products(a: usize, b: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let at: usize = 0; at < bytes; at += 64) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a + at), v128.load(b + at)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(a + at, 16), v128.load(b + at, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(a + at, 32), v128.load(b + at, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(a + at, 48), v128.load(b + at, 48)));
  }
  return folded(s0, s1, s2, s3);
}

// @ts-ignore: decorator
@inline
function sums(a: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let at: usize = 0; at < bytes; at += 64) {
    s0 = f64x2.add(s0, v128.load(a + at));
    s1 = f64x2.add(s1, v128.load(a + at, 16));
    s2 = f64x2.add(s2, v128.load(a + at, 32));
    s3 = f64x2.add(s3, v128.load(a + at, 48));
  }
  return folded(s0, s1, s2, s3);
}

export function mixture_moments_f64(
  columns: usize, shares: usize, weights: usize, centers: usize, moments: usize, scratch: usize,
  rowCount: i32, componentCount: i32, dimension: i32, kind: i32,
): void {
  const stride = <usize>rowCount << 3, width = <usize>dimension << 3, tile = <usize>TILE << 3;
  const length = kind == 0 ? width + 8 : kind == 1 ? width : width * <usize>dimension;
  memory.fill(moments, 0, length * <usize>componentCount);
  const apart = scratch + tile, weighed = apart + tile * <usize>dimension;
  for (let start = 0; start < rowCount; start += TILE) {
    const rows = min(TILE, rowCount - start);
    const begin = <usize>start << 3, some = <usize>rows << 3, bytes = (some + 63) & ~63;
    for (let c = 0; c < componentCount; c++) {
      const out = moments + <usize>c * length;
      for (let at: usize = 0; at < bytes; at += 8) {
        let share: f64 = 0;
        if (at < some) {
          share = load<f64>(shares + <usize>c * stride + begin + at);
          if (weights) share = load<f64>(weights + begin + at) * share;
        }
        store<f64>(scratch + at, share);
      }
      for (let j: usize = 0; j < <usize>dimension; j++) {
        const middle: f64 = centers ? load<f64>(centers + <usize>c * width + (j << 3)) : 0;
        const column = columns + j * stride + begin, to = apart + j * tile, product = weighed + j * tile;
        for (let at: usize = 0; at < bytes; at += 8) {
          const difference: f64 = at < some ? load<f64>(column + at) - middle : 0;
          store<f64>(to + at, difference);
          store<f64>(product + at, load<f64>(scratch + at) * difference);
        }
      }
      if (kind == 0) {
        for (let j: usize = 0; j < <usize>dimension; j++) {
          const to = out + (j << 3);
          store<f64>(to, load<f64>(to) + sums(weighed + j * tile, bytes));
        }
        store<f64>(out + width, load<f64>(out + width) + sums(scratch, bytes));
      } else if (kind == 1) {
        for (let j: usize = 0; j < <usize>dimension; j++) {
          const to = out + (j << 3);
          store<f64>(to, load<f64>(to) + products(weighed + j * tile, apart + j * tile, bytes));
        }
      } else {
        for (let i: usize = 0; i < <usize>dimension; i++) {
          for (let j: usize = 0; j <= i; j++) {
            const to = out + i * width + (j << 3);
            const sum = load<f64>(to) + products(weighed + i * tile, apart + j * tile, bytes);
            store<f64>(to, sum);
            store<f64>(out + j * width + (i << 3), sum);
          }
        }
      }
    }
  }
}
