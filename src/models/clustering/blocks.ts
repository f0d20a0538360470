import type { Points } from '../../engine/neighbors/points.js';

/** Neighbours that a block of queries may have in all, whatever the radius: 12 bytes each. */
const MOST_NEIGHBORS = 1 << 22;
const MOST_ROWS = 8192;

/** The points in blocks of neighbouring rows, few enough for all that they can find among `count` points to be in memory. */
export function* queryBlocks(points: Points, count = points.count): Generator<{ start: number; queries: Points }> {
  const { dimension } = points;
  const rows = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_NEIGHBORS / count)));
  for (let start = 0; start < points.count; start += rows) {
    const end = Math.min(points.count, start + rows);
    yield {
      start,
      queries: { values: points.values.subarray(start * dimension, end * dimension), count: end - start, dimension },
    };
  }
}
