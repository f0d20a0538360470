import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { ProgramInput, ProgramOutput } from '../scoring/program.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { FitOptions, TaskKind } from '../table/interfaces.js';
import { columnInfo, columnsOf, namesWithRole } from '../table/schema.js';
import { requireUsableTarget, requireUsableWeights } from '../table/target.js';

/** What a model is to predict, as numbers. */
export interface Target {
  readonly name: string;
  /** Regression: the values. Classification: indices into `classes`. */
  readonly values: Float64Array;
  /** Classification: texts by UTF-8 bytes, numbers ascending (printed as text), booleans as 'false', 'true'. */
  readonly classes?: readonly string[];
}

/**
 * The columns that a model learns from, as registers: role `feature`, less the target and the weights of `options`.
 * Timestamps are milliseconds. Sparse vectors of terms are columns of type text: whoever takes them says so.
 * @throws LanewiseError `data` where there are no rows or no features, and for a text that cannot be taken.
 */
export function featureColumns(
  table: Table,
  options: FitOptions = {},
  able: { readonly sparse?: boolean } = {},
): RegisterColumn[] {
  refuseWarmStart(options);
  if (table.numRows === 0) {
    throw new LanewiseError('data', 'Expected at least one row to learn from but the table has none');
  }
  const taken = new Set([options.target, ...(options.targets ?? []), options.weights, options.group]);
  const names = columnsOf(table).filter(({ name, role }) => role === 'feature' && !taken.has(name));
  if (names.length === 0) {
    throw new LanewiseError('data', 'Expected at least one feature column to learn from but found none', {
      hint: 'Columns with the role target, id, time, weight, group or ignore are not learnt from.',
    });
  }
  const columns = names.map(({ name }) => readRegister(table, name));
  for (const column of columns) if (column.type === 'text') checkText(column, able.sparse === true);
  return columns;
}

function checkText({ name, reading }: RegisterColumn, isAble: boolean): void {
  if (!isAble) {
    throw new LanewiseError(
      'data',
      `Expected no sparse columns for this model but "${name}" holds the terms of texts`,
      {
        column: name,
        hint: 'Linear classification and naive Bayes (multinomial, complement, Bernoulli) take them as they are.',
      },
    );
  }
  if (reading) return;
  throw new LanewiseError('data', `Expected texts whose terms are known but column "${name}" holds texts alone`, {
    column: name,
    hint: 'Put the step tf-idf, term-counts or hashed-terms before the model.',
  });
}

/** Whoever can go on from a model takes that model's columns. */
export function refuseWarmStart({ warmStart }: FitOptions): void {
  if (!warmStart) return;
  throw new LanewiseError('unsupported', 'Expected no warmStart: this estimator does not go on from a fitted model');
}

/**
 * The target of `options` or else of the schema, with every value there.
 * @throws LanewiseError: no target named or several, no such column (with the nearest name), missing or infinite values
 * (with their count), fewer than two rows, or one value only.
 */
export function targetOf(table: Table, options: FitOptions, task: TaskKind): Target {
  return readTarget(table, targetNames(table, options, task, false)[0]!, task);
}

/**
 * The targets of `options`, in its order; the one of `targetOf` where it names no list.
 * @throws LanewiseError as `targetOf` does, and `usage` for a list that is empty or names a column twice.
 */
export function targetsOf(table: Table, options: FitOptions, task: TaskKind): Target[] {
  return targetNames(table, options, task, true).map((name) => readTarget(table, name, task));
}

/**
 * What is to be predicted, by name: of `options`, or else of the schema.
 * @throws LanewiseError `usage` where none is named, or several and `several` is false, or a list is empty or has one twice.
 */
