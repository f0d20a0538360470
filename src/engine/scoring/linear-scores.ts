import { execute, type Registers } from '../../scoring/interpreter.js';
import type { LinearOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';

/** Below so many multiplications the interpreter is as fast: nothing has to be copied for it. */
const MIN_PRODUCTS = 4096;

/** A linear operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreLinearOn(
  engine: Engine,
  operation: LinearOperation,
  registers: Registers,
  rowCount: number,
): void {
  const { inputs, outputs, coefficients, intercepts } = operation;
  const count = inputs.length;
  if (count * outputs.length * rowCount < MIN_PRODUCTS) return execute(operation, registers, rowCount);
  using scope = engine.arena.scope();
  const matrix = scope.allocate('f64', count * rowCount);
  const factors = scope.allocate('f64', count + 1);
  const scores = scope.allocate('f64', rowCount);
  inputs.forEach((register, j) => {
    matrix.set(registers[register]!.subarray(0, rowCount), j * rowCount);
  });
  outputs.forEach((register, k) => {
    factors.set(coefficients.subarray(k * count, (k + 1) * count));
    factors[count] = intercepts[k]!;
    const { byteOffset: out } = scores;
    engine.kernels.linear_scores_f64(matrix.byteOffset, factors.byteOffset, out, rowCount, count, rowCount);
    registers[register]!.set(scores);
  });
}
