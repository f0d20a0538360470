import { exp_f64x2 } from './inline/elementary-simd';
import { exp, log } from './inline/elementary';
import { storePhiloxBlock } from './inline/philox';

// The law is src/kernels/embedding.ts.

// @ts-ignore: decorator
@inline
const GROUP: i32 = 8;
// @ts-ignore: decorator
@inline
const TABLE_PIECES: i32 = 64;

export function perplexity_search_f64(squares: usize, weights: usize, rowCount: i32, k: i32, perplexity: f64): void {
  const wanted = log(perplexity);
  const width = <usize>k << 3;
  for (let row = 0; row < rowCount; row++, squares += width, weights += width) {
    searchRow(squares, weights, width, wanted);
  }
}

function searchRow(squares: usize, weights: usize, width: usize, wanted: f64): void {
  let least = load<f64>(squares);
  for (let at: usize = 8; at < width; at += 8) least = min(least, load<f64>(squares + at));
  let all: f64 = 0;
  for (let at: usize = 0; at < width; at += 8) all += load<f64>(squares + at) - least;
  let precision: f64 = all > 0 ? <f64>(width >> 3) / all : 1;
  let low: f64 = 0, high: f64 = Infinity, total: f64 = 0;
  for (let step = 0; step < 100; step++) {
    weigh(squares, weights, width, least, precision);
    let moment: f64 = 0;
    total = 0;
    for (let at: usize = 0; at < width; at += 8) {
      const weight = load<f64>(weights + at);
      total += weight;
      moment += weight * (load<f64>(squares + at) - least);
    }
    const excess = log(total) + (precision * moment) / total - wanted;
    if (abs(excess) <= 1e-8 || !(all > 0) || step == 99) break;
    if (excess > 0) {
      low = precision;
      precision = high == Infinity ? precision * 2 : (low + high) * 0.5;
    } else {
      high = precision;
      precision = (low + high) * 0.5;
    }
  }
  for (let at: usize = 0; at < width; at += 8) store<f64>(weights + at, load<f64>(weights + at) / total);
}

function weigh(squares: usize, weights: usize, width: usize, least: f64, precision: f64): void {
  const pairs = width & ~15;
  const base = f64x2.splat(least), factor = f64x2.splat(precision);
  for (let at: usize = 0; at < pairs; at += 16) {
    const further = f64x2.sub(v128.load(squares + at), base);
    v128.store(weights + at, exp_f64x2(f64x2.neg(f64x2.mul(further, factor))));
  }
  if (pairs < width) store<f64>(weights + pairs, exp(-((load<f64>(squares + pairs) - least) * precision)));
}

// @ts-ignore: decorator
@inline
function cellOf(reach: f64, last: i32): u32 {
  return reach < <f64>last ? <u32>reach : <u32>last;
}

// The bits of a number of 16 at every second place.
// @ts-ignore: decorator
@inline
function spread2(x: u32): u32 {
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}

// The bits of a number of 10 at every third place.
// @ts-ignore: decorator
@inline
function spread3(x: u32): u32 {
  x = (x | (x << 16)) & 0x030000ff;
  x = (x | (x << 8)) & 0x0300f00f;
  x = (x | (x << 4)) & 0x030c30c3;
  return (x | (x << 2)) & 0x09249249;
}

