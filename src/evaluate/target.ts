import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { readRegister } from '../table/columns.js';
import type { Scored, TaskKind } from '../table/interfaces.js';
import { namesWithRole } from '../table/schema.js';
import { requireUsableTarget } from '../table/target.js';

/** The truth of a table's rows. */
export interface Truth {
  readonly name: string;
  /** Regression: values. Classification: indices into `classes`. NaN where it is missing. */
  readonly values: Float64Array;
  /** Classification: texts by UTF-8 bytes, numbers ascending, booleans as 'false', 'true'. */
  readonly classes?: readonly string[];
  /** Ranking: the list of each row, where the table has a group column. */
  readonly groups?: Float64Array;
}

/** The name of the target: as given, else the column with that role. */
export function targetName(table: Table, target?: string): string {
  const name = target ?? namesWithRole(table, 'target')[0];
  if (name !== undefined) return name;
  throw new LanewiseError('usage', 'Expected a target column but none is named', {
    hint: 'Name it as { target }, or give a column the role target.',
  });
}

/** The column whose values say which rows belong together, where there is one: role `group`. */
export function groupName(table: Table): string | undefined {
  return namesWithRole(table, 'group')[0];
}

/**
 * The target's values with the classes of the whole table, whichever of them a fold may lack. With `classes` given, a
 * label that is not among them counts as missing.
 * @throws LanewiseError `data` for texts, and for numbers that are infinite or beyond what can be squared.
 */
export function readTruth(table: Table, target: string, task: TaskKind, classes?: readonly string[]): Truth {
  const { name, type, values, labels } = readRegister(table, target);
  if (task !== 'classification') {
    if (type === 'category') {
      throw new LanewiseError('data', `Expected numbers in target "${name}" for ${task} but it holds texts`, {
        column: name,
        hint: `Its values are such as "${labels![0]}". Is this a classification task?`,
      });
    }
    requireUsableTarget(name, values);
    const group = task === 'ranking' ? groupName(table) : undefined;
    return { name, values, ...(group !== undefined && { groups: readRegister(table, group).values }) };
  }
  const textOf = (value: number) =>
    type === 'category' ? labels![value]! : type === 'boolean' ? String(value === 1) : String(value);
  const distinct = [...new Set(values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const known = classes ?? (type === 'category' ? labels! : distinct.map(textOf));
  const positions = new Map(known.map((label, index) => [label, index]));
  const codes = new Map(distinct.map((value) => [value, positions.get(textOf(value)) ?? Number.NaN]));
  return { name, values: values.map((value) => codes.get(value) ?? Number.NaN), classes: known };
}

/** Splits rows into those whose truth is known and those whose truth is not. */
export function knownRows(truth: Truth): { known: Uint32Array; unknown: Uint32Array } {
  const all = Uint32Array.from({ length: truth.values.length }, (_, row) => row);
  return {
    known: all.filter((row) => !Number.isNaN(truth.values[row])),
    unknown: all.filter((row) => Number.isNaN(truth.values[row])),
  };
}

/**
 * A model's predictions in the order of `classes`, which may hold more classes than the model has met: those get the
 * probability 0.
 */
export function readPredictions(
  predictions: Table,
  classes: readonly string[] | undefined,
): Pick<Scored, 'prediction' | 'probabilities'> {
  const prediction = readRegister(predictions, 'prediction', classes).values;
  if (!classes) return { prediction };
  const unseen = prediction.findIndex((value) => !(value < classes.length));
  if (unseen >= 0) {
    throw new LanewiseError('data', 'Expected a known class as prediction of every row but one has none', {
      row: unseen + 1,
    });
  }
  const columns = new Set(predictions.schema.fields.map((field) => field.name));
  if (!classes.some((label) => columns.has(`probability_${label}`))) return { prediction };
  const probabilities = classes.map((label) => {
    const name = `probability_${label}`;
    return columns.has(name) ? readRegister(predictions, name).values : new Float64Array(prediction.length);
  });
  return { prediction, probabilities };
}

/** The scored rows at these places. */
export function takeScored(
  { target, prediction, probabilities, weights, groups }: Scored,
  rows: ArrayLike<number>,
): Scored {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return {
    target: take(target),
    prediction: take(prediction),
    ...(probabilities && { probabilities: probabilities.map(take) }),
    ...(weights && { weights: take(weights) }),
    ...(groups && { groups: take(groups) }),
  };
}
