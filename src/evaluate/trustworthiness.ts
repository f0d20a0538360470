import { defaultEngine } from '../engine/engine.js';
import { type DistanceMetric, neighborSearch, pairwiseDistances } from '../engine/neighbors/index.js';
import type { Points } from '../engine/neighbors/points.js';
import { turnEventLoop } from '../engine/turn.js';
import { invalid, throwIfCancelled } from '../errors.js';
import type { Context } from '../table/interfaces.js';

export interface TrustworthinessOptions extends Context {
  /** Neighbours of a row in the embedding that are looked at, below half of the rows; default 5. */
  readonly nNeighbors?: number;
  /** Distance between the points; default euclidean. In the embedding it is euclidean. */
  readonly metric?: DistanceMetric;
}

/** Distances that are in memory at once. */
const MOST_DISTANCES = 8_388_608;

/**
 * How far neighbours in an embedding are neighbours in truth, from 0 to 1: 1 less the mean by how many ranks they are too
 * far away (Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", 2001; scikit-learn's
 * `trustworthiness`).
 * @throws LanewiseError `usage` where the two have not the same rows, or nNeighbors is not below half of them
 */
export async function trustworthiness(
  points: Points,
  embedding: Points,
  options: TrustworthinessOptions = {},
): Promise<number> {
  const { nNeighbors = 5, metric = 'euclidean', signal, onProgress } = options;
  const { count } = points;
  if (embedding.count !== count) throw invalid('the embedding', `${count} rows, as the points`, embedding.count);
  if (!Number.isInteger(nNeighbors) || nNeighbors < 1 || nNeighbors >= count / 2) {
    throw invalid('nNeighbors', `an integer from 1, below half of the ${count} rows,`, nNeighbors);
  }
  const engine = options.engine ?? (await defaultEngine());
  using search = await neighborSearch(engine, embedding, { signal });
  const { indices } = await search.nearest(embedding, nNeighbors, { excludeSelf: true, signal });
  const batch = Math.max(1, Math.floor(MOST_DISTANCES / count));
  let excess = 0;
  for (let start = 0; start < count; start += batch) {
    const rows = Math.min(batch, count - start);
    const values = points.values.subarray(start * points.dimension, (start + rows) * points.dimension);
    const asked = { values, count: rows, dimension: points.dimension };
    const distances = await pairwiseDistances(engine, asked, points, metric, { signal });
    for (let i = 0; i < rows; i++) {
      if (i % 16 === 0) await turnEventLoop();
      throwIfCancelled(signal);
      const row = distances.subarray(i * count, (i + 1) * count);
      for (let n = 0; n < nNeighbors; n++) {
        const neighbor = indices[(start + i) * nNeighbors + n]!;
        excess += Math.max(0, rankOf(row, neighbor, start + i) - nNeighbors);
      }
    }
    onProgress?.({ what: 'row', done: start + rows, total: count });
  }
  return 1 - (2 * excess) / (count * nNeighbors * (2 * count - 3 * nNeighbors - 1));
}

/** The place of a point, from 1, among all others by their distances; the lower index first among equals. */
function rankOf(distances: Float64Array, point: number, self: number): number {
  const distance = distances[point]!;
  let rank = 1;
  for (let other = 0; other < point; other++) if (distances[other]! <= distance) rank++;
  for (let other = point + 1; other < distances.length; other++) if (distances[other]! < distance) rank++;
  // The row itself is no neighbour of its own.
  const isCounted = self < point ? distances[self]! <= distance : distances[self]! < distance;
  return isCounted ? rank - 1 : rank;
}
