import {
  TOTALS, MISSING_LEFT, Tree, at4, at8, side, classScore, term, rise, allowed, sumsOf, codeOfRun,
} from './forest-tree';

// The cuts between the runs of one feature, and the best of them: part of forest_grow_u8 and forest_grow_u16.

// @ts-ignore: decorator
@inline
export function consider(t: Tree, score: f64, rows: i32, weight: f64, index: i32, withMissing: i32): void {
  if (!(score > t.score) || !allowed(t, rows, weight)) return;
  t.score = score;
  t.cutIndex = index;
  t.cutMissing = withMissing;
}

// Tries every cut between runs, or the random one, of one target of numbers.
export function scanNumber(t: Tree, runCount: i32, only: i32): void {
  const logarithmic = t.logarithmic, total = load<f64>(t.work + TOTALS), nodeWeight = t.nodeWeight;
  const lastRun = t.runs + (<usize>(runCount - 1) << 4), last = t.sums + <usize>(runCount - 1) * 24;
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingRows = load<i32>(lastRun, 8) - load<i32>(lastRun, 4);
  const missingWeight = load<f64>(last), missingSum = load<f64>(last, 16);
  let weight: f64 = 0, sum: f64 = 0, rows = 0;
  for (let index = 0, run = t.runs, sums = t.sums; index + 1 < runCount; index++, run += 16, sums += 24) {
    weight += load<f64>(sums);
    rows += load<i32>(run, 8) - load<i32>(run, 4);
    sum += load<f64>(sums, 16);
    if (only >= 0 && only != index) continue;
    const score = side(logarithmic, sum, weight) + side(logarithmic, total - sum, nodeWeight - weight);
    consider(t, score, rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + missingWeight, sumOfBoth = sum + missingSum;
    const other = side(logarithmic, sumOfBoth, both) + side(logarithmic, total - sumOfBoth, nodeWeight - both);
    consider(t, other, rows + missingRows, both, index, 1);
  }
}

// The score of a left side of the sums at `left` and, where given, `add`.
export function numberScore(t: Tree, left: usize, add: usize, weight: f64): f64 {
  const totals = t.work + TOTALS, rest = t.nodeWeight - weight;
  let score: f64 = 0;
  for (let k = 0; k < t.width; k++) {
    const sum = add == 0 ? load<f64>(at8(left, k)) : load<f64>(at8(left, k)) + load<f64>(at8(add, k));
    score += side(t.logarithmic, sum, weight) + side(t.logarithmic, load<f64>(at8(totals, k)) - sum, rest);
  }
  return score;
}

// The same of several targets.
export function scanNumbers(t: Tree, runCount: i32, only: i32): void {
  const left = at8(t.work + TOTALS, 2 * t.width), last = sumsOf(t, runCount - 1);
  const lastRun = t.runs + (<usize>(runCount - 1) << 4);
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingRows = load<i32>(lastRun, 8) - load<i32>(lastRun, 4);
  memory.fill(left, 0, <usize>t.width << 3);
  let weight: f64 = 0, rows = 0;
  for (let index = 0; index + 1 < runCount; index++) {
    const run = t.runs + (<usize>index << 4), sums = sumsOf(t, index);
    weight += load<f64>(sums);
    rows += load<i32>(run, 8) - load<i32>(run, 4);
    for (let k = 0; k < t.width; k++) store<f64>(at8(left, k), load<f64>(at8(left, k)) + load<f64>(at8(sums, 2 + k)));
    if (only >= 0 && only != index) continue;
    consider(t, numberScore(t, left, 0, weight), rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + load<f64>(last);
    consider(t, numberScore(t, left, last + 16, both), rows + missingRows, both, index, 1);
  }
}

// The same for classes: what the classes' weights add up to is kept up by differences, row by row.
export function scanClasses(t: Tree, runCount: i32, only: i32): void {
  const logarithmic = t.logarithmic, width = t.width, targetCount = t.targetCount;
  const order = t.order, nodeWeights = t.nodeWeights, nodeTargets = t.nodeTargets;
  const targetBytes = <usize>t.dataRows << 3;
  const totals = t.work + TOTALS, absent = at8(totals, width), left = at8(absent, width);
  const lastRun = t.runs + (<usize>(runCount - 1) << 4);
  const hasMissing = load<i32>(lastRun) == t.missing;
  const missingBegin = load<i32>(lastRun, 4), missingEnd = load<i32>(lastRun, 8);
  memory.fill(absent, 0, <usize>width << 4);
  let absentWeight: f64 = 0;
  for (let i = missingBegin; hasMissing && i < missingEnd; i++) {
    const place = <usize>load<u32>(at4(order, i)) << 3, w = load<f64>(nodeWeights + place);
    absentWeight += w;
    for (let target = 0, from = nodeTargets + place; target < targetCount; target++, from += targetBytes) {
      const to = at8(absent, <i32>load<f64>(from));
      store<f64>(to, load<f64>(to) + w);
    }
  }
  let onLeft: f64 = 0, onRight: f64 = 0, joined: f64 = 0, present: f64 = 0, weight: f64 = 0, rows = 0;
  for (let k = 0; k < width; k++) {
    const total = load<f64>(at8(totals, k)), gone = load<f64>(at8(absent, k));
    onRight += term(logarithmic, total);
    joined += term(logarithmic, gone);
    present += term(logarithmic, total - gone);
  }
  for (let index = 0; index + 1 < runCount; index++) {
    const run = t.runs + (<usize>index << 4), end = load<i32>(run, 8);
    for (let i = load<i32>(run, 4); i < end; i++) {
      const place = <usize>load<u32>(at4(order, i)) << 3, w = load<f64>(nodeWeights + place);
      weight += w;
      for (let target = 0, from = nodeTargets + place; target < targetCount; target++, from += targetBytes) {
        const k = <i32>load<f64>(from);
        const before = load<f64>(at8(left, k)), right = load<f64>(at8(totals, k)) - before;
        onLeft += rise(logarithmic, before, w);
        onRight -= rise(logarithmic, right - w, w);
        if (hasMissing) {
          const gone = load<f64>(at8(absent, k));
          joined += rise(logarithmic, before + gone, w);
          present -= rise(logarithmic, right - gone - w, w);
        }
        store<f64>(at8(left, k), before + w);
      }
    }
    rows += end - load<i32>(run, 4);
    if (only >= 0 && only != index) continue;
    const score = classScore(t, onLeft, weight) + classScore(t, onRight, t.nodeWeight - weight);
    consider(t, score, rows, weight, index, 0);
    if (!hasMissing || index + 2 == runCount) continue;
    const both = weight + absentWeight;
    const other = classScore(t, joined, both) + classScore(t, present, t.nodeWeight - both);
    consider(t, other, rows + missingEnd - missingBegin, both, index, 1);
  }
}

// A random cut: of numbers, by a threshold between the least and the largest; of categories, any place in their order.
export function drawCut(t: Tree, feature: i32, present: i32, word: u32): void {
  const uniform = (<f64>word + 0.5) / 4294967296.0;
  t.onlyDrawn = 0;
  t.onlyIndex = present > 1 ? <i32>(uniform * <f64>(present - 1)) : 0;
  if (load<u8>(t.categorical + <usize>feature) != 0 || present < 2) return;
  const offset = load<i32>(at4(t.offsets, feature)), low = at8(t.lows, offset), high = at8(t.highs, offset);
  const least = load<f64>(at8(low, codeOfRun(t, 0)));
  const range = load<f64>(at8(high, codeOfRun(t, present - 1))) - least;
  if (!(range < Infinity)) return;
  const threshold = least + uniform * range;
  let index = 0;
  while (index + 2 < present) {
    const code = codeOfRun(t, index + 1), from = load<f64>(at8(low, code)), to = load<f64>(at8(high, code));
    if (!(from + (to - from) / 2 <= threshold)) break;
    index++;
  }
  t.onlyDrawn = 1;
  t.onlyIndex = index;
  t.onlyThreshold = threshold;
}

// Writes the cut found last as the best split so far.
export function keep(t: Tree, feature: i32): void {
  const toLeft = t.cutMissing ? MISSING_LEFT : 0, last = codeOfRun(t, t.cutIndex), next = codeOfRun(t, t.cutIndex + 1);
  t.bestFeature = feature;
  t.bestThreshold = 0;
  t.bestSplit = toLeft;
  memory.fill(t.bestCategories, 0, 32);
  if (load<u8>(t.categorical + <usize>feature) != 0) {
    for (let r = 0; r <= t.cutIndex; r++) {
      const code = codeOfRun(t, r), word = at4(t.bestCategories, code >> 5);
      store<u32>(word, load<u32>(word) | (<u32>1 << (code & 31)));
    }
    return;
  }
  // Behind the last number there are only missing values: every number goes left.
  if (next == t.missing) {
    t.bestSplit = toLeft + t.missing - 1;
    t.bestThreshold = Infinity;
    return;
  }
  t.bestSplit = toLeft + last;
  const offset = load<i32>(at4(t.offsets, feature));
  const below = load<f64>(at8(t.highs, offset + last)), above = load<f64>(at8(t.lows, offset + next));
  const drawn = t.onlyDrawn && t.onlyThreshold >= below && t.onlyThreshold < above;
  const middle = drawn ? t.onlyThreshold : below + (above - below) / 2;
  t.bestThreshold = middle >= below && middle < above ? middle : below;
}
