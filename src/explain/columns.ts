import type { Table } from 'apache-arrow';
import type { Engine } from '../engine/engine.js';
import { turnEventLoop } from '../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import { runProgramOn } from '../models/execute.js';
import type { Program } from '../scoring/program.js';
import { readRegister } from '../table/columns.js';
import { readInput } from '../table/inputs.js';

/** Rows between two turns of the event loop. */
const BLOCK_ROWS = 8_192;

/** A table's columns as the program's inputs, in their order. */
export function inputColumns(program: Program, table: Table): Float64Array[] {
  if (table.numRows === 0) {
    throw new LanewiseError('data', 'Expected rows to explain but the table has none');
  }
  return program.inputs.map((input) => readInput(table, input));
}

/** A program's outputs for columns of any length. */
export async function runOnColumns(
  engine: Engine,
  program: Program,
  columns: readonly Float64Array[],
  rowCount: number,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const outputs = program.outputs.map(() => new Float64Array(rowCount));
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    throwIfCancelled(signal);
    const end = Math.min(rowCount, start + BLOCK_ROWS);
    const block = columns.map((column) => column.subarray(start, end));
    const results = await runProgramOn(engine, program, block, end - start, signal);
    results.forEach((values, index) => {
      outputs[index]!.set(values, start);
    });
    await turnEventLoop();
  }
  return outputs;
}

/** The weights of rows, or undefined where all count alike. @throws LanewiseError `data` for weights that cannot be. */
export function rowWeights(table: Table, name: string | undefined): Float64Array | undefined {
  if (name === undefined) return undefined;
  const { values } = readRegister(table, name);
  const wrong = values.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong >= 0) {
    const message = `Expected finite weights >= 0 in column "${name}" but received ${values[wrong]}`;
    throw new LanewiseError('data', message, { column: name, row: wrong + 1 });
  }
  if (!values.some((weight) => weight > 0)) {
    throw new LanewiseError('data', `Expected a weight above 0 in column "${name}" but all are 0`, { column: name });
  }
  return values;
}

/** The weighted mean of values; of none, NaN. */
export function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  let [sum, total] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const weight = weights ? weights[row]! : 1;
    if (weight === 0) continue;
    sum += weight * values[row]!;
    total += weight;
  }
  return sum / total;
}
