import type { Table } from 'apache-arrow';
import { LanewiseError, nearest } from '../errors.js';
import type { InputType, Program, ProgramInput, Texts } from '../scoring/program.js';
import { type RegisterColumn, readRegister } from './columns.js';

/**
 * A column as a program wants it, from a table that a reader may have typed otherwise: in a small file, labels that are
 * digits look like numbers, and a column without a value has no type at all.
 *
 *   wanted      also taken
 *   category    numbers and booleans, by their text; whole numbers without decimals
 *   number      booleans as 0 and 1
 *   boolean     numbers that are all 0 or 1, and the texts true and false
 *   timestamp   numbers, as milliseconds
 *   text        categories, numbers and booleans, by their text
 *
 * @throws LanewiseError `data` naming the column, what was wanted, and what it holds.
 */
export function readInput(table: Table, input: ProgramInput): Float64Array {
  requireColumn(table, input.name);
  if (input.type === 'text') return readTexts(table, input.name).values;
  const column = readRegister(table, input.name);
  if (column.type === input.type) {
    return input.type === 'category' ? readRegister(table, input.name, input.labels).values : column.values;
  }
  if (column.values.every(Number.isNaN)) return new Float64Array(column.values.length).fill(Number.NaN);
  const converted = conversions[input.type](column, input.labels ?? []);
  if (converted) return converted;
  throw new LanewiseError(
    'data',
    `Expected ${wanted[input.type]} in column "${input.name}" but it holds ${held(column)}`,
    {
      column: input.name,
      hint: 'Columns must hold what they held when the model was fitted',
    },
  );
}

/** By input of the program: what the codes that `readInput` gives for a text stand for. */
export function textsOfInputs(table: Table, { inputs }: Pick<Program, 'inputs'>): Texts {
  return inputs.map(({ name, type }) => (type === 'text' ? readTexts(table, name).labels! : undefined));
}

/** A column as texts, whatever it holds but timestamps. @throws LanewiseError `data` naming the column. */
export function readTexts(table: Table, name: string): RegisterColumn {
  const column = readRegister(table, name);
  const { type, values, labels } = column;
  if (type === 'text') return column;
  if (labels) return { ...column, type: 'text', kind: 'sparse' };
  if (type === 'timestamp' && !values.every(Number.isNaN)) {
    throw new LanewiseError('data', `Expected texts in column "${name}" but it holds ${wanted.timestamp}`, {
      column: name,
    });
  }
  const distinct = [...new Set(values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const codes = new Map(distinct.map((value, code) => [value, code]));
  const text = (value: number) => (type === 'boolean' ? String(value === 1) : String(value));
  return {
    ...column,
    type: 'text',
    kind: 'sparse',
    labels: distinct.map(text),
    values: values.map((value) => codes.get(value) ?? Number.NaN),
  };
}

/** The table is new and the model is not: the model's column is what was expected. */
function requireColumn(table: Table, name: string): void {
  const names = table.schema.fields.map((field) => field.name);
  if (names.includes(name)) return;
  const near = nearest(name, names);
  const message = `Expected the column "${name}", which the model was fitted with, but the table lacks it`;
  const shown = names.length > 20 ? `${names.slice(0, 20).join(', ')}, … (${names.length} in all)` : names.join(', ');
  throw new LanewiseError('data', near ? `${message}; is it "${near}"?` : message, {
    column: name,
    hint: `The table has: ${shown}`,
  });
}

const wanted: Record<InputType, string> = {
  number: 'numbers',
  boolean: 'true or false',
  timestamp: 'timestamps',
  category: 'labels',
  text: 'texts',
};

function held({ type, values, labels }: RegisterColumn): string {
  if (type !== 'category' && type !== 'text') return type === 'boolean' ? wanted.boolean : `${wanted[type]}`;
  const first = values.find((value) => !Number.isNaN(value))!;
  return `texts such as "${labels![first]}"`;
}

type Conversion = (column: RegisterColumn, labels: readonly string[]) => Float64Array | undefined;

const conversions: Record<Exclude<InputType, 'text'>, Conversion> = {
  number: ({ type, values }) => (type === 'boolean' ? values : undefined),
  timestamp: ({ type, values }) => (type === 'number' ? values : undefined),
  boolean({ type, values, labels }) {
    if (type === 'number') return values.every((x) => Number.isNaN(x) || x === 0 || x === 1) ? values : undefined;
    const meaning = labels?.map((label) => ({ true: 1, false: 0 })[label.toLowerCase()]);
    if (!meaning || meaning.includes(undefined)) return undefined;
    return values.map((code) => (Number.isNaN(code) ? code : meaning[code]!));
  },
  category({ type, values }, labels) {
    if (type === 'timestamp') return undefined;
    const codes = new Map(labels.map((label, code) => [label, code]));
    const text = (value: number) => (type === 'boolean' ? String(value === 1) : String(value));
    return values.map((value) => (Number.isNaN(value) ? value : (codes.get(text(value)) ?? labels.length)));
  },
};
