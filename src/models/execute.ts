import type { Scope } from '../engine/arena.js';
import { scoreCentroidsOn, scoreCentroidsOnThreads } from '../engine/clustering/centroid-scores.js';
import { scoreAcrossOn, scoreUnaryOn } from '../engine/elementary.js';
import type { Engine } from '../engine/engine.js';
import { scoreLinearOn } from '../engine/linear-algebra.js';
import { scoreNearestLabelOn, scoreNearestLabelOnThreads } from '../engine/neighbors/labels.js';
import { scoreNeighborsOn, scoreNeighborsOnThreads } from '../engine/neighbors/nearest-scoring.js';
import { scoreNeighborScoreOn } from '../engine/neighbors/neighbor-score.js';
import { scoreImputeNeighborsOnThreads, scoreMetricNeighborsOnThreads } from '../engine/neighbors/scoring.js';
import { scoreDenseOn } from '../engine/scoring/dense.js';
import { scoreGaussianOn, scoreGaussianOnThreads } from '../engine/scoring/gaussian.js';
import { scoreKernelExpansionOn, scoreKernelExpansionOnThreads } from '../engine/scoring/kernel-expansion.js';
import { scoreEnsembleOn, scoreEnsembleOnThreads } from '../engine/trees/ensemble.js';
import { Breather } from '../engine/turn.js';
import { throwIfCancelled } from '../errors.js';
import { execute, type Registers } from '../scoring/interpreter.js';
import { type Operation, type Program, type Texts, writtenRegisters } from '../scoring/program.js';

/** `execute` with the heavy operations on the engine's kernels, on this thread; the bits are the interpreter's. */
export function executeOn(engine: Engine): typeof execute {
  return (operation, registers, rowCount, texts) => {
    switch (operation.op) {
      case 'ensemble':
        return scoreEnsembleOn(engine, operation, registers, rowCount);
      case 'dense':
        return scoreDenseOn(engine, operation, registers, rowCount);
      case 'linear':
        return scoreLinearOn(engine, operation, registers, rowCount);
      case 'kernelExpansion':
        return scoreKernelExpansionOn(engine, operation, registers, rowCount);
      case 'gaussian':
        return scoreGaussianOn(engine, operation, registers, rowCount);
      case 'neighbors':
        return scoreNeighborsOn(engine, operation, registers, rowCount);
      case 'nearestLabel':
        return scoreNearestLabelOn(engine, operation, registers, rowCount);
      case 'centroids':
        return scoreCentroidsOn(engine, operation, registers, rowCount);
      case 'unary':
        return scoreUnaryOn(engine, operation, registers, rowCount);
      case 'softmax':
      case 'normalize':
      case 'argmax':
        return scoreAcrossOn(engine, operation, registers, rowCount);
      default:
        return execute(operation, registers, rowCount, texts);
    }
  };
}

/** Rows of a block a thread: enough to share out, few enough for its columns to stay in the caches. */
const BLOCK_ROWS = 8_192;
const MOST_BLOCK_ROWS = 65_536;

/**
 * `runProgram` with the heavy operations on the engine's kernels and, where that pays, on all of its threads. Rows go in
 * blocks, between which the event loop turns and the signal is looked at.
 */
export async function runProgramOn(
  engine: Engine,
  program: Program,
  columns: readonly Float64Array[],
  rowCount: number,
  signal?: AbortSignal,
  texts?: Texts,
): Promise<Float64Array[]> {
  const blockRows = Math.min(rowCount, MOST_BLOCK_ROWS, BLOCK_ROWS * engine.threads);
  const outputs = program.outputs.map(() => new Float64Array(rowCount));
  const breather = new Breather();
  using scope = engine.arena.scope();
  const registers = new BlockRegisters(program, columns, outputs, blockRows, scope);
  for (let start = 0; start < rowCount; start += blockRows) {
    throwIfCancelled(signal);
    const rows = Math.min(blockRows, rowCount - start);
    const block = registers.at(start, rows);
    for (const operation of program.operations) {
      await executeOnThreads(engine, operation, block, rows, signal, texts);
      await breather.breathe(signal);
    }
    registers.finish(start, rows);
  }
  return outputs;
}

