import { values_sort_f64 } from './statistics';

// The law is src/kernels/tree-binning.ts. Edges and bins are exact whatever cells values are searched by: cells only say
// where to look, and rounding keeps the order of values, so an edge or a value in a lower cell is below.

const CELLS: i32 = 4096;
const TABLE: usize = 8256;
// Behind a column's cells and edges: where its cells begin and how wide they are, the last of them, halvings of a search.
const PADDED: usize = 4096;
const LOW: usize = 8192;
const SCALE: usize = 8200;
const LAST: usize = 8208;
const HALVINGS: usize = 8216;
// Rows whose group stays in the first-level cache while column after column is written into it.
const ENCODED_ROWS: i32 = 1024;

// The cell of a number; outside the range it is the first or the last, and a missing value lands in cell 0.
// @ts-ignore: decorator
@inline
function cellOf(value: f64, low: f64, scale: f64, last: f64): i32 {
  const place = (value - low) * scale;
  return place > 0 ? (place < last ? <i32>place : <i32>last) : 0;
}

// Cells a unit; 0 where the range is infinite or subnormal: then one cell is for all.
function scaleOf(low: f64, high: f64, count: i32): f64 {
  const scale = <f64>(count - 1) / (high - low);
  return scale < Infinity && scale > 0 && low > -Infinity ? scale : 0;
}

// Lays the tables of a column: how many edges lie in the cells before each, and the edges with +Inf behind them.
function layTable(edges: usize, edgeCount: i32, table: usize): void {
  let low: f64 = 0, scale: f64 = 0;
  if (edgeCount > 1) {
    low = load<f64>(edges);
    scale = scaleOf(low, load<f64>(edges + (<usize>(edgeCount - 1) << 3)), CELLS);
  }
  if (scale == 0) low = 0;
  const last: f64 = scale > 0 ? <f64>(CELLS - 1) : 0;
  const padded = table + PADDED;
  memory.copy(padded, edges, <usize>edgeCount << 3);
  let next = 0, inCell = 0, most = 0;
  for (let edge = 0; edge < edgeCount; edge++) {
    const cell = cellOf(load<f64>(edges + (<usize>edge << 3)), low, scale, last);
    inCell = cell < next ? inCell + 1 : 1;
    most = max(most, inCell);
    for (; next <= cell; next++) store<u8>(table + next, <u8>edge);
  }
  memory.fill(table + next, <u8>edgeCount, CELLS - next);
  let halvings = 0;
  while (1 << halvings <= most) halvings++;
  const end = edgeCount + (1 << halvings);
  for (let place = edgeCount; place < end; place++) store<f64>(padded + (<usize>place << 3), Infinity);
  store<f64>(table, low, LOW);
  store<f64>(table, scale, SCALE);
  store<f64>(table, last, LAST);
  store<i32>(table, halvings, HALVINGS);
}

// @ts-ignore: decorator
@inline
function storeBin(out: usize, table: usize, value: f64, start: i32, halvings: i32): void {
  const padded = table + PADDED;
  let bin = <i32>load<u8>(table + start);
  for (let half = (1 << halvings) >> 1; half > 0; half >>= 1) {
    bin += load<f64>(padded + (<usize>(bin + half - 1) << 3)) < value ? half : 0;
  }
  store<u8>(out, value == value ? bin : 255);
}

// @ts-ignore: decorator
@inline
function storeNearBin(out: usize, table: usize, value: f64, start: i32): void {
  const bin = <i32>load<u8>(table + start);
  const next = bin + <i32>(load<f64>(table + PADDED + (<usize>bin << 3)) < value);
  store<u8>(out, value == value ? next : 255);
}

// Where no cell has several edges, one is compared.
function encodeNear(table: usize, values: usize, out: usize, rowBytes: usize, rowCount: i32): void {
  const low = f64x2.splat(load<f64>(table, LOW)), scale = f64x2.splat(load<f64>(table, SCALE));
  const last = f64x2.splat(load<f64>(table, LAST)), zero = f64x2.splat(0);
  let row = 0;
  for (; row + 1 < rowCount; row += 2, values += 16, out += 2 * rowBytes) {
    const pair = v128.load(values);
    // The second operand where one is missing.
    const place = f64x2.pmin(last, f64x2.pmax(zero, f64x2.mul(f64x2.sub(pair, low), scale)));
    const cells = i32x4.trunc_sat_f64x2_s_zero(place);
    storeNearBin(out, table, f64x2.extract_lane(pair, 0), i32x4.extract_lane(cells, 0));
    storeNearBin(out + rowBytes, table, f64x2.extract_lane(pair, 1), i32x4.extract_lane(cells, 1));
  }
  for (; row < rowCount; row++, values += 8, out += rowBytes) {
    const value = load<f64>(values);
    const start = cellOf(value, load<f64>(table, LOW), load<f64>(table, SCALE), load<f64>(table, LAST));
    storeNearBin(out, table, value, start);
  }
}

