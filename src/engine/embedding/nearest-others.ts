import { LanewiseError } from '../../errors.js';
import { NeighborIndex, type Neighbors, type Points } from '../distance.js';
import type { Engine } from '../engine.js';

export type EmbeddingMetric = 'euclidean' | 'cosine';

/** Each point's k nearest others with their true distances, nearest first; a point is no neighbour of its own. */
export async function nearestOthers(
  engine: Engine,
  points: Points,
  k: number,
  metric: EmbeddingMetric,
  signal?: AbortSignal,
): Promise<Neighbors> {
  const placed = metric === 'cosine' ? unitPoints(points) : points;
  using index = new NeighborIndex(engine, placed);
  const found = await index.nearest(placed, k + 1, signal);
  const indices = new Int32Array(points.count * k);
  const distances = new Float64Array(points.count * k);
  for (let i = 0; i < points.count; i++) {
    let to = i * k;
    for (let from = i * (k + 1); from < (i + 1) * (k + 1) && to < (i + 1) * k; from++) {
      if (found.indices[from] === i) continue;
      indices[to] = found.indices[from]!;
      distances[to++] = trueDistance(found.distances[from]!, metric);
    }
  }
  return { indices, distances };
}

/** The k nearest of `points` to each query. */
export async function nearestAmong(
  engine: Engine,
  points: Points,
  queries: Points,
  k: number,
  metric: EmbeddingMetric,
  signal?: AbortSignal,
): Promise<Neighbors> {
  const [placed, asked] = metric === 'cosine' ? [unitPoints(points), unitPoints(queries)] : [points, queries];
  using index = new NeighborIndex(engine, placed);
  const { indices, distances } = await index.nearest(asked, k, signal);
  return { indices, distances: distances.map((square) => trueDistance(square, metric)) };
}

function trueDistance(square: number, metric: EmbeddingMetric): number {
  return metric === 'cosine' ? square / 2 : Math.sqrt(square);
}

/** Points of length 1: half their squared distance is 1 − cosine. @throws LanewiseError `data` for a zero vector */
function unitPoints({ values, count, dimension }: Points): Points {
  const unit = new Float64Array(values.length);
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let j = i * dimension; j < (i + 1) * dimension; j++) square += values[j]! * values[j]!;
    const length = Math.sqrt(square);
    if (!(length > 0)) {
      throw new LanewiseError('data', `Expected no zero vectors for the metric cosine but row ${i + 1} is one`, {
        row: i + 1,
        hint: 'Leave these rows out, or take the metric euclidean.',
      });
    }
    for (let j = i * dimension; j < (i + 1) * dimension; j++) unit[j] = values[j]! / length;
  }
  return { values: unit, count, dimension };
}
