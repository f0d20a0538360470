// Searches in navigable graphs: src/kernels/graph-search.ts is the law.
import {
  clearBits, descend, distanceOf, distancesAt, distanceTo, isBarred, laneOf, metOf, nodeOf, offer, OLDEST_FIRST,
  searchLayer,
} from './inline/graph';

// The first k wanted entries of a pool.
function writeFound(pool: usize, length: i32, distances: usize, nodes: usize, k: i32): void {
  let found = 0;
  for (let i = 0; i < length && found < k; i++) {
    const met = load<u64>(pool + (<usize>i << 3));
    if (isBarred(met)) continue;
    store<f32>(distances + (<usize>found << 2), distanceOf(met));
    store<i32>(nodes + (<usize>found << 2), nodeOf(met, OLDEST_FIRST));
    found++;
  }
  for (; found < k; found++) {
    store<f32>(distances + (<usize>found << 2), <f32>Infinity);
    store<i32>(nodes + (<usize>found << 2), -1);
  }
}

export function graph_search_f32(
  vectors: usize, links: usize, upperOffsets: usize, upper: usize, queries: usize, allowed: usize, distances: usize,
  nodes: usize, visited: usize, pool: usize, fresh: usize, nodeCount: i32, upperLength: i32, stride: i32, m: i32, metric: i32,
  entry: i32, topLevel: i32, queryCount: i32, k: i32, ef: i32, capacity: i32,
): void {
  for (let i = 0; i < queryCount; i++) {
    const query = queries + ((<usize>i * <usize>stride) << 2);
    let length = 0;
    if (entry >= 0) {
      let start = metOf(distanceTo(query, vectors, entry, stride, metric), entry, OLDEST_FIRST);
      for (let level = topLevel; level > 0; level--) {
        start = descend(vectors, upperOffsets, upper, query, start, level, m, stride, metric, OLDEST_FIRST);
      }
      clearBits(visited, nodeCount);
      length = searchLayer(
        vectors, links, upperOffsets, upper, query, start, 0, allowed, visited, pool, fresh, stride, m, metric, OLDEST_FIRST,
        ef, capacity,
      );
    }
    const at = (<usize>i * <usize>k) << 2;
    writeFound(pool, length, distances + at, nodes + at, k);
  }
}

export function graph_scan_f32(
  vectors: usize, rows: usize, queries: usize, distances: usize, nodes: usize, pool: usize, nodeCount: i32, rowCount: i32,
  stride: i32, metric: i32, queryCount: i32, k: i32,
): void {
  for (let i = 0; i < queryCount; i++) {
    const query = queries + ((<usize>i * <usize>stride) << 2);
    let length = 0;
    for (let from = 0; from < rowCount; from += 4) {
      const at = rows + (<usize>from << 2);
      const these = min(4, rowCount - from);
      const found = distancesAt(query, vectors, at, these, stride, metric);
      for (let j = 0; j < these; j++) {
        length = offer(pool, length, k, metOf(laneOf(found, j), load<i32>(at + (<usize>j << 2)), OLDEST_FIRST));
      }
    }
    const at = (<usize>i * <usize>k) << 2;
    writeFound(pool, length, distances + at, nodes + at, k);
  }
}