function encodeColumn(table: usize, values: usize, out: usize, rowBytes: usize, rowCount: i32): void {
  const halvings = load<i32>(table, HALVINGS);
  if (halvings == 1) return encodeNear(table, values, out, rowBytes, rowCount);
  const low = load<f64>(table, LOW), scale = load<f64>(table, SCALE), last = load<f64>(table, LAST);
  for (let row = 0; row < rowCount; row++, values += 8, out += rowBytes) {
    const value = load<f64>(values);
    storeBin(out, table, value, cellOf(value, low, scale, last), halvings);
  }
}

export function bins_encode_f64(
  values: usize, edges: usize, edgeCounts: usize, slots: usize, bins: usize, scratch: usize,
  columnCount: i32, stride: i32, rowBytes: i32, rowCount: i32,
): void {
  for (let column: usize = 0; column < <usize>columnCount; column++) {
    layTable(edges + (column << 11), load<i32>(edgeCounts + (column << 2)), scratch + column * TABLE);
  }
  for (let first = 0; first < rowCount; first += ENCODED_ROWS) {
    const count = min(ENCODED_ROWS, rowCount - first);
    const rows = bins + <usize>first * <usize>rowBytes;
    for (let column: usize = 0; column < <usize>columnCount; column++) {
      const own = values + ((column * <usize>stride + <usize>first) << 3);
      const slot = <usize>load<i32>(slots + (column << 2));
      encodeColumn(scratch + column * TABLE, own, rows + slot, <usize>rowBytes, count);
    }
  }
}

// Cells that a sample is parted into at most, and for so many values each.
const SAMPLE_CELLS: i32 = 16384;
const VALUES_OF_CELL: i32 = 8;
// Values of a cell that are sorted by insertion.
const FEW_IN_CELL: i32 = 64;
// Bytes of the counters of cells.
const CELL_COUNTERS: usize = 8 * (8192 + 8);

// A walk through groups of equal values, ascending, that sets an edge where a bin is full. What it knows during a call.
let edgesAt: usize, edgeCount: i32, mostEdges: i32;
let total: f64, heavy: f64, wanted: f64, before: f64, inBin: f64;
let begun: bool;

function beginWalk(edges: usize, maxBins: i32, weight: f64): void {
  edgesAt = edges;
  edgeCount = 0;
  mostEdges = maxBins - 1;
  total = weight;
  heavy = wanted = weight / <f64>maxBins;
  before = inBin = 0;
  begun = false;
}

// @ts-ignore: decorator
@inline
function isFull(weight: f64): bool {
  return begun && (inBin >= wanted || (weight >= heavy && inBin >= wanted / 2));
}

function addEdge(below: f64, value: f64): void {
  const middle = below + (value - below) / 2;
  store<f64>(edgesAt + (<usize>edgeCount << 3), middle >= below && middle < value ? middle : below);
  edgeCount++;
  before += inBin;
  inBin = 0;
  wanted = (total - before) / <f64>(mostEdges + 1 - edgeCount);
}

// @ts-ignore: decorator
@inline
function addWeight(weight: f64): void {
  inBin += weight;
  begun = true;
}

// Where the values cross 0, one edge is 0.
function setZero(least: f64): void {
  let first = 0;
  while (first < edgeCount && !(load<f64>(edgesAt + (<usize>first << 3)) >= 0)) first++;
  if (first == 0 || first == edgeCount || !(least < 0)) return;
  const edge = edgesAt + (<usize>first << 3);
  if (load<f64>(edge) > 0) store<f64>(edge, 0);
}

// Ascending values with their weights.
function walkWeighted(sorted: usize, weights: usize, count: i32): void {
  const end = sorted + (<usize>count << 3);
  const toWeight = weights - sorted;
  for (let at = sorted; at < end && edgeCount < mostEdges; ) {
    const start = at, value = load<f64>(at);
    let weight: f64 = 0;
    for (; at < end && load<f64>(at) == value; at += 8) weight += load<f64>(at + toWeight);
    if (isFull(weight)) addEdge(load<f64>(start - 8), value);
    addWeight(weight);
  }
}

