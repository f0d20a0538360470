import type { Table } from 'apache-arrow';
import { type RegisterColumn, tableFromRegisters } from '../../table/columns.js';
import type { Target } from '../features.js';
import type { CodedTargets } from './targets.js';

/** Every training row predicted by the trees that did not see it. */
export interface OutOfBag {
  /** R² of numbers, accuracy of classes; the mean over several targets. Rows that every tree saw are left out. */
  readonly score: number;
  readonly metric: 'r2' | 'accuracy';
  /** Rows that some tree did not see, and whose weight is above 0. */
  readonly rows: number;
  /** Columns as the model's outputs, a row a training row: missing where every tree saw it. */
  readonly predictions: Table;
}

export function outOfBagOf(
  votes: { readonly rows: Uint32Array; readonly means: Float64Array },
  rowCount: number,
  targets: readonly Target[],
  { width, classCount, shift, scale }: CodedTargets,
): OutOfBag {
  const numbers = Array.from({ length: width }, (_, k) => {
    const column = new Float64Array(rowCount).fill(Number.NaN);
    votes.rows.forEach((row, i) => {
      column[row] = shift[k]! + scale[k]! * votes.means[i * width + k]!;
    });
    return column;
  });
  let first = 0;
  const predicted = targets.map(({ classes }, t) => {
    if (!classes) return [numbers[t]!];
    if (classCount > 0) return numbers.slice(first, (first += classes.length));
    return [numbers[t]!.map((share) => 1 - share), numbers[t]!];
  });
  const scores = targets.map((target, t) => scoreOf(target, predicted[t]!));
  return {
    score: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    metric: targets[0]!.classes ? 'accuracy' : 'r2',
    rows: numbers[0]!.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0),
    predictions: tableFromRegisters([
      ...targets.map((target, t) => predictionColumn(target, predicted[t]!, targets.length > 1)),
      ...targets.flatMap((target, t) => probabilityColumns(target, predicted[t]!, targets.length > 1)),
    ]),
  };
}

function predictionColumn(
  { name, classes }: Target,
  columns: readonly Float64Array[],
  several: boolean,
): RegisterColumn {
  const column = several ? `prediction_${name}` : 'prediction';
  if (!classes) return { name: column, type: 'number', values: columns[0]! };
  return {
    name: column,
    type: 'category',
    labels: classes,
    values: columns[0]!.map((_, row) => largest(columns, row)),
  };
}

function probabilityColumns(
  { name, classes }: Target,
  columns: readonly Float64Array[],
  several: boolean,
): RegisterColumn[] {
  const stem = several ? `probability_${name}_` : 'probability_';
  return (classes ?? []).map((label, k) => ({ name: stem + label, type: 'number', values: columns[k]! }));
}

/** The class of the largest probability, the first of equals; NaN where there is none. */
function largest(columns: readonly Float64Array[], row: number): number {
  let best = 0;
  for (let k = 0; k < columns.length; k++) {
    if (Number.isNaN(columns[k]![row]!)) return Number.NaN;
    if (columns[k]![row]! > columns[best]![row]!) best = k;
  }
  return best;
}

function scoreOf({ values, classes }: Target, columns: readonly Float64Array[]): number {
  const rows = [...columns[0]!.keys()].filter((row) => !Number.isNaN(columns[0]![row]!));
  if (classes) return rows.filter((row) => largest(columns, row) === values[row]).length / rows.length;
  const mean = rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length;
  const squares = (of: (row: number) => number) => rows.reduce((sum, row) => sum + of(row) ** 2, 0);
  return 1 - squares((row) => values[row]! - columns[0]![row]!) / squares((row) => values[row]! - mean);
}