export function point_tree_f64(
  positions: usize, order: usize, sorted: usize, ranges: usize, masses: usize, boxes: usize, codes: usize,
  places: usize, pointCount: i32, dimension: i32,
): i32 {
  const width = <usize>dimension << 3, end = positions + <usize>pointCount * width;
  let low0 = load<f64>(positions), low1 = load<f64>(positions, 8), low2: f64 = dimension == 3 ? load<f64>(positions, 16) : 0;
  let high0 = low0, high1 = low1, high2 = low2;
  for (let at = positions + width; at < end; at += width) {
    low0 = min(low0, load<f64>(at));
    high0 = max(high0, load<f64>(at));
    low1 = min(low1, load<f64>(at, 8));
    high1 = max(high1, load<f64>(at, 8));
    if (dimension == 3) {
      low2 = min(low2, load<f64>(at, 16));
      high2 = max(high2, load<f64>(at, 16));
    }
  }
  let extent = max(high0 - low0, high1 - low1);
  if (dimension == 3) extent = max(extent, high2 - low2);
  const bits = dimension == 2 ? 16 : 10, last = (1 << bits) - 1;
  const scale = extent > 0 ? <f64>(1 << bits) / extent : 0;
  for (let i = 0, at = positions; i < pointCount; i++, at += width) {
    const first = cellOf((load<f64>(at) - low0) * scale, last), second = cellOf((load<f64>(at, 8) - low1) * scale, last);
    const code = dimension == 2
      ? spread2(first) | (spread2(second) << 1)
      : spread3(first) | (spread3(second) << 1) | (spread3(cellOf((load<f64>(at, 16) - low2) * scale, last)) << 2);
    store<u32>(codes + (<usize>i << 2), code);
    store<i32>(order + (<usize>i << 2), i);
  }
  sortByCode(codes, order, places, pointCount, boxes);
  for (let place = 0; place < pointCount; place++) {
    const at = positions + <usize>load<i32>(order + (<usize>place << 2)) * width;
    for (let c = 0; c < dimension; c++) {
      store<f64>(sorted + ((<usize>c * pointCount + place) << 3), load<f64>(at + (<usize>c << 3)));
    }
  }
  const nodes = addNode(sorted, ranges, masses, boxes, codes, pointCount, dimension, 0, 0, pointCount, bits * dimension);
  for (let node = 0; node < nodes; node++) {
    const members = <f64>(load<i32>(ranges + <usize>node * 12, 4) - load<i32>(ranges + <usize>node * 12));
    const mass = masses + ((<usize>node * (dimension + 1)) << 3);
    for (let c = 0; c < dimension; c++) {
      const at = mass + (<usize>c << 3);
      store<f64>(at, load<f64>(at) / members);
    }
  }
  return nodes;
}

// By digits of 4 bits, the lowest first: a stable sort, eight passes, which end where they began. `counts` holds 16.
function sortByCode(codes: usize, order: usize, places: usize, count: i32, counts: usize): void {
  let from = codes, fromOrder = order, to = codes + (<usize>count << 2), toOrder = places;
  const bytes = <usize>count << 2;
  for (let shift = 0; shift < 32; shift += 4) {
    memory.fill(counts, 0, 64);
    for (let at: usize = 0; at < bytes; at += 4) {
      const digit = counts + (<usize>((load<u32>(from + at) >> shift) & 15) << 2);
      store<i32>(digit, load<i32>(digit) + 1);
    }
    let sum = 0;
    for (let at = counts; at < counts + 64; at += 4) {
      const digits = load<i32>(at);
      store<i32>(at, sum);
      sum += digits;
    }
    for (let at: usize = 0; at < bytes; at += 4) {
      const code = load<u32>(from + at);
      const digit = counts + (<usize>((code >> shift) & 15) << 2);
      const place = <usize>load<i32>(digit) << 2;
      store<i32>(digit, load<i32>(digit) + 1);
      store<u32>(to + place, code);
      store<i32>(toOrder + place, load<i32>(fromOrder + at));
    }
    let swap = from;
    from = to;
    to = swap;
    swap = fromOrder;
    fromOrder = toOrder;
    toOrder = swap;
  }
}

// Appends a node with all below it, and returns how many nodes there are then.
function addNode(
  sorted: usize, ranges: usize, masses: usize, boxes: usize, codes: usize, pointCount: i32, dimension: i32,
  node: i32, start: i32, end: i32, shift: i32,
): i32 {
  const mass = masses + ((<usize>node * (dimension + 1)) << 3), box = boxes + ((<usize>node * 2 * dimension) << 3);
  const width = <usize>dimension << 3;
  let nodes = node + 1;
  const first = load<u32>(codes + (<usize>start << 2)), last = load<u32>(codes + (<usize>(end - 1) << 2));
  if (end - start <= GROUP || first == last) {
    for (let c = 0; c < dimension; c++) {
      const column = sorted + ((<usize>c * pointCount) << 3);
      const stop = column + (<usize>end << 3);
      let at = column + (<usize>start << 3);
      let sum = load<f64>(at), low = sum, high = sum;
      for (at += 8; at < stop; at += 8) {
        const value = load<f64>(at);
        sum += value;
        low = min(low, value);
        high = max(high, value);
      }
      store<f64>(mass + (<usize>c << 3), sum);
      store<f64>(box + (<usize>c << 3), low);
      store<f64>(box + width + (<usize>c << 3), high);
    }
  } else {
    let level = shift - dimension;
    while (first >> level == last >> level) level -= dimension;
    for (let from = start; from < end; ) {
      const cell = load<u32>(codes + (<usize>from << 2)) >> level;
      let to = from + 1;
      while (to < end && load<u32>(codes + (<usize>to << 2)) >> level == cell) to++;
      const child = nodes;
      nodes = addNode(sorted, ranges, masses, boxes, codes, pointCount, dimension, child, from, to, level);
      const childMass = masses + ((<usize>child * (dimension + 1)) << 3);
      const childBox = boxes + ((<usize>child * 2 * dimension) << 3);
      if (from == start) {
        memory.copy(mass, childMass, width);
        memory.copy(box, childBox, 2 * width);
      } else {
        for (let at: usize = 0; at < width; at += 8) {
          store<f64>(mass + at, load<f64>(mass + at) + load<f64>(childMass + at));
          store<f64>(box + at, min(load<f64>(box + at), load<f64>(childBox + at)));
          store<f64>(box + width + at, max(load<f64>(box + width + at), load<f64>(childBox + width + at)));
        }
      }
      from = to;
    }
  }
  let side: f64 = 0;
  for (let at: usize = 0; at < width; at += 8) side = max(side, load<f64>(box + width + at) - load<f64>(box + at));
  store<f64>(mass + width, side * side);
  const range = ranges + <usize>node * 12;
  store<i32>(range, start);
  store<i32>(range, end, 4);
  store<i32>(range, nodes, 8);
  return nodes;
}

