import { type KernelKind, kernelKinds } from '../../kernels/kernel-functions.js';
import { PANEL_POINTS } from '../../kernels/support-vectors.js';
import type { Registers } from '../../scoring/interpreter.js';
import { scoreKernelExpansion } from '../../scoring/kernel-expansion.js';
import type { KernelExpansionOperation } from '../../scoring/program.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';

/** A kernel function: what its parameters mean stands in src/kernels/support-vectors.ts. */
export interface KernelFunction {
  readonly kind: KernelKind;
  readonly gamma: number;
  readonly coef0: number;
  /** A whole number ≥ 0. */
  readonly degree: number;
}

/** Points, rounded up to whole panels. */
export function panelled(count: number): number {
  return Math.ceil(count / PANEL_POINTS) * PANEL_POINTS;
}

/** The scalars that end the kernels' arguments. */
export function kernelScalars({ kind, gamma, coef0, degree }: KernelFunction): number[] {
  return [kernelKinds.indexOf(kind), gamma, coef0, degree];
}

/** Kernel expansions of points, all in the engine's memory. */
export interface Expansion {
  /** In panels of eight. */
  readonly panels: Float64Array;
  readonly pointCount: number;
  /** Row-major. */
  readonly supports: Float64Array;
  /** One a support, output by output. */
  readonly coefficients: Float64Array;
  /** One an output. */
  readonly intercepts: Float64Array;
  readonly dimension: number;
  readonly kernel: KernelFunction;
}

/** Points of a task: their panels stay in the second-level cache while the supports pass by. */
const TASK_POINTS = 256;
const SCRATCH = 2048;

/** An expansion as tasks of some points each; when they have run, `copy` hands out an output's values. */
export function expansionTasks(scope: Scope, expansion: Expansion) {
  const { panels, pointCount, supports, coefficients, intercepts, dimension, kernel } = expansion;
  const outputCount = intercepts.length;
  const blocks: Float64Array[] = [];
  const tasks: Task[] = [];
  for (let start = 0; start < pointCount; start += TASK_POINTS) {
    const points = Math.min(TASK_POINTS, pointCount - start);
    const out = scope.allocate('f64', outputCount * panelled(points));
    blocks.push(out);
    const offsets = [
      panels.byteOffset + 8 * start * dimension,
      supports.byteOffset,
      coefficients.byteOffset,
      intercepts.byteOffset,
      out.byteOffset,
      scope.allocate('f64', SCRATCH).byteOffset,
    ];
    const shape = [points, coefficients.length / outputCount, dimension, outputCount];
    tasks.push({ kernel: 'kernel_expand_f64', values: [...offsets, ...shape, ...kernelScalars(kernel)] });
  }
  const copy = (output: number, target: Float64Array): void => {
    blocks.forEach((block, index) => {
      const start = index * TASK_POINTS;
      const points = Math.min(TASK_POINTS, pointCount - start);
      const at = output * panelled(points);
      target.set(block.subarray(at, at + points), start);
    });
  };
  return { tasks, copy };
}

/** Fewer kernel values than this are computed where the registers lie: laying rows and supports out would cost more. */
const MIN_VALUES = 1024;

/** A kernel expansion of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreKernelExpansionOn(
  engine: Engine,
  operation: KernelExpansionOperation,
  registers: Registers,
  rowCount: number,
): void {
  using laid = layOut(engine, operation, registers, rowCount);
  if (!laid) return scoreKernelExpansion(operation, registers, rowCount);
  engine.runHere(laid.tasks);
  laid.write();
}

/** As `scoreKernelExpansionOn`, on all threads. */
export async function scoreKernelExpansionOnThreads(
  engine: Engine,
  operation: KernelExpansionOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  using laid = layOut(engine, operation, registers, rowCount);
  if (!laid) return scoreKernelExpansion(operation, registers, rowCount);
  await engine.run(laid.tasks, signal);
  laid.write();
}

function layOut(engine: Engine, operation: KernelExpansionOperation, registers: Registers, rowCount: number) {
  const { inputs, outputs, supports, coefficients, intercepts, kernel, gamma, coef0, degree } = operation;
  if ((coefficients.length / outputs.length) * rowCount < MIN_VALUES || rowCount < PANEL_POINTS) return undefined;
  const dimension = inputs.length;
  const scope = engine.arena.scope();
  const panels = scope.allocate('f64', panelled(rowCount) * dimension);
  inputs.forEach((register, j) => {
    const column = registers[register]!;
    for (let row = 0; row < panelled(rowCount); row++) {
      const at = (row - (row % PANEL_POINTS)) * dimension + j * PANEL_POINTS + (row % PANEL_POINTS);
      panels[at] = row < rowCount ? column[row]! : 0;
    }
  });
  const { tasks, copy } = expansionTasks(scope, {
    panels,
    pointCount: rowCount,
    supports: scope.copy('f64', supports),
    coefficients: scope.copy('f64', coefficients),
    intercepts: scope.copy('f64', intercepts),
    dimension,
    kernel: { kind: kernel, gamma, coef0, degree },
  });
  return {
    tasks,
    write: () => outputs.forEach((register, k) => copy(k, registers[register]!)),
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  };
}
