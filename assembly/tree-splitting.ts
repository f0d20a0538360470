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

// What the sets of categories of a call are held to: the law is category_scan_f64's. A feature's planes lie at `planes`.
let planes: usize, gUnit: f64, hUnit: f64, sideL1: f64, step: f64, low: f64, high: f64, leastHessian: f64, leastSamples: f64;
let isFree: bool;
let totalG: f64, totalH: f64, totalC: f64;
// Bins with rows, in order; their ratios by bin; and room to merge in.
let orderAt: usize, ratioAt: usize, asideAt: usize;

export function category_scan_f64(
  histogram: usize, binCounts: usize, allowed: usize, gains: usize, sets: usize, scratch: usize,
  gradientUnit: f64, hessianUnit: f64, l1: f64, l2: f64, maxDeltaStep: f64, minHessian: f64, minSamples: f64,
  lower: f64, upper: f64, smooth: f64, setL2: f64, maxThreshold: f64, minPerGroup: f64, maxToOnehot: f64,
  featureCount: i32,
): void {
  gUnit = gradientUnit;
  hUnit = hessianUnit;
  sideL1 = l1;
  step = maxDeltaStep;
  low = lower;
  high = upper;
  leastHessian = minHessian;
  leastSamples = minSamples;
  isFree = l1 == 0 && !(maxDeltaStep > 0) && lower == -Infinity && upper == Infinity;
  ratioAt = scratch;
  orderAt = scratch + 2048;
  asideAt = scratch + 3072;
  for (let feature = 0; feature < featureCount; feature++, sets += 32) {
    memory.fill(sets, 0, 32);
    const leftOut = allowed != 0 && load<u8>(allowed + <usize>feature) == 0;
    planes = histogram + <usize>feature * FEATURE;
    const present = seeCategories(leftOut ? 0 : load<i32>(binCounts + (<usize>feature << 2)));
    let gain: f64 = -Infinity;
    if (present >= 2 && <f64>present <= maxToOnehot) gain = oneAgainstRest(present, l2, sets);
    else if (present >= 2) gain = bestEnd(sortCategories(present, smooth), l2, setL2, maxThreshold, minPerGroup, sets);
    store<f64>(gains + (<usize>feature << 3), gain);
  }
}

// Sums the bins that have rows and lists them; returns how many they are.
function seeCategories(binCount: i32): i32 {
  totalG = 0;
  totalH = 0;
  totalC = 0;
  let present = 0;
  for (let i = 0; i <= binCount && binCount > 0; i++) {
    const bin = i < binCount ? i : 255;
    const at = planes + (<usize>bin << 3), count = load<f64>(at, 4096);
    if (count == 0) continue;
    totalG += load<f64>(at);
    totalH += load<f64>(at, 2048);
    totalC += count;
    store<i32>(orderAt + (<usize>present << 2), bin);
    present++;
  }
  return present;
}

// @ts-ignore: decorator
@inline
function binAt(place: i32): i32 {
  return load<i32>(orderAt + (<usize>place << 2));
}

// @ts-ignore: decorator
@inline
function ratioOf(bin: i32): f64 {
  return load<f64>(ratioAt + (<usize>bin << 3));
}

// @ts-ignore: decorator
@inline
function putIntoSet(set: usize, bin: i32): void {
  const word = set + (<usize>(bin >> 5) << 2);
  store<u32>(word, load<u32>(word) | (<u32>1 << (bin & 31)));
}

function savedGain(gradient: f64, hessian: f64, l2: f64): f64 {
  const g = gradient * gUnit, d = hessian * hUnit + l2;
  if (isFree) return (g * g) / d;
  const held = threshold(g, sideL1);
  return gainOf(held, d, hold(-held / d, step, low, high));
}

// What parting a node saves; −∞ where a side is too small.
function savedBy(gradient: f64, hessian: f64, count: f64, l2: f64): f64 {
  const left = hessian * hUnit, right = (totalH - hessian) * hUnit;
  if (!(count >= leastSamples && totalC - count >= leastSamples && left >= leastHessian && right >= leastHessian)) {
    return -Infinity;
  }
  if (!(left + l2 > 0 && right + l2 > 0)) return -Infinity;
  return savedGain(gradient, hessian, l2) + savedGain(totalG - gradient, totalH - hessian, l2);
}

