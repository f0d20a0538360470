import type { PlacedPoints, Points } from '../../engine/distance.js';
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
  placed: PlacedPoints,
  clusterCount: number,
  key: RandomKey,
  options: { weights?: Float64Array; signal?: AbortSignal } = {},
): Promise<number[]> {
  const { weights, signal } = options;
  const { points } = placed;
  const random = streamOf(key);
  const trials = 2 + Math.floor(log(clusterCount));
  const weight = (i: number) => (weights ? weights[i]! : 1);
  const chosen = [draw(runningSums(points.count, weight), random.uniform())];
  let [nearest] = await placed.roughDistances(pickPoints(points, chosen), signal);
  while (chosen.length < clusterCount) {
    const sums = runningSums(points.count, (i) => weight(i) * nearest![i]!);
    const drawn = Array.from({ length: trials }, () => draw(sums, random.uniform()));
    const distances = await placed.roughDistances(pickPoints(points, drawn), signal);
    let [best, bestPotential] = [0, Number.POSITIVE_INFINITY];
    distances.forEach((column, trial) => {
      let potential = 0;
      for (let i = 0; i < points.count; i++) {
        column[i] = Math.min(column[i]!, nearest![i]!);
        potential += weight(i) * column[i]!;
      }
      if (potential < bestPotential) [best, bestPotential] = [trial, potential];
    });
    chosen.push(drawn[best]!);
    nearest = distances[best]!;
    await turnEventLoop();
  }
  return chosen;
}

/** The running sums of shares. */
function runningSums(count: number, share: (index: number) => number): Float64Array {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += share(i);
  return sums;
}

/** The first index at which the running sum passes `uniform` of the whole: drawn in proportion to its share. */
function draw(sums: Float64Array, uniform: number): number {
  const goal = uniform * sums.at(-1)!;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > goal) high = middle;
    else low = middle + 1;
  }
  return low;
}
