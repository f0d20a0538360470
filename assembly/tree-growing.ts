import { endTeam, finishPart, followParts, offerParts, partsOffered, awaitParts, takePart } from './inline/team';
import { histogram_add_f64, histogram_build_u8, histogram_subtract_f64, rows_partition_u8 } from './tree-building';
import { category_scan_f64, split_scan_f64 } from './tree-splitting';

// One call grows a boosted tree, or goes on with it: src/kernels/boosted-growth.ts is the law. Several threads may call at
// once, as a team. What is summed is whole numbers, so it does not matter who sums what.

const FEATURE: usize = 6144;
// Bytes of a node: ten numbers.
const NODE: usize = 80;
const CHILD: usize = 0, DEPTH: usize = 8, ROWS: usize = 16, HISTOGRAM: usize = 24, GAIN: usize = 32, BY: usize = 40;
const BIN: usize = 48, MISSING_LEFT: usize = 56, LEFT_ROWS: usize = 64, OPEN: usize = 72;
// Of a member's scratch memory: for histograms, for sets, one feature's planes, which bins go left.
const SETS_AT: usize = 127872, PLANES_AT: usize = 131968, TABLE_AT: usize = 138112, SCRATCH: usize = 138368;
// Of a team's words: what is offered, what it is about, and whose histogram each member summed last.
const KIND: usize = 12, STEP: usize = 16, USED: usize = 256;
// Rows of a node below which one thread parts it alone, row·columns below which it builds its histogram alone, and from
// which a histogram is shared out by rows: below, by groups of columns, whose sums no one has to merge.
const SHARED_ROWS: f64 = 4000, SHARED_WORK: f64 = 30000, SHARED_BY_ROWS: f64 = 1000000;
// Features that a member scans at a time: they are scanned in pairs.
const SCANNED_TOGETHER = 4;

const PART = 0, BUILD_GROUPS = 1, BUILD_ROWS = 2, MERGE = 3, SCAN = 4;
// What is scanned: the histogram that was built, as the first child's or the second's, and its sibling; BY_ROWS: others
// summed too.
const BUILT_FIRST = 1, REST_SECOND = 2, BUILT_SECOND = 4, BY_ROWS = 8;

// What a call is about: set when it begins, the same in every function. Each thread has an instance of its own.
let bins: usize = 0, packed: usize = 0, rows: usize = 0, ranges: usize = 0, histograms: usize = 0, nodes: usize = 0;
let sets: usize = 0, state: usize = 0, team: usize = 0, liveBins: usize = 0, binCounts: usize = 0;
let categoryCounts: usize = 0, allowed: usize = 0, bundles: usize = 0, partials: usize = 0, gains: usize = 0;
let splits: usize = 0, foundSets: usize = 0, scratch: usize = 0, parted: usize = 0;
let gradientUnit: f64 = 0, hessianUnit: f64 = 0, l1: f64 = 0, l2: f64 = 0, maxDeltaStep: f64 = 0, minHessian: f64 = 0;
let minSamples: f64 = 0, minGain: f64 = 0, smooth: f64 = 0, setL2: f64 = 0, maxThreshold: f64 = 0, minPerGroup: f64 = 0;
let maxToOnehot: f64 = 0, maxDepth: f64 = 0;
let maxLeaves = 0, depthwise = false, follows = false, everyRow = false, dataRows = 0, rowBytes = 0, groupBytes = 0;
let groupFeatures = 0, columnCount = 0, featureCount = 0, segments = 0, segmentRows = 0, histogramCount = 0;
let member = 0, members = 0, waits = false;
// The step that is made: the node that is parted and its left child; the child whose histogram is built, where, and the
// parent's histogram, which becomes the other child's (−1: there is none); what is scanned.
let node = 0, left = 0, child = 0, built = 0, rest = 0, scanned = 0;
// The sums of a node.
let totalG: f64 = 0, totalH: f64 = 0, totalC: f64 = 0;

