import {
  Bool,
  type Data,
  DataType,
  Dictionary,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMillisecond,
  Utf8,
  Vector,
} from 'apache-arrow';
import { readNumbers } from '../engine/numbers.js';
import { LanewiseError } from '../errors.js';
import type { InputType, TextReading } from '../scoring/program.js';
import {
  column,
  columnInfo,
  columnsOf,
  inputTypeOfKind,
  type Kind,
  makeField,
  type Role,
  readingOf,
} from './schema.js';

export { readNumbers };

/**
 * A column in the form of a scoring register (src/scoring/program.ts): one f64 a row, missing as NaN, timestamps as
 * milliseconds, categories as indices into `labels`, texts as indices into the distinct ones of these rows, which are its
 * `labels` here.
 */
export interface RegisterColumn {
  readonly name: string;
  readonly type: InputType;
  readonly values: Float64Array;
  readonly labels?: readonly string[];
  readonly role?: Role;
  readonly kind?: Kind;
  /** Of texts: how their terms are read. */
  readonly reading?: TextReading;
}

// Registers already made from a column: steps read the same columns again and again, and columns never change.
const registersOf = new WeakMap<Data, { values: Float64Array; labels?: readonly string[] }>();
/** Columns that are f32 and without nulls as they lie, by what `readRegister` gave for them. */
const floatsOf = new WeakMap<RegisterColumn, Float32Array>();
/** The texts of a dictionary that were decoded, or never were encoded. */
const textsOf = new WeakMap<Data, readonly string[]>();

/**
 * Reads a column as a register, which must not be written to. A Float64 column of one chunk without nulls is returned
 * as it lies, uncopied; one of Float32 is made f64 when its values are first asked for. Labels given decide the codes (a label that is not among them becomes labels.length); otherwise
 * the column's own distinct values, sorted by UTF-8 bytes, do.
 */
export function readRegister(table: Table, name: string, labels?: readonly string[]): RegisterColumn {
  const info = columnInfo(table, name);
  const type = inputTypeOfKind(info.kind);
  const isLabelled = type === 'category' || type === 'text';
  const reading = type === 'text' ? readingOf(table, name) : undefined;
  const vector = column(table, name);
  const only = vector.data.length === 1 ? vector.data[0]! : undefined;
  const register = () => {
    let known = only && registersOf.get(only);
    if (!known || isLabelled !== (known.labels !== undefined)) {
      known = isLabelled ? readCategories(vector) : { values: readNumbers(vector) };
      if (only && known.values !== only.values) registersOf.set(only, known);
    }
    return known;
  };
  const floats = isLabelled ? undefined : only && plainFloats(only);
  if (floats) return floatColumn({ ...info, type }, floats, () => register().values);
  const read = register();
  if (!labels || type !== 'category') return { ...info, type, ...read, ...(reading && { reading }) };
  return { ...info, type, labels, values: recode(read.values, read.labels!, labels) };
}

/** The values of a Float32 column without nulls, as they lie. */
function plainFloats({ type, values, nullCount, length }: Data): Float32Array | undefined {
  if (nullCount > 0 || !DataType.isFloat(type) || !(values instanceof Float32Array)) return undefined;
  return values.length === length ? values : values.subarray(0, length);
}

function floatColumn(
  column: Omit<RegisterColumn, 'values'>,
  floats: Float32Array,
  read: () => Float64Array,
): RegisterColumn {
  const register = Object.defineProperty({ ...column } as RegisterColumn, 'values', { get: read, enumerable: true });
  floatsOf.set(register, floats);
  return register;
}

/** The values of a register, as f32 where they lie so: for those who read them once, and need no f64. */
export function numbersOf(column: RegisterColumn): Float64Array | Float32Array {
  return floatsOf.get(column) ?? column.values;
}

/** The same cells under other labels; a label that is not among them becomes labels.length. */
function recode(codes: Float64Array, from: readonly string[], to: readonly string[]): Float64Array {
  if (from.length === to.length && from.every((label, index) => label === to[index])) return codes;
  const position = new Map(to.map((label, index) => [label, index]));
  const table = Float64Array.from(from, (label) => position.get(label) ?? to.length);
  const out = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) out[i] = Number.isNaN(codes[i]) ? Number.NaN : table[codes[i]!]!;
  return out;
}

