import type { BatchAssigner } from '../../engine/clustering/batch-assigner.js';
import type { Points } from '../../engine/neighbors/points.js';
import { type RandomKey, streamOf } from '../../engine/random.js';

/** What mini-batch k-means goes on from. */
export interface MiniBatchState {
  readonly centers: Float64Array;
  /** Weight of the rows that each centre has had. */
  readonly counts: Float64Array;
  /** Rows seen since centres were last put elsewhere. */
  sinceReassigned: number;
  steps: number;
}

/** Rows of a batch, in the assigner's memory. */
export interface Batch {
  readonly count: number;
  /** Absent: 1. */
  readonly weights: Float64Array | undefined;
}

/**
 * One step: every centre moves to the mean of all rows that it ever had. From time to time centres that have few are put
 * on rows of the batch. Returns the mean squared distance of the batch before the step. Sculley, "Web-scale k-means
 * clustering", 2010; reassignment as in scikit-learn.
 */
export function miniBatchStep(
  assigner: BatchAssigner,
  batch: Batch,
  state: MiniBatchState,
  { reassignmentRatio, key }: { readonly reassignmentRatio: number; readonly key: RandomKey },
): number {
  const { centers, counts } = state;
  const clusterCount = counts.length;
  const dimension = centers.length / clusterCount;
  assigner.assign(batch.count, { values: centers, count: clusterCount, dimension });
  const { labels, distances, values } = assigner;
  const weight = (i: number) => (batch.weights ? batch.weights[i]! : 1);
  const sums = new Float64Array(centers.length);
  const totals = new Float64Array(clusterCount);
  let [inertia, total] = [0, 0];
  for (let i = 0; i < batch.count; i++) {
    const [own, label] = [weight(i), labels[i]!];
    inertia += own * distances[i]!;
    total += own;
    totals[label]! += own;
    for (let j = 0; j < dimension; j++) sums[label * dimension + j]! += own * values[i * dimension + j]!;
  }
  for (let k = 0; k < clusterCount; k++) {
    if (!(totals[k]! > 0)) continue;
    const before = counts[k]!;
    counts[k] = before + totals[k]!;
    for (let j = 0; j < dimension; j++) {
      const at = k * dimension + j;
      centers[at] = (centers[at]! * before + sums[at]!) / counts[k]!;
    }
  }
  state.sinceReassigned += batch.count;
  if (counts.includes(0) || state.sinceReassigned >= 10 * clusterCount) {
    state.sinceReassigned = 0;
    reassign(state, values, batch.count, reassignmentRatio, key);
  }
  state.steps++;
  return total > 0 ? inertia / total : 0;
}

/** Puts centres that have few rows on different rows of the batch. */
function reassign(
  { centers, counts }: MiniBatchState,
  values: Float64Array,
  count: number,
  ratio: number,
  key: RandomKey,
): void {
  const dimension = centers.length / counts.length;
  const most = counts.reduce((largest, value) => Math.max(largest, value), 0);
  const least = [...counts.keys()]
    .filter((k) => counts[k]! < ratio * most)
    .sort((a, b) => counts[a]! - counts[b]! || a - b);
  // At most half of the batch: else its rows would be the centres.
  const moved = least.slice(0, Math.floor(count / 2));
  if (moved.length === 0) return;
  const random = streamOf(key);
  const rows = new Set<number>();
  while (rows.size < moved.length) rows.add(random.integer(count));
  const kept = [...counts.keys()].filter((k) => !moved.includes(k));
  const fewest = kept.reduce((smallest, k) => Math.min(smallest, counts[k]!), Number.POSITIVE_INFINITY);
  [...rows].forEach((row, index) => {
    const k = moved[index]!;
    centers.set(values.subarray(row * dimension, (row + 1) * dimension), k * dimension);
    if (fewest < Number.POSITIVE_INFINITY) counts[k] = fewest;
  });
}

/** Has the smoothed inertia stopped falling, or the centres stopped moving? */
export class MiniBatchConvergence {
  #smoothed: number | undefined;
  #least = Number.POSITIVE_INFINITY;
  #waited = 0;
  readonly #share: number;
  readonly #tolerance: number;
  readonly #patience: number | null;

  constructor(batchSize: number, rowCount: number, tolerance: number, patience: number | null) {
    this.#share = Math.min(1, (2 * batchSize) / (rowCount + 1));
    this.#tolerance = tolerance;
    this.#patience = patience;
  }

  get smoothed(): number | undefined {
    return this.#smoothed;
  }

  /** After a step; the first one shows what the start was worth, and does not count. */
  reached(step: number, inertia: number, movement: number): boolean {
    if (step === 1) return false;
    const before = this.#smoothed;
    this.#smoothed = before === undefined ? inertia : before * (1 - this.#share) + inertia * this.#share;
    if (this.#tolerance > 0 && movement <= this.#tolerance) return true;
    if (this.#smoothed < this.#least) {
      this.#least = this.#smoothed;
      this.#waited = 0;
    } else this.#waited++;
    return this.#patience !== null && this.#waited >= this.#patience;
  }
}

export function movementOf(centers: Float64Array, before: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < centers.length; at++) sum += (centers[at]! - before[at]!) ** 2;
  return sum;
}

export function pointsOfCenters({ centers, counts }: MiniBatchState): Points {
  return { values: centers, count: counts.length, dimension: centers.length / counts.length };
}
