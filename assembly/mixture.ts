// Mixtures of normal densities: src/kernels/mixture.ts is the law.
import { exp, log } from './inline/elementary';
import { exp_f64x2, log_f64x2 } from './inline/elementary-simd';

const TILE: i32 = 256;
const DIAGONAL = 0;
const TRIANGLE = 1;
const SQUARE = 2;

export function gaussian_scores_f64(
  columns: usize, means: usize, factors: usize, offsets: usize, scores: usize, differences: usize,
  rowCount: i32, componentCount: i32, dimension: i32, full: i32,
): void {
  const form = full ? SQUARE : DIAGONAL;
  for (let start = 0; start < rowCount; start += 16) {
    densities(columns, means, factors, offsets, scores, differences, rowCount, componentCount, dimension, start, form);
  }
}

export function mixture_expect_f64(
  columns: usize, means: usize, factors: usize, offsets: usize, shares: usize, logs: usize, differences: usize,
  rowCount: i32, componentCount: i32, dimension: i32, full: i32,
): void {
  const form = full ? TRIANGLE : DIAGONAL;
  const stride = <usize>rowCount << 3, all = <usize>componentCount * stride;
  for (let start = 0; start < rowCount; start += 16) {
    densities(columns, means, factors, offsets, shares, differences, rowCount, componentCount, dimension, start, form);
    const end = <usize>min(start + 16, rowCount) << 3;
    let row = <usize>start << 3;
    for (; row + 16 <= end; row += 16) normalizeTwo(shares + row, logs + row, all, stride);
    if (row < end) normalizeOne(shares + row, logs + row, all, stride);
  }
}

// Log densities of sixteen rows or fewer by every component.
function densities(
  columns: usize, means: usize, factors: usize, offsets: usize, out: usize, scratch: usize,
  rowCount: i32, componentCount: i32, dimension: i32, start: i32, form: i32,
): void {
  const stride = <usize>rowCount << 3, width = <usize>dimension << 3;
  const begin = <usize>start << 3, some = <usize>min(16, rowCount - start) << 3;
  if (form == DIAGONAL) {
    for (let j: usize = 0; j < width; j += 8) gather(columns + (j >> 3) * stride + begin, 0, some, 128, scratch + (j << 4));
  }
  for (let c: usize = 0; c < <usize>componentCount; c++) {
    const mean = means + c * width;
    const offset = f64x2.splat(load<f64>(offsets + (c << 3)));
    const to = out + c * stride + begin;
    if (form == DIAGONAL) {
      diagonalDensities(scratch, mean, factors + c * width, width, offset, to, some);
      continue;
    }
    for (let j: usize = 0; j < width; j += 8) {
      gather(columns + (j >> 3) * stride + begin, load<f64>(mean + j), some, 128, scratch + (j << 4));
    }
    matrixDensities(scratch, factors + c * width * <usize>dimension, width, form == TRIANGLE, offset, to, some);
  }
}

// Some numbers less their middle, with zeros behind.
// @ts-ignore: decorator
@inline
function gather(from: usize, middle: f64, some: usize, bytes: usize, to: usize): void {
  let at: usize = 0;
  const middles = f64x2.splat(middle);
  for (; at + 16 <= some; at += 16) v128.store(to + at, f64x2.sub(v128.load(from + at), middles));
  for (; at < bytes; at += 8) store<f64>(to + at, at < some ? load<f64>(from + at) - middle : 0);
}

// Sixteen rows, gathered, by a diagonal. The 0 that the reference adds would make −0 to 0, whose square is the same.
// @ts-ignore: decorator
@inline
function diagonalDensities(
  x: usize, mean: usize, factors: usize, width: usize, offset: v128, out: usize, some: usize,
): void {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (let j: usize = 0; j < width; j += 8) {
    const middle = v128.load64_splat(mean + j), factor = v128.load64_splat(factors + j);
    const from = x + (j << 4);
    s0 = addSquare(s0, factor, middle, v128.load(from));
    s1 = addSquare(s1, factor, middle, v128.load(from, 16));
    s2 = addSquare(s2, factor, middle, v128.load(from, 32));
    s3 = addSquare(s3, factor, middle, v128.load(from, 48));
    s4 = addSquare(s4, factor, middle, v128.load(from, 64));
    s5 = addSquare(s5, factor, middle, v128.load(from, 80));
    s6 = addSquare(s6, factor, middle, v128.load(from, 96));
    s7 = addSquare(s7, factor, middle, v128.load(from, 112));
  }
  put(out, 0, some, offset, s0); put(out, 16, some, offset, s1); put(out, 32, some, offset, s2);
  put(out, 48, some, offset, s3); put(out, 64, some, offset, s4); put(out, 80, some, offset, s5);
  put(out, 96, some, offset, s6); put(out, 112, some, offset, s7);
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, factor: v128, middle: v128, x: v128): v128 {
  const z = f64x2.mul(factor, f64x2.sub(x, middle));
  return f64x2.add(sum, f64x2.mul(z, z));
}

// Sixteen differences by a matrix, whose rows end with the diagonal where it is a triangle.
// @ts-ignore: decorator
@inline
function matrixDensities(
  differences: usize, factors: usize, width: usize, triangle: bool, offset: v128, out: usize, some: usize,
): void {
  for (let part: usize = 0; part < 128; part += 64) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let i: usize = 0; i < width; i += 8) {
      const own = factors + (i >> 3) * width, end = triangle ? i + 8 : width;
      let z0 = f64x2.splat(0), z1 = z0, z2 = z0, z3 = z0;
      for (let j: usize = 0; j < end; j += 8) {
        const factor = v128.load64_splat(own + j);
        const from = differences + (j << 4) + part;
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
    put(out, part, some, offset, s0); put(out, part + 16, some, offset, s1);
    put(out, part + 32, some, offset, s2); put(out, part + 48, some, offset, s3);
  }
}