/** Codes of the labels that occur, sorted by UTF-8 bytes, over chunks whose dictionaries may differ. */
function readCategories(vector: Vector): { values: Float64Array; labels: readonly string[] } {
  const values = new Float64Array(vector.length);
  const texts: string[] = [];
  const codes = new Map<string, number>();
  const codeOf = (text: string): number => {
    let code = codes.get(text);
    if (code === undefined) codes.set(text, (code = texts.push(text) - 1));
    return code;
  };
  let row = 0;
  for (const data of vector.data) {
    const out = values.subarray(row, row + data.length);
    if (DataType.isDictionary(data.type)) fillFromKeys(data, out, codeOf);
    else fillFromTexts(data, out, codeOf);
    row += data.length;
  }
  const labels = isSorted(texts) ? texts : texts.toSorted(compareUtf8);
  if (labels !== texts) {
    const position = new Map(labels.map((label, index) => [label, index]));
    const target = Float64Array.from(texts, (text) => position.get(text)!);
    for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) values[i] = target[values[i]!]!;
  }
  return { values, labels };
}

function isSorted(texts: readonly string[]): boolean {
  for (let i = 1; i < texts.length; i++) if (compareUtf8(texts[i - 1]!, texts[i]!) > 0) return false;
  return true;
}

/** First the keys that occur, in the dictionary's order (mostly that of the labels), then the codes. */
function fillFromKeys(data: Data, out: Float64Array, codeOf: (text: string) => number): void {
  const dictionary = data.dictionary as Vector;
  const wide = data.values instanceof BigInt64Array || data.values instanceof BigUint64Array;
  const keys = wide ? Float64Array.from(data.values as BigInt64Array, Number) : (data.values as Int32Array);
  const codeOfKey = new Float64Array(dictionary.length).fill(-1);
  const hasNulls = data.nullCount > 0;
  const present = (i: number) => !hasNulls || bit(data.nullBitmap, data.offset + i) === 1;
  for (let i = 0; i < out.length; i++) if (present(i)) codeOfKey[keys[i]!] = 0;
  const texts = dictionaryTexts(dictionary);
  for (let key = 0; key < codeOfKey.length; key++) {
    if (codeOfKey[key] === 0) codeOfKey[key] = texts[key] === null ? Number.NaN : codeOf(texts[key]!);
  }
  for (let i = 0; i < out.length; i++) out[i] = present(i) ? codeOfKey[keys[i]!]! : Number.NaN;
}

function dictionaryTexts(dictionary: Vector): readonly (string | null)[] {
  const known = dictionary.data.length === 1 ? textsOf.get(dictionary.data[0]!) : undefined;
  return known ?? Array.from(dictionary, (entry) => (entry === null || entry === undefined ? null : String(entry)));
}

function fillFromTexts(data: Data, out: Float64Array, codeOf: (text: string) => number): void {
  const vector = new Vector([data]);
  for (let i = 0; i < out.length; i++) {
    const value = vector.get(i);
    out[i] = value === null || value === undefined ? Number.NaN : codeOf(String(value));
  }
}

/** The order of UTF-8 bytes, which is that of code points and not that of UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return x < 0xd800 || y < 0xd800 ? x - y : afterSurrogates(x) - afterSurrogates(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points beyond U+FFFF, so they come behind U+E000 … U+FFFF. */
function afterSurrogates(unit: number): number {
  return unit >= 0xe000 ? unit - 0x2000 : unit + 0x800;
}

/** A table of registers: NaN becomes null for categories, booleans and timestamps, and stays NaN for numbers. */
export function tableFromRegisters(columns: readonly RegisterColumn[], rowCount = columns[0]?.values.length): Table {
  if (rowCount === undefined)
    throw new LanewiseError('data', 'Expected at least one column for a table but received none');
  const children = columns.map(registerData);
  const fields = columns.map(({ name, type, role, kind, reading }, index) =>
    makeField(name, children[index]!.type, { role, kind: kind ?? kindOfInput[type], reading }),
  );
  const schema = new Schema(fields);
  const data = makeData({ type: new Struct(fields), length: rowCount, nullCount: 0, children });
  return new Table([new RecordBatch(schema, data)]);
}

const kindOfInput: Record<InputType, Kind> = {
  number: 'numeric',
  boolean: 'boolean',
  timestamp: 'timestamp',
  category: 'categorical',
  text: 'sparse',
};

/** What an array became, and as what: steps hand the same columns on again and again. */
const dataOf = new WeakMap<Float64Array, { as: readonly unknown[]; data: Data }>();

