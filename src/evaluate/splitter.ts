import type { Table } from 'apache-arrow';
import { shuffle, stream } from '../engine/random.js';
import { invalid, LanewiseError } from '../errors.js';
import { MS_PER_DAY } from '../scoring/calendar.js';
import { parseTimestamp } from '../scoring/timestamp.js';
import { readRegister } from '../table/columns.js';
import type { Fold, Splitter, TaskKind } from '../table/interfaces.js';
import { sortedRows } from './order.js';
import { targetName } from './target.js';

/**
 * Splitters. Folds hold ascending indices of the table's rows. What is drawn at random is keyed by the seed, so the same
 * seed gives the same folds for the same rows, whatever ran before.
 *
 * Departure from scikit-learn: shuffling is the default, because rows in file order are seldom exchangeable, and a
 * sorted file would give folds that have nothing in common.
 */
export interface FoldOptions {
  /** Number of folds; default 5. */
  readonly folds?: number;
  /** Default true. */
  readonly shuffle?: boolean;
}

/** Every row is tested once, in folds whose sizes differ by at most one. */
export function kFold({ folds = 5, shuffle: shuffled = true }: FoldOptions = {}): Splitter {
  return {
    name: `${folds}-fold`,
    split: (table, { seed = 0 }) => {
      requireFolds(folds, table.numRows, 'rows');
      const rows = allRows(table.numRows);
      if (shuffled) shuffle(rows, stream(seed, 'split', 'k-fold'));
      const foldOf = new Uint32Array(rows.length);
      rows.forEach((row, place) => {
        // Without shuffling, folds are runs of neighbouring rows, as in scikit-learn.
        foldOf[row] = shuffled ? place % folds : Math.floor((place * folds) / rows.length);
      });
      return foldsOf(foldOf, folds);
    },
  };
}

/** As k-fold, with each class spread evenly: its rows per fold differ by at most one. A missing target is a class. */
export function stratifiedKFold({ folds = 5, shuffle: shuffled = true }: FoldOptions = {}): Splitter {
  return {
    name: `stratified ${folds}-fold`,
    split: (table, { target, seed = 0 }) => {
      requireFolds(folds, table.numRows, 'rows');
      const foldOf = new Uint32Array(table.numRows);
      let dealt = 0;
      for (const [index, rows] of strata(table, targetName(table, target)).entries()) {
        if (shuffled) shuffle(rows, stream(seed, 'split', 'stratified', index));
        for (const row of rows) foldOf[row] = dealt++ % folds;
      }
      return foldsOf(foldOf, folds);
    },
  };
}

/** Rows of one group are never on both sides. Groups go, the largest first, to the fold with the fewest rows. */
export function groupKFold({ folds = 5, group }: { folds?: number; group: string }): Splitter {
  return {
    name: `${folds}-fold by group "${group}"`,
    split: (table, { seed = 0 }) => {
      const groups = strata(table, group);
      requireFolds(folds, groups.length, `groups in "${group}"`);
      const tie = stream(seed, 'group');
      const order = groups
        .map((rows) => ({ rows, key: tie.uniform() }))
        .sort((a, b) => b.rows.length - a.rows.length || a.key - b.key);
      const [foldOf, sizes] = [new Uint32Array(table.numRows), new Float64Array(folds)];
      for (const { rows } of order) {
        const smallest = sizes.indexOf(Math.min(...sizes));
        for (const row of rows) foldOf[row] = smallest;
        sizes[smallest]! += rows.length;
      }
      return foldsOf(foldOf, folds);
    },
  };
}

/** A splitter, several times over, with another seed each time. */
export function repeated(splitter: Splitter, repeats = 10): Splitter {
  requireWhole('repeats', repeats, 1);
  return {
    name: `${splitter.name}, ${repeats} times`,
    split: (table, { target, seed = 0 }) =>
      Array.from({ length: repeats }, (_, repeat) => {
        const ownSeed = repeat === 0 ? seed : stream(seed, 'repeat', repeat).integer(0x7fffffff);
        return splitter.split(table, { target, seed: ownSeed });
      }).flat(),
  };
}

export interface TimeSeriesOptions {
  readonly folds?: number;
  /** The column that orders the rows; default: their order. Rows without a time are in no fold. */
  readonly time?: string;
  /** Rows left out between training and test rows, so that what overlaps does not leak; default 0. */
  readonly gap?: number;
  /** Rows of one test set; default rows / (folds + 1). */
  readonly testSize?: number;
  /** The most training rows, the latest; default all. */
  readonly maxTrainSize?: number;
}

