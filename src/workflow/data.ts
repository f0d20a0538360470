import type { Table } from 'apache-arrow';
import { type ReadOptions, readTable } from '../collect/index.js';
import { unknownName } from '../errors.js';
import type { Collected } from '../table/interfaces.js';
import { annotate, columnInfo, columnsOf } from '../table/schema.js';

export interface DataOptions extends ReadOptions {
  readonly target?: string;
  /** Columns that no model may see: role `ignore`. */
  readonly ignore?: readonly string[];
}

/** Reads a file and gives its columns their roles. @throws LanewiseError naming the file, or the nearest column. */
export async function openData(path: string, options: DataOptions = {}): Promise<Collected> {
  const collected = await readTable(path, options);
  return { ...collected, table: withRoles(collected.table, options) };
}

/** The same table with the target and the ignored columns marked. */
export function withRoles(table: Table, { target, ignore = [] }: Pick<DataOptions, 'target' | 'ignore'>): Table {
  if (target !== undefined) columnInfo(table, target);
  const names = columnsOf(table).map(({ name }) => name);
  for (const name of ignore) if (!names.includes(name)) throw unknownName('column to ignore', name, names, 'data');
  return annotate(table, {
    ...Object.fromEntries(ignore.map((name) => [name, { role: 'ignore' as const }])),
    ...(target !== undefined && { [target]: { role: 'target' as const } }),
  });
}

/**
 * The index of each table row among the file's data rows, quarantined ones counted: what folds and predictions are
 * keyed by. `total` counts all of the file's data rows.
 */
export function fileRows({ table, quarantine, sourceRows }: Collected): { indices: Uint32Array; total: number } {
  const indices = sourceRows ?? Uint32Array.from({ length: table.numRows }, (_, row) => row);
  return { indices, total: table.numRows + quarantine.length };
}