// Shares and log densities of two rows from the components' log densities.
function normalizeTwo(shares: usize, logs: usize, all: usize, stride: usize): void {
  const least = f64x2.splat(-Infinity), end = shares + all;
  let most = least, sum = f64x2.splat(0);
  for (let at = shares; at < end; at += stride) most = f64x2.pmax(most, v128.load(at));
  const none = f64x2.eq(most, least);
  for (let at = shares; at < end; at += stride) {
    const part = v128.bitselect(f64x2.splat(1), exp_f64x2(f64x2.sub(v128.load(at), most)), none);
    v128.store(at, part);
    sum = f64x2.add(sum, part);
  }
  for (let at = shares; at < end; at += stride) v128.store(at, f64x2.div(v128.load(at), sum));
  v128.store(logs, v128.bitselect(most, f64x2.add(most, log_f64x2(sum)), none));
}

function normalizeOne(shares: usize, logs: usize, all: usize, stride: usize): void {
  const end = shares + all;
  let most = -Infinity, sum: f64 = 0;
  for (let at = shares; at < end; at += stride) {
    const density = load<f64>(at);
    if (density > most) most = density;
  }
  for (let at = shares; at < end; at += stride) {
    const part: f64 = most == -Infinity ? 1 : exp(load<f64>(at) - most);
    store<f64>(at, part);
    sum += part;
  }
  for (let at = shares; at < end; at += stride) store<f64>(at, load<f64>(at) / sum);
  store<f64>(logs, most == -Infinity ? most : most + log(sum));
}

// Stores of two squared lengths the log densities that lie before the end.
// @ts-ignore: decorator
@inline
function put(out: usize, at: usize, end: usize, offset: v128, squares: v128): void {
  const values = f64x2.sub(offset, f64x2.mul(f64x2.splat(0.5), squares));
  if (at + 16 <= end) v128.store(out + at, values);
  else if (at < end) store<f64>(out + at, f64x2.extract_lane(values, 0));
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

// Adds Σ share·(x − centre) of a column of a tile, or Σ share·(x − centre)².
// @ts-ignore: decorator
@inline
function addColumn(x: usize, shares: usize, middle: f64, squares: bool, out: usize, bytes: usize): void {
  const middles = f64x2.splat(middle);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let at: usize = 0; at < bytes; at += 64) {
    s0 = f64x2.add(s0, moment(v128.load(shares + at), v128.load(x + at), middles, squares));
    s1 = f64x2.add(s1, moment(v128.load(shares + at, 16), v128.load(x + at, 16), middles, squares));
    s2 = f64x2.add(s2, moment(v128.load(shares + at, 32), v128.load(x + at, 32), middles, squares));
    s3 = f64x2.add(s3, moment(v128.load(shares + at, 48), v128.load(x + at, 48), middles, squares));
  }
  store<f64>(out, load<f64>(out) + folded(s0, s1, s2, s3));
}

// @ts-ignore: decorator
@inline
function moment(share: v128, x: v128, middle: v128, squares: bool): v128 {
  const apart = f64x2.sub(x, middle), weighed = f64x2.mul(share, apart);
  return squares ? f64x2.mul(weighed, apart) : weighed;
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
    if (kind != 2) {
      for (let j: usize = 0; j < <usize>dimension; j++) gather(columns + j * stride + begin, 0, some, bytes, apart + j * tile);
    }
    for (let c = 0; c < componentCount; c++) {
      const out = moments + <usize>c * length, middles = centers ? centers + <usize>c * width : 0;
      for (let at: usize = 0; at < bytes; at += 8) {
        let share: f64 = 0;
        if (at < some) {
          share = load<f64>(shares + <usize>c * stride + begin + at);
          if (weights) share = load<f64>(weights + begin + at) * share;
        }
        store<f64>(scratch + at, share);
      }
      if (kind == 0) {
        for (let j: usize = 0; j < width; j += 8) {
          addColumn(apart + (j >> 3) * tile, scratch, middles ? load<f64>(middles + j) : 0, false, out + j, bytes);
        }
        store<f64>(out + width, load<f64>(out + width) + sums(scratch, bytes));
      } else if (kind == 1) {
        for (let j: usize = 0; j < width; j += 8) {
          addColumn(apart + (j >> 3) * tile, scratch, middles ? load<f64>(middles + j) : 0, true, out + j, bytes);
        }
      } else {
        for (let j: usize = 0; j < <usize>dimension; j++) {
          const to = apart + j * tile, product = weighed + j * tile;
          gather(columns + j * stride + begin, middles ? load<f64>(middles + (j << 3)) : 0, some, bytes, to);
          for (let at: usize = 0; at < bytes; at += 16) {
            v128.store(product + at, f64x2.mul(v128.load(scratch + at), v128.load(to + at)));
          }
        }
        addProducts(apart, weighed, out, tile, width, bytes);
      }
    }
  }
}

function addProducts(apart: usize, weighed: usize, out: usize, tile: usize, width: usize, bytes: usize): void {
  for (let i: usize = 0; i < width; i += 8) {
    for (let j: usize = 0; j <= i; j += 8) {
      const to = out + (i >> 3) * width + j;
      const sum = load<f64>(to) + products(weighed + (i >> 3) * tile, apart + (j >> 3) * tile, bytes);
      store<f64>(to, sum);
      store<f64>(out + (j >> 3) * width + i, sum);
    }
  }
}
