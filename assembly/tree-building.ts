import { philoxWord, storePhiloxBlock, storePhiloxBlocks4 } from './inline/philox';

// The law is src/kernels/tree-building.ts. Groups of at most 14 features, a row at most 16 bytes; bin 255 is missing.

const PACKED_STRIDE: usize = 2112;
const PACKED_BLOCK: i32 = 4095;

const FEATURE: usize = 6144;

export function absolute_largest_f32(values: usize, length: i32): f64 {
  const end = values + (<usize>length << 2), quadEnd = values + ((<usize>length & ~3) << 2);
  let most = f32x4.splat(0);
  for (; values < quadEnd; values += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(values)));
  let largest = max<f32>(
    max<f32>(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max<f32>(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  for (; values < end; values += 4) largest = max<f32>(largest, abs<f32>(load<f32>(values)));
  return <f64>largest;
}

// Four rows: to fractions of a level in f32, then in whole numbers.
// @ts-ignore: decorator
@inline
function storeQuantised4(packed: usize, gradients: v128, hessians: v128, words: v128, gScale: v128, hScale: v128): void {
  const most = f32x4.splat(2147418112), mostH = f32x4.splat(268369920);
  let g = f32x4.pmin(f32x4.pmax(f32x4.mul(gradients, gScale), f32x4.neg(most)), most);
  let h = f32x4.pmin(f32x4.pmax(f32x4.mul(hessians, hScale), f32x4.splat(0)), mostH);
  g = i32x4.add(i32x4.trunc_sat_f32x4_s(g), v128.and(words, i32x4.splat(0xffff)));
  h = i32x4.add(i32x4.trunc_sat_f32x4_s(h), i32x4.shr_u(words, 16));
  const high = i32x4.shl(i32x4.shr_s(g, 16), 4);
  const low = v128.or(i32x4.shl(i32x4.shr_s(h, 16), 12), i32x4.splat(1));
  v128.store(packed, v128.shuffle<i32>(low, high, 0, 4, 1, 5));
  v128.store(packed, v128.shuffle<i32>(low, high, 2, 6, 3, 7), 16);
}

export function gradients_quantise_f32(
  gradients: usize, hessians: usize, packed: usize, gradientScale: f64, hessianScale: f64,
  keyLow: i32, keyHigh: i32, firstRow: i32, rowCount: i32,
): void {
  let block = <u64>(<u32>firstRow >> 2);
  const gScale = f32x4.splat(<f32>gradientScale), hScale = f32x4.splat(<f32>hessianScale);
  let i = 0;
  // The random words lie where the second half of the results will, and each is read before it is overwritten.
  for (; i + 15 < rowCount; i += 16, block += 4, gradients += 64, hessians += 64, packed += 128) {
    storePhiloxBlocks4(packed + 64, block, <u32>keyLow, <u32>keyHigh);
    const words2 = v128.load(packed, 96), words3 = v128.load(packed, 112);
    storeQuantised4(packed, v128.load(gradients), v128.load(hessians), v128.load(packed, 64), gScale, hScale);
    storeQuantised4(packed + 32, v128.load(gradients, 16), v128.load(hessians, 16), v128.load(packed, 80), gScale, hScale);
    storeQuantised4(packed + 64, v128.load(gradients, 32), v128.load(hessians, 32), words2, gScale, hScale);
    storeQuantised4(packed + 96, v128.load(gradients, 48), v128.load(hessians, 48), words3, gScale, hScale);
  }
  for (; i < rowCount; i++, gradients += 4, hessians += 4, packed += 8) {
    const word = philoxWord(block + <u64>((i & 15) >> 2), <u32>i & 3, <u32>keyLow, <u32>keyHigh);
    let g = load<f32>(gradients) * <f32>gradientScale, h = load<f32>(hessians) * <f32>hessianScale;
    g = min<f32>(max<f32>(g, -2147418112), 2147418112);
    h = min<f32>(max<f32>(h, 0), 268369920);
    store<i32>(packed, (((<i32>h + <i32>(word >> 16)) >> 16) << 12) | 1);
    store<i32>(packed, ((<i32>g + <i32>(word & 0xffff)) >> 16) << 4, 4);
  }
}

// @ts-ignore: decorator
@inline
function addPacked(at: usize, value: i64): void {
  store<i64>(at, load<i64>(at) + value);
}

// One row's bins, 14 at once, each into its feature's packed histogram. Two 64-bit loads hold the row.
// @ts-ignore: decorator
@inline
function addRow14(scratch: usize, row: usize, value: i64): void {
  const low = load<u64>(row), high = load<u64>(row, 8);
  addPacked(scratch + 0 * PACKED_STRIDE + <usize>((low << 3) & 0x7f8), value);
  addPacked(scratch + 1 * PACKED_STRIDE + <usize>((low >> 5) & 0x7f8), value);
  addPacked(scratch + 2 * PACKED_STRIDE + <usize>((low >> 13) & 0x7f8), value);
  addPacked(scratch + 3 * PACKED_STRIDE + <usize>((low >> 21) & 0x7f8), value);
  addPacked(scratch + 4 * PACKED_STRIDE + <usize>((low >> 29) & 0x7f8), value);
  addPacked(scratch + 5 * PACKED_STRIDE + <usize>((low >> 37) & 0x7f8), value);
  addPacked(scratch + 6 * PACKED_STRIDE + <usize>((low >> 45) & 0x7f8), value);
  addPacked(scratch + 7 * PACKED_STRIDE + <usize>((low >> 53) & 0x7f8), value);
  addPacked(scratch + 8 * PACKED_STRIDE + <usize>((high << 3) & 0x7f8), value);
  addPacked(scratch + 9 * PACKED_STRIDE + <usize>((high >> 5) & 0x7f8), value);
  addPacked(scratch + 10 * PACKED_STRIDE + <usize>((high >> 13) & 0x7f8), value);
  addPacked(scratch + 11 * PACKED_STRIDE + <usize>((high >> 21) & 0x7f8), value);
  addPacked(scratch + 12 * PACKED_STRIDE + <usize>((high >> 29) & 0x7f8), value);
  addPacked(scratch + 13 * PACKED_STRIDE + <usize>((high >> 37) & 0x7f8), value);
}

// @ts-ignore: decorator
@inline
function addRow(scratch: usize, row: usize, value: i64, featureCount: i32): void {
  if (featureCount == 14) return addRow14(scratch, row, value);
  for (let feature = 0; feature < featureCount; feature++, scratch += PACKED_STRIDE) {
    addPacked(scratch + (<usize>load<u8>(row + feature) << 3), value);
  }
}

// Bytes of a plane that a feature's bins take, in whole eights; the last eight bins hold the missing values.
// @ts-ignore: decorator
@inline
function liveBytes(binCounts: usize, feature: i32): usize {
  return <usize>min<i32>((load<i32>(binCounts + (<usize>feature << 2)) + 7) & ~7, 248) << 3;
}

function clear(scratch: usize, binCounts: usize, featureCount: i32): void {
  for (let feature = 0; feature < featureCount; feature++, scratch += PACKED_STRIDE) {
    memory.fill(scratch, 0, liveBytes(binCounts, feature));
    memory.fill(scratch + 1984, 0, 64);
  }
}

// Widens some bins into the three planes, which are overwritten or added to. A whole number below 2^52 becomes the f64 of
// its value by writing it into the mantissa of 2^52 and taking 2^52 off; for the signed gradient of 28 bits, 2^27 more.
// @ts-ignore: decorator
@inline
function widenBins(at: usize, end: usize, out: usize, fresh: bool): void {
  const low12 = i64x2.splat(0xfff), low24 = i64x2.splat(0xffffff);
  const exponent = i64x2.splat(0x4330000000000000), signed = i64x2.splat(0x4330000008000000);
  const base = f64x2.splat(4503599627370496), signedBase = f64x2.splat(4503599761588224);
  for (; at < end; at += 16, out += 16) {
    const packed = v128.load(at);
    let gradients = f64x2.sub(v128.xor(i64x2.shr_u(packed, 36), signed), signedBase);
    let hessians = f64x2.sub(v128.or(v128.and(i64x2.shr_u(packed, 12), low24), exponent), base);
    let counts = f64x2.sub(v128.or(v128.and(packed, low12), exponent), base);
    if (!fresh) {
      gradients = f64x2.add(v128.load(out), gradients);
      hessians = f64x2.add(v128.load(out, 2048), hessians);
      counts = f64x2.add(v128.load(out, 4096), counts);
    }
    v128.store(out, gradients);
    v128.store(out, hessians, 2048);
    v128.store(out, counts, 4096);
  }
}

function widen(scratch: usize, histogram: usize, binCounts: usize, featureCount: i32, fresh: bool): void {
  for (let feature = 0; feature < featureCount; feature++, scratch += PACKED_STRIDE, histogram += FEATURE) {
    widenBins(scratch, scratch + liveBytes(binCounts, feature), histogram, fresh);
    widenBins(scratch + 1984, scratch + 2048, histogram + 1984, fresh);
  }
}

// Adds `count` rows that lie one behind the other.
function addRows(scratch: usize, row: usize, value: usize, rowBytes: i32, featureCount: i32, count: i32): void {
  const end = value + (<usize>count << 3);
  if (featureCount == 14 && rowBytes == 16) {
    for (; value < end; row += 16, value += 8) addRow14(scratch, row, load<i64>(value));
  } else if (featureCount == 14) {
    for (; value < end; row += <usize>rowBytes, value += 8) addRow14(scratch, row, load<i64>(value));
  } else {
    for (; value < end; row += <usize>rowBytes, value += 8) addRow(scratch, row, load<i64>(value), featureCount);
  }
}

// Copies the gradients of some rows, or these rows themselves, to places 16 bytes apart. A loop that does nothing else
// keeps many cache misses in flight.
function copyValues(packed: usize, indices: usize, out: usize, count: i32): void {
  const end = indices + (<usize>count << 2);
  for (; indices < end; indices += 4, out += 8) store<i64>(out, load<i64>(packed + (<usize>load<u32>(indices) << 3)));
}

function copyRows(bins: usize, indices: usize, out: usize, rowBytes: i32, count: i32): void {
  const end = indices + (<usize>count << 2);
  if (rowBytes == 16) {
    for (; indices < end; indices += 4, out += 16) v128.store(out, v128.load(bins + (<usize>load<u32>(indices) << 4)));
    return;
  }
  // The bytes behind a row are those of the next, or the slack behind the last.
  for (; indices < end; indices += 4, out += 16) {
    v128.store(out, v128.load(bins + <usize>load<u32>(indices) * <usize>rowBytes));
  }
}

// A block of rows: up to 4,095 of the ranges from `range` on, in which `start` is the first. Its end: where the next begins.
let endRange: usize = 0;
let endStart: i32 = 0;

// Adds the rows of a block, of one group. Gathered rows are copied first, their gradients with the first group.
function addBlock(
  scratch: usize, bins: usize, packed: usize, rows: usize, range: usize, lastRange: usize, start: i32, rowBytes: i32,
  features: i32, first: bool,
): void {
  const copiedRows = scratch + PACKED_STRIDE * 14;
  const copiedValues = copiedRows + (<usize>(PACKED_BLOCK + 1) << 4);
  let room = PACKED_BLOCK;
  while (range < lastRange && room > 0) {
    const end = load<i32>(range, 4), count = min<i32>(room, end - start);
    if (rows == 0) {
      addRows(scratch, bins + <usize>start * <usize>rowBytes, packed + (<usize>start << 3), rowBytes, features, count);
    } else {
      const indices = rows + (<usize>start << 2), at = <usize>(PACKED_BLOCK - room);
      copyRows(bins, indices, copiedRows + (at << 4), rowBytes, count);
      if (first) copyValues(packed, indices, copiedValues + (at << 3), count);
    }
    room -= count;
    start += count;
    if (start < end) break;
    range += 8;
    if (range < lastRange) start = load<i32>(range);
  }
  endRange = range;
  endStart = start;
  if (rows != 0) addRows(scratch, copiedRows, copiedValues, 16, features, PACKED_BLOCK - room);
}

export function histogram_build_u8(
  bins: usize, packed: usize, rows: usize, ranges: usize, histogram: usize, binCounts: usize, scratch: usize,
  dataRows: i32, rowBytes: i32, groupBytes: i32, groupFeatures: i32, featureCount: i32, rangeCount: i32, fresh: i32,
): void {
  if (featureCount < 1) return;
  const lastRange = ranges + (<usize>rangeCount << 3);
  let start = rangeCount > 0 ? load<i32>(ranges) : 0;
  let overwrite = fresh != 0;
  do {
    let group = bins, out = histogram, counts = binCounts;
    for (let first = 0; first < featureCount; first += groupFeatures) {
      const features = min<i32>(featureCount - first, groupFeatures);
      clear(scratch, counts, features);
      addBlock(scratch, group, packed, rows, ranges, lastRange, start, rowBytes, features, first == 0);
      widen(scratch, out, counts, features, overwrite);
      group += <usize><u32>groupBytes;
      out += <usize>features * FEATURE;
      counts += <usize>features << 2;
    }
    overwrite = false;
    ranges = endRange;
    start = endStart;
  } while (ranges < lastRange);
}

// @ts-ignore: decorator
@inline
function subtractBins(at: usize, end: usize, child: usize, sibling: usize): void {
  for (; at < end; at += 16, child += 16, sibling += 16) {
    v128.store(sibling, f64x2.sub(v128.load(at), v128.load(child)));
    v128.store(sibling, f64x2.sub(v128.load(at, 2048), v128.load(child, 2048)), 2048);
    v128.store(sibling, f64x2.sub(v128.load(at, 4096), v128.load(child, 4096)), 4096);
  }
}

export function histogram_subtract_f64(
  parent: usize, child: usize, sibling: usize, binCounts: usize, featureCount: i32,
): void {
  for (let feature = 0; feature < featureCount; feature++) {
    subtractBins(parent, parent + liveBytes(binCounts, feature), child, sibling);
    subtractBins(parent + 1984, parent + 2048, child + 1984, sibling + 1984);
    parent += FEATURE;
    child += FEATURE;
    sibling += FEATURE;
  }
}

// @ts-ignore: decorator
@inline
function sumBins(sum: usize, end: usize, part: usize): void {
  for (; sum < end; sum += 16, part += 16) {
    v128.store(sum, f64x2.add(v128.load(sum), v128.load(part)));
    v128.store(sum, f64x2.add(v128.load(sum, 2048), v128.load(part, 2048)), 2048);
    v128.store(sum, f64x2.add(v128.load(sum, 4096), v128.load(part, 4096)), 4096);
  }
}

export function histogram_add_f64(sum: usize, part: usize, binCounts: usize, featureCount: i32): void {
  for (let feature = 0; feature < featureCount; feature++, sum += FEATURE, part += FEATURE) {
    sumBins(sum, sum + liveBytes(binCounts, feature), part);
    sumBins(sum + 1984, sum + 2048, part + 1984);
  }
}

export function rows_partition_u8(
  bins: usize, goesLeft: usize, rows: usize, ranges: usize, lefts: usize, rights: usize, scratch: usize,
  dataRows: i32, rowBytes: i32, slot: i32, longest: i32, rangeCount: i32,
): i32 {
  bins += <usize>slot;
  const stride = <usize>rowBytes;
  let count = 0;
  for (let range: usize = 0; range < <usize>rangeCount << 3; range += 8) {
    const begin = load<i32>(ranges + range), finish = load<i32>(ranges + range, 4);
    const start = rows + (<usize>begin << 2), end = rows + (<usize>finish << 2);
    let left = start, right = scratch;
    // Both sides are written and one of them kept: no branch that could be guessed wrong. `left` never passes `at`.
    for (let at = start; at < end; at += 4) {
      const row = load<u32>(at);
      const toLeft = <usize>load<u8>(goesLeft + <usize>load<u8>(bins + <usize>row * stride));
      store<u32>(left, row);
      store<u32>(right, row);
      left += toLeft << 2;
      right += (toLeft ^ 1) << 2;
    }
    memory.copy(left, scratch, right - scratch);
    const kept = <i32>((left - start) >> 2);
    store<i32>(lefts + range, begin);
    store<i32>(lefts + range, begin + kept, 4);
    store<i32>(rights + range, begin + kept);
    store<i32>(rights + range, finish, 4);
    count += kept;
  }
  return count;
}

// Two of the eight lanes: rows `first` and the one behind it.
// @ts-ignore: decorator
@inline
function twoOf(values: usize, rows: usize): v128 {
  const a = load<f32>(values + (<usize>load<u32>(rows) << 2)), b = load<f32>(values + (<usize>load<u32>(rows, 4) << 2));
  return f64x2(<f64>a, <f64>b);
}

// The sum of some rows' values in eight lanes, folded in halves.
function sumOfLanes(rows: usize, count: i32, values: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0);
  let i = 0;
  for (; i + 7 < count; i += 8, rows += 32) {
    a = f64x2.add(a, twoOf(values, rows));
    b = f64x2.add(b, twoOf(values, rows + 8));
    c = f64x2.add(c, twoOf(values, rows + 16));
    d = f64x2.add(d, twoOf(values, rows + 24));
  }
  let l0 = f64x2.extract_lane(a, 0), l1 = f64x2.extract_lane(a, 1), l2 = f64x2.extract_lane(b, 0);
  let l3 = f64x2.extract_lane(b, 1), l4 = f64x2.extract_lane(c, 0), l5 = f64x2.extract_lane(c, 1);
  let l6 = f64x2.extract_lane(d, 0), l7 = f64x2.extract_lane(d, 1);
  const rest = count - i;
  if (rest > 0) l0 += <f64>load<f32>(values + (<usize>load<u32>(rows) << 2));
  if (rest > 1) l1 += <f64>load<f32>(values + (<usize>load<u32>(rows, 4) << 2));
  if (rest > 2) l2 += <f64>load<f32>(values + (<usize>load<u32>(rows, 8) << 2));
  if (rest > 3) l3 += <f64>load<f32>(values + (<usize>load<u32>(rows, 12) << 2));
  if (rest > 4) l4 += <f64>load<f32>(values + (<usize>load<u32>(rows, 16) << 2));
  if (rest > 5) l5 += <f64>load<f32>(values + (<usize>load<u32>(rows, 20) << 2));
  if (rest > 6) l6 += <f64>load<f32>(values + (<usize>load<u32>(rows, 24) << 2));
  return l0 + l4 + (l2 + l6) + (l1 + l5 + (l3 + l7));
}

// Adds the gradients and hessians of the rows of a range, block after block of the row index.
function sumRange(rows: usize, range: usize, gradients: usize, hessians: usize, sums: usize): void {
  let at = rows + (<usize>load<i32>(range) << 2), sumG = load<f64>(sums), sumH = load<f64>(sums, 8);
  const end = rows + (<usize>load<i32>(range, 4) << 2);
  while (at < end) {
    const block = load<u32>(at) >> 14;
    const begin = at;
    // The rows of a block are at most 16,384: the last of them by bisection.
    let low = at + 4, high = min<usize>(end, at + (16384 << 2));
    while (low < high) {
      const middle = low + (((high - low) >> 3) << 2);
      if (load<u32>(middle) >> 14 == block) low = middle + 4;
      else high = middle;
    }
    at = low;
    const count = <i32>((at - begin) >> 2);
    sumG += sumOfLanes(begin, count, gradients);
    sumH += sumOfLanes(begin, count, hessians);
  }
  store<f64>(sums, sumG);
  store<f64>(sums, sumH, 8);
}

// Range by range: the rows of a leaf lie far apart, and the others' between them.
export function leaf_sums_f32(
  rows: usize, ranges: usize, slots: usize, gradients: usize, hessians: usize, sums: usize, dataRows: i32,
  slotLength: i32, slotCount: i32, firstRange: i32, rangeCount: i32, leafCount: i32,
): void {
  const slotBytes = <usize>slotLength << 2;
  for (let range = ranges + (<usize>firstRange << 3); rangeCount > 0; rangeCount--, range += 8) {
    for (let leaf: usize = 0; leaf < <usize>leafCount; leaf++) {
      const slot = <usize>load<i32>(slots + (leaf << 2));
      sumRange(rows, range + slot * slotBytes, gradients, hessians, sums + (leaf << 4));
    }
  }
}

export function leaf_add_f64(
  rows: usize, ranges: usize, slots: usize, values: usize, predictions: usize, dataRows: i32, slotLength: i32,
  slotCount: i32, firstRange: i32, rangeCount: i32, leafCount: i32,
): void {
  const slotBytes = <usize>slotLength << 2;
  for (let range = ranges + (<usize>firstRange << 3); rangeCount > 0; rangeCount--, range += 8) {
    for (let leaf: usize = 0; leaf < <usize>leafCount; leaf++) {
      const ends = range + <usize>load<i32>(slots + (leaf << 2)) * slotBytes, value = load<f64>(values + (leaf << 3));
      const end = rows + (<usize>load<i32>(ends, 4) << 2);
      for (let at = rows + (<usize>load<i32>(ends) << 2); at < end; at += 4) {
        const prediction = predictions + (<usize>load<u32>(at) << 3);
        store<f64>(prediction, load<f64>(prediction) + value);
      }
    }
  }
}
