import { scoreGaussian } from '../../scoring/gaussian.js';
import type { Registers } from '../../scoring/interpreter.js';
import type { GaussianOperation } from '../../scoring/program.js';
import type { Engine, Task } from '../engine.js';

/** Below so many multiplications the interpreter is as fast: nothing has to be copied for it. */
const MIN_PRODUCTS = 4096;
/** Rows of a task: not a power of two, or all of its columns would want the same places in the caches. */
const TASK_ROWS = 2_040;

/** A gaussian operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreGaussianOn(
  engine: Engine,
  operation: GaussianOperation,
  registers: Registers,
  rowCount: number,
): void {
  if (isSmall(operation, rowCount)) return scoreGaussian(operation, registers, rowCount);
  using laid = layOut(engine, operation, registers, rowCount);
  engine.runHere(laid.tasks);
  laid.write();
}

/** As `scoreGaussianOn`, on all threads. */
export async function scoreGaussianOnThreads(
  engine: Engine,
  operation: GaussianOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  if (isSmall(operation, rowCount)) return scoreGaussian(operation, registers, rowCount);
  using laid = layOut(engine, operation, registers, rowCount);
  await engine.run(laid.tasks, signal);
  laid.write();
}

function isSmall({ inputs, outputs, covariance }: GaussianOperation, rowCount: number): boolean {
  const products = covariance === 'full' ? inputs.length * inputs.length : inputs.length;
  return products * outputs.length * rowCount < MIN_PRODUCTS;
}

function layOut(engine: Engine, operation: GaussianOperation, registers: Registers, rowCount: number) {
  const { inputs, outputs, covariance, means, factors, offsets } = operation;
  const scope = engine.arena.scope();
  const shared = [means, factors, offsets].map((array) => scope.copy('f64', array).byteOffset);
  const blocks: { start: number; rows: number; scores: Float64Array }[] = [];
  const tasks: Task[] = [];
  for (let start = 0; start < rowCount; start += TASK_ROWS) {
    const rows = Math.min(TASK_ROWS, rowCount - start);
    const columns = scope.allocate('f64', inputs.length * rows);
    inputs.forEach((input, j) => {
      columns.set(registers[input]!.subarray(start, start + rows), j * rows);
    });
    const scores = scope.allocate('f64', outputs.length * rows);
    blocks.push({ start, rows, scores });
    const differences = scope.allocate('f64', 16 * inputs.length);
    const offsetsOf = [columns.byteOffset, ...shared, scores.byteOffset, differences.byteOffset];
    const shape = [rows, outputs.length, inputs.length, covariance === 'full' ? 1 : 0];
    tasks.push({ kernel: 'gaussian_scores_f64', values: [...offsetsOf, ...shape] });
  }
  const write = (): void => {
    for (const { start, rows, scores } of blocks) {
      outputs.forEach((register, k) => {
        registers[register]!.set(scores.subarray(k * rows, (k + 1) * rows), start);
      });
    }
  };
  return { tasks, write, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}
