// Building and repairing navigable graphs: src/kernels/graph-building.ts is the law.
import {
  chooseNeighbors, clearBits, descend, distancesAt, distanceTo, hasBit, laneOf, listOf, metOf, NEWEST_FIRST, offer,
  rowOf, searchLayer, testAndSet, withoutMarks,
} from './inline/graph';

export function graph_connect_f32(
  vectors: usize, levels: usize, upperOffsets: usize, batch: usize, links: usize, upper: usize, visited: usize, pool: usize,
  fresh: usize, batchDistances: usize, nodeCount: i32, upperLength: i32, batchCount: i32, stride: i32, m: i32, metric: i32,
  entry: i32, topLevel: i32, ef: i32, rowStart: i32, rowEnd: i32,
): void {
  for (let place = rowStart; place < rowEnd; place++) {
    const node = load<i32>(batch + (<usize>place << 2));
    const query = rowOf(vectors, node, stride);
    const own = <i32>load<u8>(levels + <usize>node);
    for (let from = 0; from < place; from += 4) {
      const these = min(4, place - from);
      const distances = distancesAt(query, vectors, batch + (<usize>from << 2), these, stride, metric);
      for (let j = 0; j < these; j++) store<f32>(batchDistances + (<usize>(from + j) << 2), laneOf(distances, j));
    }
    let near: u64 = entry < 0 ? 0 : metOf(distanceTo(query, vectors, entry, stride, metric), entry, NEWEST_FIRST);
    for (let level = topLevel; entry >= 0 && level > own; level--) {
      near = descend(vectors, upperOffsets, upper, query, near, level, m, stride, metric, NEWEST_FIRST);
    }
    for (let level = own; level >= 0; level--) {
      let length = 0;
      if (entry >= 0 && level <= topLevel) {
        clearBits(visited, nodeCount);
        length = searchLayer(
          vectors, links, upperOffsets, upper, query, near, level, 0, visited, pool, fresh, stride, m, metric,
          NEWEST_FIRST, ef, ef,
        );
        near = withoutMarks(load<u64>(pool));
      }
      for (let j = 0; j < place; j++) {
        const other = load<i32>(batch + (<usize>j << 2));
        if (<i32>load<u8>(levels + <usize>other) < level) continue;
        length = offer(pool, length, ef, metOf(load<f32>(batchDistances + (<usize>j << 2)), other, NEWEST_FIRST));
      }
      const list = listOf(links, upperOffsets, upper, node, level, m);
      chooseNeighbors(vectors, pool, length, list, m, stride, metric);
      if (level == 0) for (let slot = m; slot < 2 * m; slot++) store<i32>(list + (<usize>slot << 2), -1);
    }
  }
}

// Offers `count` nodes to a pool that has room for all: its new length.
function offerAll(
  vectors: usize, row: usize, nodes: usize, count: i32, pool: usize, length: i32, stride: i32, metric: i32,
): i32 {
  for (let i = 0; i < count; i += 4) {
    const at = nodes + (<usize>i << 2);
    const these = min(4, count - i);
    const distances = distancesAt(row, vectors, at, these, stride, metric);
    for (let j = 0; j < these; j++) {
      length = offer(pool, length, i32.MAX_VALUE, metOf(laneOf(distances, j), load<i32>(at + (<usize>j << 2)), NEWEST_FIRST));
    }
  }
  return length;
}

