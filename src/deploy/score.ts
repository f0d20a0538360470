import type { Engine } from '../engine/engine.js';
import { turnEventLoop } from '../engine/turn.js';
import { executeOn } from '../models/execute.js';
import { runProgram } from '../scoring/interpreter.js';
import type { Program } from '../scoring/program.js';
import type { Registers } from './protocol.js';

/** Rows scored before the event loop turns, so that other requests are answered meanwhile. */
const BLOCK_ROWS = 512;

/** Runs a program over registers in blocks; returns a column for each output. */
export async function scoreRegisters(engine: Engine, program: Program, registers: Registers): Promise<Float64Array[]> {
  const { rowCount, columns, texts } = registers;
  const outputs = program.outputs.map(() => new Float64Array(rowCount));
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    if (start > 0) await turnEventLoop();
    const end = Math.min(rowCount, start + BLOCK_ROWS);
    const block = columns.map((column) => column.subarray(start, end));
    runProgram(program, block, end - start, executeOn(engine), texts).forEach((values, index) => {
      outputs[index]!.set(values, start);
    });
  }
  return outputs;
}
