// What a network does beside its matrix products: src/kernels/network.ts is the law. Rows of units lie one after the other;
// four floats go in a register, two where the work is done in f64.
import { exp, log } from './inline/elementary';
import { exp_f64x2, log1p_f64x2, sigmoid_f64x2, tanh_f64x2 } from './inline/elementary-simd';
import { laneSum } from './inline/lanes';
import { storePhiloxBlocks4 } from './inline/philox';

const RELU: i32 = 1;
const TANH: i32 = 2;
const LOGISTIC: i32 = 3;
const GELU: i32 = 4;

const ROOT_TWO_OVER_PI: f64 = 0.7978845608028654;
const GELU_CUBE: f64 = 0.044715;

// Two floats as f64.
// @ts-ignore: decorator
@inline
function wide(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

// Two f64 as floats; the second only where it is there.
// @ts-ignore: decorator
@inline
function narrow(at: usize, values: v128, both: bool): void {
  const pair = f32x4.demote_f64x2_zero(values);
  if (both) v128.store64_lane(at, pair, 0);
  else store<f32>(at, f32x4.extract_lane(pair, 0));
}

// @ts-ignore: decorator
@inline
function splat(x: f64): v128 {
  return f64x2.splat(x);
}

// √(2/π)·(x + 0.044715·x³)
// @ts-ignore: decorator
@inline
function geluArgument(x: v128): v128 {
  const cube = f64x2.mul(f64x2.mul(x, x), x);
  return f64x2.mul(splat(ROOT_TWO_OVER_PI), f64x2.add(x, f64x2.mul(splat(GELU_CUBE), cube)));
}

function smooth(code: i32, x: v128): v128 {
  if (code == TANH) return tanh_f64x2(x);
  if (code == LOGISTIC) return sigmoid_f64x2(x);
  const weight = f64x2.add(splat(1), tanh_f64x2(geluArgument(x)));
  return f64x2.mul(f64x2.mul(splat(0.5), x), weight);
}

function geluSlope(x: v128): v128 {
  const t = tanh_f64x2(geluArgument(x));
  const square = f64x2.mul(splat(3 * GELU_CUBE), f64x2.mul(x, x));
  const inner = f64x2.mul(splat(ROOT_TWO_OVER_PI), f64x2.add(splat(1), square));
  const bend = f64x2.sub(splat(1), f64x2.mul(t, t));
  return f64x2.add(
    f64x2.mul(splat(0.5), f64x2.add(splat(1), t)),
    f64x2.mul(f64x2.mul(f64x2.mul(splat(0.5), x), bend), inner),
  );
}

export function gather_rows_f32(
  source: usize, indices: usize, out: usize, rowCount: i32, columnCount: i32, _sourceRows: i32,
): void {
  const line = <usize>columnCount << 2;
  for (let i = 0; i < rowCount; i++) {
    memory.copy(out, source + <usize>load<u32>(indices) * line, line);
    indices += 4;
    out += line;
  }
}

export function layer_forward_f32(
  sums: usize, bias: usize, out: usize, activation: i32, rowCount: i32, unitCount: i32,
): void {
  const line = <usize>unitCount << 2;
  const whole = line & ~15;
  const zero = f32x4.splat(0);
  for (let row = 0; row < rowCount; row++) {
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const value = f32x4.add(v128.load(sums + at), v128.load(bias + at));
      v128.store(sums + at, value);
      if (activation <= RELU) v128.store(out + at, activation == RELU ? f32x4.pmax(value, zero) : value);
    }
    for (; at < line; at += 4) {
      const value = load<f32>(sums + at) + load<f32>(bias + at);
      store<f32>(sums + at, value);
      if (activation <= RELU) store<f32>(out + at, activation == RELU && value < 0 ? 0 : value);
    }
    if (activation > RELU) {
      for (at = 0; at < line; at += 8) {
        narrow(out + at, smooth(activation, wide(sums + at)), at + 4 < line);
      }
    }
    sums += line;
    out += line;
  }
}

export function layer_backward_f32(
  sums: usize, outputs: usize, delta: usize, activation: i32, rowCount: i32, unitCount: i32,
): void {
  if (activation == 0) return;
  const bytes = <usize>rowCount * (<usize>unitCount << 2);
  const whole = bytes & ~15;
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  let at: usize = 0;
  if (activation == GELU) {
    for (; at < bytes; at += 8) {
      const slope = f32x4.demote_f64x2_zero(geluSlope(wide(sums + at)));
      const product = f32x4.mul(v128.load64_zero(delta + at), slope);
      if (at + 4 < bytes) v128.store64_lane(delta + at, product, 0);
      else store<f32>(delta + at, f32x4.extract_lane(product, 0));
    }
    return;
  }
  for (; at < whole; at += 16) {
    const y = v128.load(outputs + at), d = v128.load(delta + at);
    if (activation == RELU) v128.store(delta + at, v128.and(d, f32x4.gt(y, zero)));
    else if (activation == TANH) v128.store(delta + at, f32x4.mul(d, f32x4.sub(one, f32x4.mul(y, y))));
    else v128.store(delta + at, f32x4.mul(d, f32x4.mul(y, f32x4.sub(one, y))));
  }
  for (; at < bytes; at += 4) {
    const y = load<f32>(outputs + at), d = load<f32>(delta + at);
    if (activation == RELU) store<f32>(delta + at, y > 0 ? d : 0);
    else if (activation == TANH) store<f32>(delta + at, d * <f32>(1 - <f32>(y * y)));
    else store<f32>(delta + at, d * <f32>(y * <f32>(1 - y)));
  }
}

