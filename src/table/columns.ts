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
  TimeUnit,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import type { InputType } from '../scoring/program.js';
import { column, columnInfo, columnsOf, inputTypeOfKind, type Kind, makeField, type Role } from './schema.js';

/**
 * A column in the form of a scoring register (src/scoring/program.ts): one f64 a row, missing as NaN, timestamps as
 * milliseconds, categories as indices into `labels`.
 */
export interface RegisterColumn {
  readonly name: string;
  readonly type: InputType;
  readonly values: Float64Array;
  readonly labels?: readonly string[];
  readonly role?: Role;
  readonly kind?: Kind;
}

/**
 * Reads a column as a register. A Float64 column of one chunk without nulls is returned as it lies, uncopied.
 * Labels given decide the codes (a label that is not among them becomes labels.length); otherwise the column's own
 * distinct values, sorted by UTF-8 bytes, do.
 */
export function readRegister(table: Table, name: string, labels?: readonly string[]): RegisterColumn {
  const info = columnInfo(table, name);
  const vector = column(table, name);
  const type = inputTypeOfKind(info.kind);
  if (type === 'category') return { ...info, type, ...readCategories(vector, labels) };
  return { ...info, type, values: readNumbers(vector) };
}

/** Numbers, booleans (0 or 1) and timestamps (milliseconds); null becomes NaN. */
export function readNumbers(vector: Vector): Float64Array {
  const only = vector.data.length === 1 ? vector.data[0]! : undefined;
  if (only && only.nullCount === 0 && only.values instanceof Float64Array && DataType.isFloat(only.type)) {
    return only.values.length === only.length ? only.values : only.values.subarray(0, only.length);
  }
  const out = new Float64Array(vector.length);
  let row = 0;
  for (const data of vector.data) {
    fillNumbers(data, out.subarray(row, row + data.length));
    row += data.length;
  }
  return out;
}

function fillNumbers(data: Data, out: Float64Array): void {
  const { type, values, length } = data;
  if (DataType.isBool(type)) {
    for (let i = 0; i < length; i++) out[i] = bit(values as Uint8Array, data.offset + i);
  } else if (DataType.isTimestamp(type)) {
    const perMillisecond = {
      [TimeUnit.SECOND]: 1e-3,
      [TimeUnit.MILLISECOND]: 1,
      [TimeUnit.MICROSECOND]: 1e3,
      [TimeUnit.NANOSECOND]: 1e6,
    };
    const unit = perMillisecond[type.unit as TimeUnit];
    for (let i = 0; i < length; i++) out[i] = Number((values as BigInt64Array)[i]!) / unit;
  } else if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < length; i++) out[i] = Number(values[i]!);
  } else if (DataType.isFloat(type) || DataType.isInt(type)) {
    if (DataType.isFloat(type) && values instanceof Uint16Array) {
      const vector = new Vector([data]);
      for (let i = 0; i < length; i++) out[i] = Number(vector.get(i));
    } else out.set((values as Float64Array).subarray(0, length));
  } else {
    const vector = new Vector([data]);
    for (let i = 0; i < length; i++) out[i] = Number(vector.get(i) ?? Number.NaN);
  }
  if (data.nullCount === 0) return;
  for (let i = 0; i < length; i++) if (bit(data.nullBitmap, data.offset + i) === 0) out[i] = Number.NaN;
}

function readCategories(
  vector: Vector,
  given?: readonly string[],
): { values: Float64Array; labels: readonly string[] } {
  const values = new Float64Array(vector.length).fill(Number.NaN);
  const texts: string[] = [];
  const codes = new Map<string, number>();
  const codeOf = (text: string): number => {
    let code = codes.get(text);
    if (code === undefined) codes.set(text, (code = texts.push(text) - 1));
    return code;
  };
  let row = 0;
  for (const data of vector.data) {
    const isDictionary = DataType.isDictionary(data.type);
    const dictionary = isDictionary ? (data.dictionary as Vector) : undefined;
    const entryCode = dictionary && new Map<number, number>();
    const chunk = isDictionary ? undefined : new Vector([data]);
    for (let i = 0; i < data.length; i++, row++) {
      if (data.nullCount > 0 && bit(data.nullBitmap, data.offset + i) === 0) continue;
      if (!dictionary) {
        const value = chunk!.get(i);
        if (value !== null && value !== undefined) values[row] = codeOf(String(value));
        continue;
      }
      const key = Number((data.values as Int32Array)[i]!);
      let code = entryCode!.get(key);
      if (code === undefined) {
        const entry = dictionary.get(key);
        code = entry === null ? Number.NaN : codeOf(String(entry));
        entryCode!.set(key, code);
      }
      values[row] = code;
    }
  }
  const labels = given ?? [...texts].sort(compareUtf8);
  const position = new Map(labels.map((label, index) => [label, index]));
  const target = texts.map((text) => position.get(text) ?? labels.length);
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) values[i] = target[values[i]!]!;
  return { values, labels };
}

