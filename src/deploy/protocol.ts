import type { FastifyRequest } from 'fastify';
import { LanewiseError, unknownName } from '../errors.js';
import type { InputType, Program, ProgramInput, ProgramOutput, Texts } from '../scoring/program.js';
import { decodeValue, encodeValue, labelPositions, RowEncoder, RowError, textLists } from '../scoring/rows.js';
import { LENGTH_HEADER, readBinaryRequest } from './binary-tensors.js';

/**
 * The Open Inference Protocol's JSON tensors (KServe v2), one tensor a raw column, and rows as JSON objects; both to
 * registers, and registers back. Missing values are null. Everything that does not fit is an error with the column's name.
 */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly unknown[] | Float64Array;
}

/** The datatype in which a column is described and answered. */
export const datatypes: Record<InputType, string> = {
  number: 'FP64',
  boolean: 'BOOL',
  timestamp: 'INT64',
  category: 'BYTES',
  text: 'BYTES',
};

const integers = ['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'];
const accepted: Record<InputType, readonly string[]> = {
  number: ['FP64', 'FP32', 'FP16', ...integers],
  boolean: ['BOOL', ...integers],
  timestamp: ['INT64', 'UINT64', 'FP64', 'BYTES'],
  category: ['BYTES'],
  text: ['BYTES'],
};

export interface Registers {
  readonly rowCount: number;
  readonly columns: readonly Float64Array[];
  readonly texts: Texts;
}

/** The object that a request brings, its binary tensors as JSON would have them. @throws LanewiseError `data`. */
export function bodyOf({ body, headers }: FastifyRequest): Record<string, unknown> {
  if (Buffer.isBuffer(body)) return readBinaryRequest(body, headers[LENGTH_HEADER]);
  if (isRecord(body)) return body;
  throw refused('Expected a JSON object as the body');
}

/** The tensors of a request by name. @throws LanewiseError `data` where one has no name, or there are two of one. */
export function tensorsByName(inputs: unknown): Map<string, Record<string, unknown>> {
  if (!Array.isArray(inputs)) throw refused('Expected "inputs", a list with a tensor for each column');
  const tensors = new Map<string, Record<string, unknown>>();
  for (const tensor of inputs) {
    const name = isRecord(tensor) ? tensor['name'] : undefined;
    if (typeof name !== 'string') throw refused('Expected a "name" for every tensor of "inputs"');
    if (tensors.has(name)) throw refused(`Expected one tensor for column "${name}" but received two`, name);
    tensors.set(name, tensor);
  }
  return tensors;
}

/** Reads the tensors of an inference request. @throws LanewiseError `data` naming the column. */
export function readTensors(program: Program, inputs: unknown, maxRows: number): Registers {
  const tensors = tensorsByName(inputs);
  checkColumns(
    tensors.keys(),
    program.inputs.map(({ name }) => name),
  );
  for (const { name } of program.inputs) {
    if (!tensors.has(name)) throw refused(`Expected a tensor for column "${name}" but received none`, name);
  }
  const positions = labelPositions(program);
  const texts = textLists(program);
  const columns = program.inputs.map((input, index) =>
    readTensor(input, tensors.get(input.name)!, positions[index], texts[index]),
  );
  const rowCount = columns[0]?.length ?? 0;
  columns.forEach((column, index) => {
    if (column.length === rowCount) return;
    const [name, first] = [program.inputs[index]!.name, program.inputs[0]!.name];
    throw refused(
      `Expected ${rowCount} rows for column "${name}", as "${first}" has, but received ${column.length}`,
      name,
    );
  });
  checkRowCount(rowCount, maxRows);
  return { rowCount, columns, texts };
}

/** Reads rows, as JSON objects by column name; a column left out is missing. @throws LanewiseError `data`. */
export function readRows(program: Program, rows: unknown, maxRows: number): Registers {
  if (!Array.isArray(rows)) throw refused('Expected "rows", a list of objects by column name');
  checkRowCount(rows.length, maxRows);
  const encoder = new RowEncoder(program);
  const columns = program.inputs.map(() => new Float64Array(rows.length));
  rows.forEach((row, index) => {
    if (!isRecord(row)) throw refused(`Expected an object by column name for row ${index + 1}`);
    checkColumns(
      Object.keys(row),
      program.inputs.map(({ name }) => name),
    );
    try {
      encoder.encode(row, columns, index);
    } catch (error) {
      throw error instanceof RowError ? refused(`Row ${index + 1}: ${error.message}`, error.input) : error;
    }
  });
  return { rowCount: rows.length, columns, texts: encoder.texts };
}