function registerData(column: RegisterColumn, index: number): Data {
  const { type, labels, values } = column;
  const as = type === 'category' || type === 'text' ? [type, labels, index] : [type];
  const known = dataOf.get(values);
  if (known && known.as.length === as.length && known.as.every((part, place) => part === as[place])) return known.data;
  const data = makeColumn(column, index);
  dataOf.set(values, { as, data });
  return data;
}

function makeColumn({ type, values, labels, name }: RegisterColumn, index: number): Data {
  const length = values.length;
  if (type === 'number') return makeData({ type: new Float64(), length, nullCount: 0, data: values });
  if (type === 'timestamp') {
    return makeData({ type: new TimestampMillisecond(), length, ...validityOf(values), data: integers64(values) });
  }
  if (type === 'boolean') {
    const data = new Uint8Array(Math.ceil(length / 64) * 8);
    for (let i = 0; i < length; i++) if (values[i] === 1) data[i >> 3]! |= 1 << (i & 7);
    return makeData({ type: new Bool(), length, ...validityOf(values), data });
  }
  if (!labels) throw new LanewiseError('internal', `Category column ${name} has no labels`);
  // A code beyond the labels is a label never seen: there is no text to give it, so it is null.
  const data = new Int32Array(length);
  for (let i = 0; i < length; i++) data[i] = values[i]! < labels.length ? values[i]! : 0;
  const validity = validityOf(values, labels.length);
  // Files tell dictionaries apart by id; the column's place gives tables of equal columns equal types.
  const dictionaryType = new Dictionary(new Utf8(), new Int32(), index);
  return makeData({ type: dictionaryType, length, ...validity, data, dictionary: dictionaryOf(labels) });
}

const dictionaries = new WeakMap<readonly string[], Vector<Utf8>>();

/** The labels as Arrow has them; the same labels give the same vector. */
function dictionaryOf(labels: readonly string[]): Vector<Utf8> {
  let vector = dictionaries.get(labels);
  if (!vector) {
    const encoder = new TextEncoder();
    const valueOffsets = new Int32Array(labels.length + 1);
    let bytes = new Uint8Array(labels.reduce((sum, label) => sum + label.length, 64));
    let at = 0;
    labels.forEach((label, index) => {
      if (at + 3 * label.length > bytes.length) bytes = enlarged(bytes, at + 3 * label.length);
      at += encoder.encodeInto(label, bytes.subarray(at)).written;
      valueOffsets[index + 1] = at;
    });
    const data = makeData({
      type: new Utf8(),
      length: labels.length,
      nullCount: 0,
      valueOffsets,
      data: bytes.subarray(0, at),
    });
    textsOf.set(data, labels);
    vector = new Vector([data]);
    dictionaries.set(labels, vector);
  }
  return vector;
}

function enlarged(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(2 * least);
  out.set(bytes);
  return out;
}

/** f64 to i64, NaN to 0, without a BigInt a cell. */
function integers64(values: Float64Array): BigInt64Array {
  const out = new BigInt64Array(values.length);
  const halves = new Int32Array(out.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = Math.round(values[i]!) || 0;
    const high = Math.floor(value / 4_294_967_296);
    halves[2 * i] = (value - high * 4_294_967_296) | 0;
    halves[2 * i + 1] = high;
  }
  return out;
}

/** Valid are the cells below `limit`; NaN never is. */
function validityOf(values: Float64Array, limit = Number.POSITIVE_INFINITY) {
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) if (!(values[i]! <= limit) || values[i] === limit) nullCount++;
  if (nullCount === 0) return { nullBitmap: undefined, nullCount };
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  for (let i = 0; i < values.length; i++) if (values[i]! < limit) nullBitmap[i >> 3]! |= 1 << (i & 7);
  return { nullBitmap, nullCount };
}

/** The rows at these indices, in their order. Numbers keep NaN and null apart only as NaN. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  const columns = columnsOf(table).map(({ name }) => {
    const register = readRegister(table, name);
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = register.values[rows[i]!]!;
    return { ...register, values };
  });
  return tableFromRegisters(columns, rows.length);
}

/** Only these columns, in this order; nothing is copied. */
export function selectColumns(table: Table, names: readonly string[]): Table {
  for (const name of names) columnInfo(table, name);
  return table.select([...names]);
}

function bit(bitmap: Uint8Array, index: number): number {
  return (bitmap[index >> 3]! >> (index & 7)) & 1;
}