/** The order of UTF-8 bytes, which is that of code points and not that of UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** A table of registers: NaN becomes null for categories, booleans and timestamps, and stays NaN for numbers. */
export function tableFromRegisters(columns: readonly RegisterColumn[], rowCount = columns[0]?.values.length): Table {
  if (rowCount === undefined)
    throw new LanewiseError('data', 'Expected at least one column for a table but received none');
  const fields = columns.map(({ name, type, role, kind }) =>
    makeField(name, arrowType(type), { role, kind: kind ?? kindOfInput[type] }),
  );
  const schema = new Schema(fields);
  const children = columns.map((entry) => registerData(entry));
  const data = makeData({ type: new Struct(fields), length: rowCount, nullCount: 0, children });
  return new Table([new RecordBatch(schema, data)]);
}

const kindOfInput: Record<InputType, Kind> = {
  number: 'numeric',
  boolean: 'boolean',
  timestamp: 'timestamp',
  category: 'categorical',
};

function arrowType(type: InputType): DataType {
  if (type === 'number') return new Float64();
  if (type === 'boolean') return new Bool();
  if (type === 'timestamp') return new TimestampMillisecond();
  return dictionaryType;
}

// One id for all: the writer tells dictionaries apart by field, and tables of equal schema must compare equal.
const dictionaryType = new Dictionary(new Utf8(), new Int32());

function registerData({ type, values, labels, name }: RegisterColumn): Data {
  const length = values.length;
  if (type === 'number') return makeData({ type: new Float64(), length, nullCount: 0, data: values });
  const { nullBitmap, nullCount } = validityOf(values);
  if (type === 'timestamp') {
    const data = BigInt64Array.from(values, (value) => BigInt(Number.isNaN(value) ? 0 : Math.round(value)));
    return makeData({ type: new TimestampMillisecond(), length, nullCount, nullBitmap, data });
  }
  if (type === 'boolean') {
    const data = new Uint8Array(Math.ceil(length / 64) * 8);
    for (let i = 0; i < length; i++) if (values[i] === 1) data[i >> 3]! |= 1 << (i & 7);
    return makeData({ type: new Bool(), length, nullCount, nullBitmap, data });
  }
  if (!labels) throw new LanewiseError('internal', `Category column ${name} has no labels`);
  // A code beyond the labels is a label never seen: there is no text to give it, so it is null.
  const data = Int32Array.from(values, (value) => (Number.isNaN(value) || value >= labels.length ? 0 : value));
  const known = validityOf(values.map((value) => (value >= labels.length ? Number.NaN : value)));
  return makeData({
    type: new Dictionary(new Utf8(), new Int32()),
    length,
    ...known,
    data,
    dictionary: vectorFromArray([...labels], new Utf8()),
  });
}

function validityOf(values: Float64Array): { nullBitmap: Uint8Array | undefined; nullCount: number } {
  let nullCount = 0;
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) nullCount++;
    else nullBitmap[i >> 3]! |= 1 << (i & 7);
  }
  return { nullBitmap: nullCount > 0 ? nullBitmap : undefined, nullCount };
}

/** The rows at these indices, in their order. Numbers keep NaN and null apart only as NaN. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  return tableFromRegisters(
    columnsOf(table).map(({ name }) => {
      const register = readRegister(table, name);
      const values = new Float64Array(rows.length);
      for (let i = 0; i < rows.length; i++) values[i] = register.values[rows[i]!]!;
      return { ...register, values };
    }),
  );
}

/** Only these columns, in this order; nothing is copied. */
export function selectColumns(table: Table, names: readonly string[]): Table {
  for (const name of names) columnInfo(table, name);
  return table.select([...names]);
}

function bit(bitmap: Uint8Array, index: number): number {
  return (bitmap[index >> 3]! >> (index & 7)) & 1;
}