export function targetNames(table: Table, options: FitOptions, task: TaskKind, several: boolean): readonly string[] {
  const { targets } = options;
  if (several && targets && targets.length !== 1) {
    const twice = targets.find((name, index) => targets.indexOf(name) < index);
    if (targets.length > 0 && twice === undefined) return targets;
    const received = twice === undefined ? 'none' : `"${twice}" twice`;
    throw new LanewiseError('usage', `Expected the names of different target columns but received ${received}`);
  }
  const names = targets ?? [options.target ?? namesWithRole(table, 'target')[0]];
  if (names.length > 1) {
    throw new LanewiseError('usage', `Expected one target but received ${names.length}: ${names.join(', ')}`, {
      hint: 'Decision trees, forests and boosting learn several targets at once; for other models fit one a target.',
    });
  }
  if (names[0] === undefined) {
    throw new LanewiseError('usage', `Expected a target column for ${task} but none is named`, {
      hint: 'Name it in fit(table, { target }), or give a column the role target.',
    });
  }
  return [names[0]];
}

function readTarget(table: Table, name: string, task: TaskKind): Target {
  const { kind } = columnInfo(table, name);
  const register = readRegister(table, name);
  refuseMissingTarget(name, register.values);
  if (register.values.length < 2) {
    throw new LanewiseError(
      'data',
      `Expected at least two rows to learn "${name}" from but received ${register.values.length}`,
      {
        column: name,
      },
    );
  }
  const target = task === 'classification' ? classTarget(register) : numberTarget(register);
  const first = target.values[0]!;
  if (target.values.every((value) => value === first)) {
    const shown = target.classes?.[first] ?? String(first);
    throw new LanewiseError('data', `Expected at least two values in target "${name}" but every row has ${shown}`, {
      column: name,
      hint: kind === 'text' || task === 'classification' ? 'A model needs rows of each class.' : undefined,
    });
  }
  return target;
}

/** The weights of `options` or else of the schema's weight column; undefined where there are none. */
export function weightsOf(table: Table, options: FitOptions): Float64Array | undefined {
  const name = options.weights ?? namesWithRole(table, 'weight')[0];
  if (name === undefined) return undefined;
  const { values } = readRegister(table, name);
  requireUsableWeights(name, values);
  return values;
}

/**
 * The group of each row, as a number: of `options`, or else of the schema's group column.
 * @throws LanewiseError `usage` where none is named, `data` where a row has none.
 */
export function groupsOf(table: Table, options: FitOptions): Float64Array {
  const name = groupName(table, options);
  const { values } = readRegister(table, name);
  requireGroups(name, values);
  return values;
}

/** @throws LanewiseError `usage` where no column of groups is named. */
export function groupName(table: Table, options: FitOptions): string {
  const name = options.group ?? namesWithRole(table, 'group')[0];
  if (name !== undefined) return name;
  throw new LanewiseError('usage', 'Expected a column of groups for ranking but none is named', {
    hint: 'Its values say which rows are ranked together: fit(table, { group }), or a column with the role group.',
  });
}

/** @throws LanewiseError `data` where a row has no group. `firstRow`: rows before these. */
export function requireGroups(name: string, values: Float64Array, firstRow = 0): void {
  const row = values.findIndex(Number.isNaN);
  if (row < 0) return;
  throw new LanewiseError('data', `Expected a group in every row but column "${name}" lacks some`, {
    column: name,
    row: firstRow + row + 1,
    hint: 'Leave these rows out, or give each a group of its own.',
  });
}

/** The features as a program's inputs, in their order. */
export function inputsOf(columns: readonly Omit<RegisterColumn, 'values'>[]): ProgramInput[] {
  return columns.map(({ name, type, labels }) => ({ name, type, ...(labels && type !== 'text' && { labels }) }));
}

/**
 * For models that compute with every value: refuses categories, missing and infinite values.
 * @throws LanewiseError `data` naming the model, the column and the count.
 */
