import { storePhiloxBlock } from './inline/philox';

// The law is src/kernels/tree-forest.ts. One call grows a tree of a random forest, or goes on with it.
//
// work, in bytes: 0 runs, 32 each (weight f64, sum f64, count f64, bin i32 or, for classes, bin i32 and end i32);
// 8,192 counters, 257 i32; 16,384 class weights: in all, missing, left.
const RUN: usize = 32;
const COUNTERS: usize = 8192;
const CLASSES: usize = 16384;
const SORTED_ROWS: i32 = 32;
const MISSING: i32 = 255;
const MISSING_LEFT: i32 = 256;

// The arguments that every step needs, in one place: the functions below are inlined into the exported one.
// @ts-ignore: decorator
@unmanaged
class Node {
  score: f64;
  parent: f64;
  weight: f64;
  sum: f64;
  feature: i32;
  split: i32;
}

// @ts-ignore: decorator
@inline
function poisson(word: u32): i32 {
  return i32(word >= 1580030168) + i32(word >= 3160060337) + i32(word >= 3950075421) + i32(word >= 4213413783)
    + i32(word >= 4279248373) + i32(word >= 4292415291) + i32(word >= 4294609777) + i32(word >= 4294923276);
}

function drawBag(
  weights: usize, rows: usize, bagWeights: usize, words: usize,
  dataRows: i32, bootstrap: i32, keyLow: i32, keyHigh: i32,
): i32 {
  for (let draw = bootstrap; draw >= 0; draw--) {
    let inBag = 0;
    for (let row = 0; row < dataRows; row++) {
      let times = 1;
      if (draw == 1) {
        if ((row & 3) == 0) storePhiloxBlock(words, <u64>(row >> 2), <u32>keyLow, <u32>keyHigh);
        times = poisson(load<u32>(words + (<usize>(row & 3) << 2)));
      }
      const weight = <f64>times * (weights == 0 ? 1 : load<f64>(weights + (<usize>row << 3)));
      store<f64>(bagWeights + (<usize>row << 3), weight);
      if (weight > 0) {
        store<u32>(rows + (<usize>inBag << 2), row);
        inBag++;
      }
    }
    if (inBag > 0) return inBag;
  }
  return 0;
}

// Places 0 … count − 1 of the node as (bin << 16 | place), ascending, to `order`.
// @ts-ignore: decorator
@inline
function sortPlaces(column: usize, nodeRows: usize, order: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(nodeRows + (<usize>i << 2));
    const key = (<u32>load<u8>(column + (row << 4)) << 16) | <u32>i;
    let at = order + (<usize>i << 2);
    while (at > order && load<u32>(at - 4) > key) {
      store<u32>(at, load<u32>(at - 4));
      at -= 4;
    }
    store<u32>(at, key);
  }
}

// Weight, sum and count of every bin that has rows, ascending by bin; returns how many there are.
function runsOfNumbers(
  column: usize, nodeRows: usize, nodeTargets: usize, nodeWeights: usize, order: usize, work: usize, count: i32,
): i32 {
  let runs = 0;
  if (count <= SORTED_ROWS) {
    sortPlaces(column, nodeRows, order, count);
    let run = work - RUN;
    let last = -1;
    for (let i = 0; i < count; i++) {
      const key = load<u32>(order + (<usize>i << 2));
      const place = <usize>(key & 0xffff) << 3;
      const weight = load<f64>(nodeWeights + place);
      const bin = <i32>(key >> 16);
      if (bin != last) {
        last = bin;
        run += RUN;
        store<f64>(run, 0);
        store<f64>(run, 0, 8);
        store<f64>(run, 0, 16);
        store<i32>(run, bin, 24);
        runs++;
      }
      store<f64>(run, load<f64>(run) + weight);
      store<f64>(run, load<f64>(run, 8) + weight * load<f64>(nodeTargets + place), 8);
      store<f64>(run, load<f64>(run, 16) + 1, 16);
    }
    return runs;
  }
  memory.fill(work, 0, RUN << 8);
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(nodeRows + (<usize>i << 2));
    const bin = work + (<usize>load<u8>(column + (row << 4)) << 5);
    const weight = load<f64>(nodeWeights + (<usize>i << 3));
    store<f64>(bin, load<f64>(bin) + weight);
    store<f64>(bin, load<f64>(bin, 8) + weight * load<f64>(nodeTargets + (<usize>i << 3)), 8);
    store<f64>(bin, load<f64>(bin, 16) + 1, 16);
  }
  let to = work;
  for (let bin = 0, from = work; bin < 256; bin++, from += RUN) {
    if (load<f64>(from, 16) == 0) continue;
    v128.store(to, v128.load(from));
    store<f64>(to, load<f64>(from, 16), 16);
    store<i32>(to, bin, 24);
    to += RUN;
    runs++;
  }
  return runs;
}

