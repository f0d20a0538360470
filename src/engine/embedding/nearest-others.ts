import type { Engine } from '../engine.js';
import { type DistanceMetric, neighborSearch } from '../neighbors/index.js';
import type { Neighbors, Points } from '../neighbors/points.js';

/** Each point's k nearest others with their distances, nearest first; a point is no neighbour of its own. */
export async function nearestOthers(
  engine: Engine,
  points: Points,
  k: number,
  metric: DistanceMetric,
  signal?: AbortSignal,
): Promise<Neighbors> {
  using search = await neighborSearch(engine, points, { metric, signal });
  // Awaited here: at the return the search gives its memory back.
  return await search.nearest(points, k, { excludeSelf: true, signal });
}
