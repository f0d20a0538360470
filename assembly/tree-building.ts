import { philoxWord, storePhiloxBlock, storePhiloxBlocks4 } from './inline/philox';

// The law is src/kernels/tree-building.ts. Groups of 14 features in 16-byte rows; bin 255 is missing.

const PACKED_STRIDE: usize = 2112;
const PACKED_BLOCK: i32 = 4095;
const PLANE: usize = 2048;
const FEATURE: usize = 6144;

// A column's values fall into 4,096 equal cells between the outer edges. Rounding keeps the order of values, so an edge
// in a lower cell is below; the search starts behind those. Out of range, the cell is the first or the last.
// @ts-ignore: decorator
@inline
function cellOf(value: f64, low: f64, scale: f64): i32 {
  const position = (value - low) * scale;
  return position > 0 ? (position < 4095 ? <i32>position : 4095) : 0;
}

export function bins_encode_f64(
  values: usize, validity: usize, edges: usize, bins: usize, cells: usize,
  validityBit: i32, edgeCount: i32, slot: i32, rowCount: i32,
): void {
  let low: f64 = 0, scale: f64 = 0;
  if (edgeCount > 1) {
    low = load<f64>(edges);
    const range = load<f64>(edges + (<usize>(edgeCount - 1) << 3)) - low;
    scale = 4095 / range;
    // Infinite or subnormal ranges: one cell for all, and the search starts at the first edge.
    if (!(scale < Infinity && scale > 0 && low > -Infinity)) { low = 0; scale = 0; }
  }
  let edge = 0;
  for (let cell = 0; cell < 4096; cell++) {
    while (edge < edgeCount && cellOf(load<f64>(edges + (<usize>edge << 3)), low, scale) < cell) edge++;
    store<u8>(cells + cell, <u8>edge);
  }
  let out = bins + <usize>slot;
  for (let row = 0; row < rowCount; row++, values += 8, out += 16) {
    const value = load<f64>(values);
    let bin = 255;
    const bit = validityBit + row;
    if (value == value && (validity == 0 || ((<i32>load<u8>(validity + (bit >> 3)) >> (bit & 7)) & 1) != 0)) {
      bin = <i32>load<u8>(cells + cellOf(value, low, scale));
      while (bin < edgeCount && load<f64>(edges + (<usize>bin << 3)) < value) bin++;
    }
    store<u8>(out, <u8>bin);
  }
}

// @ts-ignore: decorator
@inline
function storeQuantised(packed: usize, gradient: f64, hessian: f64, word: u32): void {
  const g = min<f64>(max<f64>(Math.floor(gradient + <f64>(word & 0xffff) * (1.0 / 65536.0)), -32767), 32767);
  const h = min<f64>(max<f64>(Math.floor(hessian + <f64>(word >> 16) * (1.0 / 65536.0)), 0), 4095);
  store<i32>(packed, (<i32>h << 12) | 1);
  store<i32>(packed, <i32>g << 4, 4);
}

export function gradients_quantise_f64(
  gradients: usize, hessians: usize, packed: usize, gradientScale: f64, hessianScale: f64,
  keyLow: i32, keyHigh: i32, firstRow: i32, rowCount: i32,
): void {
  let block = <u64>(<u32>firstRow >> 2);
  let i = 0;
  // The random words lie where the second half of the results will, and each is read before it is overwritten.
  for (; i + 15 < rowCount; i += 16, block += 4, gradients += 128, hessians += 128, packed += 128) {
    storePhiloxBlocks4(packed + 64, block, <u32>keyLow, <u32>keyHigh);
    for (let row: usize = 0; row < 16; row++) {
      const gradient = load<f64>(gradients + (row << 3)) * gradientScale;
      const hessian = load<f64>(hessians + (row << 3)) * hessianScale;
      storeQuantised(packed + (row << 3), gradient, hessian, load<u32>(packed + (row << 2), 64));
    }
  }
  for (; i + 3 < rowCount; i += 4, block++, gradients += 32, hessians += 32, packed += 32) {
    storePhiloxBlock(packed + 16, block, <u32>keyLow, <u32>keyHigh);
    const word2 = load<u32>(packed, 24), word3 = load<u32>(packed, 28);
    storeQuantised(packed, load<f64>(gradients) * gradientScale, load<f64>(hessians) * hessianScale, load<u32>(packed, 16));
    storeQuantised(packed + 8, load<f64>(gradients, 8) * gradientScale, load<f64>(hessians, 8) * hessianScale, load<u32>(packed, 20));
    storeQuantised(packed + 16, load<f64>(gradients, 16) * gradientScale, load<f64>(hessians, 16) * hessianScale, word2);
    storeQuantised(packed + 24, load<f64>(gradients, 24) * gradientScale, load<f64>(hessians, 24) * hessianScale, word3);
  }
  quantiseTail(gradients, hessians, packed, gradientScale, hessianScale, keyLow, keyHigh, block, rowCount - i);
}

