import { linear_scores_f64 } from './gradient-descent';
import { exp_f64x2, log1p_f64x2, log_f64x2 } from './inline/elementary-simd';
import { addLanes, foldLanesAt, tailProduct } from './inline/lanes';

// A tile at a time: margins, then each row's loss and derivatives, then the transposed product, whose 32 lanes stay in
// memory across tiles. Passes over rows go in pairs, up to one row beyond the last: tiles have room for it, inputs have
// slack. src/kernels/linear-losses.ts is the law.

const TILE_ROWS: i32 = 256;
const TILE_BYTES: usize = 2048;
const LANE_BYTES: usize = 256;
const PRODUCT_TILES: i32 = 32;

// What a pass over a tile's rows reads and writes: margins become slopes, losses lie a tile behind them.
// @ts-ignore: decorator
@inline
function put(
  margins: usize, weights: usize, curvature: usize, at: usize, bytes: usize, loss: v128, slope: v128, bend: v128,
): void {
  const weight = weights ? v128.load(weights + at) : f64x2.splat(1);
  v128.store(margins + TILE_BYTES + at, f64x2.mul(weight, loss));
  v128.store(margins + at, f64x2.mul(weight, slope));
  if (!curvature) return;
  const second = f64x2.mul(weight, bend);
  if (at + 16 <= bytes) v128.store(curvature + at, second);
  else store<f64>(curvature + at, f64x2.extract_lane(second, 0));
}

// @ts-ignore: decorator
@inline
function choose(mask: v128, one: v128, other: v128): v128 {
  return v128.bitselect(one, other, mask);
}

// u where it is positive or NaN, else 0.
// @ts-ignore: decorator
@inline
function positivePart(u: v128): v128 {
  return v128.andnot(u, f64x2.le(u, f64x2.splat(0)));
}

function squaredTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const error = f64x2.sub(v128.load(margins + at), v128.load(target + at));
    const half = f64x2.mul(f64x2.mul(f64x2.splat(0.5), error), error);
    put(margins, weights, curvature, at, bytes, half, error, f64x2.splat(1));
  }
}

// Without weights, `products` takes 1 + power lane by lane, and behind it what rounding takes from that.
// @ts-ignore: decorator
@inline
function logisticPair(
  margins: usize, target: usize, weights: usize, curvature: usize, products: usize, at: usize, bytes: usize,
): void {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  const z = v128.load(margins + at), truth = v128.load(target + at);
  const power = exp_f64x2(f64x2.neg(f64x2.abs(z)));
  let factor = f64x2.add(one, power);
  const share = f64x2.div(one, factor);
  const other = f64x2.mul(power, share);
  const slope = f64x2.sub(choose(f64x2.lt(z, zero), other, share), truth);
  const linear = f64x2.sub(f64x2.pmax(zero, z), f64x2.mul(truth, z));
  if (weights) {
    const loss = f64x2.add(log1p_f64x2(power), linear);
    put(margins, weights, curvature, at, bytes, loss, slope, f64x2.mul(other, share));
    return;
  }
  put(margins, 0, curvature, at, bytes, linear, slope, f64x2.mul(other, share));
  let lost = f64x2.mul(f64x2.sub(power, f64x2.sub(factor, one)), share);
  if (at + 16 > bytes) {
    factor = f64x2.replace_lane(factor, 1, 1);
    lost = f64x2.replace_lane(lost, 1, 0);
  }
  const lane = products + (at & 255);
  v128.store(lane, f64x2.mul(v128.load(lane), factor));
  v128.store(lane, f64x2.add(v128.load(lane, LANE_BYTES), lost), LANE_BYTES);
}

function logisticTile(
  margins: usize, target: usize, weights: usize, curvature: usize, products: usize, bytes: usize,
): void {
  for (let at: usize = 0; at < bytes; at += 16) logisticPair(margins, target, weights, curvature, products, at, bytes);
}

function hingeTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize, a: f64): void {
  const width = f64x2.splat(a), zero = f64x2.splat(0), one = f64x2.splat(1);
  for (let at: usize = 0; at < bytes; at += 16) {
    const side = f64x2.sub(f64x2.mul(f64x2.splat(2), v128.load(target + at)), one);
    const u = f64x2.sub(one, f64x2.mul(side, v128.load(margins + at)));
    const beyond = f64x2.gt(u, width), within = f64x2.gt(u, zero);
    const parabola = f64x2.div(f64x2.mul(f64x2.mul(f64x2.splat(0.5), u), u), width);
    const straight = f64x2.sub(u, f64x2.mul(f64x2.splat(0.5), width));
    const loss = choose(beyond, straight, choose(within, parabola, positivePart(u)));
    const bent = f64x2.neg(f64x2.mul(side, f64x2.div(u, width)));
    const slope = choose(beyond, f64x2.neg(side), choose(within, bent, zero));
    const bend = choose(beyond, zero, v128.and(within, f64x2.div(one, width)));
    put(margins, weights, curvature, at, bytes, loss, slope, bend);
  }
}

function squaredHingeTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize): void {
  const one = f64x2.splat(1), two = f64x2.splat(2);
  for (let at: usize = 0; at < bytes; at += 16) {
    const side = f64x2.sub(f64x2.mul(two, v128.load(target + at)), one);
    const u = f64x2.sub(one, f64x2.mul(side, v128.load(margins + at)));
    const held = positivePart(u);
    const slope = f64x2.mul(side, f64x2.mul(f64x2.splat(-2), held));
    const bend = v128.and(f64x2.gt(u, f64x2.splat(0)), two);
    put(margins, weights, curvature, at, bytes, f64x2.mul(held, held), slope, bend);
  }
}

function huberTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize, a: f64): void {
  const width = f64x2.splat(a), half = f64x2.splat(0.5);
  for (let at: usize = 0; at < bytes; at += 16) {
    const error = f64x2.sub(v128.load(margins + at), v128.load(target + at));
    const size = f64x2.abs(error);
    const within = f64x2.le(size, width);
    const straight = f64x2.sub(f64x2.mul(width, size), f64x2.mul(f64x2.mul(half, width), width));
    const loss = choose(within, f64x2.mul(f64x2.mul(half, error), error), straight);
    const end = choose(f64x2.lt(error, f64x2.splat(0)), f64x2.neg(width), width);
    put(margins, weights, curvature, at, bytes, loss, choose(within, error, end), v128.and(within, f64x2.splat(1)));
  }
}

function quantileTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize, a: f64, b: f64): void {
  const width = f64x2.splat(b), tilt = f64x2.splat(a - 0.5), half = f64x2.splat(0.5);
  for (let at: usize = 0; at < bytes; at += 16) {
    const rest = f64x2.sub(v128.load(target + at), v128.load(margins + at));
    const size = f64x2.abs(rest);
    const within = f64x2.lt(size, width);
    const tilted = f64x2.mul(tilt, rest);
    const parabola = f64x2.mul(f64x2.splat(0.25), f64x2.add(f64x2.div(f64x2.mul(rest, rest), width), width));
    const loss = f64x2.add(tilted, choose(within, parabola, f64x2.mul(half, size)));
    const end = choose(f64x2.lt(rest, f64x2.splat(0)), f64x2.splat(-0.5), half);
    const slope = f64x2.neg(f64x2.add(tilt, choose(within, f64x2.div(f64x2.mul(half, rest), width), end)));
    put(margins, weights, curvature, at, bytes, loss, slope, v128.and(within, f64x2.div(half, width)));
  }
}

function poissonTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const z = v128.load(margins + at), truth = v128.load(target + at);
    const mean = exp_f64x2(z);
    const loss = f64x2.sub(mean, f64x2.mul(truth, z));
    put(margins, weights, curvature, at, bytes, loss, f64x2.sub(mean, truth), mean);
  }
}

function gammaTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const z = v128.load(margins + at);
    const ratio = f64x2.mul(v128.load(target + at), exp_f64x2(f64x2.neg(z)));
    put(margins, weights, curvature, at, bytes, f64x2.add(z, ratio), f64x2.sub(f64x2.splat(1), ratio), ratio);
  }
}

function tweedieTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize, a: f64, b: f64): void {
  const p = f64x2.splat(2 - a), q = f64x2.splat(1 - a);
  for (let at: usize = 0; at < bytes; at += 16) {
    const z = v128.load(margins + at);
    const first = exp_f64x2(f64x2.mul(p, z));
    const second = f64x2.mul(v128.load(target + at), exp_f64x2(f64x2.mul(q, z)));
    const loss = f64x2.sub(f64x2.div(first, p), f64x2.div(second, q));
    const bend = b != 0 ? first : f64x2.sub(f64x2.mul(p, first), f64x2.mul(q, second));
    put(margins, weights, curvature, at, bytes, loss, f64x2.sub(first, second), bend);
  }
}

