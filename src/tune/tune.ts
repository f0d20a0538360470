import type { Table } from 'apache-arrow';
import { randomKey } from '../engine/random.js';
import { type CrossValidateOptions, crossValidate, planFolds } from '../evaluate/cross-validate.js';
import type { Scorer } from '../evaluate/metric.js';
import { readRegister } from '../table/columns.js';
import type { Estimator } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { overrideSpace, type ParameterSet, type SpaceOverrides } from './space.js';
import { runStudy, type StudyOptions, type TuneResult } from './study.js';

export interface TuneOptions extends Omit<CrossValidateOptions, 'metrics' | 'onModel' | 'trainScores'>, StudyOptions {
  /** What decides; default: the primary metric of the task. */
  readonly metric?: string | Scorer;
  /** Changes to the declared ranges, by parameter. */
  readonly space?: SpaceOverrides;
}

/**
 * Searches parameters by cross-validating the whole recipe on the same folds every time. `estimatorOf` makes the recipe
 * of a set of parameters; `estimator.declarations` says what is searched. Progress: `{ what: 'trial', … }`.
 */
export async function tune(
  estimatorOf: (parameters: ParameterSet) => Estimator,
  table: Table,
  options: TuneOptions = {},
): Promise<TuneResult> {
  const { seed = 0 } = options;
  const base = estimatorOf({});
  const plan = planFolds(base.task, table, {
    ...options,
    metrics: options.metric === undefined ? undefined : [options.metric],
  });
  const scorer = plan.scorers[0]!;
  const space = overrideSpace(base.declarations, options.space);
  const { metric: _, onProgress: __, ...rest } = { ...options, seed };
  return runStudy(
    {
      estimator: base.name,
      scorer,
      splitter: plan.splitter,
      space,
      defaults: defaultsOf(base.parameters, space),
      data: digestOf(table, plan.target, base.parameters),
      async score(parameters) {
        const validation = await crossValidate(estimatorOf(parameters), table, rest, plan);
        return validation.metrics[scorer.name]!.values;
      },
    },
    options,
  );
}

/** The default values of what is searched, so that the history can be read and plotted. */
export function defaultsOf(parameters: ParameterSet, space: readonly { readonly name: string }[]): ParameterSet {
  return Object.fromEntries(space.map(({ name }) => [name, parameters[name]!]));
}

/** Rows, columns and a sample of every column's values, so that a study is not resumed on other data. */
export function digestOf(table: Table, target: string, parameters: ParameterSet): string {
  const columns = columnsOf(table);
  const parts = columns.flatMap(({ name }) => [name, ...digestParts(readRegister(table, name).values)]);
  const { keyLow, keyHigh } = randomKey(0, target, JSON.stringify(parameters), ...parts);
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return `${table.numRows} rows × ${columns.length} columns, ${hex(keyHigh)}${hex(keyLow)}`;
}

const MOST_DIGESTED = 512;

function digestParts(values: Float64Array): (number | string)[] {
  const step = Math.max(1, Math.floor(values.length / MOST_DIGESTED));
  const parts: (number | string)[] = [];
  for (let i = 0; i < values.length; i += step) parts.push(Number.isNaN(values[i]!) ? 'missing' : values[i]!);
  return parts;
}
