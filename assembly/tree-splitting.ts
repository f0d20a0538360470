import { scanBothWays, scanPair } from './inline/split-scan';

// The law is src/kernels/tree-splitting.ts. A histogram has three planes of 256 numbers a feature; bin 255 is missing.

const FEATURE: usize = 6144;

export function split_scan_f64(
  histogram: usize, binCounts: usize, allowed: usize, monotone: usize, gains: usize, splits: usize,
  gradientUnit: f64, hessianUnit: f64, l1: f64, l2: f64, maxDeltaStep: f64, minHessian: f64, minSamples: f64,
  lower: f64, upper: f64, featureCount: i32,
): void {
  const unheld = l1 == 0 && !(maxDeltaStep > 0) && lower == -Infinity && upper == Infinity && minHessian > 0;
  // A feature that waits for another one to be scanned beside it.
  let waiting = -1, waitingBins = 0;
  for (let feature = 0; feature < featureCount; feature++) {
    const planes = histogram + <usize>feature * FEATURE;
    const gain = gains + (<usize>feature << 3), split = splits + (<usize>feature << 2);
    const leftOut = allowed != 0 && load<u8>(allowed + <usize>feature) == 0;
    const binCount = leftOut ? 0 : load<i32>(binCounts + (<usize>feature << 2));
    const direction = monotone == 0 ? 0 : <i32>load<i8>(monotone + <usize>feature);
    if (!unheld || direction != 0) {
      scanHeld(
        planes, binCount, direction, gain, split, gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian,
        minSamples, lower, upper,
      );
    } else if (binCount == 0) {
      store<i32>(split, -1);
      store<f64>(gain, -Infinity);
    } else if (load<f64>(planes, 6136) != 0) {
      scanBothWays(
        histogram, feature, binCount, gains, splits, gradientUnit, hessianUnit, l2, minHessian, minSamples,
      );
    } else if (waiting < 0) {
      waiting = feature;
      waitingBins = binCount;
    } else {
      scanPair(
        histogram, waiting, feature, max<i32>(binCount, waitingBins), gains, splits, gradientUnit, hessianUnit, l2,
        minHessian, minSamples,
      );
      waiting = -1;
    }
  }
  if (waiting < 0) return;
  scanPair(
    histogram, waiting, waiting, waitingBins, gains, splits, gradientUnit, hessianUnit, l2, minHessian, minSamples,
  );
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
