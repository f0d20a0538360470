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
  /** 'recent' (default): learn from the new rows alone. 'both': old and new together. */
  readonly use?: 'recent' | 'both';
  readonly metric?: string | Scorer;
  readonly rule?: 'better' | 'not-worse';
}

export interface RetrainResult {
  readonly champion: Model;
  readonly challenger: Model;
  /** The one that won. */
  readonly winner: Model;
  readonly gate: GateResult;
  readonly trainRows: number;
  readonly testRows: number;
}

/** Fits a challenger on recent rows and sets it against the champion on the rows that neither has seen. */
export async function retrain(options: RetrainOptions): Promise<RetrainResult> {
  const { recipe, newTable, oldTable, time, testFraction = 0.3, use = 'recent', seed, signal, engine } = options;
  const target = targetName(newTable, options.target);
  const known = rowsWithTarget(newTable, target);
  const splitter = time === undefined ? holdOut({ testFraction }) : latestHoldOut({ time, testFraction });
  const [fold] = splitter.split(known, { target, seed });
  const recent = takeRows(known, fold!.train);
  const test = takeRows(known, fold!.test);
  const context = { engine, seed, signal };
  const champion = options.champion ?? (await fitOld(recipe, oldTable, target, context));
  if (use === 'both' && !oldTable) {
    throw new LanewiseError('usage', "Expected the old table for use 'both' but received none");
  }
  const train = use === 'both' ? concatenate(rowsWithTarget(oldTable!, target), recent) : recent;
  options.onProgress?.({ what: 'fit', done: 0, total: 1 });
  const challenger = await recipe.fit(train, { target, ...context });
  options.onProgress?.({ what: 'fit', done: 1, total: 1 });
  const [old, fresh] = [
    await scoreModel(champion, test, target, context),
    await scoreModel(challenger, test, target, context),
  ];
  if (old.rows.length !== fresh.rows.length) {
    throw new LanewiseError('data', 'The new rows hold classes that one of the two models was never shown', {
      hint: "Retrain with use: 'both', or give the champion's classes to both.",
    });
  }
  const result = await gate(
    { name: 'champion', scored: old.scored },
    { name: 'challenger', scored: fresh.scored },
    { ...options, metric: scorerOf(champion, options.metric) },
  );
  return {
    champion,
    challenger,
    winner: result.passed ? challenger : champion,
    gate: result,
    trainRows: train.numRows,
    testRows: test.numRows,
  };
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