// @ts-ignore: decorator
@inline
function nodeAt(index: i32): usize {
  return nodes + <usize>index * NODE;
}

// @ts-ignore: decorator
@inline
function histogramAt(index: i32): usize {
  return histograms + <usize>index * <usize>columnCount * FEATURE;
}

// @ts-ignore: decorator
@inline
function rangesOf(index: i32, stretch: i32): usize {
  return ranges + ((<usize>(4 * index + 2 * stretch) * <usize>segments) << 2);
}

// @ts-ignore: decorator
@inline
function ownScratch(): usize {
  return scratch + <usize>member * SCRATCH;
}

// Where part `part` of `parts` begins.
// @ts-ignore: decorator
@inline
function shareStart(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * part) / parts);
}

function splittable(at: usize): bool {
  return load<f64>(at, DEPTH) < maxDepth && load<f64>(at, ROWS) >= 2 * minSamples;
}

function makeLeaf(index: i32, depth: f64, count: f64): void {
  const at = nodeAt(index);
  memory.fill(at, 0, NODE);
  memory.fill(sets + (<usize>index << 5), 0, 32);
  store<f64>(at, depth, DEPTH);
  store<f64>(at, count, ROWS);
  store<f64>(at, -1, HISTOGRAM);
  store<f64>(at, -Infinity, GAIN);
}

// The open node that comes first, the older among equals; −1: there is none.
function firstOpen(): i32 {
  if (load<i32>(state, 4) >= maxLeaves) return -1;
  let best = -1, most: usize = 0;
  for (let index = 0; index < load<i32>(state); index++) {
    const at = nodeAt(index);
    if (load<f64>(at, OPEN) == 0) continue;
    let first = best < 0;
    if (!first) {
      const level = load<f64>(at, DEPTH), bestLevel = load<f64>(most, DEPTH);
      first = depthwise && level != bestLevel ? level < bestLevel : load<f64>(at, GAIN) > load<f64>(most, GAIN);
    }
    if (!first) continue;
    best = index;
    most = at;
  }
  return best;
}

// A free histogram, or that of the open node that is least likely to need it, the older among equals.
function takeHistogram(): i32 {
  const free = load<i32>(state, 8);
  if (free > 0) {
    store<i32>(state, free - 1, 8);
    return load<i32>(state + (<usize>(free - 1) << 2), 32);
  }
  let owner: usize = 0;
  for (let index = 0; index < load<i32>(state); index++) {
    const at = nodeAt(index);
    if (load<f64>(at, OPEN) == 0 || load<f64>(at, HISTOGRAM) < 0) continue;
    if (owner == 0 || load<f64>(at, GAIN) < load<f64>(owner, GAIN)) owner = at;
  }
  const taken = <i32>load<f64>(owner, HISTOGRAM);
  store<f64>(owner, -1, HISTOGRAM);
  return taken;
}

function giveHistogram(index: i32): void {
  if (index < 0) return;
  const free = load<i32>(state, 8);
  store<i32>(state + (<usize>free << 2), index, 32);
  store<i32>(state, free + 1, 8);
}

function begin(): void {
  let count: f64 = 0;
  for (let segment = 0, at = rangesOf(0, 0); segment < segments; segment++, at += 8) {
    count += <f64>(load<i32>(at, 4) - load<i32>(at));
  }
  store<i32>(state, 1);
  store<i32>(state, 1, 4);
  store<i32>(state, histogramCount, 8);
  for (let i = 0; i < histogramCount; i++) store<i32>(state + (<usize>i << 2), histogramCount - 1 - i, 32);
  makeLeaf(0, 0, count);
  if (maxLeaves < 2 || !splittable(nodes)) return;
  const index = takeHistogram();
  scanned = BUILT_FIRST;
  buildChild(0, index, -1);
  consider(0, index, 0);
}

