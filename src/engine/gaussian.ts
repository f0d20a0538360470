import { scoreGaussian } from '../scoring/gaussian.js';
import type { Registers } from '../scoring/interpreter.js';
import type { GaussianOperation } from '../scoring/program.js';
import type { Engine } from './engine.js';

/** Below so many multiplications the interpreter is as fast: nothing has to be copied for it. */
const MIN_PRODUCTS = 4096;

/** A gaussian operation of a scoring program, its full factors on the engine's kernels; the bits are the interpreter's. */
export function scoreGaussianOn(
  engine: Engine,
  operation: GaussianOperation,
  registers: Registers,
  rowCount: number,
): void {
  const { inputs, outputs, covariance, offsets, means, factors } = operation;
  const count = inputs.length;
  const few = count * count * outputs.length * rowCount < MIN_PRODUCTS;
  if (covariance === 'diagonal' || few) return scoreGaussian(operation, registers, rowCount);
  using scope = engine.arena.scope();
  const differences = scope.allocate('f64', count * rowCount);
  const factor = scope.allocate('f64', count + 1);
  const z = scope.allocate('f64', rowCount);
  outputs.forEach((register, k) => {
    inputs.forEach((input, j) => {
      const [values, mean] = [registers[input]!, means[k * count + j]!];
      for (let row = 0; row < rowCount; row++) differences[j * rowCount + row] = values[row]! - mean;
    });
    const out = registers[register]!;
    out.fill(0, 0, rowCount);
    for (let i = 0; i < count; i++) {
      factor.set(factors.subarray((k * count + i) * count, (k * count + i + 1) * count));
      factor[count] = 0;
      const { byteOffset: x } = differences;
      engine.kernels.linear_scores_f64(x, factor.byteOffset, z.byteOffset, rowCount, count, rowCount);
      for (let row = 0; row < rowCount; row++) out[row] = out[row]! + z[row]! * z[row]!;
    }
    for (let row = 0; row < rowCount; row++) out[row] = offsets[k]! - 0.5 * out[row]!;
  });
}
