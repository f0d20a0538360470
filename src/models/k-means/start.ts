import type { ClusteredPoints } from '../../engine/clustering/clustered-points.js';
import { type RandomKey, streamOf } from '../../engine/random.js';
import { turnEventLoop } from '../../engine/turn.js';
import { log } from '../../kernels/elementary.js';

/** Different rows, each as likely as the others. */
export function randomStart(points: { readonly count: number }, clusterCount: number, key: RandomKey): number[] {
  const random = streamOf(key);
  const chosen = new Set<number>();
  while (chosen.size < clusterCount) chosen.add(random.integer(points.count));
  return [...chosen];
}

/**
 * k-means++: each next centre is drawn with probability proportional to the weighted squared distance to those before;
 * of `trials` draws the one that lowers the sum of distances most. Arthur and Vassilvitskii, "k-means++", 2007.
 */
export async function plusPlusStart(
  points: ClusteredPoints,
  clusterCount: number,
  key: RandomKey,
  options: { readonly trials?: number | null; readonly signal?: AbortSignal | undefined } = {},
): Promise<number[]> {
  const { signal } = options;
  const { weights, count } = points;
  const random = streamOf(key);
  const trials = options.trials ?? 2 + Math.floor(log(clusterCount));
  const weight = (i: number) => (weights ? weights[i]! : 1);
  const sums = new Float64Array(count);
  fillRunningSums(sums, weight);
  const chosen = [draw(sums, random.uniform())];
  let [nearest] = await points.roughDistances(points.pick(chosen), signal);
  while (chosen.length < clusterCount) {
    const left = nearest!;
    if (weights) fillRunningSums(sums, (i) => weights[i]! * left[i]!);
    else fillRunningSums(sums, (i) => left[i]!);
    const drawn = Array.from({ length: trials }, () => draw(sums, random.uniform()));
    const distances = await points.roughDistances(points.pick(drawn), signal);
    let [best, bestPotential] = [0, Number.POSITIVE_INFINITY];
    distances.forEach((column, trial) => {
      const potential = lowerTo(column, left, weights);
      if (potential < bestPotential) [best, bestPotential] = [trial, potential];
    });
    chosen.push(drawn[best]!);
    nearest = distances[best]!;
    await turnEventLoop();
  }
  return chosen;
}

/** Lowers distances to others where those are smaller, and adds them up, weighted. */
function lowerTo(distances: Float32Array, others: Float32Array, weights: Float64Array | undefined): number {
  let sum = 0;
  for (let i = 0; i < distances.length; i++) {
    if (others[i]! < distances[i]!) distances[i] = others[i]!;
    sum += weights ? weights[i]! * distances[i]! : distances[i]!;
  }
  return sum;
}

function fillRunningSums(sums: Float64Array, share: (index: number) => number): void {
  let sum = 0;
  for (let i = 0; i < sums.length; i++) sums[i] = sum += share(i);
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