function splitNode(index: i32): void {
  const at = nodeAt(index), count = load<f64>(at, ROWS), leftCount = load<f64>(at, LEFT_ROWS);
  const depth = load<f64>(at, DEPTH) + 1;
  const first = load<i32>(state), second = first + 1;
  let parent = <i32>load<f64>(at, HISTOGRAM);
  store<f64>(at, 0, OPEN);
  store<f64>(at, <f64>first, CHILD);
  store<f64>(at, -1, HISTOGRAM);
  makeLeaf(first, depth, leftCount);
  makeLeaf(second, depth, count - leftCount);
  store<i32>(state, first + 2);
  store<i32>(state, load<i32>(state, 4) + 1, 4);
  tabulate(index);
  node = index;
  left = first;
  offer(PART, min<i32>(segments, 4 * members), count >= SHARED_ROWS);
  const more = load<i32>(state, 4) < maxLeaves;
  const firstWanted = more && splittable(nodeAt(first)), secondWanted = more && splittable(nodeAt(second));
  if (!firstWanted && !secondWanted) {
    giveHistogram(parent);
    return;
  }
  const leftSmaller = leftCount <= count - leftCount;
  const smaller = takeHistogram();
  const largerWanted = leftSmaller ? secondWanted : firstWanted;
  scanned = ((leftSmaller ? firstWanted : secondWanted) ? BUILT_FIRST : 0) | (largerWanted && parent >= 0 ? REST_SECOND : 0);
  buildChild(leftSmaller ? first : second, smaller, parent);
  if (parent < 0) {
    parent = takeHistogram();
    scanned = largerWanted ? BUILT_SECOND : 0;
    buildChild(leftSmaller ? second : first, parent, -1);
  }
  const ofFirst = leftSmaller ? smaller : parent, ofSecond = leftSmaller ? parent : smaller;
  if (firstWanted) consider(first, ofFirst, leftSmaller ? 0 : 1);
  else giveHistogram(ofFirst);
  if (secondWanted) consider(second, ofSecond, leftSmaller ? 1 : 0);
  else giveHistogram(ofSecond);
}

// Builds a node's histogram, takes it off its parent's where that is there, and scans what is wanted of both.
function buildChild(index: i32, into: i32, parent: i32): void {
  child = index;
  built = into;
  rest = parent;
  const amount = load<f64>(nodeAt(index), ROWS) * <f64>columnCount;
  const groups = (columnCount + groupFeatures - 1) / groupFeatures;
  const byRows = members > 1 && segments > 1 && (amount >= SHARED_BY_ROWS || groups < members) && amount >= SHARED_WORK;
  if (byRows) {
    scanned |= BY_ROWS;
    offer(BUILD_ROWS, min<i32>(segments, 2 * members), true);
  } else {
    offer(BUILD_GROUPS, members > 1 && groups >= members ? members : 1, amount >= SHARED_WORK);
  }
  const most = 4 * members, worthwhile = columnCount >= 2 * SCANNED_TOGETHER;
  offer(MERGE, min<i32>(most, (columnCount + SCANNED_TOGETHER - 1) / SCANNED_TOGETHER), worthwhile);
  if (bundles != 0 && (scanned & 7) != 0) {
    offer(SCAN, min<i32>(most, (featureCount + SCANNED_TOGETHER - 1) / SCANNED_TOGETHER), worthwhile);
  }
}

