import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { type ScoreInterval, scoreIntervals } from '../evaluate/bootstrap.js';
import { lossMetrics, resolveMetrics, scoredOf } from '../evaluate/cross-validate.js';
import { holdOut } from '../evaluate/splitter.js';
import { groupName, readTruth } from '../evaluate/target.js';
import { takeRows } from '../table/columns.js';
import type { Context, Estimator, FitOptions, Fold, Model, Scored, TaskKind } from '../table/interfaces.js';

/** Rows below which nothing is held out: scores over a handful of rows would say nothing. */
const FEWEST_ROWS = 30;

/** Training and test rows at random, groups uncut, else classes in equal shares; undefined where there are too few rows to spare any. */
export function holdOutRows(
  table: Table,
  target: string,
  task: TaskKind,
  fraction: number,
  seed: number,
): Fold | undefined {
  if (table.numRows < FEWEST_ROWS) return undefined;
  const stratify = task === 'classification' ? target : undefined;
  return holdOut({ testFraction: fraction, stratify, group: groupName(table) }).split(table, { target, seed })[0];
}

export interface FitWithValidation extends Pick<FitOptions, keyof Context | 'timeBudget' | 'checkpoint'> {
  readonly target: string;
  /** Share of the rows kept aside for the loss curve and early stopping; 0: none. */
  readonly validation: number;
}

/** Fits with some rows kept aside for the loss curve and early stopping. */
export async function fitWithValidation<E extends Estimator>(
  estimator: E,
  table: Table,
  options: FitWithValidation,
): Promise<Awaited<ReturnType<E['fit']>>> {
  const { target, validation, seed = 0, ...context } = options;
  const fold = validation > 0 ? holdOutRows(table, target, estimator.task, validation, seed) : undefined;
  const fitted = fold
    ? await estimator.fit(takeRows(table, fold.train), {
        ...context,
        seed,
        target,
        validation: takeRows(table, fold.test),
      })
    : await estimator.fit(table, { ...context, seed, target });
  return fitted as Awaited<ReturnType<E['fit']>>;
}

/** A model's predictions beside the truth, for the rows whose target is known. */
export interface Judged {
  readonly scored: Scored;
  /** Rows of the table that were scored, ascending. */
  readonly rows: Uint32Array;
  readonly classes?: readonly string[];
  readonly predictions: Table;
}

/** Predicts a table and sets the predictions beside the truth. @throws LanewiseError `data` where no target is known. */
export async function judge(model: Model, table: Table, target: string, context: Context): Promise<Judged> {
  const truth = readTruth(table, target, model.task, model.classes);
  const rows = Uint32Array.from({ length: table.numRows }, (_, row) => row).filter(
    (row) => !Number.isNaN(truth.values[row]),
  );
  if (rows.length === 0) {
    throw new LanewiseError('data', `Expected rows with a value of "${target}" to score but there are none`, {
      column: target,
    });
  }
  const known = rows.length === table.numRows ? table : takeRows(table, rows);
  const predictions = await model.predict(known, context);
  return { scored: scoredOf(truth, rows, predictions), rows, classes: truth.classes, predictions };
}

/** The usual scores of a task, after the one of the model's loss, with bootstrap intervals over rows; the first is the one that ranks. */
export function intervalsOf(
  judged: Judged,
  task: TaskKind,
  seed: number,
  signal?: AbortSignal,
  model?: Pick<Model, 'task' | 'parameters'>,
): Promise<ScoreInterval[]> {
  const metrics = resolveMetrics(model && lossMetrics([model]), task, judged.classes?.length);
  return scoreIntervals(metrics, [judged.scored], { seed, signal });
}
