import type { RegisterColumn } from '../../table/columns.js';
import { median } from '../../table/statistics.js';

/** How a cluster differs from the other rows in a column of numbers (or moments, in milliseconds). */
export interface NumberTrait {
  readonly kind: 'number' | 'timestamp';
  readonly column: string;
  /** Rows of the cluster that have a value. */
  readonly rows: number;
  readonly mean: number;
  readonly median: number;
  readonly restMean: number;
  readonly restMedian: number;
  /**
   * Cohen's d: the difference of the means over the pooled standard deviation; where neither side varies, over that of all
   * rows. null where a side has no rows.
   */
  readonly effect: number | null;
}

/** How much more or less often a cluster's rows have a label (or none: level null) than the other rows. */
export interface LevelTrait {
  readonly kind: 'level';
  readonly column: string;
  /** null: the value is missing. */
  readonly level: string | null;
  /** Rows of the cluster that have it. */
  readonly count: number;
  readonly share: number;
  readonly restCount: number;
  readonly restShare: number;
  /** The share over that in all rows. */
  readonly lift: number;
  /** As that of numbers, of 1 where a row has the label and else 0. */
  readonly effect: number | null;
}

export type Trait = NumberTrait | LevelTrait;

/** Which rows are in the cluster. */
export type Membership = Uint8Array;

/** Labels that fewer rows have in all are not named: they would say who a row is. */
export const LEAST_ROWS_OF_LEVEL = 5;

export function traitsOf(column: RegisterColumn, members: Membership): Trait[] {
  const { name, type, values, labels } = column;
  if (type === 'text') return [];
  const missing = levelTrait(name, null, members, (row) => Number.isNaN(values[row]!));
  if (type === 'number' || type === 'timestamp') {
    const trait = numberTrait(name, type, values, members);
    return [...(trait ? [trait] : []), ...(missing ? [missing] : [])];
  }
  const levels = type === 'boolean' ? ['true'] : labels!;
  const codeOf = (level: number) => (type === 'boolean' ? 1 : level);
  const traits = levels.map((label, level) => levelTrait(name, label, members, (row) => values[row] === codeOf(level)));
  return [...traits, missing].filter((trait) => trait !== undefined);
}

function numberTrait(
  column: string,
  kind: 'number' | 'timestamp',
  values: Float64Array,
  members: Membership,
): NumberTrait | undefined {
  const [inside, outside] = [members, members.map((member) => 1 - member)].map((side) =>
    values.filter((value, row) => side[row] === 1 && Number.isFinite(value)),
  ) as [Float64Array, Float64Array];
  if (inside.length + outside.length === 0) return undefined;
  const [a, b] = [momentsOf(inside), momentsOf(outside)];
  return {
    kind,
    column,
    rows: inside.length,
    mean: a.mean,
    median: inside.length > 0 ? median(inside) : Number.NaN,
    restMean: b.mean,
    restMedian: outside.length > 0 ? median(outside) : Number.NaN,
    effect: effectOf(a, b),
  };
}

function levelTrait(
  column: string,
  level: string | null,
  members: Membership,
  has: (row: number) => boolean,
): LevelTrait | undefined {
  let [count, restCount, size] = [0, 0, 0];
  for (let row = 0; row < members.length; row++) {
    size += members[row]!;
    if (!has(row)) continue;
    if (members[row]) count++;
    else restCount++;
  }
  const rest = members.length - size;
  const all = count + restCount;
  if (all < LEAST_ROWS_OF_LEVEL || all === members.length) return undefined;
  const [share, restShare] = [size > 0 ? count / size : 0, rest > 0 ? restCount / rest : 0];
  const effect = effectOf(momentsOfShare(count, size), momentsOfShare(restCount, rest));
  return {
    kind: 'level',
    column,
    level,
    count,
    share,
    restCount,
    restShare,
    lift: share / (all / members.length),
    effect,
  };
}

interface Moments {
  readonly rows: number;
  readonly mean: number;
  /** Σ (x − mean)² */
  readonly squares: number;
}

function momentsOf(values: Float64Array): Moments {
  let mean = 0;
  values.forEach((value, i) => {
    mean += (value - mean) / (i + 1);
  });
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { rows: values.length, mean: values.length > 0 ? mean : Number.NaN, squares };
}

function momentsOfShare(count: number, rows: number): Moments {
  const mean = count / rows;
  return { rows, mean, squares: rows > 0 ? count * (1 - mean) : 0 };
}

function effectOf(a: Moments, b: Moments): number | null {
  if (a.rows === 0 || b.rows === 0) return null;
  const difference = a.mean - b.mean;
  if (difference === 0) return 0;
  const freedom = a.rows + b.rows - 2;
  const pooled = freedom > 0 ? Math.sqrt((a.squares + b.squares) / freedom) : 0;
  if (pooled > 1e-12 * Math.abs(difference)) return difference / pooled;
  const between = (difference * difference * a.rows * b.rows) / (a.rows + b.rows);
  return difference / Math.sqrt(between / (a.rows + b.rows - 1));
}