// @ts-ignore: decorator
@inline
function thresholdBin(bin: i32, next: i32): i32 {
  return next == MISSING ? MISSING - 1 : (bin + next) >> 1;
}

function scanNumbers(best: Node, feature: i32, work: usize, runs: i32, count: i32, minSamplesLeaf: i32): void {
  const last = work + (<usize>(runs - 1) << 5);
  const hasMissing = load<i32>(last, 24) == MISSING;
  const missingWeight = load<f64>(last), missingSum = load<f64>(last, 8), missingCount = load<f64>(last, 16);
  const totalWeight = best.weight, totalSum = best.sum;
  const fewest = <f64>minSamplesLeaf, all = <f64>count;
  let weight: f64 = 0, sum: f64 = 0, samples: f64 = 0;
  for (let run = work; run < last; run += RUN) {
    weight += load<f64>(run);
    sum += load<f64>(run, 8);
    samples += load<f64>(run, 16);
    const next = load<i32>(run + RUN, 24);
    const split = thresholdBin(load<i32>(run, 24), next);
    let restWeight = totalWeight - weight, rest = totalSum - sum;
    if (samples >= fewest && all - samples >= fewest && weight > 0 && restWeight > 0) {
      const score = (sum * sum) / weight + (rest * rest) / restWeight;
      if (score > best.score) {
        best.score = score;
        best.feature = feature;
        best.split = split;
      }
    }
    if (!hasMissing || next == MISSING) continue;
    const withWeight = weight + missingWeight, withSum = sum + missingSum, withSamples = samples + missingCount;
    restWeight = totalWeight - withWeight;
    rest = totalSum - withSum;
    if (withSamples >= fewest && all - withSamples >= fewest && withWeight > 0 && restWeight > 0) {
      const score = (withSum * withSum) / withWeight + (rest * rest) / restWeight;
      if (score > best.score) {
        best.score = score;
        best.feature = feature;
        best.split = split + MISSING_LEFT;
      }
    }
  }
}

// The node's places by bin to `order`, and of every bin that has rows its number and end; returns how many there are.
function runsOfClasses(column: usize, nodeRows: usize, order: usize, work: usize, count: i32): i32 {
  let runs = 0;
  if (count <= SORTED_ROWS) {
    sortPlaces(column, nodeRows, order, count);
    let last = -1;
    for (let i = 0; i < count; i++) {
      const at = order + (<usize>i << 2);
      const bin = <i32>(load<u32>(at) >> 16);
      if (bin != last) {
        store<i32>(work + (<usize>runs << 5), bin, 24);
        last = bin;
        runs++;
      }
      store<i32>(work + (<usize>(runs - 1) << 5), i + 1, 28);
      store<u32>(at, load<u32>(at) & 0xffff);
    }
    return runs;
  }
  const counters = work + COUNTERS;
  memory.fill(counters, 0, 1024);
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(nodeRows + (<usize>i << 2));
    const counter = counters + (<usize>load<u8>(column + (row << 4)) << 2);
    store<i32>(counter, load<i32>(counter) + 1);
  }
  let end = 0;
  for (let bin = 0; bin < 256; bin++) {
    const counter = counters + (<usize>bin << 2);
    const here = load<i32>(counter);
    if (here == 0) continue;
    store<i32>(counter, end);
    end += here;
    store<i32>(work + (<usize>runs << 5), bin, 24);
    store<i32>(work + (<usize>runs << 5), end, 28);
    runs++;
  }
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(nodeRows + (<usize>i << 2));
    const counter = counters + (<usize>load<u8>(column + (row << 4)) << 2);
    const to = load<i32>(counter);
    store<i32>(counter, to + 1);
    store<u32>(order + (<usize>to << 2), i);
  }
  return runs;
}

