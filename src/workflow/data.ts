import type { Table } from 'apache-arrow';
import { type ReadOptions, readTable } from '../collect/index.js';
import { unknownName } from '../errors.js';
import { takeRows } from '../table/columns.js';
import type { Collected } from '../table/interfaces.js';
import { annotate, columnInfo, columnsOf } from '../table/schema.js';

export interface DataOptions extends ReadOptions {
  readonly target?: string;
  /** The column whose rows of one value belong together: role `group`. */
  readonly group?: string;
  /** Columns that no model may see: role `ignore`. */
  readonly ignore?: readonly string[];
}

/** Reads a file and gives its columns their roles. @throws LanewiseError naming the file, or the nearest column. */
export async function openData(path: string, options: DataOptions = {}): Promise<Collected> {
  const collected = await readTable(path, options);
  return { ...collected, table: withRoles(collected.table, options) };
}

/** The same table with the target, the groups and the ignored columns marked. */
export function withRoles(
  table: Table,
  { target, group, ignore = [] }: Pick<DataOptions, 'target' | 'group' | 'ignore'>,
): Table {
  for (const name of [target, group]) if (name !== undefined) columnInfo(table, name);
  const names = columnsOf(table).map(({ name }) => name);
  for (const name of ignore) if (!names.includes(name)) throw unknownName('column to ignore', name, names, 'data');
  return annotate(table, {
    ...Object.fromEntries(ignore.map((name) => [name, { role: 'ignore' as const }])),
    ...(group !== undefined && { [group]: { role: 'group' as const } }),
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

/**
 * What was worked out for each table row, with a row for each of the file's data rows: quarantined ones have missing
 * values, so that line n of an answer belongs to line n of the file.
 */
export function inFileOrder(answers: Table, collected: Collected): Table {
  if (collected.quarantine.length === 0) return answers;
  const { indices, total } = fileRows(collected);
  // Beyond the last row there are only missing values.
  const rows = new Uint32Array(total).fill(answers.numRows);
  indices.forEach((place, row) => {
    rows[place] = row;
  });
  return takeRows(answers, rows);
}

/** What reading left out or changed, a sentence each. */
export function readingNotes({ quarantine, notes = [] }: Collected): string[] {
  if (quarantine.length === 0) return [...notes];
  const { line, reason } = quarantine[0]!;
  const rows = quarantine.length === 1 ? '1 row' : `${quarantine.length} rows`;
  return [
    `${rows} could not be read and ${quarantine.length === 1 ? 'is' : 'are'} left out; the first, line ${line}: ${reason}`,
    ...notes,
  ];
}