function identityTile(margins: usize, target: usize, weights: usize, curvature: usize, bytes: usize, a: f64, b: f64): void {
  const p = f64x2.splat(2 - a), q = f64x2.splat(1 - a), one = f64x2.splat(1);
  for (let at: usize = 0; at < bytes; at += 16) {
    const z = v128.load(margins + at), truth = v128.load(target + at);
    const logarithm = log_f64x2(z);
    const power = exp_f64x2(f64x2.mul(q, logarithm));
    const ratio = f64x2.div(truth, z);
    const first = a == 2 ? logarithm : f64x2.div(f64x2.mul(z, power), p);
    const second = a == 1 ? f64x2.mul(truth, logarithm) : f64x2.div(f64x2.mul(truth, power), q);
    const bent = b != 0 ? one : f64x2.add(q, f64x2.mul(f64x2.splat(a), ratio));
    const bend = f64x2.mul(f64x2.div(power, z), bent);
    const slope = f64x2.mul(power, f64x2.sub(one, ratio));
    put(margins, weights, curvature, at, bytes, f64x2.sub(first, second), slope, bend);
  }
}

// Adds a tile's products to the lanes of every column's sum, then its slopes to those of the intercept's.
function addTile(x: usize, slopes: usize, lanes: usize, rows: i32, columnCount: i32, stride: usize): void {
  for (let j = 0; j < columnCount; j++) {
    addProductLanes(x, slopes, lanes, rows);
    x += stride;
    lanes += LANE_BYTES;
  }
  addLanes(slopes, lanes, rows);
}

function addProductLanes(x: usize, y: usize, lanes: usize, rows: i32): void {
  addHalfOfLanes(x, y, lanes, rows, 0);
  addHalfOfLanes(x + 128, y + 128, lanes + 128, rows, 16);
}

// Lanes 0–15 or 16–31: sixteen sums in one loop would not stay in sixteen registers.
// @ts-ignore: decorator
@inline
function addHalfOfLanes(x: usize, y: usize, lanes: usize, rows: i32, first: i32): void {
  const end = x + ((<usize>rows & ~31) << 3);
  let s0 = v128.load(lanes, 0), s1 = v128.load(lanes, 16), s2 = v128.load(lanes, 32), s3 = v128.load(lanes, 48);
  let s4 = v128.load(lanes, 64), s5 = v128.load(lanes, 80), s6 = v128.load(lanes, 96), s7 = v128.load(lanes, 112);
  for (; x < end; x += 256, y += 256) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x, 0), v128.load(y, 0)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    s4 = f64x2.add(s4, f64x2.mul(v128.load(x, 64), v128.load(y, 64)));
    s5 = f64x2.add(s5, f64x2.mul(v128.load(x, 80), v128.load(y, 80)));
    s6 = f64x2.add(s6, f64x2.mul(v128.load(x, 96), v128.load(y, 96)));
    s7 = f64x2.add(s7, f64x2.mul(v128.load(x, 112), v128.load(y, 112)));
  }
  const tail = (rows & 31) - first;
  if (tail > 0) {
    s0 = f64x2.add(s0, tailProduct(x, y, tail, 0)); s1 = f64x2.add(s1, tailProduct(x, y, tail, 2));
    s2 = f64x2.add(s2, tailProduct(x, y, tail, 4)); s3 = f64x2.add(s3, tailProduct(x, y, tail, 6));
    s4 = f64x2.add(s4, tailProduct(x, y, tail, 8)); s5 = f64x2.add(s5, tailProduct(x, y, tail, 10));
    s6 = f64x2.add(s6, tailProduct(x, y, tail, 12)); s7 = f64x2.add(s7, tailProduct(x, y, tail, 14));
  }
  v128.store(lanes, s0, 0); v128.store(lanes, s1, 16); v128.store(lanes, s2, 32); v128.store(lanes, s3, 48);
  v128.store(lanes, s4, 64); v128.store(lanes, s5, 80); v128.store(lanes, s6, 96); v128.store(lanes, s7, 112);
}

function foldGradient(lanes: usize, gradient: usize, count: i32): void {
  for (let j = 0; j < count; j++) {
    store<f64>(gradient, foldLanesAt(lanes));
    gradient += 8;
    lanes += LANE_BYTES;
  }
}

function startProducts(products: usize): void {
  for (let at: usize = 0; at < LANE_BYTES; at += 16) {
    v128.store(products + at, f64x2.splat(1));
    v128.store(products + at, f64x2.splat(0), LANE_BYTES);
  }
}