// Opens a node where a split saves enough, else gives its histogram back. `found`: as which child it was scanned.
function consider(index: i32, histogram: i32, found: i32): void {
  const byThreshold = gains + ((<usize>(2 * found) * <usize>featureCount) << 3);
  const bySets = byThreshold + (<usize>featureCount << 3);
  let best = -1, gain = minGain;
  for (let feature = 0; feature < featureCount; feature++) {
    const offset = <usize>feature << 3;
    let own = load<f64>(byThreshold + offset);
    if (categoryCounts != 0) own = max<f64>(own, load<f64>(bySets + offset));
    if (own > gain) {
      best = feature;
      gain = own;
    }
  }
  if (best < 0) {
    giveHistogram(histogram);
    return;
  }
  const offset = <usize>best << 3, at = nodeAt(index), place = <usize>found * <usize>featureCount + <usize>best;
  const bySet = categoryCounts != 0 && load<f64>(bySets + offset) > load<f64>(byThreshold + offset);
  const split = load<i32>(splits + (place << 2)), set = sets + (<usize>index << 5);
  if (bySet) memory.copy(set, foundSets + (place << 5), 32);
  store<f64>(at, <f64>histogram, HISTOGRAM);
  store<f64>(at, gain, GAIN);
  store<f64>(at, <f64>best, BY);
  store<f64>(at, bySet ? -1 : <f64>(split & 255), BIN);
  store<f64>(at, 1, OPEN);
  if (bundles != 0) addUpTotal(histogram);
  const missingLeft = bySet ? load<i32>(set, 28) < 0 : split >= 256;
  complete(at, set, planesOf(histogram, best) + 4096, missingLeft);
}

// How many rows go left, and where missing values go: where none is seen, with the many.
function complete(at: usize, set: usize, counts: usize, missingLeft: bool): void {
  const last = <i32>load<f64>(at, BIN);
  let goLeft: f64 = 0;
  if (last >= 0) {
    for (let bin = 0, count = counts; bin <= last; bin++, count += 8) goLeft += load<f64>(count);
    if (missingLeft) goLeft += load<f64>(counts, 2040);
  } else {
    for (let bin = 0; bin < 256; bin++) {
      if ((load<u8>(set + (bin >> 3)) >> <u8>(bin & 7)) & 1) goLeft += load<f64>(counts + (<usize>bin << 3));
    }
  }
  store<f64>(at, goLeft, LEFT_ROWS);
  if (load<f64>(counts, 2040) == 0) missingLeft = goLeft > load<f64>(at, ROWS) - goLeft;
  store<f64>(at, missingLeft ? 1 : 0, MISSING_LEFT);
  if (last < 0) store<u8>(set, (load<u8>(set, 31) & 0x7f) | (missingLeft ? 0x80 : 0), 31);
}

// By bin of the column of a node's feature: 1 goes left. In a shared column every bin of another feature says that this
// one has its usual bin. Written by member 0, read by all.
function tabulate(index: i32): void {
  const at = nodeAt(index), set = sets + (<usize>index << 5), table = scratch + TABLE_AT;
  const last = <i32>load<f64>(at, BIN);
  if (last < 0) {
    for (let bin = 0; bin < 256; bin++) store<u8>(table + bin, (load<u8>(set + (bin >> 3)) >> <u8>(bin & 7)) & 1);
  } else {
    memory.fill(table, 1, last + 1);
    memory.fill(table + last + 1, 0, 255 - last);
    store<u8>(table, load<f64>(at, MISSING_LEFT) != 0 ? 1 : 0, 255);
  }
  if (bundles == 0) return;
  const words = bundles + (<usize><i32>load<f64>(at, BY) << 4);
  const first = load<i32>(words, 4), binCount = load<i32>(words, 8), usual = load<i32>(words, 12);
  if (first == 0) return;
  const own = scratch + PLANES_AT;
  memory.copy(own, table, 256);
  memory.fill(table, load<u8>(own + usual), 256);
  for (let i = 0; i < binCount - 1; i++) store<u8>(table + first + i, load<u8>(own + (i < usual ? i : i + 1)));
  store<u8>(table + first + binCount - 1, load<u8>(own, 255));
}

// The sums of a node: those of the column of the fewest bins.
function addUpTotal(histogram: i32): void {
  let shortest = 0, fewest = load<i32>(liveBins);
  for (let column = 1; column < columnCount; column++) {
    const count = load<i32>(liveBins + (<usize>column << 2));
    if (count >= fewest) continue;
    shortest = column;
    fewest = count;
  }
  let at = histogramAt(histogram) + <usize>shortest * FEATURE;
  totalG = load<f64>(at, 2040);
  totalH = load<f64>(at, 4088);
  totalC = load<f64>(at, 6136);
  for (let bin = 0; bin < fewest; bin++, at += 8) {
    totalG += load<f64>(at);
    totalH += load<f64>(at, 2048);
    totalC += load<f64>(at, 4096);
  }
}