function scanClasses(
  best: Node, feature: i32, nodeTargets: usize, nodeWeights: usize, order: usize, work: usize,
  runs: i32, count: i32, classCount: i32, minSamplesLeaf: i32,
): void {
  const bytes = <usize>classCount << 3;
  const total = work + CLASSES, absent = total + bytes, left = absent + bytes;
  memory.fill(absent, 0, 2 * bytes);
  const last = work + (<usize>(runs - 1) << 5);
  let absentWeight: f64 = 0;
  let absentCount = 0;
  if (load<i32>(last, 24) == MISSING) {
    const from = load<i32>(last - RUN, 28);
    absentCount = count - from;
    for (let i = from; i < count; i++) {
      const place = <usize>load<u32>(order + (<usize>i << 2)) << 3;
      const at = absent + (<usize><i32>load<f64>(nodeTargets + place) << 3);
      const weight = load<f64>(nodeWeights + place);
      store<f64>(at, load<f64>(at) + weight);
      absentWeight += weight;
    }
  }
  let squaresLeft: f64 = 0, squaresRight: f64 = 0, squaresPresent: f64 = 0, cross: f64 = 0, squaresAbsent: f64 = 0;
  for (let k: usize = 0; k < bytes; k += 8) {
    const all = load<f64>(total + k), gone = load<f64>(absent + k);
    squaresRight += all * all;
    squaresPresent += (all - gone) * (all - gone);
    squaresAbsent += gone * gone;
  }
  const totalWeight = best.weight;
  let leftWeight: f64 = 0;
  let place = 0;
  for (let run = work; run < last; run += RUN) {
    const end = load<i32>(run, 28);
    for (; place < end; place++) {
      const at = <usize>load<u32>(order + (<usize>place << 2)) << 3;
      const k = <usize><i32>load<f64>(nodeTargets + at) << 3;
      const weight = load<f64>(nodeWeights + at);
      const before = load<f64>(left + k), all = load<f64>(total + k), gone = load<f64>(absent + k);
      squaresLeft += weight * (2 * before + weight);
      squaresRight -= weight * (2 * (all - before) - weight);
      squaresPresent -= weight * (2 * (all - gone - before) - weight);
      cross += weight * gone;
      store<f64>(left + k, before + weight);
      leftWeight += weight;
    }
    const next = load<i32>(run + RUN, 24);
    const split = thresholdBin(load<i32>(run, 24), next);
    let rest = totalWeight - leftWeight;
    if (end >= minSamplesLeaf && count - end >= minSamplesLeaf && leftWeight > 0 && rest > 0) {
      const score = squaresLeft / leftWeight + squaresRight / rest;
      if (score > best.score) {
        best.score = score;
        best.feature = feature;
        best.split = split;
      }
    }
    if (absentCount == 0 || next == MISSING) continue;
    const samples = end + absentCount;
    const withWeight = leftWeight + absentWeight;
    rest = totalWeight - withWeight;
    if (samples >= minSamplesLeaf && count - samples >= minSamplesLeaf && withWeight > 0 && rest > 0) {
      const score = (squaresLeft + 2 * cross + squaresAbsent) / withWeight + squaresPresent / rest;
      if (score > best.score) {
        best.score = score;
        best.feature = feature;
        best.split = split + MISSING_LEFT;
      }
    }
  }
}

