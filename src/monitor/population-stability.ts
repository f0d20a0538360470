import { log } from '../kernels/elementary.js';
import { countAtMost, quantileOfSorted, sortedPresent } from '../table/statistics.js';

/** The population stability index: Σ (current − reference)·ln(current/reference) over the shares of bins. */

export const PSI_BINS = 10;
/** Added to every share, so that an empty bin does not make the index infinite. */
export const PSI_FLOOR = 1e-4;

/**
 * Inner edges of bins that hold equal shares of the values; fewer where quantiles coincide. A value on an edge belongs
 * to the bin above it.
 */
export function quantileEdges(values: Float64Array, bins = PSI_BINS): number[] {
  const sorted = sortedPresent(values);
  if (sorted.length === 0) return [];
  const edges = Array.from({ length: bins - 1 }, (_, i) => quantileOfSorted(sorted, (i + 1) / bins));
  const [lowest, highest] = [sorted[0]!, sorted.at(-1)!];
  return [...new Set(edges)].filter((edge) => edge > lowest && edge < highest);
}

/** Values of each bin; those that are not numbers are left out. */
export function binCounts(values: Float64Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) if (!Number.isNaN(value)) counts[countAtMost(edges, value)]!++;
  return counts;
}

/** NaN where a side has no values, or there is one bin only. */
export function stabilityIndex(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const [totalReference, totalCurrent] = [sum(reference), sum(current)];
  if (reference.length < 2 || totalReference === 0 || totalCurrent === 0) return Number.NaN;
  let index = 0;
  for (let bin = 0; bin < reference.length; bin++) {
    const expected = reference[bin]! / totalReference + PSI_FLOOR;
    const actual = current[bin]! / totalCurrent + PSI_FLOOR;
    index += (actual - expected) * log(actual / expected);
  }
  return index;
}

/** What chance alone makes of the index, on average: it falls with the rows. */
export function stabilityNoise(bins: number, referenceRows: number, currentRows: number): number {
  return Math.max(0, bins - 1) * (1 / referenceRows + 1 / currentRows);
}

/** Of two columns: ten quantile bins of the reference. */
export function populationStability(reference: Float64Array, current: Float64Array, bins = PSI_BINS): number {
  const edges = quantileEdges(reference, bins);
  return stabilityIndex(binCounts(reference, edges), binCounts(current, edges));
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
