import { log } from '../kernels/elementary.js';
import { countAtMost } from '../table/statistics.js';
import { type QuantileSummary, shareAtMost, summarizeQuantiles, totalOf } from './quantile-summary.js';

/** Distances of two distributions, beside the tests. */

/** The earth mover's distance of two columns, in their unit: the area between the distribution functions. */
export function wasserstein(reference: Float64Array, current: Float64Array): number {
  return wassersteinToSummary(summarizeQuantiles(reference, Number.POSITIVE_INFINITY), current);
}

/** The first Wasserstein distance, in the column's unit, of a stored reference and a column; infinite values are left out. */
export function wassersteinToSummary(reference: QuantileSummary, current: Float64Array): number {
  const sorted = current.filter((value) => Number.isFinite(value)).sort();
  if (sorted.length === 0 || totalOf(reference) === 0) return Number.NaN;
  const points = Float64Array.from([...reference.values.filter(Number.isFinite), ...sorted]).sort();
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const width = points[i]! - points[i - 1]!;
    if (width === 0) continue;
    const gap = shareAtMost(reference, points[i - 1]!) - countAtMost(sorted, points[i - 1]!) / sorted.length;
    area += Math.abs(gap) * width;
  }
  return area;
}

/** The Jensen–Shannon distance of two sets of counts: the root of the divergence in bits; 0 … 1. */
export function jensenShannon(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const total = (counts: ArrayLike<number>) => Array.from(counts).reduce((sum, count) => sum + count, 0);
  const [rows, others] = [total(reference), total(current)];
  if (rows === 0 || others === 0) return Number.NaN;
  let divergence = 0;
  for (let i = 0; i < reference.length; i++) {
    const [p, q] = [reference[i]! / rows, current[i]! / others];
    const middle = 0.5 * (p + q);
    if (p > 0) divergence += 0.5 * p * log(p / middle);
    if (q > 0) divergence += 0.5 * q * log(q / middle);
  }
  return Math.sqrt(Math.max(0, divergence / Math.LN2));
}
