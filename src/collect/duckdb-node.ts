import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LanewiseError } from '../errors.js';

/** A connection to an in-memory DuckDB. */
export interface Duck {
  run(sql: string): Promise<void>;
  /** All rows of a small result. */
  rows(sql: string): Promise<unknown[][]>;
  readonly connection: import('@duckdb/node-api').DuckDBConnection;
}

/** DuckDB where it is installed (it is an optional dependency), else undefined. */
export async function loadDuckdb() {
  return import('@duckdb/node-api').catch(() => undefined);
}

/** Opens a database in memory for `work` and closes it. Times without a zone are UTC. */
export async function withDuckdb<T>(work: (duck: Duck) => Promise<T>): Promise<T> {
  const api = await loadDuckdb();
  if (!api) {
    throw new LanewiseError('unsupported', 'Expected DuckDB to be installed but it is not', {
      hint: 'npm install @duckdb/node-api',
    });
  }
  const instance = await api.DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    // Nothing is fetched, and what does not fit into memory does not spill into the user's folder.
    const settings = [
      "TimeZone = 'UTC'",
      'autoinstall_known_extensions = false',
      `temp_directory = ${literal(join(tmpdir(), 'lanewise-duckdb'))}`,
    ];
    for (const setting of settings) await connection.run(`SET ${setting}`);
    return await work({
      connection,
      async run(sql) {
        await connection.run(sql);
      },
      rows: async (sql) => (await connection.runAndReadAll(sql)).getRows() as unknown[][],
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Copies a result's columns, DOUBLE or INTEGER without nulls, chunk by chunk into arrays of as many rows. */
export async function readChunks(
  duck: Duck,
  sql: string,
  targets: readonly (Float64Array | Int32Array)[],
): Promise<void> {
  const { default: bindings } = await import('@duckdb/node-bindings');
  const result = await duck.connection.stream(sql);
  let row = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    targets.forEach((target, index) => {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, index);
      const bytes = bindings.vector_get_data(vector, chunk.rowCount * target.BYTES_PER_ELEMENT);
      const Values = target instanceof Float64Array ? Float64Array : Int32Array;
      target.set(new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, chunk.rowCount), row);
    });
    row += chunk.rowCount;
  }
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
