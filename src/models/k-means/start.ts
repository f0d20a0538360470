import { type Points, squaredDistance } from '../../engine/distance.js';
import { type RandomKey, streamOf } from '../../engine/random.js';
import { turnEventLoop } from '../../engine/turn.js';
import { log } from '../../kernels/elementary.js';

/** Copies of the points with these indices. */
export function pickPoints(points: Points, indices: readonly number[]): Points {
  const { dimension } = points;
  const values = new Float64Array(indices.length * dimension);
  indices.forEach((index, k) => {
    values.set(points.values.subarray(index * dimension, (index + 1) * dimension), k * dimension);
  });
  return { values, count: indices.length, dimension };
}

/** Different rows, each as likely as the others. */
export function randomStart(points: Points, clusterCount: number, key: RandomKey): number[] {
  const random = streamOf(key);
  const chosen = new Set<number>();
  while (chosen.size < clusterCount) chosen.add(random.integer(points.count));
  return [...chosen];
}

/**
 * k-means++: each next centre is drawn with probability proportional to the weighted squared distance to those before;
 * of 2 + ⌊ln k⌋ draws the one that lowers the sum of distances most. Arthur and Vassilvitskii, "k-means++", 2007.
 */
export async function plusPlusStart(
  points: Points,
  clusterCount: number,
  key: RandomKey,
  weights?: Float64Array,
): Promise<number[]> {
  const random = streamOf(key);
  const trials = 2 + Math.floor(log(clusterCount));
  const weight = (i: number) => (weights ? weights[i]! : 1);
  let nearest: Float64Array = new Float64Array(points.count).fill(Number.POSITIVE_INFINITY);
  const first = draw(points.count, random.uniform(), weight);
  const chosen = [first];
  nearest = nearer(points, nearest, first);
  while (chosen.length < clusterCount) {
    const potentialOf = (i: number) => weight(i) * nearest[i]!;
    let best: { index: number; distances: Float64Array; potential: number } | undefined;
    for (let trial = 0; trial < trials; trial++) {
      const index = draw(points.count, random.uniform(), potentialOf);
      const distances = nearer(points, nearest, index);
      let potential = 0;
      for (let i = 0; i < points.count; i++) potential += weight(i) * distances[i]!;
      if (!best || potential < best.potential) best = { index, distances, potential };
      if (points.count * points.dimension > 1e5) await turnEventLoop();
    }
    chosen.push(best!.index);
    nearest = best!.distances;
  }
  return chosen;
}

/** The index at which the running sum of shares passes `uniform` of their total; the last with a share where it never does. */
function draw(count: number, uniform: number, share: (index: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += share(i);
  const goal = uniform * total;
  let [sum, last] = [0, 0];
  for (let i = 0; i < count; i++) {
    const part = share(i);
    if (!(part > 0)) continue;
    sum += part;
    last = i;
    if (sum > goal) return i;
  }
  return last;
}

function nearer(points: Points, nearest: Float64Array, center: number): Float64Array {
  return nearest.map((distance, i) => Math.min(distance, squaredDistance(points, i, points, center)));
}
