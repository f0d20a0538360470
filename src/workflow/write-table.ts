import { stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Table, tableToIPC } from 'apache-arrow';
import writeFileAtomic from 'write-file-atomic';
import { makeFolder, readIfThere } from '../engine/file-system-node.js';
import { LanewiseError } from '../errors.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import { columnsOf } from '../table/schema.js';

/**
 * Writes a table as CSV, or as an Arrow IPC file where the name ends in .arrow or .feather. The file appears whole or
 * not at all.
 */
export async function writeTable(path: string, table: Table): Promise<void> {
  const isArrow = /\.(arrow|feather|ipc)$/i.test(path);
  await writeWhole(path, isArrow ? tableToIPC(table, 'file') : toCsv(table));
}

/**
 * Writes a file beside and renames it; folders on the way are made. Into what is there and no file (a pipe, /dev/null) it
 * writes straight: a file renamed over it would take its place.
 * @throws LanewiseError `file` where it cannot be written.
 */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  try {
    makeFolder(dirname(path));
    const there = await readIfThere(path, stat(path));
    if (there && !there.isFile()) await writeFile(path, contents);
    else await writeFileAtomic(path, typeof contents === 'string' ? contents : Buffer.from(contents));
  } catch (cause) {
    throw new LanewiseError('file', `Expected to write ${path} but could not: ${(cause as Error).message}`, {
      file: path,
      cause,
    });
  }
}

/** As CSV: RFC 4180 quoting, numbers so that they read back to the same bits, missing as nothing. */
export function toCsv(table: Table): string {
  const columns = columnsOf(table).map(({ name }) => readRegister(table, name));
  const lines = [columns.map(({ name }) => quote(name)).join(',')];
  for (let row = 0; row < table.numRows; row++) lines.push(columns.map((column) => cellText(column, row)).join(','));
  return `${lines.join('\n')}\n`;
}

function cellText({ type, values, labels }: RegisterColumn, row: number): string {
  const value = values[row]!;
  if (Number.isNaN(value)) return '';
  if (type === 'category') return quote(labels![value] ?? '');
  if (type === 'boolean') return value === 1 ? 'true' : 'false';
  return type === 'timestamp' ? new Date(value).toISOString() : String(value);
}

function quote(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
