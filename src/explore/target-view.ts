import { quantileOfSorted } from '../table/statistics.js';
import type { LabelCount } from './categories.js';
import { sortedFinite } from './numbers.js';

/** The target over one group of a feature: a label, or a range of numbers. */
export interface TargetGroup {
  readonly label: string;
  readonly rows: number;
  /** Regression: mean of the target. Classification: share of the positive class (the last label). */
  readonly mean: number;
  /** Standard error of that mean. */
  readonly error: number;
}

/** How the target varies with a feature. */
export interface TargetView {
  readonly feature: string;
  /** |Spearman's ρ|, the correlation ratio η or Cramér's V, whichever fits the two kinds: 0 none, 1 wholly determined. */
  readonly association: number;
  readonly method: 'spearman' | 'correlation-ratio' | 'cramers-v';
  readonly groups: readonly TargetGroup[];
}

const NUMBER_GROUPS = 10;
const LABEL_GROUPS = 12;

/** Groups of a numeric feature by its deciles (ties stay together). */
export function groupsOfNumbers(values: Float64Array, target: Float64Array): TargetGroup[] {
  const sorted = sortedFinite(values);
  const cuts = Array.from({ length: NUMBER_GROUPS - 1 }, (_, i) => quantileOfSorted(sorted, (i + 1) / NUMBER_GROUPS));
  const edges = [...new Set([sorted[0]!, ...cuts, sorted.at(-1)!])];
  if (edges.length < 2) return [];
  const group = (value: number) => {
    let index = 0;
    while (index < edges.length - 2 && value > edges[index + 1]!) index++;
    return Number.isFinite(value) ? index : -1;
  };
  const labels = edges.slice(1).map((edge, i) => `${i === 0 ? '' : '> '}${short(edges[i]!)} – ${short(edge)}`);
  return summarise(labels, values.map(group), target);
}

/** Groups of the most frequent labels. */
export function groupsOfLabels(
  codes: Float64Array,
  labels: readonly string[],
  top: readonly LabelCount[],
  target: Float64Array,
): TargetGroup[] {
  const shown = top.slice(0, LABEL_GROUPS).map(({ label }) => label);
  const place = new Map(shown.map((label, index) => [label, index]));
  return summarise(
    shown,
    codes.map((code) => place.get(labels[code]!) ?? -1),
    target,
  );
}

function summarise(labels: readonly string[], groups: Float64Array, target: Float64Array): TargetGroup[] {
  const [rows, sums, squares] = [0, 1, 2].map(() => new Float64Array(labels.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const known = target.filter((value) => Number.isFinite(value));
  const centre = known.length ? known[known.length >> 1]! : 0; // near the mean, so that squares do not cancel
  groups.forEach((group, row) => {
    const value = target[row]! - centre;
    if (group < 0 || !Number.isFinite(value)) return;
    rows[group]!++;
    sums[group]! += value;
    squares[group]! += value * value;
  });
  return labels
    .map((label, i) => {
      const mean = sums[i]! / rows[i]!;
      const variance = Math.max(0, squares[i]! - rows[i]! * mean * mean) / Math.max(1, rows[i]! - 1);
      return { label, rows: rows[i]!, mean: mean + centre, error: Math.sqrt(variance / rows[i]!) };
    })
    .filter((group) => group.rows > 0);
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