export function softmax_loss_f32(
  scores: usize, target: usize, weights: usize, losses: usize, parts: usize, scale: f64, rowCount: i32, unitCount: i32,
): f64 {
  const line = <usize>unitCount << 2;
  for (let row = 0; row < rowCount; row++) {
    let highest = load<f32>(scores);
    for (let at: usize = 4; at < line; at += 4) {
      const score = load<f32>(scores + at);
      if (score > highest) highest = score;
    }
    const top = splat(<f64>highest);
    // The last odd score is done as a pair: parts has room, scores have slack.
    for (let at: usize = 0; at < line; at += 8) {
      v128.store(parts + (at << 1), exp_f64x2(f64x2.sub(wide(scores + at), top)));
    }
    let sum: f64 = 0;
    for (let k = 0; k < unitCount; k++) sum += load<f64>(parts + (<usize>k << 3));
    const place = <usize>row << 2;
    const hit = <i32>load<f32>(target + place);
    const weight: f64 = weights ? <f64>load<f32>(weights + place) : 1;
    store<f64>(losses + (place << 1), weight * (log(sum) - (<f64>load<f32>(scores + (<usize>hit << 2)) - <f64>highest)));
    const factor = scale * weight;
    for (let k = 0; k < unitCount; k++) {
      const share = load<f64>(parts + (<usize>k << 3)) / sum;
      store<f32>(scores + (<usize>k << 2), <f32>(factor * (share - (k == hit ? 1.0 : 0.0))));
    }
    scores += line;
  }
  return laneSum(losses, rowCount);
}

// @ts-ignore: decorator
@inline
function weightPair(weights: usize, at: usize): v128 {
  return weights ? wide(weights + at) : splat(1);
}

// @ts-ignore: decorator
@inline
function storeLosses(losses: usize, at: usize, values: v128, both: bool): void {
  if (both) v128.store(losses + (at << 1), values);
  else store<f64>(losses + (at << 1), f64x2.extract_lane(values, 0));
}

export function logistic_loss_f32(
  scores: usize, target: usize, weights: usize, losses: usize, scale: f64, rowCount: i32,
): f64 {
  const bytes = <usize>rowCount << 2;
  for (let at: usize = 0; at < bytes; at += 8) {
    const both = at + 4 < bytes;
    const z = wide(scores + at), truth = wide(target + at), weight = weightPair(weights, at);
    const power = exp_f64x2(f64x2.neg(f64x2.abs(z)));
    const share = f64x2.div(splat(1), f64x2.add(splat(1), power));
    const probability = v128.bitselect(f64x2.mul(power, share), share, f64x2.lt(z, splat(0)));
    const above = v128.and(z, f64x2.gt(z, splat(0)));
    const loss = f64x2.add(log1p_f64x2(power), f64x2.sub(above, f64x2.mul(truth, z)));
    storeLosses(losses, at, f64x2.mul(weight, loss), both);
    narrow(scores + at, f64x2.mul(f64x2.mul(splat(scale), weight), f64x2.sub(probability, truth)), both);
  }
  return laneSum(losses, rowCount);
}

export function squared_loss_f32(
  scores: usize, target: usize, weights: usize, losses: usize, scale: f64, rowCount: i32,
): f64 {
  const bytes = <usize>rowCount << 2;
  for (let at: usize = 0; at < bytes; at += 8) {
    const both = at + 4 < bytes;
    const error = f64x2.sub(wide(scores + at), wide(target + at)), weight = weightPair(weights, at);
    storeLosses(losses, at, f64x2.mul(weight, f64x2.mul(f64x2.mul(splat(0.5), error), error)), both);
    narrow(scores + at, f64x2.mul(f64x2.mul(splat(scale), weight), error), both);
  }
  return laneSum(losses, rowCount);
}

export function dropout_f32(
  values: usize, words: usize, keyLow: i32, keyHigh: i32, startIndex: f64, bound: f64, factor: f64, count: i32,
): void {
  let block = <u64>startIndex >> 2;
  const grown = f32x4.splat(<f32>factor), limit = i32x4.splat(<u32>bound);
  for (let i = 0; i < count; i += 16, block += 4) {
    storePhiloxBlocks4(words, block, keyLow, keyHigh);
    const rest = count - i;
    for (let k = 0; k < 4 && 4 * k < rest; k++) {
      const kept = i32x4.ge_u(v128.load(words + (<usize>k << 4)), limit);
      const at = values + (<usize>(i + 4 * k) << 2);
      if (rest >= 4 * k + 4) v128.store(at, v128.and(f32x4.mul(v128.load(at), grown), kept));
      else {
        for (let j = 4 * k; j < rest; j++) {
          const place = values + (<usize>(i + j) << 2);
          const dropped = load<u32>(words + (<usize>j << 2)) < <u32>bound;
          store<f32>(place, dropped ? 0 : load<f32>(place) * <f32>factor);
        }
      }
    }
  }
}