// Up to three rows. There is no room in `packed` for four words, so each word is made for itself.
function quantiseTail(
  gradients: usize, hessians: usize, packed: usize, gradientScale: f64, hessianScale: f64,
  keyLow: i32, keyHigh: i32, block: u64, count: i32,
): void {
  for (let i = 0; i < count; i++, gradients += 8, hessians += 8, packed += 8) {
    const word = philoxWord(block, <u32>i, <u32>keyLow, <u32>keyHigh);
    storeQuantised(packed, load<f64>(gradients) * gradientScale, load<f64>(hessians) * hessianScale, word);
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

// Two 64-bit numbers that fit 32 bits, as f64.
// @ts-ignore: decorator
@inline
function wholeToFloat(values: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(values, values, 0, 2, 0, 2));
}

// Widens the packed histograms of a block into the three planes and clears them.
function widen(scratch: usize, histogram: usize, featureCount: i32): void {
  const low12 = i64x2.splat(0xfff), low24 = i64x2.splat(0xffffff);
  const zero = i64x2.splat(0);
  for (let feature = 0; feature < featureCount; feature++, scratch += PACKED_STRIDE, histogram += FEATURE) {
    let out = histogram;
    for (let at = scratch; at < scratch + PLANE; at += 16, out += 16) {
      const packed = v128.load(at);
      if (!v128.any_true(packed)) continue;
      v128.store(at, zero);
      const gradients = wholeToFloat(i64x2.shr_s(packed, 36));
      const hessians = wholeToFloat(v128.and(i64x2.shr_u(packed, 12), low24));
      const counts = wholeToFloat(v128.and(packed, low12));
      v128.store(out, f64x2.add(v128.load(out), gradients));
      v128.store(out, f64x2.add(v128.load(out, 2048), hessians), 2048);
      v128.store(out, f64x2.add(v128.load(out, 4096), counts), 4096);
    }
  }
}

export function histogram_build_u8(
  bins: usize, packed: usize, rows: usize, histogram: usize, scratch: usize,
  dataRows: i32, featureCount: i32, rowCount: i32,
): void {
  const packedBytes = PACKED_STRIDE * 14;
  const copiedRows = scratch + packedBytes;
  const copiedValues = copiedRows + (<usize>(PACKED_BLOCK + 1) << 4);
  memory.fill(scratch, 0, packedBytes);
  for (let start = 0; start < rowCount; start += PACKED_BLOCK) {
    const count = min<i32>(PACKED_BLOCK, rowCount - start);
    let row = bins + (<usize>start << 4), value = packed + (<usize>start << 3);
    if (rows != 0) {
      // Gathering first, in a loop that does nothing else, keeps many cache misses in flight at once.
      row = copiedRows;
      value = copiedValues;
      for (let i = 0; i < count; i++) {
        const index = <usize>load<u32>(rows + (<usize>(start + i) << 2));
        v128.store(copiedRows + (<usize>i << 4), v128.load(bins + (index << 4)));
        store<i64>(copiedValues + (<usize>i << 3), load<i64>(packed + (index << 3)));
      }
    }
    const end = row + (<usize>count << 4);
    if (featureCount == 14) {
      for (; row < end; row += 16, value += 8) addRow14(scratch, row, load<i64>(value));
    } else {
      for (; row < end; row += 16, value += 8) addRow(scratch, row, load<i64>(value), featureCount);
    }
    widen(scratch, histogram, featureCount);
  }
}

export function histogram_subtract_f64(parent: usize, child: usize, sibling: usize, length: i32): void {
  const end = parent + (<usize>length << 3);
  const pairEnd = parent + ((<usize>length & ~1) << 3);
  for (; parent < pairEnd; parent += 16, child += 16, sibling += 16) {
    v128.store(sibling, f64x2.sub(v128.load(parent), v128.load(child)));
  }
  if (parent < end) store<f64>(sibling, load<f64>(parent) - load<f64>(child));
}

export function histogram_add_f64(sum: usize, part: usize, length: i32): void {
  const end = sum + (<usize>length << 3);
  const pairEnd = sum + ((<usize>length & ~1) << 3);
  for (; sum < pairEnd; sum += 16, part += 16) v128.store(sum, f64x2.add(v128.load(sum), v128.load(part)));
  if (sum < end) store<f64>(sum, load<f64>(sum) + load<f64>(part));
}

// Lane 0: missing values go right, lane 1: they go left.
export function split_scan_f64(
  histogram: usize, binCounts: usize, gains: usize, splits: usize, gradientUnit: f64, hessianUnit: f64,
  l2: f64, minHessian: f64, minSamples: f64, featureCount: i32,
): void {
  const gUnit = f64x2.splat(gradientUnit), hUnit = f64x2.splat(hessianUnit), l2s = f64x2.splat(l2);
  const least = f64x2.splat(minHessian), fewest = f64x2.splat(minSamples), zero = f64x2.splat(0);
  const none = f64x2.splat(-Infinity);
  for (let feature = 0; feature < featureCount; feature++, histogram += FEATURE) {
    const binCount = load<i32>(binCounts + (<usize>feature << 2));
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
    let split = -1;
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
      if (first > best) { best = first; split = bin; }
      if (bothWays && second > best) { best = second; split = bin + 256; }
    }
    const nodeG = g * gradientUnit, nodeH = h * hessianUnit;
    store<i32>(splits + (<usize>feature << 2), split);
    store<f64>(gains + (<usize>feature << 3), split < 0 ? -Infinity : best - (nodeG * nodeG) / (nodeH + l2));
  }
}

