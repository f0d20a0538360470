/**
 * `lanewise/runtime`: inference alone, for browsers, workers and edge devices. It loads an artefact's parts or a
 * stand-alone `.wasm`, takes rows or typed columns, and gives the bits that every other face of Lanewise gives. It imports
 * neither apache-arrow nor anything of Node.
 */

import { checkManifest } from './deploy/manifest.js';
import { faceOf, instantiateModel } from './deploy/wasm-host.js';
import { LanewiseError, unknownName } from './errors.js';
import { runProgram } from './scoring/interpreter.js';
import type { InputType, Program, ProgramInput, Texts } from './scoring/program.js';
import { decodeValue, encodeValue, labelPositions, type Row, RowEncoder, RowError, textLists } from './scoring/rows.js';
import { Scorer } from './scoring/scorer.js';

export { LanewiseError } from './errors.js';
export type { InputType, ProgramInput } from './scoring/program.js';
export type { Row } from './scoring/rows.js';

/** One output of one row: a label, a number, true or false, null where there is none. */
export type Value = number | string | boolean | null;

/** The outputs of one row, by name: `prediction`, and with classes `probability_<label>`. */
export type Prediction = Readonly<Record<string, Value>>;

type Values = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<boolean | null> | ArrayLike<string | null>;

/**
 * A raw column: values alone, or with Arrow's validity bitmap (bit i of the lowest bit first; 0 = missing), or codes with
 * the labels that they point to. Timestamps are milliseconds.
 */
export type ColumnData = Values | ColumnParts;

export interface ColumnParts {
  readonly values: Values;
  readonly validity?: Uint8Array | null;
  readonly labels?: readonly string[];
}

/** An output's column: NaN where there is no value; a category's values are indices into `labels`. */
export interface OutputColumn {
  readonly type: InputType;
  readonly values: Float64Array;
  readonly labels?: readonly string[];
}

export interface RuntimeModel {
  readonly estimator: string;
  readonly task: string;
  readonly target?: string;
  readonly classes?: readonly string[];
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly { readonly name: string; readonly type: InputType; readonly labels?: readonly string[] }[];
  /** A column left out of a row is missing. @throws LanewiseError `data` naming the column. */
  predictRow(row: Row): Prediction;
  predictRows(rows: readonly Row[]): Prediction[];
  /** All columns of the model, of one length. @throws LanewiseError `data` naming the column. */
  predictColumns(columns: Readonly<Record<string, ColumnData>>): Readonly<Record<string, OutputColumn>>;
}

type Facts = Pick<RuntimeModel, 'estimator' | 'task' | 'target' | 'classes'>;
type Score = (columns: readonly Float64Array[], rowCount: number, texts: Texts) => readonly Float64Array[];

/**
 * A model from its artefact: manifest.json, parsed, and the bytes of buffers.bin. Every index in them is checked, and the
 * golden rows are run: what comes back answers as it did where it was saved.
 * @throws LanewiseError `artefact` with the reason.
 */
export function loadModel(parts: {
  readonly manifest: unknown;
  readonly buffers: ArrayBuffer | Uint8Array;
}): RuntimeModel {
  const { manifest, program } = checkManifest(parts.manifest, parts.buffers);
  const { estimator, task, target, classes } = manifest.model;
  const scorer = new Scorer(program);
  const input = new Float64Array(program.inputs.length);
  const output = new Float64Array(program.outputs.length);
  return runtimeModel({ estimator, task, target, classes }, program, (columns, rowCount, texts) => {
    if (rowCount !== 1) return runProgram(program, columns, rowCount, undefined, texts);
    columns.forEach((column, k) => {
      input[k] = column[0]!;
    });
    scorer.into(input, output, texts); // one row: nothing is laid out anew, the bits are the same
    return Array.from(output, (value) => Float64Array.of(value));
  });
}

/** A model from a stand-alone `.wasm`. @throws LanewiseError `artefact` where it is none. */
export async function loadWasm(bytes: BufferSource): Promise<RuntimeModel> {
  const { schema, predict } = await instantiateModel(bytes);
  return runtimeModel(schema.model, faceOf(schema), predict);
}

function runtimeModel(facts: Facts, program: Program, score: Score): RuntimeModel {
  const encoder = new RowEncoder(program);
  const positions = labelPositions(program);
  const predictRows = (rows: readonly Row[]): Prediction[] => {
    const columns = program.inputs.map(() => new Float64Array(rows.length));
    encoder.forgetTexts();
    rows.forEach((row, at) => naming(() => encoder.encode(row, columns, at)));
    const outputs = score(columns, rows.length, encoder.texts);
    return rows.map((_, at) =>
      Object.fromEntries(program.outputs.map((output, k) => [output.name, decodeValue(output, outputs[k]![at]!)])),
    );
  };
  return {
    ...facts,
    inputs: program.inputs,
    outputs: program.outputs.map(({ register: _, ...output }) => output),
    predictRow: (row) => predictRows([row])[0]!,
    predictRows,
    predictColumns(given) {
      const names = program.inputs.map((input) => input.name);
      for (const name of Object.keys(given))
        if (!names.includes(name)) throw unknownName('column', name, names, 'data');
      const texts = textLists(program);
      const columns = program.inputs.map((input, k) => naming(() => readColumn(input, given, positions[k], texts[k])));
      const rowCount = columns[0]?.length ?? 0;
      columns.forEach((column, k) => {
        if (column.length !== rowCount)
          throw refused(`${rowCount} rows for column "${names[k]}"`, column.length, names[k]!);
      });
      const outputs = score(columns, rowCount, texts);
      const named = program.outputs.map(({ name, type, labels }, k) => [name, { type, values: outputs[k]!, labels }]);
      return Object.fromEntries(named);
    },
  };
}

function readColumn(
  input: ProgramInput,
  given: Readonly<Record<string, ColumnData>>,
  positions: ReadonlyMap<string, number> | undefined,
  texts: string[] | undefined,
): Float64Array {
  if (!Object.hasOwn(given, input.name)) throw refused(`a column "${input.name}"`, 'none', input.name);
  const column = given[input.name]!;
  const { values, validity, labels }: ColumnParts = 'length' in column ? { values: column } : column;
  const isNumeric = input.type !== 'category' && input.type !== 'text';
  if (values instanceof Float64Array && !validity && !labels && isNumeric) return values;
  return Float64Array.from({ length: values.length }, (_, row) => {
    if (validity && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) return Number.NaN;
    const value = values[row];
    if (typeof value === 'number' && Number.isNaN(value)) return value;
    return encodeValue(input, labels ? labels[Number(value)] : value, positions, texts);
  });
}

/** A column's error, as this entry raises errors. */
function naming<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RowError ? new LanewiseError('data', error.message, { column: error.input }) : error;
  }
}

function refused(expected: string, received: unknown, column: string): LanewiseError {
  return new LanewiseError('data', `Expected ${expected} but received ${String(received)}`, { column });
}
