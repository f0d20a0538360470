import { DataType, Field, RecordBatch, Schema, Table, type Vector } from 'apache-arrow';
import { unknownName } from '../errors.js';
import type { InputType } from '../scoring/program.js';

/** What a column is for. */
export type Role = 'feature' | 'target' | 'id' | 'time' | 'weight' | 'group' | 'ignore';

/** What a column's values are. */
export type Kind = 'numeric' | 'categorical' | 'boolean' | 'timestamp' | 'text';

export interface ColumnInfo {
  readonly name: string;
  readonly role: Role;
  readonly kind: Kind;
}

const ROLE_KEY = 'lanewise.role';
const KIND_KEY = 'lanewise.kind';

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
};

export function inputTypeOfKind(kind: Kind): InputType {
  return inputTypes[kind];
}

/** The field of a column with its role and kind written into the metadata. */
export function makeField(name: string, type: DataType, info: { role?: Role; kind?: Kind } = {}): Field {
  const metadata = new Map<string, string>();
  if (info.role) metadata.set(ROLE_KEY, info.role);
  if (info.kind) metadata.set(KIND_KEY, info.kind);
  return new Field(name, type, true, metadata);
}