export function rows_partition_u8(
  bins: usize, goesLeft: usize, rows: usize, scratch: usize, dataRows: i32, slot: i32, rowCount: i32,
): i32 {
  bins += <usize>slot;
  const end = rows + (<usize>rowCount << 2);
  let left = rows, right = scratch;
  // Both sides are written and one of them kept: no branch that could be guessed wrong. `left` never passes `at`.
  for (let at = rows; at < end; at += 4) {
    const row = load<u32>(at);
    const toLeft = <usize>load<u8>(goesLeft + <usize>load<u8>(bins + (<usize>row << 4)));
    store<u32>(left, row);
    store<u32>(right, row);
    left += toLeft << 2;
    right += (toLeft ^ 1) << 2;
  }
  memory.copy(left, scratch, right - scratch);
  return <i32>((left - rows) >> 2);
}

export function leaf_sums_f64(
  rows: usize, gradients: usize, hessians: usize, sums: usize, dataRows: i32, rowCount: i32,
): void {
  const end = rows + (<usize>rowCount << 2);
  let sumG: f64 = 0, sumH: f64 = 0;
  while (rows < end) {
    const block = load<u32>(rows) >> 16;
    let g: f64 = 0, h: f64 = 0;
    for (; rows < end && load<u32>(rows) >> 16 == block; rows += 4) {
      const at = <usize>load<u32>(rows) << 3;
      g += load<f64>(gradients + at);
      h += load<f64>(hessians + at);
    }
    sumG += g;
    sumH += h;
  }
  store<f64>(sums, sumG);
  store<f64>(sums, sumH, 8);
}

export function leaf_add_f64(rows: usize, predictions: usize, value: f64, dataRows: i32, rowCount: i32): void {
  const end = rows + (<usize>rowCount << 2);
  for (; rows < end; rows += 4) {
    const at = predictions + (<usize>load<u32>(rows) << 3);
    store<f64>(at, load<f64>(at) + value);
  }
}
