// The best thresholds where nothing holds the values of leaves; the law is split_scan_f64's. Planes of 2,048 bytes, 6,144 a
// feature. Gradients stay whole numbers: only hessians are turned into their worth.

const FEATURE: usize = 6144;

// Two numbers that do not lie side by side.
// @ts-ignore: decorator
@inline
function two(first: usize, second: usize): v128 {
  return v128.load64_lane(second, v128.load64_zero(first), 1);
}

// What both sides of a split save, in squared levels.
// @ts-ignore: decorator
@inline
function scoreOf(leftG: v128, leftH: v128, totalG: v128, totalH: v128, unit: v128, l2: v128): v128 {
  const rightG = f64x2.sub(totalG, leftG);
  const dl = f64x2.add(f64x2.mul(leftH, unit), l2), dr = f64x2.add(f64x2.mul(f64x2.sub(totalH, leftH), unit), l2);
  const saved = f64x2.add(f64x2.mul(f64x2.mul(leftG, leftG), dr), f64x2.mul(f64x2.mul(rightG, rightG), dl));
  return f64x2.div(saved, f64x2.mul(dl, dr));
}

// @ts-ignore: decorator
@inline
function sumOf(plane: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0);
  for (const end = plane + 2048; plane < end; plane += 64) {
    a = f64x2.add(a, v128.load(plane));
    b = f64x2.add(b, v128.load(plane, 16));
    c = f64x2.add(c, v128.load(plane, 32));
    d = f64x2.add(d, v128.load(plane, 48));
  }
  a = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

// @ts-ignore: decorator
@inline
function storeSplit(
  gains: usize, splits: usize, feature: i32, split: i32, best: f64, totalG: f64, totalH: f64, gradientUnit: f64,
  hessianUnit: f64, l2: f64,
): void {
  const whole = (totalG * totalG) / (totalH * hessianUnit + l2);
  store<i32>(splits + (<usize>feature << 2), split);
  store<f64>(gains + (<usize>feature << 3), split < 0 ? -Infinity : (best - whole) * (gradientUnit * gradientUnit));
}

// Sides grow with the bins: those thresholds that leave enough on both are neighbours, from firstOf to lastOf.
// @ts-ignore: decorator
@inline
function firstOf(planes: usize, binCount: i32, unit: f64, minHessian: f64, minSamples: f64): i32 {
  let h: f64 = 0, c: f64 = 0, bin = 0;
  for (; bin < binCount; bin++, planes += 8) {
    h += load<f64>(planes, 2048);
    c += load<f64>(planes, 4096);
    if (c >= minSamples && h * unit >= minHessian) break;
  }
  return bin;
}

// @ts-ignore: decorator
@inline
function lastOf(planes: usize, binCount: i32, unit: f64, minHessian: f64, minSamples: f64): i32 {
  let h: f64 = 0, c: f64 = 0, bin = binCount - 1;
  for (planes += <usize>bin << 3; bin >= 0; bin--, planes -= 8) {
    if (c >= minSamples && h * unit >= minHessian) break;
    h += load<f64>(planes, 2048);
    c += load<f64>(planes, 4096);
  }
  return bin;
}