// The logarithms of the products of every lane, with what they lost.
function foldProducts(products: usize): f64 {
  for (let at: usize = 0; at < LANE_BYTES; at += 16) {
    const terms = f64x2.add(log_f64x2(v128.load(products + at)), v128.load(products + at, LANE_BYTES));
    v128.store(products + at, terms);
  }
  return foldLanesAt(products);
}

export function gradient_linear_f64(
  x: usize, target: usize, weights: usize, coefficients: usize, gradient: usize, curvature: usize, scratch: usize,
  loss: i32, a: f64, b: f64, rowCount: i32, columnCount: i32, columnStride: i32,
): f64 {
  const stride = <usize>columnStride << 3;
  const lanes = scratch + 2 * TILE_BYTES;
  const lossLanes = lanes + <usize>(columnCount + 1) * LANE_BYTES;
  const products = lossLanes + LANE_BYTES;
  const inProducts = loss == 1 && !weights;
  memory.fill(lanes, 0, <usize>(columnCount + 2) * LANE_BYTES);
  let logarithms: f64 = 0;
  for (let start = 0, tile = 0; start < rowCount; start += TILE_ROWS, tile++) {
    const rows = min(TILE_ROWS, rowCount - start);
    const bytes = <usize>rows << 3;
    if (inProducts && tile % PRODUCT_TILES == 0) startProducts(products);
    linear_scores_f64(x, coefficients, scratch, rows, columnCount, columnStride);
    if (loss == 0) squaredTile(scratch, target, weights, curvature, bytes);
    else if (loss == 1) logisticTile(scratch, target, weights, curvature, products, bytes);
    else if (loss == 2) hingeTile(scratch, target, weights, curvature, bytes, a);
    else if (loss == 3) squaredHingeTile(scratch, target, weights, curvature, bytes);
    else if (loss == 4) huberTile(scratch, target, weights, curvature, bytes, a);
    else if (loss == 5) quantileTile(scratch, target, weights, curvature, bytes, a, b);
    else if (loss == 6) poissonTile(scratch, target, weights, curvature, bytes);
    else if (loss == 7) gammaTile(scratch, target, weights, curvature, bytes);
    else if (loss == 8) tweedieTile(scratch, target, weights, curvature, bytes, a, b);
    else identityTile(scratch, target, weights, curvature, bytes, a, b);
    addLanes(scratch + TILE_BYTES, lossLanes, rows);
    addTile(x, scratch, lanes, rows, columnCount, stride);
    if (inProducts && (tile % PRODUCT_TILES == PRODUCT_TILES - 1 || start + TILE_ROWS >= rowCount)) {
      logarithms += foldProducts(products);
    }
    x += bytes;
    target += bytes;
    if (weights) weights += bytes;
    if (curvature) curvature += bytes;
  }
  foldGradient(lanes, gradient, columnCount + 1);
  return foldLanesAt(lossLanes) + logarithms;
}

export function hessian_linear_f64(
  x: usize, curvature: usize, direction: usize, product: usize, scratch: usize,
  rowCount: i32, columnCount: i32, columnStride: i32,
): void {
  const stride = <usize>columnStride << 3;
  const lanes = scratch + 2 * TILE_BYTES;
  memory.fill(lanes, 0, <usize>(columnCount + 1) * LANE_BYTES);
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const bytes = <usize>rows << 3;
    linear_scores_f64(x, direction, scratch, rows, columnCount, columnStride);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(scratch + at, f64x2.mul(v128.load(curvature + at), v128.load(scratch + at)));
    }
    addTile(x, scratch, lanes, rows, columnCount, stride);
    x += bytes;
    curvature += bytes;
  }
  foldGradient(lanes, product, columnCount + 1);
}

// The margins of every class for a tile.
// @ts-ignore: decorator
@inline
function classScores(
  x: usize, coefficients: usize, scratch: usize, rows: i32, columnCount: i32, columnStride: i32, classCount: i32,
): void {
  const step = <usize>(columnCount + 1) << 3;
  for (let k = 0; k < classCount; k++) {
    linear_scores_f64(x, coefficients, scratch, rows, columnCount, columnStride);
    coefficients += step;
    scratch += TILE_BYTES;
  }
}

// @ts-ignore: decorator
@inline
function addClassTiles(
  x: usize, scratch: usize, lanes: usize, rows: i32, columnCount: i32, stride: usize, classCount: i32,
): void {
  for (let k = 0; k < classCount; k++) {
    addTile(x, scratch, lanes, rows, columnCount, stride);
    scratch += TILE_BYTES;
    lanes += <usize>(columnCount + 1) * LANE_BYTES;
  }
}