/** The past trains, the future tests: test sets follow each other up to the last row, as scikit-learn's TimeSeriesSplit. */
export function timeSeriesSplit(options: TimeSeriesOptions = {}): Splitter {
  const { folds = 5, time, gap = 0, maxTrainSize } = options;
  return {
    name: `${folds}-fold in time${time === undefined ? '' : ` by "${time}"`}${gap > 0 ? `, gap ${gap}` : ''}`,
    split: (table) => {
      const order = time === undefined ? allRows(table.numRows) : rowsInTime(table, time);
      const testSize = options.testSize ?? Math.floor(order.length / (folds + 1));
      requireWhole('testSize', testSize, 1);
      const firstTest = order.length - folds * testSize;
      if (firstTest - gap <= 0) {
        throw invalid('folds', `so few folds of ${testSize} rows that training rows remain of ${order.length}`, folds);
      }
      return Array.from({ length: folds }, (_, fold) => {
        const start = firstTest + fold * testSize;
        const trainStart = maxTrainSize === undefined ? 0 : Math.max(0, start - gap - maxTrainSize);
        return {
          train: order.slice(trainStart, start - gap).sort(),
          test: order.slice(start, start + testSize).sort(),
        };
      });
    },
  };
}

/** Folds from outside: the fold of each row. Every fold is tested by a model trained on the others. NaN: in no fold. */
export function givenFolds(foldOfRow: ArrayLike<number>): Splitter {
  return {
    name: 'given folds',
    split: (table) => {
      if (foldOfRow.length !== table.numRows) {
        throw new LanewiseError(
          'data',
          `Expected a fold for each of ${table.numRows} rows but received ${foldOfRow.length}`,
          { hint: 'The folds file has one line a data row, in file order, after its header.' },
        );
      }
      const names = [...new Set(Array.from(foldOfRow))].filter((fold) => !Number.isNaN(fold)).sort((a, b) => a - b);
      requireFolds(names.length, table.numRows, 'rows');
      return names.map((name) => ({
        train: allRows(table.numRows).filter((row) => foldOfRow[row] !== name && !Number.isNaN(foldOfRow[row])),
        test: allRows(table.numRows).filter((row) => foldOfRow[row] === name),
      }));
    },
  };
}

export interface HoldOutOptions {
  /** Share of the rows that test; default 0.25, scikit-learn's. */
  readonly testFraction?: number;
  /** Keep the shares of this column's values on both sides. */
  readonly stratify?: string;
  /** Rows of one value of this column stay together; groups are drawn until the share is reached. */
  readonly group?: string;
}

/** One split at random: one fold. */
export function holdOut({ testFraction = 0.25, stratify, group }: HoldOutOptions = {}): Splitter {
  requireFraction('testFraction', testFraction);
  if (group !== undefined) return holdOutGroups(testFraction, group);
  return {
    name: `hold-out of ${Math.round(testFraction * 1000) / 10} %${stratify === undefined ? '' : ` by "${stratify}"`}`,
    split: (table, { seed = 0 }) => {
      if (table.numRows < 2)
        throw new LanewiseError('data', `Expected at least two rows to hold some out but received ${table.numRows}`);
      const parts = stratify === undefined ? [allRows(table.numRows)] : strata(table, stratify);
      const isTest = new Uint8Array(table.numRows);
      // Rounding errors are carried over from stratum to stratum, so that the whole has the share asked for.
      let [owed, taken] = [0, 0];
      for (const [index, rows] of parts.entries()) {
        shuffle(rows, stream(seed, 'split', 'hold-out', index));
        owed += rows.length * testFraction;
        // A row at least stays to learn from: a model cannot be asked for a class that it never saw.
        const count = Math.min(rows.length - 1, Math.max(0, Math.round(owed) - taken));
        taken += count;
        for (const row of rows.subarray(0, count)) isTest[row] = 1;
      }
      if (taken === 0) isTest[parts[0]![0]!] = 1;
      if (taken === table.numRows) isTest[parts[0]![0]!] = 0;
      return [{ train: rowsWhere(isTest, 0), test: rowsWhere(isTest, 1) }];
    },
  };
}

function holdOutGroups(testFraction: number, group: string): Splitter {
  return {
    name: `hold-out of ${Math.round(testFraction * 1000) / 10} % by group "${group}"`,
    split: (table, { seed = 0 }) => {
      const groups = strata(table, group);
      if (groups.length < 2) {
        throw new LanewiseError('data', `Expected at least two groups in "${group}" to hold one out`, {
          column: group,
        });
      }
      const order = Uint32Array.from(groups, (_, index) => index);
      shuffle(order, stream(seed, 'split', 'hold-out by group'));
      const isTest = new Uint8Array(table.numRows);
      let taken = 0;
      // One group at least stays to learn from, and one is held out.
      for (const index of order.subarray(0, groups.length - 1)) {
        if (taken > 0 && taken + groups[index]!.length / 2 > testFraction * table.numRows) break;
        for (const row of groups[index]!) isTest[row] = 1;
        taken += groups[index]!.length;
      }
      return [{ train: rowsWhere(isTest, 0), test: rowsWhere(isTest, 1) }];
    },
  };
}

export interface TimeRange {
  /** Inclusive: milliseconds, a Date, or ISO 8601 text (UTC where it names no zone). Default: from the first row. */
  readonly from?: number | Date | string;
  /** Exclusive; a text without a time of day is the end of that day. Default: to the last row. */
  readonly to?: number | Date | string;
}