// Two features without missing values side by side: their sums wait for no one else's. Bins behind the last of a feature
// are empty, so they never beat it.
export function scanPair(
  histogram: usize, first: i32, second: i32, binCount: i32, gains: usize, splits: usize, gradientUnit: f64,
  hessianUnit: f64, l2: f64, minHessian: f64, minSamples: f64,
): void {
  const p = histogram + <usize>first * FEATURE, q = histogram + <usize>second * FEATURE;
  const p1 = firstOf(p, binCount, hessianUnit, minHessian, minSamples);
  const q1 = firstOf(q, binCount, hessianUnit, minHessian, minSamples);
  const p2 = lastOf(p, binCount, hessianUnit, minHessian, minSamples);
  const q2 = lastOf(q, binCount, hessianUnit, minHessian, minSamples);
  const firsts = i64x2(p1, q1), lasts = i64x2(p2, q2);
  const totalG = f64x2(sumOf(p), sumOf(q)), totalH = f64x2(sumOf(p + 2048), sumOf(q + 2048));
  const unit = f64x2.splat(hessianUnit), l2s = f64x2.splat(l2), none = f64x2.splat(-Infinity);
  let g = f64x2.splat(0), h = f64x2.splat(0);
  let best = none, bestBin = i64x2.splat(-1), bins = i64x2.splat(0);
  const one = i64x2.splat(1);
  // Between `both` and `bothEnd` no lane has to be masked.
  const both = max<i32>(p1, q1), bothEnd = min<i32>(p2, q2), end = max<i32>(p2, q2);
  let at: usize = 0;
  let bin = 0;
  while (bin <= end) {
    const masked = bin < both || bin > bothEnd;
    const until = masked ? (bin < both ? min<i32>(both - 1, end) : end) : bothEnd;
    if (masked) {
      for (; bin <= until; bin++, at += 8) {
        g = f64x2.add(g, two(p + at, q + at));
        h = f64x2.add(h, two(p + at + 2048, q + at + 2048));
        const allowed = v128.and(i64x2.ge_s(bins, firsts), i64x2.le_s(bins, lasts));
        const score = v128.bitselect(scoreOf(g, h, totalG, totalH, unit, l2s), none, allowed);
        const better = f64x2.gt(score, best);
        best = v128.bitselect(score, best, better);
        bestBin = v128.bitselect(bins, bestBin, better);
        bins = i64x2.add(bins, one);
      }
    } else {
      for (; bin <= until; bin++, at += 8) {
        g = f64x2.add(g, two(p + at, q + at));
        h = f64x2.add(h, two(p + at + 2048, q + at + 2048));
        const score = scoreOf(g, h, totalG, totalH, unit, l2s);
        const better = f64x2.gt(score, best);
        best = v128.bitselect(score, best, better);
        bestBin = v128.bitselect(bins, bestBin, better);
        bins = i64x2.add(bins, one);
      }
    }
  }
  storeSplit(
    gains, splits, first, <i32>i64x2.extract_lane(bestBin, 0), f64x2.extract_lane(best, 0),
    f64x2.extract_lane(totalG, 0), f64x2.extract_lane(totalH, 0), gradientUnit, hessianUnit, l2,
  );
  storeSplit(
    gains, splits, second, <i32>i64x2.extract_lane(bestBin, 1), f64x2.extract_lane(best, 1),
    f64x2.extract_lane(totalG, 1), f64x2.extract_lane(totalH, 1), gradientUnit, hessianUnit, l2,
  );
}

// One feature with missing values. Lane 0: they go right, lane 1: left.
export function scanBothWays(
  histogram: usize, feature: i32, binCount: i32, gains: usize, splits: usize, gradientUnit: f64, hessianUnit: f64,
  l2: f64, minHessian: f64, minSamples: f64,
): void {
  const planes = histogram + <usize>feature * FEATURE;
  const g = sumOf(planes), h = sumOf(planes + 2048), c = sumOf(planes + 4096);
  const totalG = f64x2.splat(g), totalH = f64x2.splat(h);
  const unit = f64x2.splat(hessianUnit), l2s = f64x2.splat(l2), least = f64x2.splat(minHessian);
  const fewest = f64x2.splat(minSamples), most = f64x2.splat(c - minSamples), none = f64x2.splat(-Infinity);
  let leftG = f64x2(0, load<f64>(planes, 2040));
  let leftH = f64x2(0, load<f64>(planes, 4088));
  let leftC = f64x2(0, load<f64>(planes, 6136));
  let best: f64 = -Infinity, split = -1;
  for (let bin = 0, at = planes; bin < binCount; bin++, at += 8) {
    const count = load<f64>(at, 4096);
    // Behind an empty bin the split is the one before.
    if (count == 0) continue;
    leftG = f64x2.add(leftG, v128.load64_splat(at));
    leftH = f64x2.add(leftH, v128.load64_splat(at, 2048));
    leftC = f64x2.add(leftC, f64x2.splat(count));
    const hl = f64x2.mul(leftH, unit), hr = f64x2.mul(f64x2.sub(totalH, leftH), unit);
    const counts = v128.and(f64x2.ge(leftC, fewest), f64x2.le(leftC, most));
    const allowed = v128.and(counts, v128.and(f64x2.ge(hl, least), f64x2.ge(hr, least)));
    if (!v128.any_true(allowed)) continue;
    const score = v128.bitselect(scoreOf(leftG, leftH, totalG, totalH, unit, l2s), none, allowed);
    const right = f64x2.extract_lane(score, 0), left = f64x2.extract_lane(score, 1);
    if (right > best) { best = right; split = bin; }
    if (left > best) { best = left; split = bin + 256; }
  }
  storeSplit(gains, splits, feature, split, best, g, h, gradientUnit, hessianUnit, l2);
}
