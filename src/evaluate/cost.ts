import type { Table } from 'apache-arrow';
import { Breather } from '../engine/turn.js';
import type { Program } from '../scoring/program.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { Model } from '../table/interfaces.js';
import { quantileOfSorted } from '../table/statistics.js';

/** What a model costs in use: bytes and the time of one row. */

/**
 * Bytes of a program: its arrays as they lie (what the artefact and the stand-alone `.wasm` store), and the rest as
 * JSON.
 */
export function programBytes(program: Program): number {
  let buffers = 0;
  const text = JSON.stringify(program, (_key, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    buffers += value.byteLength;
    return 0;
  });
  return buffers + new TextEncoder().encode(text).length;
}

/** A row of a table as its owner would write it: numbers, texts, booleans, dates; missing is null. */
export type RowValues = Record<string, number | string | boolean | Date | null>;

/** Reads rows of the columns that a program takes in. */
export function rowsOf(table: Table, program: Program, rows: ArrayLike<number>): RowValues[] {
  const columns = program.inputs.map((input) => readRegister(table, input.name));
  return Array.from(rows, (row) =>
    Object.fromEntries(columns.map((column) => [column.name, cell(column, column.values[row]!)])),
  );
}

function cell({ type, labels }: RegisterColumn, value: number): number | string | boolean | Date | null {
  if (Number.isNaN(value)) return null;
  if (type === 'category') return labels![value]!;
  if (type === 'boolean') return value === 1;
  return type === 'timestamp' ? new Date(value) : value;
}

export interface Latency {
  /** Median over the calls, in microseconds. */
  readonly medianMicroseconds: number;
  readonly p95Microseconds: number;
  readonly calls: number;
}

const WARM_UP_MS = 50;
const MEASURE_MS = 150;
const MOST_CALLS = 2000;

/** Time of `predictSync` on one row: warmed up, then each call timed, over different rows. */
export async function measureLatency(model: Model, table: Table): Promise<Latency> {
  const count = Math.min(table.numRows, 64);
  const spread = Float64Array.from({ length: count }, (_, i) => Math.floor((i * table.numRows) / count));
  const rows = rowsOf(table, model.program, spread);
  const breather = new Breather();
  await callFor(WARM_UP_MS, rows, model, breather);
  const times = (await callFor(MEASURE_MS, rows, model, breather)).sort();
  return {
    medianMicroseconds: quantileOfSorted(times, 0.5),
    p95Microseconds: quantileOfSorted(times, 0.95),
    calls: times.length,
  };
}

/** Microseconds of each call; at least three. */
async function callFor(
  milliseconds: number,
  rows: readonly RowValues[],
  model: Model,
  breather: Breather,
): Promise<Float64Array> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (times.length < 3 || (times.length < MOST_CALLS && performance.now() < end)) {
    const row = rows[times.length % rows.length]!;
    const begin = performance.now();
    model.predictSync(row);
    times.push((performance.now() - begin) * 1000);
    await breather.breathe();
  }
  return Float64Array.from(times);
}
