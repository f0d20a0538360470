// The law is src/kernels/tree-splitting.ts. A histogram has three planes of 256 numbers a feature; bin 255 is missing.

const FEATURE: usize = 6144;

export function split_scan_f64(
  histogram: usize, binCounts: usize, allowed: usize, monotone: usize, gains: usize, splits: usize,
  gradientUnit: f64, hessianUnit: f64, l1: f64, l2: f64, maxDeltaStep: f64, minHessian: f64, minSamples: f64,
  lower: f64, upper: f64, featureCount: i32,
): void {
  const free = l1 == 0 && !(maxDeltaStep > 0) && lower == -Infinity && upper == Infinity;
  for (let feature = 0; feature < featureCount; feature++, histogram += FEATURE) {
    const gain = gains + (<usize>feature << 3), split = splits + (<usize>feature << 2);
    const leftOut = allowed != 0 && load<u8>(allowed + <usize>feature) == 0;
    const binCount = leftOut ? 0 : load<i32>(binCounts + (<usize>feature << 2));
    const direction = monotone == 0 ? 0 : <i32>load<i8>(monotone + <usize>feature);
    if (free && direction == 0) {
      scanFree(histogram, binCount, gain, split, gradientUnit, hessianUnit, l2, minHessian, minSamples);
    } else {
      scanHeld(
        histogram, binCount, direction, gain, split, gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian,
        minSamples, lower, upper,
      );
    }
  }
}

// Lane 0: missing values go right, lane 1: they go left.
function scanFree(
  histogram: usize, binCount: i32, gain: usize, split: usize, gradientUnit: f64, hessianUnit: f64, l2: f64,
  minHessian: f64, minSamples: f64,
): void {
  const gUnit = f64x2.splat(gradientUnit), hUnit = f64x2.splat(hessianUnit), l2s = f64x2.splat(l2);
  const least = f64x2.splat(minHessian), fewest = f64x2.splat(minSamples), zero = f64x2.splat(0);
  const none = f64x2.splat(-Infinity);
  const end = histogram + (<usize>binCount << 3);
  const missing = histogram + (255 << 3);
  const missingG = load<f64>(missing), missingH = load<f64>(missing, 2048), missingC = load<f64>(missing, 4096);
  let g = missingG, h = missingH, c = missingC;
  for (let at = histogram; at < end; at += 8) {
    g += load<f64>(at);
    h += load<f64>(at, 2048);
    c += load<f64>(at, 4096);
  }
  const totalG = f64x2.splat(g), totalH = f64x2.splat(h), totalC = f64x2.splat(c);
  let leftG = f64x2.replace_lane(zero, 1, missingG);
  let leftH = f64x2.replace_lane(zero, 1, missingH);
  let leftC = f64x2.replace_lane(zero, 1, missingC);
  const bothWays = missingC != 0;
  let best: f64 = -Infinity;
  let found = -1;
  for (let at = histogram; at < end; at += 8) {
    const count = load<f64>(at, 4096);
    if (count == 0) continue;
    leftG = f64x2.add(leftG, f64x2.splat(load<f64>(at)));
    leftH = f64x2.add(leftH, f64x2.splat(load<f64>(at, 2048)));
    leftC = f64x2.add(leftC, f64x2.splat(count));
    const rightC = f64x2.sub(totalC, leftC);
    const hl = f64x2.mul(leftH, hUnit), hr = f64x2.mul(f64x2.sub(totalH, leftH), hUnit);
    const dl = f64x2.add(hl, l2s), dr = f64x2.add(hr, l2s);
    let allowed = v128.and(f64x2.ge(leftC, fewest), f64x2.ge(rightC, fewest));
    allowed = v128.and(allowed, v128.and(f64x2.ge(hl, least), f64x2.ge(hr, least)));
    allowed = v128.and(allowed, v128.and(f64x2.gt(dl, zero), f64x2.gt(dr, zero)));
    if (!v128.any_true(allowed)) continue;
    const gl = f64x2.mul(leftG, gUnit), gr = f64x2.mul(f64x2.sub(totalG, leftG), gUnit);
    let score = f64x2.add(f64x2.div(f64x2.mul(gl, gl), dl), f64x2.div(f64x2.mul(gr, gr), dr));
    score = v128.bitselect(score, none, allowed);
    const bin = <i32>((at - histogram) >> 3);
    const first = f64x2.extract_lane(score, 0), second = f64x2.extract_lane(score, 1);
    if (first > best) { best = first; found = bin; }
    if (bothWays && second > best) { best = second; found = bin + 256; }
  }
  const nodeG = g * gradientUnit, nodeH = h * hessianUnit;
  store<i32>(split, found);
  store<f64>(gain, found < 0 ? -Infinity : best - (nodeG * nodeG) / (nodeH + l2));
}