// The scratch of a group: eight members' three coordinates, their sums of forces and of similarities; then what waits to
// act on them, four numbers each: coordinates and mass.
// @ts-ignore: decorator
@inline
const WAITING: usize = 512;
// @ts-ignore: decorator
@inline
const ALL_WAITING: usize = 1024;

export function tree_repulsion_f64(
  order: usize, sorted: usize, ranges: usize, masses: usize, forces: usize, similarities: usize, entries: usize,
  groupStart: i32, groupEnd: i32, pointCount: i32, nodeCount: i32, dimension: i32, angle: f64,
): void {
  const opening = angle * angle;
  const column = <usize>pointCount << 3, massWidth = <usize>(dimension + 1) << 3, width = <usize>dimension << 3;
  const solid = dimension == 3;
  for (let group = groupStart; group < groupEnd; group++) {
    const first = GROUP * group, last = min(pointCount, first + GROUP), members = last - first;
    memory.fill(entries, 0, 512);
    for (let m = 0; m < GROUP; m++) {
      const from = sorted + (<usize>(first + min(m, members - 1)) << 3), to = entries + (<usize>m << 3);
      store<f64>(to, load<f64>(from));
      store<f64>(to, load<f64>(from + column), 64);
      if (solid) store<f64>(to, load<f64>(from + 2 * column), 128);
    }
    let low0 = load<f64>(entries), low1 = load<f64>(entries, 64), low2 = load<f64>(entries, 128);
    let high0 = low0, high1 = low1, high2 = low2;
    for (let at = entries + 8; at < entries + 64; at += 8) {
      low0 = min(low0, load<f64>(at));
      high0 = max(high0, load<f64>(at));
      low1 = min(low1, load<f64>(at, 64));
      high1 = max(high1, load<f64>(at, 64));
      low2 = min(low2, load<f64>(at, 128));
      high2 = max(high2, load<f64>(at, 128));
    }
    let waiting: usize = 0;
    for (let node = 0; node < nodeCount; ) {
      const range = ranges + <usize>node * 12, mass = masses + <usize>node * massWidth;
      const start = load<i32>(range), end = load<i32>(range, 4), next = load<i32>(range, 8);
      const at0 = load<f64>(mass), at1 = load<f64>(mass, 8);
      let outside = max(max(low0 - at0, at0 - high0), 0);
      let distance = outside * outside;
      outside = max(max(low1 - at1, at1 - high1), 0);
      distance += outside * outside;
      if (solid) {
        const at2 = load<f64>(mass, 16);
        outside = max(max(low2 - at2, at2 - high2), 0);
        distance += outside * outside;
      }
      if ((end <= first || start >= last) && load<f64>(mass + width) < opening * distance) {
        const entry = entries + WAITING + (waiting << 5);
        store<f64>(entry, at0);
        store<f64>(entry, at1, 8);
        if (solid) store<f64>(entry, load<f64>(mass, 16), 16);
        store<f64>(entry, <f64>(end - start), 24);
        if (++waiting == ALL_WAITING) waiting = act(entries, waiting, solid);
        node = next;
      } else if (next == node + 1) {
        for (let from = sorted + (<usize>start << 3), stop = sorted + (<usize>end << 3); from < stop; from += 8) {
          const entry = entries + WAITING + (waiting << 5);
          store<f64>(entry, load<f64>(from));
          store<f64>(entry, load<f64>(from + column), 8);
          if (solid) store<f64>(entry, load<f64>(from + 2 * column), 16);
          store<f64>(entry, 1, 24);
          if (++waiting == ALL_WAITING) waiting = act(entries, waiting, solid);
        }
        node = next;
      } else node++;
    }
    act(entries, waiting, solid);
    for (let m = 0; m < members; m++) {
      const point = <usize>load<i32>(order + (<usize>(first + m) << 2)), from = entries + (<usize>m << 3);
      store<f64>(similarities + (point << 3), load<f64>(from, 384) - 1);
      const to = forces + point * width;
      store<f64>(to, load<f64>(from, 192));
      store<f64>(to, load<f64>(from, 256), 8);
      if (solid) store<f64>(to, load<f64>(from, 320), 16);
    }
  }
}

