import type { SparseRows } from '../../engine/sparse-matrix.js';
import { log1p } from '../../kernels/elementary.js';

/** What is usual: the mean of all ratings, and by how much a user or an item departs from it. */
export interface Baseline {
  readonly mean: number;
  readonly userBiases: Float64Array;
  readonly itemBiases: Float64Array;
}

/** Times that biases of items and of users take turns: they move little after that. */
const PASSES = 5;

/**
 * Biases with shrinkage (Koren, Bell, Volinsky 2009): an item's is Σ (r − mean − the user's) / (n + shrinkage), a user's
 * Σ (r − mean − the item's) / (n + shrinkage), in turn, so that they come near the minimum of the penalised squared error.
 */
export function fitBaseline(rows: SparseRows, shrinkage: number): Baseline {
  const { rowCount, columnCount, offsets, indices, values } = rows;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / Math.max(1, values.length);
  const counts = new Float64Array(columnCount);
  for (const item of indices) counts[item]!++;
  const [userBiases, itemBiases] = [new Float64Array(rowCount), new Float64Array(columnCount)];
  for (let pass = 0; pass < PASSES; pass++) {
    itemBiases.fill(0);
    for (let user = 0; user < rowCount; user++) {
      const usual = mean + userBiases[user]!;
      for (let e = offsets[user]!; e < offsets[user + 1]!; e++) itemBiases[indices[e]!]! += values[e]! - usual;
    }
    for (let item = 0; item < columnCount; item++)
      itemBiases[item] = shrunk(itemBiases[item]!, counts[item]!, shrinkage);
    for (let user = 0; user < rowCount; user++) {
      const [start, end] = [offsets[user]!, offsets[user + 1]!];
      userBiases[user] = userBias({ mean, itemBiases }, indices, values, start, end, shrinkage);
    }
  }
  return { mean, userBiases, itemBiases };
}

/** The bias of a user with the entries [start, end). */
export function userBias(
  { mean, itemBiases }: Pick<Baseline, 'mean' | 'itemBiases'>,
  indices: Int32Array,
  values: Float64Array,
  start: number,
  end: number,
  shrinkage: number,
): number {
  let sum = 0;
  for (let e = start; e < end; e++) sum += values[e]! - mean - itemBiases[indices[e]!]!;
  return shrunk(sum, end - start, shrinkage);
}

/** The bias of an item that these users rated. */
export function itemBias(
  { mean, userBiases }: Pick<Baseline, 'mean' | 'userBiases'>,
  users: Int32Array,
  values: Float64Array,
  shrinkage: number,
): number {
  let sum = 0;
  for (let e = 0; e < users.length; e++) sum += values[e]! - mean - userBiases[users[e]!]!;
  return shrunk(sum, users.length, shrinkage);
}

function shrunk(sum: number, count: number, shrinkage: number): number {
  return count === 0 ? 0 : sum / (count + shrinkage);
}

/** The ratings less what is usual. */
export function residuals(rows: SparseRows, { mean, userBiases, itemBiases }: Baseline): SparseRows {
  const { rowCount, offsets, indices } = rows;
  const values = new Float64Array(rows.values.length);
  for (let user = 0; user < rowCount; user++) {
    for (let e = offsets[user]!; e < offsets[user + 1]!; e++) {
      values[e] = rows.values[e]! - mean - userBiases[user]! - itemBiases[indices[e]!]!;
    }
  }
  return { ...rows, values };
}

/** What a weight counts. */
export function confidenceOf(weight: number, kind: 'log' | 'linear' | 'binary'): number {
  if (kind === 'binary') return 1;
  return kind === 'log' ? log1p(weight) : weight;
}