function scanHeld(
  histogram: usize, binCount: i32, direction: i32, gain: usize, split: usize, gradientUnit: f64, hessianUnit: f64,
  l1: f64, l2: f64, maxDeltaStep: f64, minHessian: f64, minSamples: f64, lower: f64, upper: f64,
): void {
  const end = histogram + (<usize>binCount << 3);
  const missing = histogram + (255 << 3);
  const missingG = load<f64>(missing), missingH = load<f64>(missing, 2048), missingC = load<f64>(missing, 4096);
  let totalG = missingG, totalH = missingH, totalC = missingC;
  for (let at = histogram; at < end; at += 8) {
    totalG += load<f64>(at);
    totalH += load<f64>(at, 2048);
    totalC += load<f64>(at, 4096);
  }
  const ways = missingC != 0 ? 2 : 1;
  let leftG: f64 = 0, leftH: f64 = 0, leftC: f64 = 0, best: f64 = -Infinity;
  let found = -1;
  for (let at = histogram; at < end; at += 8) {
    const count = load<f64>(at, 4096);
    if (count == 0) continue;
    leftG += load<f64>(at);
    leftH += load<f64>(at, 2048);
    leftC += count;
    for (let way = 0; way < ways; way++) {
      const g = way == 0 ? leftG : leftG + missingG, h = way == 0 ? leftH : leftH + missingH;
      const c = way == 0 ? leftC : leftC + missingC;
      const hl = h * hessianUnit, hr = (totalH - h) * hessianUnit;
      const dl = hl + l2, dr = hr + l2;
      if (!(c >= minSamples && totalC - c >= minSamples && hl >= minHessian && hr >= minHessian)) continue;
      if (!(dl > 0 && dr > 0)) continue;
      const gl = threshold(g * gradientUnit, l1), gr = threshold((totalG - g) * gradientUnit, l1);
      const vl = hold(-gl / dl, maxDeltaStep, lower, upper), vr = hold(-gr / dr, maxDeltaStep, lower, upper);
      if ((direction > 0 && vl > vr) || (direction < 0 && vl < vr)) continue;
      const score = gainOf(gl, dl, vl) + gainOf(gr, dr, vr);
      if (score > best) {
        best = score;
        found = <i32>((at - histogram) >> 3) + (way << 8);
      }
    }
  }
  const g = threshold(totalG * gradientUnit, l1), d = totalH * hessianUnit + l2;
  const node = gainOf(g, d, hold(-g / d, maxDeltaStep, lower, upper));
  store<i32>(split, found);
  store<f64>(gain, found < 0 ? -Infinity : best - node);
}

// @ts-ignore: decorator
@inline
function threshold(gradient: f64, l1: f64): f64 {
  if (gradient > l1) return gradient - l1;
  return gradient < -l1 ? gradient + l1 : 0;
}

// @ts-ignore: decorator
@inline
function clamp(value: f64, lower: f64, upper: f64): f64 {
  if (value < lower) return lower;
  return value > upper ? upper : value;
}

// @ts-ignore: decorator
@inline
function hold(value: f64, maxDeltaStep: f64, lower: f64, upper: f64): f64 {
  return clamp(maxDeltaStep > 0 ? clamp(value, -maxDeltaStep, maxDeltaStep) : value, lower, upper);
}

/** Twice what a side of this value saves; `gradient` has its L1 taken off, `divisor` its L2 added. */
// @ts-ignore: decorator
@inline
function gainOf(gradient: f64, divisor: f64, value: f64): f64 {
  if (value == -gradient / divisor) return (gradient * gradient) / divisor;
  return -(2 * gradient * value + divisor * value * value);
}