// All that waits acts on the members, two at a time. Returns 0: nothing waits any more.
function act(entries: usize, waiting: usize, solid: bool): usize {
  const one = f64x2.splat(1), end = entries + WAITING + (waiting << 5);
  for (let at = entries; at < entries + 64; at += 16) {
    const x = v128.load(at), y = v128.load(at, 64), z = v128.load(at, 128);
    let pushX = v128.load(at, 192), pushY = v128.load(at, 256), pushZ = v128.load(at, 320), sum = v128.load(at, 384);
    if (solid) {
      for (let entry = entries + WAITING; entry < end; entry += 32) {
        const dx = f64x2.sub(x, v128.load64_splat(entry)), dy = f64x2.sub(y, v128.load64_splat(entry, 8));
        const dz = f64x2.sub(z, v128.load64_splat(entry, 16));
        const square = f64x2.add(f64x2.add(f64x2.mul(dx, dx), f64x2.mul(dy, dy)), f64x2.mul(dz, dz));
        const q = f64x2.div(one, f64x2.add(square, one));
        const weight = f64x2.mul(v128.load64_splat(entry, 24), q);
        sum = f64x2.add(sum, weight);
        const factor = f64x2.mul(weight, q);
        pushX = f64x2.add(pushX, f64x2.mul(factor, dx));
        pushY = f64x2.add(pushY, f64x2.mul(factor, dy));
        pushZ = f64x2.add(pushZ, f64x2.mul(factor, dz));
      }
      v128.store(at, pushZ, 320);
    } else {
      for (let entry = entries + WAITING; entry < end; entry += 32) {
        const dx = f64x2.sub(x, v128.load64_splat(entry)), dy = f64x2.sub(y, v128.load64_splat(entry, 8));
        const square = f64x2.add(f64x2.mul(dx, dx), f64x2.mul(dy, dy));
        const q = f64x2.div(one, f64x2.add(square, one));
        const weight = f64x2.mul(v128.load64_splat(entry, 24), q);
        sum = f64x2.add(sum, weight);
        const factor = f64x2.mul(weight, q);
        pushX = f64x2.add(pushX, f64x2.mul(factor, dx));
        pushY = f64x2.add(pushY, f64x2.mul(factor, dy));
      }
    }
    v128.store(at, pushX, 192);
    v128.store(at, pushY, 256);
    v128.store(at, sum, 384);
  }
  return 0;
}

export function graph_attraction_f64(
  offsets: usize, indices: usize, values: usize, positions: usize, forces: usize, rowStart: i32, rowCount: i32,
  entryCount: i32, pointCount: i32, dimension: i32,
): void {
  const width = <usize>dimension << 3;
  let own = positions + <usize>rowStart * width;
  const end = offsets + (<usize>rowCount << 2);
  for (; offsets < end; offsets += 4, own += width, forces += width) {
    const first = <usize>load<i32>(offsets), last = <usize>load<i32>(offsets, 4);
    if (dimension == 2) attract2(first, last, indices, values, positions, forces, own);
    else attract3(first, last, indices, values, positions, forces, own);
  }
}

// @ts-ignore: decorator
@inline
function attract2(
  first: usize, last: usize, indices: usize, values: usize, positions: usize, forces: usize, own: usize,
): void {
  const at = v128.load(own);
  let sum = f64x2.splat(0);
  for (let entry = first; entry < last; entry++) {
    const other = positions + (<usize>load<i32>(indices + (entry << 2)) << 4);
    const difference = f64x2.sub(at, v128.load(other));
    const squares = f64x2.mul(difference, difference);
    const square = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1);
    const weight = load<f64>(values + (entry << 3)) / (square + 1);
    sum = f64x2.add(sum, f64x2.mul(f64x2.splat(weight), difference));
  }
  v128.store(forces, sum);
}