// Totals of the node, in `best` and, for classes, in `work`; writes the node's value and returns the undivided score.
function nodeValue(
  best: Node, node: i32, values: usize, nodeTargets: usize, nodeWeights: usize, work: usize, count: i32, classCount: i32,
): f64 {
  let weight: f64 = 0, sum: f64 = 0;
  if (classCount == 0) {
    for (let i: usize = 0, end = <usize>count << 3; i < end; i += 8) {
      weight += load<f64>(nodeWeights + i);
      sum += load<f64>(nodeWeights + i) * load<f64>(nodeTargets + i);
    }
    best.weight = weight;
    best.sum = sum;
    store<f64>(values + (<usize>node << 3), count > 0 ? sum / weight : 0);
    return count > 0 ? (sum * sum) / weight : 0;
  }
  const bytes = <usize>classCount << 3;
  const total = work + CLASSES;
  memory.fill(total, 0, bytes);
  for (let i: usize = 0, end = <usize>count << 3; i < end; i += 8) {
    const at = total + (<usize><i32>load<f64>(nodeTargets + i) << 3);
    store<f64>(at, load<f64>(at) + load<f64>(nodeWeights + i));
    weight += load<f64>(nodeWeights + i);
  }
  best.weight = weight;
  let squares: f64 = 0;
  const out = values + <usize>node * bytes;
  for (let k: usize = 0; k < bytes; k += 8) {
    const share = load<f64>(total + k);
    store<f64>(out + k, count > 0 ? share / weight : 0);
    squares += share * share;
  }
  return count > 0 ? squares / weight : 0;
}

// @ts-ignore: decorator
@inline
function open(state: usize, stack: usize, node: i32, start: i32, end: i32, depth: i32): void {
  const size = load<i32>(state, 8);
  const at = stack + (<usize>size << 4);
  store<i32>(at, node);
  store<i32>(at, start, 4);
  store<i32>(at, end, 8);
  store<i32>(at, depth, 12);
  store<i32>(state, size + 1, 8);
}

