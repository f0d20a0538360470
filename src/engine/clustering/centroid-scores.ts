import type { Registers } from '../../scoring/interpreter.js';
import { scoreCentroids } from '../../scoring/neighbors.js';
import type { CentroidsOperation } from '../../scoring/program.js';
import type { Engine, Task } from '../engine.js';

/** Fewer coordinates of rows and centres are compared where the registers lie: laying them out would cost more. */
const MIN_PRODUCTS = 4_096;
/** Rows of a task: not a power of two, or all of its columns would want the same places in the caches. */
const TASK_ROWS = 2_040;

/** A centroids operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreCentroidsOn(
  engine: Engine,
  operation: CentroidsOperation,
  registers: Registers,
  rowCount: number,
): void {
  if (isSmall(operation, rowCount)) return scoreCentroids(operation, registers, rowCount);
  using laid = layOut(engine, operation, registers, rowCount);
  engine.runHere(laid.tasks);
  laid.write();
}

/** As `scoreCentroidsOn`, on all threads. */
export async function scoreCentroidsOnThreads(
  engine: Engine,
  operation: CentroidsOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  if (isSmall(operation, rowCount)) return scoreCentroids(operation, registers, rowCount);
  using laid = layOut(engine, operation, registers, rowCount);
  await engine.run(laid.tasks, signal);
  laid.write();
}

function isSmall({ inputs, distances }: CentroidsOperation, rowCount: number): boolean {
  return inputs.length * distances.length * rowCount < MIN_PRODUCTS || inputs.length === 0;
}

function layOut(engine: Engine, operation: CentroidsOperation, registers: Registers, rowCount: number) {
  const { inputs, out, distances: outputs, centers } = operation;
  const scope = engine.arena.scope();
  const middles = scope.copy('f64', centers).byteOffset;
  const blocks: { start: number; rows: number; distances: Float64Array; nearest: Float64Array }[] = [];
  const tasks: Task[] = [];
  for (let start = 0; start < rowCount; start += TASK_ROWS) {
    const rows = Math.min(TASK_ROWS, rowCount - start);
    const columns = scope.allocate('f64', inputs.length * rows);
    inputs.forEach((input, j) => {
      columns.set(registers[input]!.subarray(start, start + rows), j * rows);
    });
    const distances = scope.allocate('f64', outputs.length * rows);
    const [nearest, least] = [scope.allocate('f64', rows), scope.allocate('f64', rows)];
    blocks.push({ start, rows, distances, nearest });
    const offsets = [columns, middles, distances, nearest, least].map((at) =>
      typeof at === 'number' ? at : at.byteOffset,
    );
    tasks.push({ kernel: 'center_distances_f64', values: [...offsets, rows, outputs.length, inputs.length] });
  }
  const write = (): void => {
    for (const { start, rows, distances, nearest } of blocks) {
      registers[out]!.set(nearest, start);
      outputs.forEach((register, k) => {
        registers[register]!.set(distances.subarray(k * rows, (k + 1) * rows), start);
      });
    }
  };
  return { tasks, write, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}