// Ascending values of a cell; `below`: of the cell before that holds any, the values in any order, up to this one's.
function walkCell(sorted: usize, end: usize, below: usize): void {
  for (let at = sorted; at < end && edgeCount < mostEdges; ) {
    const start = at, value = load<f64>(at);
    at += 8;
    while (at < end && load<f64>(at) == value) at += 8;
    const weight = <f64>((at - start) >> 3);
    if (isFull(weight)) {
      let last = start > sorted ? load<f64>(start - 8) : load<f64>(below);
      if (start == sorted) for (let i = below + 8; i < sorted; i += 8) last = max<f64>(last, load<f64>(i));
      addEdge(last, value);
    }
    addWeight(weight);
  }
}

function sortCell(values: usize, count: i32, scratch: usize): void {
  if (count > FEW_IN_CELL) return values_sort_f64(values, 0, scratch, count);
  const end = values + (<usize>count << 3);
  for (let at = values + 8; at < end; at += 8) {
    const value = load<f64>(at);
    let place = at;
    for (; place > values && load<f64>(place - 8) > value; place -= 8) store<f64>(place, load<f64>(place - 8));
    store<f64>(place, value);
  }
}

// Values of weight 1 are parted into cells, of which only those are sorted in which an edge may lie.
function walkCells(values: usize, count: i32, present: i32, least: f64, largest: f64, scratch: usize): void {
  const end = values + (<usize>count << 3);
  const counters = scratch + (<usize>count << 3);
  const room = counters + CELL_COUNTERS;
  let cellCount = 64;
  while (cellCount < SAMPLE_CELLS && cellCount * VALUES_OF_CELL < present) cellCount <<= 1;
  const scale = scaleOf(least, largest, cellCount);
  const low = scale > 0 ? least : 0;
  const last: f64 = scale > 0 ? <f64>(cellCount - 1) : 0;
  memory.fill(counters, 0, (<usize>cellCount + 1) << 2);
  for (let at = values; at < end; at += 8) {
    const value = load<f64>(at);
    if (value != value) continue;
    const counter = counters + (<usize>cellOf(value, low, scale, last) << 2);
    store<u32>(counter, load<u32>(counter, 4) + 1, 4);
  }
  let place: u32 = 0;
  for (let cell = 1; cell <= cellCount; cell++) {
    const counter = counters + (<usize>cell << 2);
    place += load<u32>(counter);
    store<u32>(counter, place);
  }
  // Each cell's counter goes from its start to its end, where the next one starts.
  for (let at = values; at < end; at += 8) {
    const value = load<f64>(at);
    if (value != value) continue;
    const counter = counters + (<usize>cellOf(value, low, scale, last) << 2);
    const free = load<u32>(counter);
    store<u32>(counter, free + 1);
    store<f64>(scratch + (<usize>free << 3), value);
  }
  let below: usize = scratch, start: u32 = 0;
  for (let cell = 0; cell < cellCount && edgeCount < mostEdges; cell++) {
    const stop = load<u32>(counters + (<usize>cell << 2));
    const inCell = <i32>(stop - start);
    if (inCell == 0) continue;
    const own = scratch + (<usize>start << 3);
    if (inBin + <f64>inCell <= wanted && <f64>inCell < heavy) addWeight(<f64>inCell);
    else {
      sortCell(own, inCell, room);
      walkCell(own, own + (<usize>inCell << 3), below);
    }
    below = own;
    start = stop;
  }
}

export function bin_edges_f64(
  values: usize, weights: usize, edges: usize, scratch: usize, maxBins: i32, count: i32,
): i32 {
  const end = values + (<usize>count << 3);
  let least: f64 = Infinity, largest: f64 = -Infinity;
  let present = 0;
  for (let at = values; at < end; at += 8) {
    const value = load<f64>(at);
    least = value < least ? value : least;
    largest = value > largest ? value : largest;
    present += <i32>(value == value);
  }
  if (weights == 0) {
    beginWalk(edges, maxBins, <f64>present);
    if (present > 0) walkCells(values, count, present, least, largest, scratch);
  } else {
    const sortedWeights = scratch + (<usize>count << 3);
    let place: usize = 0;
    for (let at: usize = 0; at < <usize>count << 3; at += 8) {
      const value = load<f64>(values + at);
      if (value != value) continue;
      store<f64>(scratch + place, value);
      store<f64>(sortedWeights + place, load<f64>(weights + at));
      place += 8;
    }
    values_sort_f64(scratch, sortedWeights, scratch + (<usize>count << 4), present);
    let sum: f64 = 0;
    for (let at: usize = 0; at < place; at += 8) sum += load<f64>(sortedWeights + at);
    beginWalk(edges, maxBins, sum);
    walkWeighted(scratch, sortedWeights, present);
  }
  setZero(least);
  for (let place = edgeCount; place < maxBins; place++) store<f64>(edges + (<usize>place << 3), Infinity);
  return edgeCount;
}