// @ts-ignore: decorator
@inline
function attract3(
  first: usize, last: usize, indices: usize, values: usize, positions: usize, forces: usize, own: usize,
): void {
  const x = load<f64>(own), y = load<f64>(own, 8), z = load<f64>(own, 16);
  let sumX: f64 = 0, sumY: f64 = 0, sumZ: f64 = 0;
  for (let entry = first; entry < last; entry++) {
    const other = positions + <usize>load<i32>(indices + (entry << 2)) * 24;
    const dx = x - load<f64>(other), dy = y - load<f64>(other, 8), dz = z - load<f64>(other, 16);
    const weight = load<f64>(values + (entry << 3)) / (dx * dx + dy * dy + dz * dz + 1);
    sumX += weight * dx;
    sumY += weight * dy;
    sumZ += weight * dz;
  }
  store<f64>(forces, sumX);
  store<f64>(forces, sumY, 8);
  store<f64>(forces, sumZ, 16);
}

// 2^exponent
// @ts-ignore: decorator
@inline
function power(exponent: i32): f64 {
  return reinterpret<f64>(<u64>(1023 + exponent) << 52);
}

// @ts-ignore: decorator
@inline
function tableValue(table: usize, octaves: i32, square: f64): f64 {
  if (!(square >= power(-octaves))) return load<f64>(table);
  if (square >= power(octaves)) return load<f64>(table + (<usize>(2 * octaves * TABLE_PIECES) << 3));
  const bits = reinterpret<u64>(square);
  const piece = <i32>(bits >> 46) - (1023 - octaves) * TABLE_PIECES;
  const within = <f64>(<i64>(bits & 0x3fffffffffff)) * (1.0 / 70368744177664.0);
  const at = table + (<usize>piece << 3);
  const from = load<f64>(at);
  return from + within * (load<f64>(at, 8) - from);
}

// @ts-ignore: decorator
@inline
function clipped(value: f64): f64 {
  return value > 4 ? 4 : value < -4 ? -4 : value;
}

// @ts-ignore: decorator
@inline
function move(own: usize, other: usize, table: usize, octaves: i32, dimension: i32, step: f64): void {
  const dx = load<f64>(own) - load<f64>(other), dy = load<f64>(own, 8) - load<f64>(other, 8);
  let square = dx * dx + dy * dy, dz: f64 = 0;
  if (dimension == 3) {
    dz = load<f64>(own, 16) - load<f64>(other, 16);
    square += dz * dz;
  }
  const factor = tableValue(table, octaves, square);
  store<f64>(own, load<f64>(own) + step * clipped(factor * dx));
  store<f64>(own, load<f64>(own, 8) + step * clipped(factor * dy), 8);
  if (dimension == 3) store<f64>(own, load<f64>(own, 16) + step * clipped(factor * dz), 16);
}

export function layout_epoch_f64(
  offsets: usize, indices: usize, rates: usize, others: usize, table: usize, positions: usize, words: usize,
  rowStart: i32, rowCount: i32, entryCount: i32, pointCount: i32, dimension: i32, octaves: i32, epoch: i32,
  pulls: i32, negatives: i32, step: f64, keyLow: i32, keyHigh: i32,
): void {
  const width = <usize>dimension << 3, repulsion = table + (<usize>(2 * octaves * TABLE_PIECES + 1) << 3);
  const blocks = (negatives + 3) >> 2, now = <f64>epoch, before = <f64>(epoch - 1);
  for (let row = 0; row < rowCount; row++, offsets += 4, positions += width) {
    const self = rowStart < 0 ? -1 : rowStart + row, last = load<i32>(offsets, 4);
    for (let entry = load<i32>(offsets); entry < last; entry++) {
      const rate = load<f64>(rates + (<usize>entry << 3));
      if (floor(now * rate) == floor(before * rate)) continue;
      const neighbor = others + <usize>load<i32>(indices + (<usize>entry << 2)) * width;
      for (let pull = 0; pull < pulls; pull++) move(positions, neighbor, table, octaves, dimension, step);
      const block = (<u64>epoch << 32) + <u64>entry * <u64>blocks;
      for (let n = 0; n < negatives; n++) {
        if ((n & 3) == 0) storePhiloxBlock(words, block + <u64>(n >> 2), <u32>keyLow, <u32>keyHigh);
        const other = <i32>(load<u32>(words + (<usize>(n & 3) << 2)) % <u32>pointCount);
        if (other != self) move(positions, others + <usize>other * width, repulsion, octaves, dimension, step);
      }
    }
  }
}
