import type { NeighborSearch } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { queryBlocks } from './blocks.js';

/** How far each point's k-th nearest point is, the point itself being the first. */
export async function coreDistances(
  search: NeighborSearch,
  points: Points,
  k: number,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<Float64Array> {
  const cores = new Float64Array(points.count);
  if (k <= 1) return cores;
  for (const { start, queries } of queryBlocks(points, k)) {
    const { distances } = await search.nearest(queries, k, { signal });
    for (let i = 0; i < queries.count; i++) cores[start + i] = distances[i * k + k - 1]!;
    onProgress?.(start + queries.count, points.count);
  }
  return cores;
}
