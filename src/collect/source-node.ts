import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { RecordBatchReader, Table } from 'apache-arrow';
import { type AsyncBuffer, parquetMetadataAsync } from 'hyparquet';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import { selectColumns } from '../table/columns.js';
import type { Context, QuarantinedRow, Source } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { checkedArrow, damagedArrow } from './arrow.js';
import { type CsvOptions, readCsvBytes } from './csv.js';
import { decodeText, endOfRecords } from './csv-scan.js';
import { sniffDialect } from './dialect.js';
import { type Format, formatOf } from './files-node.js';
import { damagedParquet, parquetTables } from './parquet.js';

export interface SourceOptions extends CsvOptions {
  /** Default: by the file's first bytes, then by its name's ending. */
  readonly format?: Format;
  /** Columns that are not read. */
  readonly ignore?: readonly string[];
  /** Bytes of a CSV file that are parsed at once; default 16 MB. */
  readonly blockBytes?: number;
  /** Told of every row that cannot be read, in every pass. */
  readonly onQuarantine?: (row: QuarantinedRow) => void;
}

/** A file as a source, and what it would take in memory. */
export interface FileSource extends Source {
  /** Bytes of the whole table in memory, roughly. */
  readonly tableBytes: number;
}

const BLOCK_BYTES = 1 << 24;
/** A record longer than this has a quote that is never closed. */
const MOST_RECORD_BYTES = 1 << 27;
/** A table takes about so many bytes for one of a CSV file, and of one that is compressed. */
const [TEXT_FACTOR, GZIP_FACTOR] = [1.5, 8];