export function requireFinite(model: string, columns: readonly RegisterColumn[]): void {
  for (const { name, type, values } of columns) {
    if (type === 'text') continue; // a missing text has no terms
    if (type === 'category') {
      throw new LanewiseError('data', `Expected numbers for ${model} but column "${name}" holds categories`, {
        column: name,
        hint: 'Encode it first (one-hot, or tf-idf for texts), or fit the model inside a recipe that does.',
      });
    }
    if (allFinite(values)) continue;
    const missing = count(values, Number.isNaN);
    if (missing > 0) {
      throw new LanewiseError('data', `Expected a value in every row for ${model}: column "${name}" lacks ${missing}`, {
        column: name,
        hint: 'Impute it first, or use gradient-boosting, which takes missing values.',
      });
    }
    const infinite = count(values, (value) => !Number.isFinite(value));
    if (infinite > 0) {
      throw new LanewiseError(
        'data',
        `Expected finite numbers for ${model}: column "${name}" has ${infinite} infinite`,
        {
          column: name,
          hint: 'Clip the column first.',
        },
      );
    }
  }
}

/** Appends the predicted class, and gives the outputs that every classifier has. */
export function classificationOutputs(
  builder: ProgramBuilder,
  probabilities: readonly number[],
  classes: readonly string[],
): ProgramOutput[] {
  const prediction = builder.reserve();
  builder.emit({ op: 'argmax', inputs: probabilities, out: prediction });
  return [
    { name: 'prediction', register: prediction, type: 'category', labels: classes },
    ...classes.map((label, k) => ({
      name: `probability_${label}`,
      register: probabilities[k]!,
      type: 'number' as const,
    })),
  ];
}

function refuseMissingTarget(name: string, values: Float64Array): void {
  let missing = 0;
  for (let row = 0; row < values.length; row++) if (Number.isNaN(values[row]!)) missing++;
  if (missing === 0) return;
  throw new LanewiseError('data', `Expected target "${name}" in every row but ${missing} of ${values.length} lack it`, {
    column: name,
    hint: 'Drop the rows without a target before fitting.',
  });
}

function classTarget({ name, type, values, labels }: RegisterColumn): Target {
  if (type === 'category') return { name, values, classes: labels! };
  const distinct = distinctOf(values);
  const codes = new Map(distinct.map((value, index) => [value, index]));
  const classes = type === 'boolean' ? distinct.map((value) => String(value === 1)) : distinct.map(String);
  const small = Float64Array.from({ length: 256 }, (_, value) => codes.get(value) ?? Number.NaN);
  const coded = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const place = value & 255;
    coded[row] = value === place ? small[place]! : codes.get(value)!;
  }
  return { name, values: coded, classes };
}

/** Ascending. Small whole numbers, as most classes are, need no set. */
function distinctOf(values: Float64Array): number[] {
  const small = new Uint8Array(256);
  const others = new Set<number>();
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value === (value & 255)) small[value] = 1;
    else others.add(value);
  }
  small.forEach((seen, value) => {
    if (seen) others.add(value);
  });
  return [...others].sort((a, b) => a - b);
}

function numberTarget({ name, type, values, labels }: RegisterColumn): Target {
  if (type === 'category') {
    throw new LanewiseError('data', `Expected numbers in target "${name}" for regression but it holds texts`, {
      column: name,
      hint: `Its values are such as "${labels![0]}". Is this a classification task?`,
    });
  }
  requireUsableTarget(name, values);
  return { name, values };
}

/** x − x is 0 for every finite number and NaN for every other. */
function allFinite(values: Float64Array): boolean {
  // Four sums, so that none waits for the one before; plain variables, for taking arrays apart here costs four times as much.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const { length } = values;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const first = values[i]!;
    const second = values[i + 1]!;
    const third = values[i + 2]!;
    const fourth = values[i + 3]!;
    a += first - first;
    b += second - second;
    c += third - third;
    d += fourth - fourth;
  }
  for (; i < length; i++) a += values[i]! - values[i]!;
  return a + b + c + d === 0;
}

function count(values: Float64Array, matches: (value: number) => boolean): number {
  let matching = 0;
  for (let i = 0; i < values.length; i++) if (matches(values[i]!)) matching++;
  return matching;
}