// @ts-ignore: decorator
@inline
function storePair(to: usize, values: v128, whole: bool): void {
  if (whole) v128.store(to, values);
  else store<f64>(to, f64x2.extract_lane(values, 0));
}

export function gradient_softmax_f64(
  x: usize, target: usize, weights: usize, coefficients: usize, gradient: usize, probabilities: usize, scratch: usize,
  rowCount: i32, columnCount: i32, columnStride: i32, classCount: i32,
): f64 {
  const stride = <usize>columnStride << 3;
  const line = <usize>rowCount << 3;
  const losses = scratch + <usize>classCount * TILE_BYTES;
  const lanes = losses + TILE_BYTES;
  const sums = classCount * (columnCount + 1);
  const lossLanes = lanes + <usize>sums * LANE_BYTES;
  memory.fill(lanes, 0, <usize>(sums + 1) * LANE_BYTES);
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const bytes = <usize>rows << 3;
    classScores(x, coefficients, scratch, rows, columnCount, columnStride, classCount);
    for (let at: usize = 0; at < bytes; at += 16) {
      const truth = v128.load(target + at);
      const weight = weights ? v128.load(weights + at) : f64x2.splat(1);
      let highest = v128.load(scratch + at);
      for (let k = 1; k < classCount; k++) highest = f64x2.pmax(highest, v128.load(scratch + at + <usize>k * TILE_BYTES));
      let own = f64x2.splat(0), sum = f64x2.splat(0);
      for (let k = 0; k < classCount; k++) {
        const tile = scratch + at + <usize>k * TILE_BYTES;
        const margin = f64x2.sub(v128.load(tile), highest);
        own = choose(f64x2.eq(truth, f64x2.splat(<f64>k)), margin, own);
        const power = exp_f64x2(margin);
        v128.store(tile, power);
        sum = f64x2.add(sum, power);
      }
      for (let k = 0; k < classCount; k++) {
        const tile = scratch + at + <usize>k * TILE_BYTES;
        const probability = f64x2.div(v128.load(tile), sum);
        if (probabilities) storePair(probabilities + <usize>k * line + at, probability, at + 16 <= bytes);
        const hit = v128.and(f64x2.eq(truth, f64x2.splat(<f64>k)), f64x2.splat(1));
        v128.store(tile, f64x2.mul(weight, f64x2.sub(probability, hit)));
      }
      v128.store(losses + at, f64x2.mul(weight, f64x2.sub(log_f64x2(sum), own)));
    }
    addLanes(losses, lossLanes, rows);
    addClassTiles(x, scratch, lanes, rows, columnCount, stride, classCount);
    x += bytes;
    target += bytes;
    if (weights) weights += bytes;
    if (probabilities) probabilities += bytes;
  }
  foldGradient(lanes, gradient, sums);
  return foldLanesAt(lossLanes);
}

export function hessian_softmax_f64(
  x: usize, weights: usize, probabilities: usize, direction: usize, product: usize, scratch: usize,
  rowCount: i32, columnCount: i32, columnStride: i32, classCount: i32,
): void {
  const stride = <usize>columnStride << 3;
  const line = <usize>rowCount << 3;
  const lanes = scratch + <usize>(classCount + 1) * TILE_BYTES;
  const sums = classCount * (columnCount + 1);
  memory.fill(lanes, 0, <usize>sums * LANE_BYTES);
  for (let start = 0; start < rowCount; start += TILE_ROWS) {
    const rows = min(TILE_ROWS, rowCount - start);
    const bytes = <usize>rows << 3;
    classScores(x, direction, scratch, rows, columnCount, columnStride, classCount);
    for (let at: usize = 0; at < bytes; at += 16) {
      const weight = weights ? v128.load(weights + at) : f64x2.splat(1);
      let mean = f64x2.splat(0);
      for (let k = 0; k < classCount; k++) {
        const share = v128.load(probabilities + <usize>k * line + at);
        mean = f64x2.add(mean, f64x2.mul(share, v128.load(scratch + at + <usize>k * TILE_BYTES)));
      }
      for (let k = 0; k < classCount; k++) {
        const tile = scratch + at + <usize>k * TILE_BYTES;
        const share = v128.load(probabilities + <usize>k * line + at);
        v128.store(tile, f64x2.mul(weight, f64x2.mul(share, f64x2.sub(v128.load(tile), mean))));
      }
    }
    addClassTiles(x, scratch, lanes, rows, columnCount, stride, classCount);
    x += bytes;
    if (weights) weights += bytes;
    probabilities += bytes;
  }
  foldGradient(lanes, product, sums);
}
