import { countAtMost, sortedPresent } from '../table/statistics.js';
/**
 * A bounded, mergeable summary of a column's distribution: how many values are ≤ each of at most `capacity` kept values.
 * The stated `error` bounds, for every x, the difference between the summary's and the true count of values ≤ x.
 * Summaries are exact until the distinct values exceed the capacity. Plain data.
 */
export interface QuantileSummary {
  /** Ascending, distinct. */
  readonly values: readonly number[];
  /** cumulative[i] = values ≤ values[i], as the summary has it; the last is the total. */
  readonly cumulative: readonly number[];
  /** In counts: divide by the total for shares. */
  readonly error: number;
}

export const SUMMARY_CAPACITY = 512;

/** Rows that a kept value stands for, at least, so that a summary holds aggregates and not rows. */
const FEWEST_ROWS_A_VALUE = 5;

/** Of the values that are numbers. */
export function summarizeQuantiles(values: Float64Array, capacity = SUMMARY_CAPACITY): QuantileSummary {
  const sorted = sortedPresent(values);
  const distinct: number[] = [];
  const cumulative: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i + 1 < sorted.length && sorted[i + 1] === sorted[i]) continue;
    distinct.push(sorted[i]!);
    cumulative.push(i + 1);
  }
  return compress({ values: distinct, cumulative, error: 0 }, capacity);
}

/** How many values were summed up. */
export function totalOf({ cumulative }: QuantileSummary): number {
  return cumulative.at(-1) ?? 0;
}

/** Values ≤ x, as a share of all. */
export function shareAtMost(summary: QuantileSummary, x: number): number {
  const place = countAtMost(summary.values, x);
  return place === 0 ? 0 : summary.cumulative[place - 1]! / totalOf(summary);
}

/** The least kept value that at least `probability` of the values do not exceed. */
export function summaryQuantile(summary: QuantileSummary, probability: number): number {
  const wanted = probability * totalOf(summary);
  const place = summary.cumulative.findIndex((count) => count >= wanted);
  return summary.values[place < 0 ? summary.values.length - 1 : place] ?? Number.NaN;
}

/** The summary of both columns together: errors add, and what exceeds the capacity is dropped again. */
export function mergeSummaries(
  left: QuantileSummary,
  right: QuantileSummary,
  capacity = SUMMARY_CAPACITY,
): QuantileSummary {
  const values = [...new Set([...left.values, ...right.values])].sort((a, b) => a - b);
  const countIn = (summary: QuantileSummary, x: number) => {
    const place = countAtMost(summary.values, x);
    return place === 0 ? 0 : summary.cumulative[place - 1]!;
  };
  const cumulative = values.map((value) => countIn(left, value) + countIn(right, value));
  return compress({ values, cumulative, error: left.error + right.error }, capacity);
}

/**
 * Keeps the first, the last, and of those between every one at which another equal share of the rows is reached. Between
 * two kept values the summary is short by at most the rows of the values dropped there.
 */
function compress(summary: QuantileSummary, capacity: number): QuantileSummary {
  const total = totalOf(summary);
  if (capacity === Number.POSITIVE_INFINITY) return summary; // a passing comparison of two columns, not kept
  const kept = Math.max(2, Math.min(capacity, Math.floor(total / FEWEST_ROWS_A_VALUE)));
  const last = summary.values.length - 1;
  if (last < kept) return summary;
  const values: number[] = [];
  const cumulative: number[] = [];
  let [keptCount, worst] = [0, 0];
  for (let i = 0; i <= last; i++) {
    const due = (total * values.length) / (kept - 1);
    if (i !== 0 && i !== last && summary.cumulative[i]! < due) continue;
    if (i > 0) worst = Math.max(worst, summary.cumulative[i - 1]! - keptCount);
    values.push(summary.values[i]!);
    keptCount = summary.cumulative[i]!;
    cumulative.push(keptCount);
  }
  return { values, cumulative, error: summary.error + worst };
}
