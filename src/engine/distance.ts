import { throwIfCancelled } from '../errors.js';
import type { Engine } from './engine.js';
import { BLOCK_ROWS, mergePartials } from './linear-algebra.js';
import { turnEventLoop } from './turn.js';

/** Points of equal length, one after the other. */
export interface Points {
  /** count × dimension, row-major. */
  readonly values: Float64Array;
  readonly count: number;
  readonly dimension: number;
}

/** Columns as points, one a row. */
export function pointsOf(columns: readonly Float64Array[]): Points {
  const dimension = columns.length;
  const count = columns[0]!.length;
  const values = new Float64Array(count * dimension);
  columns.forEach((column, j) => {
    for (let row = 0; row < count; row++) values[row * dimension + j] = column[row]!;
  });
  return { values, count, dimension };
}

/** Squared L2 distance between two points, added in the order of the dimensions: the form that every answer is held to. */
export function squaredDistance(a: Points, i: number, b: Points, k: number): number {
  const { dimension } = a;
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = a.values[i * dimension + j]! - b.values[k * dimension + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** Each point's nearest centre (the first of equals) and the squared distance to it. */
export interface Assignment {
  readonly labels: Int32Array;
  readonly distances: Float64Array;
}

export async function assignPoints(
  _engine: Engine,
  points: Points,
  centers: Points,
  signal?: AbortSignal,
): Promise<Assignment> {
  const labels = new Int32Array(points.count);
  const distances = new Float64Array(points.count);
  for (let i = 0; i < points.count; i++) {
    let best = Number.POSITIVE_INFINITY;
    for (let k = 0; k < centers.count; k++) {
      const distance = squaredDistance(points, i, centers, k);
      if (distance < best) [best, labels[i]] = [distance, k];
    }
    distances[i] = best;
    if (i % 1024 === 1023) {
      throwIfCancelled(signal);
      await turnEventLoop();
    }
  }
  return { labels, distances };
}

/** Per cluster: the weight of its points, and the weighted sum of their coordinates. Blocks merge in the one tree. */
export async function clusterSums(
  points: Points,
  labels: Int32Array,
  clusterCount: number,
  weights?: Float64Array,
): Promise<{ sums: Float64Array; totals: Float64Array }> {
  const { values, count, dimension } = points;
  const partials: Float64Array[] = [];
  for (let start = 0; start < count || start === 0; start += BLOCK_ROWS) {
    const partial = new Float64Array(clusterCount * (dimension + 1));
    for (let i = start; i < Math.min(count, start + BLOCK_ROWS); i++) {
      const at = labels[i]! * (dimension + 1);
      const weight = weights ? weights[i]! : 1;
      for (let j = 0; j < dimension; j++) partial[at + j]! += weight * values[i * dimension + j]!;
      partial[at + dimension]! += weight;
    }
    partials.push(partial);
    if (count > BLOCK_ROWS) await turnEventLoop();
  }
  const merged = mergePartials(partials);
  const sums = new Float64Array(clusterCount * dimension);
  const totals = new Float64Array(clusterCount);
  for (let k = 0; k < clusterCount; k++) {
    sums.set(merged.subarray(k * (dimension + 1), k * (dimension + 1) + dimension), k * dimension);
    totals[k] = merged[k * (dimension + 1) + dimension]!;
  }
  return { sums, totals };
}
