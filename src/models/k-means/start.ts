import { type ClusteredPoints, SEED_ROWS } from '../../engine/clustering/clustered-points.js';
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
  using seeding = points.seeding(trials);
  const chosen = [draw(blockTotals(count, weight), count, weight, random.uniform())];
  let [potentials] = await seeding.offer(chosen, signal);
  await seeding.take(0, signal);
  while (chosen.length < clusterCount) {
    const share = (i: number) => weight(i) * seeding.nearest[i]!;
    const drawn = Array.from({ length: trials }, () => draw(potentials!, count, share, random.uniform()));
    const offered = await seeding.offer(drawn, signal);
    const sums = offered.map((blocks) => blocks.reduce((sum, part) => sum + part, 0));
    const best = sums.indexOf(Math.min(...sums));
    await seeding.take(best, signal);
    chosen.push(drawn[best]!);
    potentials = offered[best]!;
    await turnEventLoop();
  }
  return chosen;
}

/** Σ of the shares, by block. */
function blockTotals(count: number, share: (index: number) => number): Float64Array {
  const totals = new Float64Array(Math.ceil(count / SEED_ROWS));
  for (let i = 0; i < count; i++) totals[Math.floor(i / SEED_ROWS)]! += share(i);
  return totals;
}

/**
 * The first index at which the running sum of the shares passes `uniform` of the whole: drawn in proportion to its share.
 * `totals`: their sums by block. The last index where all shares are 0.
 */
function draw(totals: Float64Array, count: number, share: (index: number) => number, uniform: number): number {
  let left = uniform * totals.reduce((sum, total) => sum + total, 0);
  let block = 0;
  // Rounding may leave more than there is: the last block that has any.
  const last = totals.findLastIndex((total) => total > 0);
  if (last < 0) return count - 1;
  while (block < last && !(totals[block]! > left)) left -= totals[block++]!;
  let [sum, found] = [0, count - 1];
  for (let i = block * SEED_ROWS; i < Math.min(count, (block + 1) * SEED_ROWS); i++) {
    if (!(share(i) > 0)) continue;
    found = i;
    sum += share(i);
    if (sum > left) break;
  }
  return found;
}
