import type { Table } from 'apache-arrow';
import {
  type AsyncBuffer,
  parquetMetadata,
  parquetMetadataAsync,
  parquetRead,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { LanewiseError } from '../errors.js';
import { type RegisterColumn, tableFromRegisters } from '../table/columns.js';
import type { Collected } from '../table/interfaces.js';
import { codesOf, labelledColumn } from './columns-of-text.js';

/** Reads a Parquet file with hyparquet: everywhere, the browser included. Nested and binary columns are left out. */
export async function readParquetBytes(file: string, bytes: Uint8Array): Promise<Omit<Collected, 'hash'>> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const metadata = parquetMetadata(buffer);
    const schema = parquetSchema(metadata).children;
    const flat = schema.filter(isFlat);
    const rows = await parquetReadObjects({
      file: buffer,
      metadata,
      compressors,
      columns: flat.map((node) => node.element.name),
    });
    const columns = flat.map((node) =>
      columnOf(
        node,
        rows.map((row) => row[node.element.name] ?? null),
      ),
    );
    return parquetTable(
      file,
      columns,
      schema.map(({ element }) => element.name),
      rows.length,
      'hyparquet',
    );
  } catch (error) {
    throw error instanceof LanewiseError ? error : damagedParquet(file, error);
  }
}

const isFlat = ({ children, element }: SchemaTree) => children.length === 0 && element.repetition_type !== 'REPEATED';

/** The tables of a Parquet file, one a row group: only that is in memory. @throws LanewiseError `file`. */
export async function* parquetTables(name: string, file: AsyncBuffer): AsyncGenerator<Table> {
  try {
    const metadata = await parquetMetadataAsync(file);
    const flat = parquetSchema(metadata).children.filter(isFlat);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const cells = new Map(
        flat.map(({ element }) => [element.name, new Array<unknown>(rowEnd - rowStart).fill(null)]),
      );
      await parquetRead({
        file,
        metadata,
        compressors,
        columns: [...cells.keys()],
        rowStart,
        rowEnd,
        onChunk: ({ columnName, columnData, rowStart: first }) => {
          const column = cells.get(columnName)!;
          for (let i = 0; i < columnData.length; i++) column[first - rowStart + i] = columnData[i] ?? null;
        },
      });
      const columns = flat.map((node) => columnOf(node, cells.get(node.element.name)!));
      const names = flat.map(({ element }) => element.name);
      if (rowEnd > rowStart) yield parquetTable(name, columns, names, rowEnd - rowStart, 'hyparquet').table;
      rowStart = rowEnd;
    }
  } catch (error) {
    throw error instanceof LanewiseError ? error : damagedParquet(name, error);
  }
}

export function damagedParquet(file: string, cause: unknown): LanewiseError {
  const reason = String(cause instanceof Error ? cause.message : cause).split('\n')[0]!;
  return new LanewiseError('file', `Expected a Parquet file but ${file} cannot be read as one: ${reason}`, {
    file,
    cause,
  });
}

/** @throws LanewiseError `data` where no column or no row is left. */
export function parquetTable(
  file: string,
  columns: readonly (RegisterColumn | undefined)[],
  names: readonly string[],
  rowCount: number,
  reader: string,
): Omit<Collected, 'hash'> {
  const kept = columns.filter((column) => column !== undefined);
  if (rowCount === 0) throw new LanewiseError('data', `Expected rows in ${file} but there are none`, { file });
  if (kept.length === 0) {
    throw new LanewiseError(
      'data',
      `Expected columns of numbers, texts, booleans or times in ${file} but there are none`,
      {
        file,
      },
    );
  }
  const found = new Set(kept.map(({ name }) => name));
  const notes = names
    .filter((name) => !found.has(name))
    .map((name) => `column "${name}" is nested or of a type that is no feature and was left out`);
  return { table: tableFromRegisters(kept, rowCount), quarantine: [], reader, notes };
}

/** Numbers, booleans, times and texts; undefined for anything else. */
function columnOf({ element }: SchemaTree, cells: readonly unknown[]): RegisterColumn | undefined {
  const { name } = element;
  const sample = cells.find((cell) => cell !== null);
  if (element.logical_type?.type === 'TIME' || element.converted_type?.startsWith('TIME_')) return undefined;
  if (sample instanceof Date)
    return { name, type: 'timestamp', values: numbers(cells, (cell) => (cell as Date).getTime()) };
  if (typeof sample === 'number' || typeof sample === 'bigint')
    return { name, type: 'number', values: numbers(cells, Number) };
  if (typeof sample === 'boolean') return { name, type: 'boolean', values: numbers(cells, Number) };
  if (typeof sample === 'string' || (sample === undefined && element.type === 'BYTE_ARRAY')) {
    const present = cells.map((cell) => (cell === null ? null : String(cell)));
    return labelledColumn({ name, ...codesOf([present], cells.length) });
  }
  return sample === undefined
    ? { name, type: 'number', values: new Float64Array(cells.length).fill(Number.NaN) }
    : undefined;
}

function numbers(cells: readonly unknown[], convert: (cell: unknown) => number): Float64Array {
  return Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : convert(cell)));
}
