import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import type { Collected, Context } from '../table/interfaces.js';
import { checkedArrow, damagedArrow, readArrowBytes } from './arrow.js';
import { type CsvOptions, type CsvText, readCsvBytes } from './csv.js';
import { duckdbReader } from './csv-duckdb-node.js';
import { loadDuckdb } from './duckdb-node.js';
import { type Format, formatOf, readSource, type SourceBytes } from './files-node.js';
import { damagedParquet, readParquetBytes } from './parquet.js';
import { readParquetWithDuckdb } from './parquet-duckdb-node.js';

export { missingTokens } from './cells.js';
export {
  applyContract,
  type ColumnContract,
  type Contract,
  contractFromYaml,
  contractToYaml,
  inferContract,
} from './contract.js';
export { type FileSource, openSource, type SourceOptions } from './source-node.js';

export interface ReadOptions extends CsvOptions {
  /** Default: by the file's first bytes, then by its name's ending. */
  readonly format?: Format;
  /** 'duckdb'; 'plain': papaparse and hyparquet; 'auto' (default): DuckDB where it is installed and the file is not small. */
  readonly reader?: 'auto' | 'duckdb' | 'plain';
  readonly engine?: Engine;
  readonly signal?: Context['signal'];
}

/** Below this, papaparse is done before DuckDB has started. */
const SMALL_BYTES = 1 << 18;
/** DuckDB takes milliseconds a column to plan: with so many columns, papaparse is done first below so many rows. */
const WIDE_COLUMNS = 200;
const WIDE_ROWS = 10_000;

/**
 * Reads a table from a file: CSV or TSV (also gzipped), Parquet, Arrow IPC file or stream.
 * @throws LanewiseError `file` for what cannot be opened, `data` for what holds no table; both name the file.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Collected> {
  throwIfCancelled(options.signal);
  const { hash, ...source } = await readSource(path);
  throwIfCancelled(options.signal);
  const collected = await readFormat(path, source, options);
  throwIfCancelled(options.signal);
  return { ...collected, hash };
}

async function readFormat(
  path: string,
  { bytes, compressed }: Omit<SourceBytes, 'hash'>,
  options: ReadOptions,
): Promise<Omit<Collected, 'hash'>> {
  const format = options.format ?? formatOf(path, bytes);
  if (bytes.length === 0) {
    throw new LanewiseError('data', `Expected a table in ${path} but the file is empty`, { file: path });
  }
  if (format === 'arrow') return compressed ? readArrowBytes(path, bytes) : readArrowFile(path, options);
  const duckdb = await wantsDuckdb(path, format === 'csv' && bytes.length < SMALL_BYTES, options);
  if (format === 'csv') {
    const fast = duckdb ? duckdbReader(path, options.engine ?? (await defaultEngine())) : undefined;
    const isWide = ({ names, scan }: CsvText) => names.length > WIDE_COLUMNS && scan.rowCount < WIDE_ROWS;
    return readCsvBytes(path, bytes, options, fast, options.reader === 'duckdb' ? undefined : isWide);
  }
  if (!duckdb) return readParquetBytes(path, bytes);
  try {
    return await readParquetWithDuckdb(path, options.engine ?? (await defaultEngine()));
  } catch (error) {
    if (error instanceof LanewiseError) throw error;
    // DuckDB refuses some encodings that hyparquet reads.
    if (options.reader === 'duckdb') throw damagedParquet(path, error);
    const read = await readParquetBytes(path, bytes);
    const reason = String((error as Error).message).split('\n')[0];
    return { ...read, notes: [...(read.notes ?? []), `duckdb did not read it, hyparquet did: ${reason}`] };
  }
}

/** Straight into the engine's memory: no byte is copied after the read. The table stays there as long as the engine. */
async function readArrowFile(path: string, options: ReadOptions): Promise<Omit<Collected, 'hash'>> {
  const { readIpcFile } = await import('../engine/ipc-node.js');
  const engine = options.engine ?? (await defaultEngine());
  let table: Table;
  try {
    table = readIpcFile(engine, path).table;
  } catch (error) {
    // Memory trouble is the engine's; all else is the file's.
    if (error instanceof LanewiseError && error.code !== 'file') throw error;
    throw damagedArrow(path, error instanceof LanewiseError && error.cause ? error.cause : error);
  }
  return checkedArrow(path, table);
}

async function wantsDuckdb(path: string, isSmall: boolean, { reader = 'auto' }: ReadOptions): Promise<boolean> {
  if (reader === 'plain' || (reader === 'auto' && isSmall)) return false;
  const installed = (await loadDuckdb()) !== undefined;
  if (reader === 'duckdb' && !installed) {
    throw new LanewiseError('unsupported', `Expected DuckDB to read ${path} but it is not installed`, {
      file: path,
      hint: "npm install @duckdb/node-api, or reader: 'plain'",
    });
  }
  return installed;
}
