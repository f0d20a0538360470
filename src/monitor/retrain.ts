import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import type { BootstrapOptions } from '../evaluate/bootstrap.js';
import type { Scorer } from '../evaluate/metric.js';
import { scoreModel } from '../evaluate/report.js';
import { holdOut, latestHoldOut } from '../evaluate/splitter.js';
import { targetName } from '../evaluate/target.js';
import { compareUtf8, type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '../table/columns.js';
import type { Context, Estimator, Model } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { type GateResult, gate } from '../tune/gate.js';
import { scorerOf } from './profile.js';

export interface RetrainOptions extends Context, Pick<BootstrapOptions, 'resamples' | 'level'> {
  readonly recipe: Estimator;
  /** The rows with their truth that came in since. */
  readonly newTable: Table;
  /** What the champion learnt from: needed where there is no champion, or `use` is 'both'. */
  readonly oldTable?: Table;
  /** Default: the recipe, fitted on the old table. */
  readonly champion?: Model;
  readonly target?: string;
  /** Orders the new rows: the latest are held out. Default: held out at random. */
  readonly time?: string;
  /** Share of the new rows on which both are compared; default 0.3. */
  readonly testFraction?: number;
  /**
   * What the challenger learns from: the new rows alone, or old and new together. Default 'auto': whichever predicts the
   * latest quarter of the new training rows better, when there is an old table.
   */
  readonly use?: 'auto' | Learnt;
  readonly metric?: string | Scorer;
  readonly rule?: 'better' | 'not-worse';
}

/** Which rows a challenger learns from. */
export type Learnt = 'recent' | 'both';

export interface RetrainResult {
  readonly champion: Model;
  readonly challenger: Model;
  /** The one that won. */
  readonly winner: Model;
  readonly gate: GateResult;
  readonly use: Learnt;
  /** Where it was chosen: the scores on the latest quarter of the new training rows. */
  readonly choice?: Readonly<Record<Learnt, number>>;
  /** What the challenger learnt from, and the rows of the gate: a new reference profile is made from them. */
  readonly train: Table;
  readonly test: Table;
  readonly trainRows: number;
  readonly testRows: number;
}

/** Share of the new training rows that decides between recent and both. */
const CHOICE_FRACTION = 0.25;

/** Fits a challenger on recent rows and sets it against the champion on the rows that neither has seen. */
export async function retrain(options: RetrainOptions): Promise<RetrainResult> {
  const { recipe, newTable, oldTable, testFraction = 0.3, seed, signal, engine } = options;
  const target = targetName(newTable, options.target);
  const context = { engine, seed, signal };
  const [recent, test] = splitLatest(rowsWithTarget(newTable, target), target, testFraction, options);
  const old = oldTable && rowsWithTarget(oldTable, target);
  const champion = options.champion ?? (await fitOld(recipe, old, target, context));
  const metric = scorerOf(champion, options.metric);
  options.onProgress?.({ what: 'fit', done: 0, total: 1 });
  const { use, choice } = await chooseRows(options, metric, target, recent, old);
  const train = use === 'both' ? concatenate(old!, recent) : recent;
  const challenger = await recipe.fit(train, { target, ...context });
  options.onProgress?.({ what: 'fit', done: 1, total: 1 });
  const result = await compareOn(test, champion, challenger, { ...options, metric, target });
  return {
    champion,
    challenger,
    winner: result.passed ? challenger : champion,
    gate: result,
    use,
    ...(choice && { choice }),
    train,
    test,
    trainRows: train.numRows,
    testRows: test.numRows,
  };
}

/** The latest share of the rows, or where no time is named a share at random, held out. */
function splitLatest(
  table: Table,
  target: string,
  testFraction: number,
  { time, seed }: Pick<RetrainOptions, 'time' | 'seed'>,
): [train: Table, test: Table] {
  const splitter = time === undefined ? holdOut({ testFraction }) : latestHoldOut({ time, testFraction });
  const [fold] = splitter.split(table, { target, seed });
  return [takeRows(table, fold!.train), takeRows(table, fold!.test)];
}

async function chooseRows(
  options: RetrainOptions,
  metric: Scorer,
  target: string,
  recent: Table,
  old: Table | undefined,
): Promise<{ use: Learnt; choice?: Record<Learnt, number> }> {
  const { recipe, use = 'auto', engine, seed, signal } = options;
  if (use === 'both' && !old) {
    throw new LanewiseError('usage', "Expected the old table for use 'both' but received none");
  }
  if (use !== 'auto') return { use };
  if (!old) return { use: 'recent' };
  const [train, validation] = splitLatest(recent, target, CHOICE_FRACTION, options);
  const context = { engine, seed, signal };
  const scoreOf = async (rows: Table) => {
    const model = await recipe.fit(rows, { target, ...context });
    return metric.score((await scoreModel(model, validation, target, context)).scored);
  };
  const choice = { recent: await scoreOf(train), both: await scoreOf(concatenate(old, train)) };
  // Undefined scores and ties go to more rows.
  return { use: choice.recent > choice.both ? 'recent' : 'both', choice };
}

async function compareOn(
  test: Table,
  champion: Model,
  challenger: Model,
  options: RetrainOptions & { readonly metric: Scorer; readonly target: string },
): Promise<GateResult> {
  const [old, fresh] = [
    await scoreModel(champion, test, options.target, options),
    await scoreModel(challenger, test, options.target, options),
  ];
  if (old.rows.length !== fresh.rows.length) {
    throw new LanewiseError('data', 'The new rows hold classes that one of the two models was never shown', {
      hint: "Retrain with use: 'both', or give the champion's classes to both.",
    });
  }
  return gate({ name: 'champion', scored: old.scored }, { name: 'challenger', scored: fresh.scored }, options);
}

async function fitOld(
  recipe: Estimator,
  oldTable: Table | undefined,
  target: string,
  context: Context,
): Promise<Model> {
  if (oldTable) return recipe.fit(rowsWithTarget(oldTable, target), { target, ...context });
  throw new LanewiseError('usage', 'Expected a champion, or the old table to fit one on, but received neither');
}

function rowsWithTarget(table: Table, target: string): Table {
  const { values } = readRegister(table, target);
  const rows = Uint32Array.from({ length: values.length }, (_, row) => row).filter((row) => !Number.isNaN(values[row]));
  return rows.length === table.numRows ? table : takeRows(table, rows);
}

/** The rows of both, in the columns of the second, which the first must have. Labels are matched by text. */
export function concatenate(first: Table, second: Table): Table {
  return tableFromRegisters(
    columnsOf(second).map(({ name }): RegisterColumn => {
      const labels = joinedLabels(readRegister(first, name), readRegister(second, name));
      const [above, below] = [readRegister(first, name, labels), readRegister(second, name, labels)];
      if (above.type !== below.type) {
        throw new LanewiseError('data', `Expected ${below.type} in column "${name}" of both tables`, { column: name });
      }
      const values = new Float64Array(above.values.length + below.values.length);
      values.set(above.values);
      values.set(below.values, above.values.length);
      return { ...below, values };
    }),
  );
}

function joinedLabels(first: RegisterColumn, second: RegisterColumn): readonly string[] | undefined {
  if (!first.labels || !second.labels) return undefined;
  return [...new Set([...first.labels, ...second.labels])].sort(compareUtf8);
}