export function graph_link_f32(
  vectors: usize, lists: usize, targets: usize, places: usize, starts: usize, sources: usize, pool: usize, nodeCount: i32,
  listsLength: i32, targetCount: i32, sourceCount: i32, stride: i32, metric: i32, slots: i32, rowStart: i32, rowEnd: i32,
): void {
  for (let index = rowStart; index < rowEnd; index++) {
    const list = lists + (<usize>load<i32>(places + (<usize>index << 2)) << 2);
    let known = 0;
    while (known < slots && load<i32>(list + (<usize>known << 2)) >= 0) known++;
    const start = load<i32>(starts + (<usize>index << 2));
    const added = load<i32>(starts + (<usize>index << 2), 4) - start;
    const from = sources + (<usize>start << 2);
    if (known + added <= slots) {
      for (let i = 0; i < added; i++) {
        store<i32>(list + (<usize>(known + i) << 2), load<i32>(from + (<usize>i << 2)));
      }
      continue;
    }
    const row = rowOf(vectors, load<i32>(targets + (<usize>index << 2)), stride);
    let length = offerAll(vectors, row, list, known, pool, 0, stride, metric);
    length = offerAll(vectors, row, from, added, pool, length, stride, metric);
    chooseNeighbors(vectors, pool, length, list, slots, stride, metric);
  }
}

// @ts-ignore: decorator
@inline
function clearBit(bits: usize, node: i32): void {
  const at = bits + ((<usize>node >> 5) << 2);
  store<u32>(at, load<u32>(at) & ~(<u32>1 << (node & 31)));
}

// What a node reaches through nodes that are gone: `reached`. The bits set are taken back.
function reachedFrom(
  node: i32, own: usize, level: i32, gone: usize, links: usize, upperOffsets: usize, upper: usize, m: i32, visited: usize,
  met: usize, capacity: i32,
): i32 {
  const slots = level == 0 ? 2 * m : m;
  let count = 0;
  testAndSet(visited, node);
  while (count < slots && load<i32>(own + (<usize>count << 2)) >= 0) {
    const other = load<i32>(own + (<usize>count << 2));
    store<i32>(met + (<usize>count << 2), other);
    testAndSet(visited, other);
    count++;
  }
  for (let next = 0; next < count; next++) {
    const through = load<i32>(met + (<usize>next << 2));
    if (!hasBit(gone, through)) continue;
    const list = listOf(links, upperOffsets, upper, through, level, m);
    for (let i = 0; i < slots && count < capacity; i++) {
      const other = load<i32>(list + (<usize>i << 2));
      if (other < 0) break;
      if (testAndSet(visited, other)) continue;
      store<i32>(met + (<usize>count << 2), other);
      count++;
    }
  }
  clearBit(visited, node);
  for (let i = 0; i < count; i++) clearBit(visited, load<i32>(met + (<usize>i << 2)));
  return count;
}

function linksToAny(list: usize, slots: i32, gone: usize): bool {
  for (let i = 0; i < slots; i++) {
    const node = load<i32>(list + (<usize>i << 2));
    if (node < 0) return false;
    if (hasBit(gone, node)) return true;
  }
  return false;
}

export function graph_repair_f32(
  vectors: usize, levels: usize, upperOffsets: usize, gone: usize, links: usize, upper: usize, visited: usize, pool: usize,
  met: usize, nodeCount: i32, upperLength: i32, stride: i32, m: i32, metric: i32, capacity: i32, rowStart: i32, rowEnd: i32,
): void {
  clearBits(visited, nodeCount);
  for (let node = rowStart; node < rowEnd; node++) {
    if (hasBit(gone, node)) continue;
    for (let level = <i32>load<u8>(levels + <usize>node); level >= 0; level--) {
      const slots = level == 0 ? 2 * m : m;
      const list = listOf(links, upperOffsets, upper, node, level, m);
      if (!linksToAny(list, slots, gone)) continue;
      const count = reachedFrom(node, list, level, gone, links, upperOffsets, upper, m, visited, met, capacity);
      const row = rowOf(vectors, node, stride);
      let length = 0;
      for (let i = 0; i < count; i++) {
        const other = load<i32>(met + (<usize>i << 2));
        if (hasBit(gone, other)) continue;
        length = offer(pool, length, capacity, metOf(distanceTo(row, vectors, other, stride, metric), other, NEWEST_FIRST));
      }
      chooseNeighbors(vectors, pool, length, list, slots, stride, metric);
    }
  }
}