/** Outputs as tensors; `wanted` names some of them, in any order. */
export function writeTensors(program: Program, values: readonly Float64Array[], wanted?: unknown): Tensor[] {
  return chosenTensors(
    program.outputs.map((output, index) => writeTensor(output, values[index]!)),
    wanted,
  );
}

/** Those of the outputs that are wanted, in that order; undefined: all. @throws LanewiseError `data` with the nearest name. */
export function chosenTensors(all: readonly Tensor[], wanted: unknown): Tensor[] {
  if (wanted === undefined) return [...all];
  if (!Array.isArray(wanted)) throw refused('Expected a list for "outputs"');
  return wanted.map((entry) => {
    const name = isRecord(entry) ? String(entry['name']) : '';
    const found = all.find((tensor) => tensor.name === name);
    if (!found)
      throw unknownName(
        'output',
        name,
        all.map((tensor) => tensor.name),
        'data',
      );
    return found;
  });
}

function writeTensor(output: ProgramOutput, values: Float64Array): Tensor {
  const data = output.type === 'number' ? values : Array.from(values, (value) => decodeValue(output, value));
  return { name: output.name, datatype: datatypes[output.type], shape: [values.length], data };
}

function readTensor(
  input: ProgramInput,
  tensor: Record<string, unknown>,
  positions: ReadonlyMap<string, number> | undefined,
  texts: string[] | undefined,
): Float64Array {
  const { name, type } = input;
  const { shape } = tensor;
  const datatype = checkedDatatype(tensor['datatype'], accepted[type], name);
  const data = flatten(tensor['data'], name);
  checkShape(shape, data.length, name);
  return Float64Array.from(data, (value, row) => {
    checkValue(datatype, value, name, row);
    try {
      return encodeValue(input, value, positions, texts);
    } catch (error) {
      throw error instanceof RowError ? refused(`Row ${row + 1}: ${error.message}`, name) : error;
    }
  });
}

/** Ids as a tensor brings them: texts or finite numbers, one each. @throws LanewiseError `data` naming the tensor. */
export function readIdTensor(name: string, tensor: Record<string, unknown>): (string | number)[] {
  const datatype = checkedDatatype(tensor['datatype'], ['BYTES', 'FP64', ...integers], name);
  const data = flatten(tensor['data'], name);
  checkShape(tensor['shape'], data.length, name);
  return data.map((value, row) => {
    checkValue(datatype, value, name, row);
    if (value !== null) return value as string | number;
    throw refused(`Expected an id for "${name}", row ${row + 1}, but received null`, name);
  });
}

function checkedDatatype(datatype: unknown, accepted: readonly string[], name: string): string {
  if (typeof datatype === 'string' && accepted.includes(datatype)) return datatype;
  throw refused(`Expected datatype ${accepted.join(' or ')} for column "${name}" but received ${show(datatype)}`, name);
}

function checkShape(shape: unknown, length: number, name: string): void {
  const sound =
    Array.isArray(shape) &&
    (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) &&
    Number.isSafeInteger(shape[0]) &&
    shape[0] === length;
  if (sound) return;
  throw refused(
    `Expected shape [${length}] or [${length}, 1] for the ${length} values of column "${name}" but received ${show(shape)}`,
    name,
  );
}

function checkValue(datatype: string, value: unknown, name: string, row: number): void {
  if (value === null || isOf(datatype, value)) return;
  throw refused(`Expected ${datatype} or null for column "${name}", row ${row + 1}, but received ${show(value)}`, name);
}

/** Tensor data may be nested as its shape is; a column nests once at most. */
function flatten(data: unknown, name: string): unknown[] {
  if (!Array.isArray(data))
    throw refused(`Expected a list for the data of column "${name}" but received ${show(data)}`, name);
  return data.map((entry) => (Array.isArray(entry) && entry.length === 1 ? entry[0] : entry));
}

function isOf(datatype: string, value: unknown): boolean {
  if (datatype === 'BYTES') return typeof value === 'string';
  if (datatype === 'BOOL') return typeof value === 'boolean' || value === 0 || value === 1;
  return datatype.startsWith('FP') ? typeof value === 'number' : Number.isInteger(value);
}

/** @throws LanewiseError `data` with the nearest name. */
export function checkColumns(names: Iterable<string>, known: readonly string[], what = 'column'): void {
  for (const name of names) if (!known.includes(name)) throw unknownName(what, name, known, 'data');
}

export function checkRowCount(rowCount: number, maxRows: number, what = 'rows'): void {
  if (rowCount > maxRows) throw refused(`Expected at most ${maxRows} ${what} a request but received ${rowCount}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

function refused(message: string, column?: string): LanewiseError {
  return new LanewiseError('data', message, { column });
}
