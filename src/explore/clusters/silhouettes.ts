import type { Engine } from '../../engine/engine.js';
import { pairwiseDistances } from '../../engine/neighbors/index.js';
import { pointsOf } from '../../engine/neighbors/points.js';
import { turnEventLoop } from '../../engine/turn.js';
import { sampleRows } from '../../evaluate/clustering.js';
import type { RegisterColumn } from '../../table/columns.js';

/** Rows that are compared with one another, at most. */
const MOST_ROWS = 2000;

/**
 * The mean silhouette of each cluster's rows (Rousseeuw, 1987) in the numeric columns, each in units of its deviation,
 * a missing value as the mean; noise (−1) has none and is no cluster's neighbour. Of many rows a keyed sample.
 * @returns by label; empty where there are fewer than two clusters or no numbers
 */
export async function silhouettesOf(
  engine: Engine,
  columns: readonly RegisterColumn[],
  labels: ArrayLike<number>,
  seed: number,
  signal?: AbortSignal,
): Promise<Map<number, number>> {
  const numbers = columns.filter(({ type }) => type === 'number' || type === 'boolean');
  const clustered = Array.from({ length: labels.length }, (_, row) => row).filter((row) => labels[row]! >= 0);
  const rows = Array.from(sampleRows(clustered.length, MOST_ROWS, seed), (at) => clustered[at]!);
  const sizes = new Map<number, number>();
  for (const row of rows) sizes.set(labels[row]!, (sizes.get(labels[row]!) ?? 0) + 1);
  if (sizes.size < 2 || numbers.length === 0) return new Map();
  const points = pointsOf(numbers.map(({ values }) => standardised(Float64Array.from(rows, (row) => values[row]!))));
  const distances = await pairwiseDistances(engine, points, points, 'euclidean', { signal });
  const sums = new Map<number, number>([...sizes.keys()].map((label) => [label, 0]));
  for (let i = 0; i < rows.length; i++) {
    if (i % 256 === 0) await turnEventLoop();
    const own = labels[rows[i]!]!;
    sums.set(own, sums.get(own)! + silhouetteOf(distances.subarray(i * rows.length, (i + 1) * rows.length), own));
  }
  return new Map([...sums].map(([label, sum]) => [label, sum / sizes.get(label)!]));

  function silhouetteOf(row: Float64Array, own: number): number {
    if (sizes.get(own) === 1) return 0;
    const totals = new Map<number, number>();
    for (let j = 0; j < rows.length; j++) totals.set(labels[rows[j]!]!, (totals.get(labels[rows[j]!]!) ?? 0) + row[j]!);
    const within = totals.get(own)! / (sizes.get(own)! - 1);
    let next = Number.POSITIVE_INFINITY;
    for (const [label, total] of totals) if (label !== own) next = Math.min(next, total / sizes.get(label)!);
    const longer = Math.max(within, next);
    return longer > 0 ? (next - within) / longer : 0;
  }
}

/** Less the mean, over the deviation; missing values become the mean. */
export function standardised(values: Float64Array): Float64Array {
  const known = values.filter(Number.isFinite);
  let mean = 0;
  known.forEach((value, i) => {
    mean += (value - mean) / (i + 1);
  });
  let squares = 0;
  for (const value of known) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / Math.max(1, known.length)) || 1;
  return values.map((value) => (Number.isFinite(value) ? (value - mean) / deviation : 0));
}