// The three planes of a feature. What a shared column does not say of it is what is left of the node's sums.
function planesOf(histogram: i32, feature: i32): usize {
  const columns = histogramAt(histogram);
  if (bundles == 0) return columns + <usize>feature * FEATURE;
  const words = bundles + (<usize>feature << 4);
  const first = load<i32>(words, 4), binCount = load<i32>(words, 8), usual = load<i32>(words, 12);
  const planes = columns + <usize>load<i32>(words) * FEATURE;
  if (first == 0) return planes;
  const out = ownScratch() + PLANES_AT;
  memory.fill(out, 0, FEATURE);
  let g = totalG, h = totalH, c = totalC;
  for (let i = 0, from = planes + (<usize>first << 3); i < binCount; i++, from += 8) {
    const to = out + (<usize>(i == binCount - 1 ? 255 : i < usual ? i : i + 1) << 3);
    store<f64>(to, load<f64>(from));
    store<f64>(to, load<f64>(from, 2048), 2048);
    store<f64>(to, load<f64>(from, 4096), 4096);
    g -= load<f64>(from);
    h -= load<f64>(from, 2048);
    c -= load<f64>(from, 4096);
  }
  const to = out + (<usize>usual << 3);
  store<f64>(to, g);
  store<f64>(to, h, 2048);
  store<f64>(to, c, 4096);
  return out;
}

function offer(piece: i32, parts: i32, worthwhile: bool): void {
  if (members == 1 || parts <= 1 || !worthwhile) {
    // One part is the whole.
    work(piece, 0, 1);
    return;
  }
  store<i32>(team, piece, KIND);
  store<i32>(team, node, STEP);
  store<i32>(team, left, STEP + 4);
  store<i32>(team, child, STEP + 8);
  store<i32>(team, built, STEP + 12);
  store<i32>(team, rest, STEP + 16);
  store<i32>(team, scanned, STEP + 20);
  offerParts(team, parts);
  for (let part = 0; part >= 0; part = takePart(team)) {
    work(piece, part, parts);
    finishPart(team);
  }
  awaitParts(team, parts, waits);
}

function help(): void {
  for (let part = followParts(team); part >= 0; part = followParts(team)) {
    node = load<i32>(team, STEP);
    left = load<i32>(team, STEP + 4);
    child = load<i32>(team, STEP + 8);
    built = load<i32>(team, STEP + 12);
    rest = load<i32>(team, STEP + 16);
    scanned = load<i32>(team, STEP + 20);
    work(load<i32>(team, KIND), part, partsOffered(team));
    finishPart(team);
  }
}

function work(piece: i32, part: i32, parts: i32): void {
  if (piece == PART) partRows(part, parts);
  else if (piece == BUILD_GROUPS) buildGroups(part, parts);
  else if (piece == BUILD_ROWS) buildRows(part, parts);
  else if (piece == MERGE) mergeColumns(part, parts);
  else scanFeatures(part, parts);
}

function partRows(part: i32, parts: i32): void {
  const from = shareStart(segments, part, parts), count = shareStart(segments, part + 1, parts) - from;
  const feature = <i32>load<f64>(nodeAt(node), BY);
  const column = bundles == 0 ? feature : load<i32>(bundles + (<usize>feature << 4));
  const group = column / groupFeatures, offset = <usize>from << 3;
  const aside = parted + ((<usize>member * <usize>(segmentRows + 16)) << 2);
  for (let stretch = 0; stretch <= (follows ? 1 : 0); stretch++) {
    rows_partition_u8(
      bins + <usize>group * <usize><u32>groupBytes, scratch + TABLE_AT, rows, rangesOf(node, stretch) + offset,
      rangesOf(left, stretch) + offset, rangesOf(left + 1, stretch) + offset, aside, dataRows, rowBytes,
      column - group * groupFeatures, segmentRows, count,
    );
  }
}