/**
 * One split at fixed times; training rows default to all before the test rows. Rows in neither range are in neither set.
 * @throws LanewiseError `usage` where a row would be on both sides.
 */
export function timeHoldOut(options: { time: string; train?: TimeRange; test: TimeRange }): Splitter {
  const { time, test } = options;
  // As milliseconds: as a text, the day itself would belong to both.
  const before = test.from === undefined ? undefined : milliseconds(test.from, false);
  const train = options.train ?? { to: before };
  return {
    name: `hold-out in time by "${time}"`,
    split: (table) => {
      const fold = { train: rowsInRange(table, time, train), test: rowsInRange(table, time, test) };
      const tested = new Set(fold.test);
      const shared = fold.train.reduce((count, row) => count + Number(tested.has(row)), 0);
      if (shared === 0) return [fold];
      throw new LanewiseError('usage', `Expected training and test times apart but ${shared} rows lie in both`, {
        column: time,
        hint: 'A date as the end of a range includes that day.',
      });
    },
  };
}

/** The latest share of the rows tests. */
export function latestHoldOut({ time, testFraction = 0.25 }: { time: string; testFraction?: number }): Splitter {
  requireFraction('testFraction', testFraction);
  return {
    name: `hold-out of the latest ${Math.round(testFraction * 1000) / 10} % by "${time}"`,
    split: (table) => {
      const order = rowsInTime(table, time);
      const cut = order.length - Math.max(1, Math.round(order.length * testFraction));
      return [{ train: order.slice(0, cut).sort(), test: order.slice(cut).sort() }];
    },
  };
}

/** Rows whose time lies in the range, ascending. @throws LanewiseError `data` where there is none. */
export function rowsInRange(table: Table, time: string, range: TimeRange): Uint32Array {
  const { values } = readRegister(table, time);
  const from = range.from === undefined ? Number.NEGATIVE_INFINITY : milliseconds(range.from, false);
  const to = range.to === undefined ? Number.POSITIVE_INFINITY : milliseconds(range.to, true);
  const rows = allRows(table.numRows).filter((row) => values[row]! >= from && values[row]! < to);
  if (rows.length > 0) return rows;
  const known = values.filter((value) => !Number.isNaN(value));
  const seen = known.reduce(
    ([low, high], value) => [Math.min(low!, value), Math.max(high!, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const show = (value: number) => (Number.isFinite(value) ? new Date(value).toISOString() : 'open');
  throw new LanewiseError('data', `No row has a time in [${show(from)}, ${show(to)})`, {
    column: time,
    hint: `The column "${time}" runs from ${show(seen[0]!)} to ${show(seen[1]!)}.`,
  });
}

function milliseconds(value: number | Date | string, end: boolean): number {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime();
  const text = value.trim();
  const time = parseTimestamp(text);
  if (time === undefined) throw invalid('a time range', 'a date or time such as 2019-03-18 or 2019-03-18T12:00', value);
  return end && text.length === 'yyyy-mm-dd'.length ? time + MS_PER_DAY : time;
}

/** What `compare`, `tune` and `evaluate` use where nothing else is asked for. */
export function defaultSplitter(task: TaskKind, folds = 5, group?: string): Splitter {
  if (group !== undefined) return groupKFold({ folds, group });
  return task === 'classification' ? stratifiedKFold({ folds }) : kFold({ folds });
}

/** Rows by value of a column, each list ascending; missing values are a value of their own. */
function strata(table: Table, name: string): Uint32Array[] {
  const { values } = readRegister(table, name);
  const lists = new Map<number, number[]>();
  for (let row = 0; row < values.length; row++) {
    const list = lists.get(values[row]!);
    if (list) list.push(row);
    else lists.set(values[row]!, [row]);
  }
  const key = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  return [...lists].sort(([a], [b]) => key(a) - key(b)).map(([, rows]) => Uint32Array.from(rows));
}

function rowsInTime(table: Table, time: string): Uint32Array {
  const { values } = readRegister(table, time);
  return sortedRows(values).filter((row) => !Number.isNaN(values[row]));
}

function allRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

function rowsWhere(marks: ArrayLike<number>, wanted: number): Uint32Array {
  return allRows(marks.length).filter((row) => marks[row] === wanted);
}

function foldsOf(foldOf: Uint32Array, folds: number): Fold[] {
  return Array.from({ length: folds }, (_, fold) => ({
    train: allRows(foldOf.length).filter((row) => foldOf[row] !== fold),
    test: rowsWhere(foldOf, fold),
  }));
}

function requireFolds(folds: number, available: number, what: string): void {
  if (Number.isInteger(folds) && folds >= 2 && folds <= available) return;
  const hint = available < 2 ? 'There is too little to split.' : 'Ask for fewer folds, or bring more rows.';
  throw invalid('folds', `an integer from 2 to the number of ${what} (${available})`, folds, hint);
}

function requireWhole(name: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min) throw invalid(name, `an integer >= ${min}`, value);
}

function requireFraction(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw invalid(name, 'a number in (0, 1)', value);
}