function oneAgainstRest(present: i32, l2: f64, set: usize): f64 {
  let best: f64 = -Infinity;
  let category = -1;
  for (let i = 0; i < present; i++) {
    const bin = binAt(i), at = planes + (<usize>bin << 3);
    const saved = savedBy(load<f64>(at), load<f64>(at, 2048), load<f64>(at, 4096), l2);
    if (saved > best) {
      best = saved;
      category = bin;
    }
  }
  if (category < 0) return best;
  putIntoSet(set, category);
  return best - savedGain(totalG, totalH, l2);
}

// Keeps the bins with rows enough, sorted by their ratios, equal ones by bin; returns how many they are.
function sortCategories(present: i32, smooth: f64): i32 {
  let count = 0;
  for (let i = 0; i < present; i++) {
    const bin = binAt(i), at = planes + (<usize>bin << 3);
    if (load<f64>(at, 4096) < smooth) continue;
    const divisor = load<f64>(at, 2048) * hUnit + smooth;
    store<f64>(ratioAt + (<usize>bin << 3), divisor > 0 ? (load<f64>(at) * gUnit) / divisor : 0);
    store<i32>(orderAt + (<usize>count << 2), bin);
    count++;
  }
  // By insertion in runs of eight, which are merged then.
  for (let i = 1; i < count; i++) {
    const bin = binAt(i), own = ratioOf(bin), start = i & ~7;
    let at = i;
    for (; at > start && ratioOf(binAt(at - 1)) > own; at--) store<i32>(orderAt + (<usize>at << 2), binAt(at - 1));
    store<i32>(orderAt + (<usize>at << 2), bin);
  }
  for (let width = 8; width < count; width <<= 1) {
    for (let start = 0; start + width < count; start += 2 * width) {
      mergeRuns(start, start + width, min<i32>(count, start + 2 * width));
    }
  }
  return count;
}

function mergeRuns(start: i32, middle: i32, end: i32): void {
  if (!(ratioOf(binAt(middle)) < ratioOf(binAt(middle - 1)))) return;
  memory.copy(asideAt + (<usize>start << 2), orderAt + (<usize>start << 2), <usize>(middle - start) << 2);
  let left = start, right = middle;
  for (let at = start; left < middle; at++) {
    const waiting = load<i32>(asideAt + (<usize>left << 2));
    const fromRight = right < end && ratioOf(binAt(right)) < ratioOf(waiting);
    store<i32>(orderAt + (<usize>at << 2), fromRight ? binAt(right) : waiting);
    if (fromRight) right++;
    else left++;
  }
}

function bestEnd(count: i32, l2: f64, setL2: f64, maxThreshold: f64, minPerGroup: f64, set: usize): f64 {
  const most = min<f64>(maxThreshold, <f64>((count + 1) >> 1));
  let best: f64 = -Infinity;
  let length = 0, bestWay = 0;
  for (let way = 0; way < 2; way++) {
    let g: f64 = 0, h: f64 = 0, c: f64 = 0, inGroup: f64 = 0;
    for (let i = 0; <f64>i < most; i++) {
      const at = planes + (<usize>binAt(way == 1 ? count - 1 - i : i) << 3), rows = load<f64>(at, 4096);
      g += load<f64>(at);
      h += load<f64>(at, 2048);
      c += rows;
      inGroup += rows;
      if (totalC - c < minPerGroup) break;
      if (inGroup < minPerGroup) continue;
      inGroup = 0;
      const saved = savedBy(g, h, c, l2 + setL2);
      if (saved > best) {
        best = saved;
        length = i + 1;
        bestWay = way;
      }
    }
  }
  if (length == 0) return best;
  for (let i = 0; i < length; i++) putIntoSet(set, binAt(bestWay == 1 ? count - 1 - i : i));
  return best - savedGain(totalG, totalH, l2);
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