export function batch_norm_forward_f32(
  values: usize, normalized: usize, gamma: usize, inverse: usize, runningMean: usize, runningVariance: usize,
  sums: usize, kept: f64, epsilon: f64, rowCount: i32, unitCount: i32,
): void {
  const line = <usize>unitCount << 2;
  const squares = sums + (line << 1);
  memory.fill(sums, 0, line << 2);
  const end = values + <usize>rowCount * line;
  for (let row = values; row < end; row += line) {
    for (let at: usize = 0; at < line; at += 4) {
      store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) + <f64>load<f32>(row + at));
    }
  }
  for (let at: usize = 0; at < line; at += 4) store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) / <f64>rowCount);
  for (let row = values; row < end; row += line) {
    for (let at: usize = 0; at < line; at += 4) {
      const distance = <f64>load<f32>(row + at) - load<f64>(sums + (at << 1));
      store<f64>(squares + (at << 1), load<f64>(squares + (at << 1)) + distance * distance);
    }
  }
  const others = <f64>(rowCount > 1 ? rowCount - 1 : 1);
  for (let at: usize = 0; at < line; at += 4) {
    const square = load<f64>(squares + (at << 1));
    const mean = kept * <f64>load<f32>(runningMean + at) + (1 - kept) * load<f64>(sums + (at << 1));
    store<f32>(runningMean + at, <f32>mean);
    const variance = kept * <f64>load<f32>(runningVariance + at) + (1 - kept) * (square / others);
    store<f32>(runningVariance + at, <f32>variance);
    const factor = 1 / sqrt<f64>(square / <f64>rowCount + epsilon);
    store<f64>(squares + (at << 1), factor);
    store<f32>(inverse + at, <f32>factor);
  }
  for (let row = values; row < end; row += line, normalized += line) {
    for (let at: usize = 0; at < line; at += 4) {
      const distance = <f64>load<f32>(row + at) - load<f64>(sums + (at << 1));
      const unit = <f32>(distance * load<f64>(squares + (at << 1)));
      store<f32>(normalized + at, unit);
      store<f32>(row + at, load<f32>(gamma + at) * unit);
    }
  }
}

export function batch_norm_backward_f32(
  delta: usize, normalized: usize, gamma: usize, inverse: usize, gammaGradient: usize, sums: usize,
  rowCount: i32, unitCount: i32,
): void {
  const line = <usize>unitCount << 2;
  const products = sums + (line << 1);
  memory.fill(sums, 0, line << 2);
  const bytes = <usize>rowCount * line;
  for (let start: usize = 0; start < bytes; start += line) {
    for (let at: usize = 0; at < line; at += 4) {
      const d = <f64>load<f32>(delta + start + at);
      store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) + d);
      const product = d * <f64>load<f32>(normalized + start + at);
      store<f64>(products + (at << 1), load<f64>(products + (at << 1)) + product);
    }
  }
  for (let at: usize = 0; at < line; at += 4) {
    const product = load<f64>(products + (at << 1));
    store<f32>(gammaGradient + at, <f32>product);
    store<f64>(products + (at << 1), product / <f64>rowCount);
    store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) / <f64>rowCount);
  }
  for (let start: usize = 0; start < bytes; start += line) {
    for (let at: usize = 0; at < line; at += 4) {
      const shift = load<f64>(sums + (at << 1))
        + <f64>load<f32>(normalized + start + at) * load<f64>(products + (at << 1));
      const rest = <f64>load<f32>(delta + start + at) - shift;
      const factor = <f64>load<f32>(gamma + at) * <f64>load<f32>(inverse + at);
      store<f32>(delta + start + at, <f32>(factor * rest));
    }
  }
}

// Sixteen registers of two lanes: more than the machine has, so the lanes lie in memory and are gone over in turn.
export function sum_of_squares_f32(values: usize, lanes: usize, count: i32): f64 {
  for (let at: usize = 0; at < 256; at += 16) v128.store(lanes + at, splat(0));
  const end = values + (<usize>count << 2);
  const whole = values + ((<usize>count & ~31) << 2);
  for (; values < whole; values += 128) {
    for (let at: usize = 0; at < 256; at += 16) {
      const x = wide(values + (at >> 1));
      v128.store(lanes + at, f64x2.add(v128.load(lanes + at), f64x2.mul(x, x)));
    }
  }
  for (let lane = lanes; values < end; values += 4, lane += 8) {
    const x = <f64>load<f32>(values);
    store<f64>(lane, load<f64>(lane) + x * x);
  }
  for (let width: usize = 128; width >= 8; width >>= 1) {
    for (let at: usize = 0; at < width; at += 8) {
      store<f64>(lanes + at, load<f64>(lanes + at) + load<f64>(lanes + width + at));
    }
  }
  return load<f64>(lanes);
}