/**
 * Operations one after the other over whole columns: registers that they write are made, those that they read are there.
 */
export async function executeAll(
  engine: Engine,
  operations: readonly Operation[],
  registers: Float64Array[],
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const breather = new Breather();
  for (const operation of operations) {
    for (const register of writtenRegisters(operation)) registers[register] = new Float64Array(rowCount);
    await executeOnThreads(engine, operation, registers, rowCount, signal);
    await breather.breathe(signal);
  }
}

async function executeOnThreads(
  engine: Engine,
  operation: Operation,
  registers: Registers,
  rowCount: number,
  signal: AbortSignal | undefined,
  texts?: Texts,
): Promise<void> {
  if (operation.op === 'neighbors') return scoreNeighborsOnThreads(engine, operation, registers, rowCount, signal);
  if (operation.op === 'metricNeighbors') {
    return scoreMetricNeighborsOnThreads(engine, operation, registers, rowCount, signal);
  }
  if (operation.op === 'imputeNeighbors') {
    return scoreImputeNeighborsOnThreads(engine, operation, registers, rowCount, signal);
  }
  if (operation.op === 'nearestLabel') {
    return scoreNearestLabelOnThreads(engine, operation, registers, rowCount, signal);
  }
  if (operation.op === 'neighborScore') return scoreNeighborScoreOn(engine, operation, registers, rowCount, signal);
  if (operation.op === 'centroids') return scoreCentroidsOnThreads(engine, operation, registers, rowCount, signal);
  if (operation.op === 'gaussian') return scoreGaussianOnThreads(engine, operation, registers, rowCount, signal);
  if (operation.op === 'ensemble') return scoreEnsembleOnThreads(engine, operation, registers, rowCount, signal);
  if (operation.op === 'kernelExpansion') {
    return scoreKernelExpansionOnThreads(engine, operation, registers, rowCount, signal);
  }
  executeOn(engine)(operation, registers, rowCount, texts);
}

/** The registers of a program for one block of rows after the other, laid out once. */
class BlockRegisters {
  readonly #columns: readonly Float64Array[];
  readonly #outputs: readonly Float64Array[];
  /** By register: the output that it is written to at once. */
  readonly #direct = new Map<number, number>();
  /** What lies between, in the engine's memory: kernels read it there. */
  readonly #between = new Map<number, Float64Array>();
  /** Outputs whose register is an input, or another output too. */
  readonly #copied: (readonly [output: number, register: number])[] = [];
  #registers: Float64Array[] = [];

  constructor(
    program: Program,
    columns: readonly Float64Array[],
    outputs: readonly Float64Array[],
    blockRows: number,
    scope: Scope,
  ) {
    this.#columns = columns.slice(0, program.inputs.length);
    this.#outputs = outputs;
    program.outputs.forEach(({ register }, output) => {
      if (register < program.inputs.length || this.#direct.has(register)) this.#copied.push([output, register]);
      else this.#direct.set(register, output);
    });
    for (const operation of program.operations) {
      for (const register of writtenRegisters(operation)) {
        if (!this.#direct.has(register)) this.#between.set(register, scope.allocate('f64', blockRows));
      }
    }
  }

  at(start: number, rows: number): Registers {
    const registers = this.#columns.map((column) => column.subarray(start, start + rows));
    for (const [register, output] of this.#direct) {
      registers[register] = this.#outputs[output]!.subarray(start, start + rows);
    }
    for (const [register, values] of this.#between) registers[register] = values.subarray(0, rows);
    this.#registers = registers;
    return registers;
  }

  finish(start: number, rows: number): void {
    for (const [output, register] of this.#copied) {
      this.#outputs[output]!.set(this.#registers[register]!.subarray(0, rows), start);
    }
  }
}