function buildGroups(part: i32, parts: i32): void {
  const groups = (columnCount + groupFeatures - 1) / groupFeatures;
  const from = shareStart(groups, part, parts), to = shareStart(groups, part + 1, parts);
  const first = from * groupFeatures, last = min<i32>(to * groupFeatures, columnCount);
  histogram_build_u8(
    bins + <usize>from * <usize><u32>groupBytes, packed, everyRow && child == 0 ? 0 : rows, rangesOf(child, 0),
    histogramAt(built) + <usize>first * FEATURE, liveBins + (<usize>first << 2), ownScratch(), dataRows, rowBytes,
    groupBytes, groupFeatures, last - first, segments, 1,
  );
}

function buildRows(part: i32, parts: i32): void {
  const from = shareStart(segments, part, parts), to = shareStart(segments, part + 1, parts);
  const used = team + USED + (<usize>member << 2), fresh = load<i32>(used) != child + 1;
  store<i32>(used, child + 1);
  const sums = member == 0 ? histogramAt(built) : partials + <usize>(member - 1) * <usize>columnCount * FEATURE;
  histogram_build_u8(
    bins, packed, everyRow && child == 0 ? 0 : rows, rangesOf(child, 0) + (<usize>from << 3), sums, liveBins, ownScratch(),
    dataRows, rowBytes, groupBytes, groupFeatures, columnCount, to - from, fresh ? 1 : 0,
  );
}

// Of some columns: adds what the others summed, takes the child off its parent, and scans both.
function mergeColumns(part: i32, parts: i32): void {
  const first = shareStart(columnCount, part, parts), count = shareStart(columnCount, part + 1, parts) - first;
  const start = <usize>first * FEATURE, live = liveBins + (<usize>first << 2), sums = histogramAt(built) + start;
  if ((scanned & BY_ROWS) != 0) {
    for (let other = 1; other < members; other++) {
      if (load<i32>(team + USED + (<usize>other << 2)) != child + 1) continue;
      histogram_add_f64(sums, partials + <usize>(other - 1) * <usize>columnCount * FEATURE + start, live, count);
    }
  }
  if (rest >= 0) {
    const parent = histogramAt(rest) + start;
    histogram_subtract_f64(parent, sums, parent, live, count);
  }
  if (bundles == 0) scanFeatures(part, parts);
}

function scanFeatures(part: i32, parts: i32): void {
  const first = shareStart(featureCount, part, parts), last = shareStart(featureCount, part + 1, parts);
  if ((scanned & BUILT_FIRST) != 0) scan(built, 0, first, last);
  if ((scanned & REST_SECOND) != 0) scan(rest, 1, first, last);
  if ((scanned & BUILT_SECOND) != 0) scan(built, 1, first, last);
}

function scan(histogram: i32, found: i32, first: i32, last: i32): void {
  if (bundles == 0) {
    scanRun(histogramAt(histogram) + <usize>first * FEATURE, found, first, last - first);
    return;
  }
  addUpTotal(histogram);
  for (let feature = first; feature < last; feature++) scanRun(planesOf(histogram, feature), found, feature, 1);
}

function scanRun(planes: usize, found: i32, first: i32, count: i32): void {
  const place = <usize>found * <usize>featureCount + <usize>first;
  const own = gains + ((place + <usize>found * <usize>featureCount) << 3);
  const mask: usize = allowed == 0 ? 0 : allowed + <usize>first;
  split_scan_f64(
    planes, binCounts + (<usize>first << 2), mask, 0, own, splits + (place << 2), gradientUnit, hessianUnit, l1, l2,
    maxDeltaStep, minHessian, minSamples, -Infinity, Infinity, count,
  );
  if (categoryCounts == 0) return;
  category_scan_f64(
    planes, categoryCounts + (<usize>first << 2), mask, own + (<usize>featureCount << 3), foundSets + (place << 5),
    ownScratch() + SETS_AT, gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples, -Infinity, Infinity,
    smooth, setL2, maxThreshold, minPerGroup, maxToOnehot, count,
  );
}