/**
 * The rows of a file, piece by piece: a CSV or TSV file (also gzipped) in blocks of 16 MB, a Parquet file by row groups, an
 * Arrow file or stream by record batches. A column of a CSV file must look the same in every block: one that holds numbers
 * in the first and texts in a later one is refused when it is read.
 * @throws LanewiseError `file` where the file cannot be opened.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<FileSource> {
  const file = await openFile(path);
  try {
    const head = new Uint8Array(8);
    await file.read(head, 0, 8, 0);
    const { size } = await file.stat();
    const format = options.format ?? formatOf(path, head);
    const description = `the file ${path}`;
    const kept = (tables: AsyncIterable<Table>) => withoutColumns(tables, options.ignore ?? []);
    if (format === 'parquet') {
      const { num_rows, schema } = await parquetMetadataAsync(bufferOf(file, size)).catch((error) => {
        throw damagedParquet(path, error);
      });
      const rowCount = Number(num_rows);
      const tableBytes = 8 * rowCount * schema.length;
      return { description, rowCount, tableBytes, batches: () => kept(readParquet(path)) };
    }
    if (format === 'arrow') return { description, tableBytes: size, batches: () => kept(readArrow(path)) };
    const zipped = head[0] === 0x1f && head[1] === 0x8b;
    const tableBytes = size * (zipped ? GZIP_FACTOR : TEXT_FACTOR);
    return { description, tableBytes, batches: (context) => kept(readCsv(path, zipped, options, context)) };
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: Error) => {
    throw new LanewiseError('file', `Expected a data file but ${path} cannot be opened: ${cause.message}`, {
      cause,
      file: path,
    });
  });
}

async function* withoutColumns(tables: AsyncIterable<Table>, ignored: readonly string[]): AsyncGenerator<Table> {
  for await (const table of tables) {
    if (ignored.length === 0) yield table;
    else {
      const names = columnsOf(table).map(({ name }) => name);
      yield selectColumns(
        table,
        names.filter((name) => !ignored.includes(name)),
      );
    }
  }
}

async function* readParquet(path: string): AsyncGenerator<Table> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    yield* parquetTables(path, bufferOf(file, size));
  } finally {
    await file.close();
  }
}

function bufferOf(file: FileHandle, size: number): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start: number, end = size) {
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

async function* readArrow(path: string): AsyncGenerator<Table> {
  const file = await openFile(path);
  try {
    const reader = await RecordBatchReader.from(file);
    for await (const batch of reader) {
      if (batch.numRows > 0) yield checkedArrow(path, new Table([batch])).table;
    }
  } catch (error) {
    throw error instanceof LanewiseError ? error : damagedArrow(path, error);
  } finally {
    await file.close();
  }
}

async function* readCsv(
  path: string,
  zipped: boolean,
  options: SourceOptions,
  context: Context | undefined,
): AsyncGenerator<Table> {
  let header: Uint8Array | undefined;
  let rest: Uint8Array = new Uint8Array(0);
  let { delimiter } = options;
  let linesBefore = 0;
  for await (const { block, last } of blocksOf(path, zipped, options.blockBytes ?? BLOCK_BYTES)) {
    throwIfCancelled(context?.signal);
    const bytes = header ? joined([rest, block]) : block;
    if (!header && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
      throw new LanewiseError('unsupported', `Expected text in UTF-8 but ${path} is in UTF-16`, {
        file: path,
        hint: 'Write the file as UTF-8',
      });
    }
    delimiter ??= sniffDialect(decodeText(bytes.subarray(0, 1 << 17))).delimiter;
    const end = last ? bytes.length : endOfRecords(bytes, delimiter);
    rest = bytes.slice(end);
    if (rest.length > MOST_RECORD_BYTES) {
      throw new LanewiseError('data', `Expected records of less than 128 MB in ${path}: a quote may never be closed`, {
        file: path,
        line: linesBefore + 1,
      });
    }
    if (end === 0) continue;
    const whole = bytes.subarray(0, end);
    if (header && whole.every((byte) => byte === 10 || byte === 13)) continue;
    const text = header ? joined([header, whole]) : whole;
    const headerLines = header ? 1 : 0;
    header ??= withNewline(bytes.slice(0, endOfHeader(bytes, delimiter)));
    const read = await readCsvBytes(path, text, { ...options, delimiter });
    for (const row of read.quarantine) {
      options.onQuarantine?.({ ...row, line: row.line - headerLines + linesBefore });
    }
    linesBefore += countLines(whole);
    yield read.table;
  }
}

/** The file in blocks of about so many bytes; the last is told. */
async function* blocksOf(
  path: string,
  zipped: boolean,
  blockBytes: number,
): AsyncGenerator<{ block: Uint8Array; last: boolean }> {
  const file = createReadStream(path, { highWaterMark: Math.min(blockBytes, 1 << 20) });
  const stream = zipped ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => stream.destroy(error));
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let block: Uint8Array | undefined;
  try {
    for await (const part of stream as AsyncIterable<Uint8Array>) {
      parts.push(part);
      bytes += part.length;
      if (bytes < blockBytes) continue;
      if (block) yield { block, last: false };
      block = joined(parts);
      [parts, bytes] = [[], 0];
    }
  } catch (cause) {
    const message = `Expected to read ${path} to its end but could not: ${(cause as Error).message}`;
    throw new LanewiseError('file', message, { cause, file: path });
  } finally {
    file.destroy();
  }
  if (block && bytes > 0) yield { block, last: false };
  yield { block: bytes > 0 || !block ? joined(parts) : block, last: true };
}

function endOfHeader(bytes: Uint8Array, delimiter: string): number {
  for (let length = 1 << 12; ; length *= 4) {
    const head = bytes.subarray(0, length);
    const lineEnd = head.findIndex((byte) => byte === 10 || byte === 13);
    // A header that holds an end of line in quotes is longer than its first line.
    const isPlain = lineEnd >= 0 && head.subarray(0, lineEnd).filter((byte) => byte === 34).length % 2 === 0;
    if (isPlain) return lineEnd;
    if (length >= bytes.length) return endOfRecords(bytes, delimiter);
  }
}

function withNewline(header: Uint8Array): Uint8Array {
  return joined([header, Uint8Array.of(10)]);
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) lines++;
  return lines;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
