import { DataType, type Table, tableFromIPC } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { readRegister } from '../table/columns.js';
import type { Collected } from '../table/interfaces.js';
import { annotate, columnsOf } from '../table/schema.js';
import { isFreeText } from './columns-of-text.js';

/**
 * A table from Arrow IPC bytes (file or stream), whose columns lie in these bytes. Texts are told from categories by
 * their values; nested, binary and other columns that are no features are left out, by name.
 */
export function readArrowBytes(file: string, bytes: Uint8Array): Omit<Collected, 'hash'> {
  return checkedArrow(file, decode(file, bytes));
}

function decode(file: string, bytes: Uint8Array): Table {
  try {
    return tableFromIPC(bytes);
  } catch (cause) {
    throw damagedArrow(file, cause);
  }
}

export function damagedArrow(file: string, cause: unknown): LanewiseError {
  // What the decoder trips over in a damaged file says nothing to its owner.
  const tripped = cause instanceof TypeError || cause instanceof RangeError;
  const message = String(cause instanceof Error ? cause.message : cause).split('\n')[0]!;
  const reason = tripped ? 'it is cut off or damaged' : message;
  return new LanewiseError(
    'file',
    `Expected an Arrow IPC file or stream but ${file} cannot be read as one: ${reason}`,
    {
      file,
      cause,
    },
  );
}

/** What every Arrow table passes on its way in. @throws LanewiseError naming the file. */
export function checkedArrow(file: string, decoded: Table): Omit<Collected, 'hash'> {
  const fields = decoded.schema.fields;
  if (fields.length === 0) throw damagedArrow(file, 'it holds no schema');
  if (decoded.numRows === 0) throw new LanewiseError('data', `Expected rows in ${file} but there are none`, { file });
  const names = fields.map((field) => field.name);
  const notes: string[] = [];
  const kept = names.filter((name, index) => {
    if (names.indexOf(name) !== index) notes.push(`the name "${name}" is repeated: only its first column was taken`);
    else if (isUsable(fields[index]!.type)) return true;
    else notes.push(`column "${name}" is nested or of a type that is no feature and was left out`);
    return false;
  });
  if (kept.length === 0) {
    throw new LanewiseError(
      'data',
      `Expected columns of numbers, texts, booleans or times in ${file} but there are none`,
      {
        file,
      },
    );
  }
  const table = decoded.selectAt(kept.map((name) => names.indexOf(name)));
  checkBuffers(file, table);
  return { table: withKinds(table), quarantine: [], reader: 'apache-arrow', notes };
}

function isUsable(type: DataType): boolean {
  if (DataType.isDictionary(type)) return DataType.isUtf8(type.dictionary) || DataType.isLargeUtf8(type.dictionary);
  return [
    DataType.isInt,
    DataType.isFloat,
    DataType.isBool,
    DataType.isUtf8,
    DataType.isLargeUtf8,
    DataType.isTimestamp,
    DataType.isDate,
  ].some((is) => is(type));
}

/** A file that was cut or tampered with may promise more rows than its buffers hold: reading would give garbage. */
function checkBuffers(file: string, table: Table): void {
  for (const batch of table.batches) {
    batch.data.children.forEach((data, index) => {
      const name = table.schema.fields[index]!.name;
      const isBit = DataType.isBool(data.type);
      const needed = isBit ? Math.ceil((data.offset + data.length) / 8) : data.length;
      const has =
        data.valueOffsets && !DataType.isDictionary(data.type) ? data.valueOffsets.length - 1 : data.values?.length;
      if ((has ?? 0) < needed) throw damagedArrow(file, `column "${name}" is shorter than its ${data.length} rows`);
    });
  }
}

/** Utf8 columns are categories unless they read like free text; nothing is copied. */
function withKinds(table: Table): Table {
  const changes = columnsOf(table).flatMap(({ name, kind }) => {
    if (kind !== 'text') return [];
    const { values, labels } = readRegister(table, name);
    return isFreeText(values, labels!) ? [] : [[name, { kind: 'categorical' }] as const];
  });
  return changes.length > 0 ? annotate(table, Object.fromEntries(changes)) : table;
}