export function tree_grow_u8(
  itsBins: usize, itsPacked: usize, itsRows: usize, itsRanges: usize, itsHistograms: usize, itsNodes: usize,
  itsSets: usize, itsState: usize, itsTeam: usize, itsLiveBins: usize, itsBinCounts: usize, itsCategoryCounts: usize,
  itsAllowed: usize, itsBundles: usize, itsPartials: usize, itsGains: usize, itsSplits: usize, itsFoundSets: usize,
  itsScratch: usize, itsParted: usize, itsGradientUnit: f64, itsHessianUnit: f64, itsL1: f64, itsL2: f64,
  itsMaxDeltaStep: f64, itsMinHessian: f64, itsMinSamples: f64, itsMinGain: f64, itsSmooth: f64, itsSetL2: f64,
  itsMaxThreshold: f64, itsMinPerGroup: f64, itsMaxToOnehot: f64, itsMaxDepth: f64, budget: f64, itsMaxLeaves: i32,
  itsDepthwise: i32, itsFollows: i32, itsEveryRow: i32, itsDataRows: i32, itsRowBytes: i32, itsGroupBytes: i32,
  itsGroupFeatures: i32, itsColumnCount: i32, itsFeatureCount: i32, itsSegments: i32, itsSegmentRows: i32, maxNodes: i32,
  itsHistogramCount: i32, itsMember: i32, itsMembers: i32, itsWaits: i32,
): i32 {
  bins = itsBins; packed = itsPacked; rows = itsRows; ranges = itsRanges; histograms = itsHistograms; nodes = itsNodes;
  sets = itsSets; state = itsState; team = itsTeam; liveBins = itsLiveBins; binCounts = itsBinCounts;
  categoryCounts = itsCategoryCounts; allowed = itsAllowed; bundles = itsBundles; partials = itsPartials;
  gains = itsGains; splits = itsSplits; foundSets = itsFoundSets; scratch = itsScratch; parted = itsParted;
  gradientUnit = itsGradientUnit; hessianUnit = itsHessianUnit; l1 = itsL1; l2 = itsL2; maxDeltaStep = itsMaxDeltaStep;
  minHessian = itsMinHessian; minSamples = itsMinSamples; minGain = itsMinGain; smooth = itsSmooth; setL2 = itsSetL2;
  maxThreshold = itsMaxThreshold; minPerGroup = itsMinPerGroup; maxToOnehot = itsMaxToOnehot; maxDepth = itsMaxDepth;
  maxLeaves = itsMaxLeaves; depthwise = itsDepthwise == 1; follows = itsFollows == 1; everyRow = itsEveryRow == 1;
  dataRows = itsDataRows; rowBytes = itsRowBytes; groupBytes = itsGroupBytes; groupFeatures = itsGroupFeatures;
  columnCount = itsColumnCount; featureCount = itsFeatureCount; segments = itsSegments; segmentRows = itsSegmentRows;
  histogramCount = itsHistogramCount; member = itsMember; members = itsMembers; waits = itsWaits == 1;
  if (member > 0) {
    help();
    return 0;
  }
  let spent: f64 = 0;
  if (load<i32>(state) == 0) {
    begin();
    spent = load<f64>(nodes, ROWS) * <f64>columnCount;
  }
  let best = firstOpen();
  while (best >= 0 && spent < budget) {
    spent += load<f64>(nodeAt(best), ROWS) * <f64>columnCount;
    splitNode(best);
    best = firstOpen();
  }
  endTeam(team);
  return best < 0 ? 0 : 1;
}