export function forest_grow_u8(
  bins: usize, targets: usize, weights: usize, state: usize, rows: usize, bagWeights: usize, stack: usize,
  feature: usize, split: usize, child: usize, values: usize, importances: usize, nodeTargets: usize, nodeWeights: usize,
  order: usize, work: usize, features: usize,
  dataRows: i32, groupCount: i32, featureCount: i32, classCount: i32, bootstrap: i32, bagKeyLow: i32, bagKeyHigh: i32,
  featureKeyLow: i32, featureKeyHigh: i32, maxFeatures: i32, maxDepth: i32, minSamplesSplit: i32, minSamplesLeaf: i32,
  maxNodes: i32, budget: i32,
): i32 {
  // Behind the features: four random words; behind the counters of `work`: the best split so far.
  const words = features + (<usize>featureCount << 2);
  const best = changetype<Node>(work + COUNTERS + 2048);
  if (load<i32>(state) == 0) {
    const inBag = drawBag(weights, rows, bagWeights, words, dataRows, bootstrap, bagKeyLow, bagKeyHigh);
    store<i32>(state, 1);
    store<i32>(state, 1, 4);
    store<i32>(state, 0, 8);
    open(state, stack, 0, 0, inBag, 0);
  }
  const wordBlocks = <u64>((featureCount + 3) >> 2);
  while (load<i32>(state, 8) > 0 && budget > 0) {
    const size = load<i32>(state, 8) - 1;
    store<i32>(state, size, 8);
    const entry = stack + (<usize>size << 4);
    const node = load<i32>(entry), start = load<i32>(entry, 4), end = load<i32>(entry, 8), depth = load<i32>(entry, 12);
    const count = end - start;
    const nodeRows = rows + (<usize>start << 2);
    let least: f64 = Infinity, most: f64 = -Infinity;
    for (let i = 0; i < count; i++) {
      const row = <usize>load<u32>(nodeRows + (<usize>i << 2)) << 3;
      const target = load<f64>(targets + row);
      store<f64>(nodeTargets + (<usize>i << 3), target);
      store<f64>(nodeWeights + (<usize>i << 3), load<f64>(bagWeights + row));
      least = min<f64>(least, target);
      most = max<f64>(most, target);
    }
    const parent = nodeValue(best, node, values, nodeTargets, nodeWeights, work, count, classCount);
    const nodeAt = <usize>node << 2;
    store<i32>(feature + nodeAt, -1);
    store<i32>(split + nodeAt, 0);
    store<i32>(child + nodeAt, -1);
    budget -= count;
    if (count < minSamplesSplit || count < 2 * minSamplesLeaf || depth >= maxDepth || least == most) continue;

    best.score = -Infinity;
    best.feature = -1;
    best.split = 0;
    for (let i = 0; i < featureCount; i++) store<i32>(features + (<usize>i << 2), i);
    let differs = false;
    let tried = 0;
    for (; tried < featureCount; tried++) {
      if (tried >= maxFeatures && differs) break;
      if ((tried & 3) == 0) {
        storePhiloxBlock(words, <u64>node * wordBlocks + <u64>(tried >> 2), <u32>featureKeyLow, <u32>featureKeyHigh);
      }
      const word = <u64>load<u32>(words + (<usize>(tried & 3) << 2));
      const drawnAt = features + (<usize>(<u64>tried + ((word * <u64>(featureCount - tried)) >> 32)) << 2);
      const triedAt = features + (<usize>tried << 2);
      const drawn = load<i32>(drawnAt);
      store<i32>(drawnAt, load<i32>(triedAt));
      store<i32>(triedAt, drawn);
      const column = bins + (<usize>(drawn / 14) * <usize>dataRows << 4) + <usize>(drawn % 14);
      if (classCount == 0) {
        const runs = runsOfNumbers(column, nodeRows, nodeTargets, nodeWeights, order, work, count);
        if (runs < 2) continue;
        differs = true;
        scanNumbers(best, drawn, work, runs, count, minSamplesLeaf);
      } else {
        const runs = runsOfClasses(column, nodeRows, order, work, count);
        if (runs < 2) continue;
        differs = true;
        scanClasses(best, drawn, nodeTargets, nodeWeights, order, work, runs, count, classCount, minSamplesLeaf);
      }
    }
    budget -= count * tried;
    if (best.feature < 0) continue;

    // Both sides are written and one is kept; `to` never passes the row that is read.
    const threshold = best.split & 255;
    const missingLeft = best.split >= MISSING_LEFT;
    const column = bins + (<usize>(best.feature / 14) * <usize>dataRows << 4) + <usize>(best.feature % 14);
    let to = nodeRows, right = order;
    let anyMissing = false;
    for (let at = nodeRows, stop = nodeRows + (<usize>count << 2); at < stop; at += 4) {
      const row = load<u32>(at);
      const bin = <i32>load<u8>(column + (<usize>row << 4));
      const isMissing = bin == MISSING;
      anyMissing = anyMissing || isMissing;
      const left = isMissing ? missingLeft : bin <= threshold;
      store<u32>(to, row);
      store<u32>(right, row);
      to += <usize>left << 2;
      right += <usize>!left << 2;
    }
    memory.copy(to, order, right - order);
    const middle = start + <i32>((to - nodeRows) >> 2);
    const first = load<i32>(state, 4);
    store<i32>(state, first + 2, 4);
    const unseen = !anyMissing && middle - start > end - middle;
    store<i32>(feature + nodeAt, best.feature);
    store<i32>(split + nodeAt, best.split + (unseen ? MISSING_LEFT : 0));
    store<i32>(child + nodeAt, first);
    const importance = importances + (<usize>best.feature << 3);
    store<f64>(importance, load<f64>(importance) + max<f64>(0, best.score - parent));
    if (middle - start <= end - middle) {
      open(state, stack, first + 1, middle, end, depth + 1);
      open(state, stack, first, start, middle, depth + 1);
    } else {
      open(state, stack, first, start, middle, depth + 1);
      open(state, stack, first + 1, middle, end, depth + 1);
    }
  }
  return load<i32>(state, 8) > 0 ? 1 : 0;
}
