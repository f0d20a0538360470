import type { Engine } from '../engine/engine.js';
import { laneSum } from '../kernels/sums.js';
import { contingency, etaSquared } from '../table/association.js';
import { averageRanks } from '../table/statistics.js';

/** values[i][j] belongs to names[i] and names[j]; NaN where a column is constant or no row has both. */
export interface AssociationMatrix {
  readonly method: 'pearson' | 'spearman' | 'cramers-v';
  readonly names: readonly string[];
  readonly values: readonly (readonly number[])[];
}

/** A column as association takes it: numbers, or codes into labels; NaN is missing. */
export interface AssociationColumn {
  readonly name: string;
  readonly values: Float64Array;
  readonly labelCount?: number;
}

/** Pearson's r of every pair of columns, over the rows that have both. */
export function pearsonMatrix(columns: readonly AssociationColumn[], engine: Engine): AssociationMatrix {
  return { ...correlate(columns, engine), method: 'pearson' };
}

/**
 * Spearman's rho of every pair: Pearson's r of the ranks. Ranks are those of the whole column, so with missing values
 * rho of a pair is that of the column ranks over the rows that have both.
 */
export function spearmanMatrix(columns: readonly AssociationColumn[], engine: Engine): AssociationMatrix {
  const ranked = columns.map((column) => ({ ...column, values: averageRanks(column.values) }));
  return { ...correlate(ranked, engine), method: 'spearman' };
}

/** A column, standardised, in the arena. */
interface Prepared {
  /** Values less their mean over their standard deviation, 0 where missing. */
  readonly values: Float64Array;
  readonly constant: boolean;
  /** Only where the column has missing values or another one does: 1 where present, and the values' squares. */
  readonly present?: Float64Array;
  readonly squares?: Float64Array;
}

function correlate(columns: readonly AssociationColumn[], engine: Engine): Omit<AssociationMatrix, 'method'> {
  using scope = engine.arena.scope();
  const place = (values: Float64Array) => scope.copy('f64', values);
  const complete = columns.every(({ values }) => values.every((value) => Number.isFinite(value)));
  const prepared = columns.map(({ values }) => standardise(values, complete, place));
  const dot = (a: Float64Array, b: Float64Array) => engine.kernels.dot_f64(a.byteOffset, b.byteOffset, a.length);
  const values = columns.map((_, i) => columns.map((_, j) => (i === j && !prepared[i]!.constant ? 1 : Number.NaN)));
  for (let i = 0; i < columns.length; i++) {
    for (let j = 0; j < i; j++) {
      const r = pairCorrelation(prepared[i]!, prepared[j]!, dot);
      values[i]![j] = r;
      values[j]![i] = r;
    }
  }
  return { names: columns.map(({ name }) => name), values };
}

function standardise(values: Float64Array, complete: boolean, place: (values: Float64Array) => Float64Array): Prepared {
  const present = Float64Array.from(values, (value) => (Number.isFinite(value) ? 1 : 0));
  const count = laneSum(0, present.length, (i) => present[i]!);
  const at = (i: number) => (present[i] === 1 ? values[i]! : 0);
  const mean = laneSum(0, values.length, at) / count;
  const scale = Math.sqrt(laneSum(0, values.length, (i) => present[i]! * (at(i) - mean) * (at(i) - mean)) / count);
  const constant = !(scale > 0) || !Number.isFinite(scale);
  const standardised = values.map((value, i) => (present[i] === 1 && !constant ? (value - mean) / scale : 0));
  const placed = { values: place(standardised), constant };
  if (complete) return placed;
  return { ...placed, present: place(present), squares: place(standardised.map((value) => value * value)) };
}

function pairCorrelation(a: Prepared, b: Prepared, dot: (a: Float64Array, b: Float64Array) => number): number {
  if (a.constant || b.constant) return Number.NaN;
  if (!a.present || !b.present) return bounded(dot(a.values, b.values) / a.values.length);
  // Over the rows that have both, means and variances are those of these rows.
  const count = dot(a.present, b.present);
  if (count < 2) return Number.NaN;
  const [meanA, meanB] = [dot(a.values, b.present) / count, dot(b.values, a.present) / count];
  const varianceA = dot(a.squares!, b.present) / count - meanA * meanA;
  const varianceB = dot(b.squares!, a.present) / count - meanB * meanB;
  if (!(varianceA > 1e-14 && varianceB > 1e-14)) return Number.NaN;
  return bounded((dot(a.values, b.values) / count - meanA * meanB) / Math.sqrt(varianceA * varianceB));
}

function bounded(r: number): number {
  return Math.max(-1, Math.min(1, r));
}

/** Each row's group; −1 where it has none. */
function groupsOf({ values, labelCount }: AssociationColumn): Int32Array {
  return Int32Array.from(values, (code) => (code < labelCount! ? code : -1));
}

/** Cramér's V of two columns of codes, without bias correction; NaN where one of them is constant. */
export function cramersV(a: AssociationColumn, b: AssociationColumn): number {
  const table = contingency(groupsOf(a), a.labelCount!, b.values, b.labelCount!);
  const width = b.labelCount!;
  const rows = Array.from({ length: a.labelCount! }, (_, i) =>
    table.subarray(i * width, (i + 1) * width).reduce((sum, count) => sum + count, 0),
  );
  const columns = Array.from({ length: width }, (_, j) => rows.reduce((sum, _, i) => sum + table[i * width + j]!, 0));
  const total = rows.reduce((sum, count) => sum + count, 0);
  const least = Math.min(rows.filter((count) => count > 0).length, columns.filter((count) => count > 0).length) - 1;
  if (least < 1) return Number.NaN;
  let chiSquared = 0;
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      const expected = (row * column) / total;
      if (expected > 0) chiSquared += (table[i * width + j]! - expected) ** 2 / expected;
    });
  });
  return Math.sqrt(Math.min(1, chiSquared / (total * least)));
}

export function cramersVMatrix(columns: readonly AssociationColumn[]): AssociationMatrix {
  const values = columns.map(() => new Array<number>(columns.length).fill(Number.NaN));
  columns.forEach((a, i) => {
    columns.slice(0, i + 1).forEach((b, j) => {
      const v = cramersV(a, b);
      values[i]![j] = v;
      values[j]![i] = v;
    });
  });
  return { method: 'cramers-v', names: columns.map(({ name }) => name), values };
}

/** The correlation ratio η in [0, 1] of numbers and the groups of a column of codes; NaN where the numbers are constant. */
export function correlationRatio(groups: AssociationColumn, numbers: Float64Array): number {
  return Math.sqrt(etaSquared(groupsOf(groups), groups.labelCount!, numbers));
}
