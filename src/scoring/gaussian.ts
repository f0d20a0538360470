import type { Registers } from './interpreter.js';
import type { GaussianOperation } from './program.js';

/** See GaussianOperation: columns at a time, in the order that it states. NaN in an input is NaN in every output. */
export function scoreGaussian(operation: GaussianOperation, registers: Registers, rowCount: number): void {
  const { outputs, covariance, offsets, means, factors } = operation;
  const inputs = operation.inputs.map((register) => registers[register]!);
  const count = inputs.length;
  const z = new Float64Array(rowCount);
  outputs.forEach((register, k) => {
    const out = registers[register]!;
    const differences = inputs.map((values, j) => values.subarray(0, rowCount).map((x) => x - means[k * count + j]!));
    const sums = new Float64Array(rowCount);
    for (let i = 0; i < count; i++) {
      z.fill(0);
      for (let j = covariance === 'full' ? 0 : i; j < (covariance === 'full' ? count : i + 1); j++) {
        const factor = covariance === 'full' ? factors[(k * count + i) * count + j]! : factors[k * count + i]!;
        const column = differences[j]!;
        for (let row = 0; row < rowCount; row++) z[row] = factor * column[row]! + z[row]!;
      }
      for (let row = 0; row < rowCount; row++) sums[row] = sums[row]! + z[row]! * z[row]!;
    }
    for (let row = 0; row < rowCount; row++) out[row] = offsets[k]! - 0.5 * sums[row]!;
  });
}
