import { scoreNeighborsOn, scoreNeighborsOnThreads } from '../engine/distance.js';
import type { Engine } from '../engine/engine.js';
import { scoreEnsembleOn, scoreEnsembleOnThreads } from '../engine/ensemble.js';
import { scoreLinearOn } from '../engine/linear-algebra.js';
import { execute, type Registers } from '../scoring/interpreter.js';
import { type Program, writtenRegisters } from '../scoring/program.js';

/** `execute` with the heavy operations on the engine's kernels, on this thread; the bits are the interpreter's. */
export function executeOn(engine: Engine): typeof execute {
  return (operation, registers, rowCount) => {
    if (operation.op === 'ensemble') scoreEnsembleOn(engine, operation, registers, rowCount);
    else if (operation.op === 'linear') scoreLinearOn(engine, operation, registers, rowCount);
    else if (operation.op === 'neighbors') scoreNeighborsOn(engine, operation, registers, rowCount);
    else execute(operation, registers, rowCount);
  };
}

/** `runProgram` with the heavy operations on the engine's kernels and, where that pays, on all of its threads. */
export async function runProgramOn(
  engine: Engine,
  program: Program,
  columns: readonly Float64Array[],
  rowCount: number,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const registers: Float64Array[] = Array.from({ length: program.registerCount }, (_, register) =>
    register < program.inputs.length ? columns[register]! : EMPTY,
  );
  const executeOperation = executeOn(engine);
  for (const operation of program.operations) {
    for (const register of writtenRegisters(operation)) registers[register] = new Float64Array(rowCount);
    if (operation.op === 'neighbors') {
      await scoreNeighborsOnThreads(engine, operation, registers as Registers, rowCount, signal);
    } else if (operation.op === 'ensemble') {
      await scoreEnsembleOnThreads(engine, operation, registers as Registers, rowCount, signal);
    } else executeOperation(operation, registers, rowCount);
  }
  return program.outputs.map((output) => registers[output.register]!);
}

const EMPTY = new Float64Array(0);
