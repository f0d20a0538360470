import { defaultEngine, type Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { Collected, Context } from '../table/interfaces.js';
import { type CsvOptions, readCsvBytes } from './csv.js';
import { duckdbReader } from './csv-duckdb-node.js';
import { type Format, formatOf, readSource } from './files-node.js';

export interface ReadOptions extends CsvOptions {
  /** Default: by the file's first bytes, then by its name's ending. */
  readonly format?: Format;
  /** 'auto' takes DuckDB where it is installed. */
  readonly reader?: 'auto' | 'duckdb' | 'papaparse';
  readonly engine?: Engine;
  readonly signal?: Context['signal'];
}

/**
 * Reads a table from a file: CSV or TSV (also gzipped), Parquet, Arrow IPC file or stream.
 * @throws LanewiseError `file` for what cannot be opened, `data` for what holds no table; both name the file.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Collected> {
  const source = await readSource(path);
  const format = options.format ?? formatOf(path, source.bytes);
  if (format === 'csv') {
    const engine = options.engine ?? (await defaultEngine());
    const fast = options.reader === 'papaparse' ? undefined : await duckdbReader(path, engine);
    if (options.reader === 'duckdb' && !fast) throw missingDuckdb(path);
    const collected = await readCsvBytes(path, source.bytes, options, fast);
    return { ...collected, hash: source.hash };
  }
  throw new LanewiseError('unsupported', `No reader for ${path}`, { file: path });
}

function missingDuckdb(path: string): LanewiseError {
  return new LanewiseError('unsupported', `Expected DuckDB to read ${path} but it is not installed`, {
    file: path,
    hint: "npm install @duckdb/node-api, or reader: 'papaparse'",
  });
}
