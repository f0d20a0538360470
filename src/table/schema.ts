import { DataType, Field, RecordBatch, Schema, Table, type Vector } from 'apache-arrow';
import { unknownName } from '../errors.js';
import type { InputType, TextReading } from '../scoring/program.js';

/** What a column is for. */
export type Role = 'feature' | 'target' | 'id' | 'time' | 'weight' | 'group' | 'ignore' | 'user' | 'item';

/** What a column's values are. */
/** `text`: a label a row, to those that take categories; `sparse`: a text that is read as a sparse vector of terms. */
export type Kind = 'numeric' | 'categorical' | 'boolean' | 'timestamp' | 'text' | 'sparse';

export interface ColumnInfo {
  readonly name: string;
  readonly role: Role;
  readonly kind: Kind;
}

const ROLE_KEY = 'lanewise.role';
const KIND_KEY = 'lanewise.kind';
/** JSON of how a sparse column's texts are read; absent until a step has learnt it. */
const READING_KEY = 'lanewise.reading';

// Looking a column up happens for every column of every step: once a schema, not once a question.
const infosOf = new WeakMap<Schema, { list: readonly ColumnInfo[]; index: ReadonlyMap<string, number> }>();

function infos(table: Table): { list: readonly ColumnInfo[]; index: ReadonlyMap<string, number> } {
  let found = infosOf.get(table.schema);
  if (!found) {
    const list = table.schema.fields.map((field) => ({
      name: field.name,
      role: (field.metadata.get(ROLE_KEY) as Role | undefined) ?? 'feature',
      kind: (field.metadata.get(KIND_KEY) as Kind | undefined) ?? kindOfType(field.type),
    }));
    found = { list, index: new Map(list.map(({ name }, index) => [name, index])) };
    infosOf.set(table.schema, found);
  }
  return found;
}

/** Names, roles and kinds, in file order. Role defaults to feature, kind to what the Arrow type says. */
export function columnsOf(table: Table): ColumnInfo[] {
  return [...infos(table).list];
}

/** @throws LanewiseError `data` with the nearest name. */
export function columnInfo(table: Table, name: string): ColumnInfo {
  const { list, index } = infos(table);
  const place = index.get(name);
  if (place === undefined) throw unknownName('column', name, [...index.keys()], 'data');
  return list[place]!;
}

/** The vector of a column. @throws LanewiseError `data` with the nearest name. */
export function column(table: Table, name: string): Vector {
  columnInfo(table, name);
  return table.getChildAt(infos(table).index.get(name)!)!;
}

/** The same columns with other roles or kinds; no values are touched. */
export function annotate(table: Table, changes: Readonly<Record<string, { role?: Role; kind?: Kind }>>): Table {
  for (const name of Object.keys(changes)) columnInfo(table, name);
  const fields = table.schema.fields.map((field) => {
    const change = changes[field.name];
    if (!change) return field;
    const metadata = new Map(field.metadata);
    if (change.role) metadata.set(ROLE_KEY, change.role);
    if (change.kind) metadata.set(KIND_KEY, change.kind);
    return new Field(field.name, field.type, field.nullable, metadata);
  });
  const schema = new Schema(fields, table.schema.metadata);
  return new Table(
    schema,
    table.batches.map((batch) => new RecordBatch(schema, batch.data)),
  );
}

/** The columns of a role, by name. */
export function namesWithRole(table: Table, role: Role): string[] {
  return columnsOf(table)
    .filter((column) => column.role === role)
    .map((column) => column.name);
}

function kindOfType(type: DataType): Kind {
  if (DataType.isBool(type)) return 'boolean';
  if (DataType.isTimestamp(type) || DataType.isDate(type)) return 'timestamp';
  if (DataType.isDictionary(type)) return 'categorical';
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return 'text';
  return 'numeric';
}

const inputTypes: Record<Kind, InputType> = {
  numeric: 'number',
  categorical: 'category',
  text: 'category',
  boolean: 'boolean',
  timestamp: 'timestamp',
  sparse: 'text',
};

export function inputTypeOfKind(kind: Kind): InputType {
  return inputTypes[kind];
}

/** The field of a column with its role and kind written into the metadata. */
export function makeField(
  name: string,
  type: DataType,
  info: { role?: Role; kind?: Kind; reading?: TextReading } = {},
): Field {
  const metadata = new Map<string, string>();
  if (info.role) metadata.set(ROLE_KEY, info.role);
  if (info.kind) metadata.set(KIND_KEY, info.kind);
  if (info.reading) metadata.set(READING_KEY, readingText(info.reading));
  return new Field(name, type, true, metadata);
}

// A vocabulary is long, and its column passes through many tables: each form is made once.
const textsOfReadings = new WeakMap<TextReading, string>();
const readings = new WeakMap<Schema, Map<string, TextReading>>();

function readingText(reading: TextReading): string {
  let text = textsOfReadings.get(reading);
  if (text === undefined) {
    text = JSON.stringify({ ...reading, weights: [...reading.weights] });
    textsOfReadings.set(reading, text);
  }
  return text;
}

/** How the terms of a sparse column are read; undefined for every other column, and where no step has learnt it yet. */
export function readingOf(table: Table, name: string): TextReading | undefined {
  const { schema } = table;
  const known = readings.get(schema)?.get(name);
  if (known) return known;
  const place = infos(table).index.get(name);
  const text = place === undefined ? undefined : schema.fields[place]!.metadata.get(READING_KEY);
  if (text === undefined) return undefined;
  const parsed = JSON.parse(text) as Omit<TextReading, 'weights'> & { readonly weights: number[] };
  const reading = { ...parsed, weights: Float64Array.from(parsed.weights) };
  textsOfReadings.set(reading, text);
  readings.set(schema, (readings.get(schema) ?? new Map<string, TextReading>()).set(name, reading));
  return reading;
}
