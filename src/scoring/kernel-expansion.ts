import { kernelKinds, kernelOf, RBF } from '../kernels/kernel-functions.js';
import type { Registers } from './interpreter.js';
import type { KernelExpansionOperation } from './program.js';

/** See KernelExpansionOperation: the definition. NaN in an input is NaN in every output. */
export function scoreKernelExpansion(
  operation: KernelExpansionOperation,
  registers: Registers,
  rowCount: number,
): void {
  const { inputs, outputs, intercepts } = operation;
  const columns = inputs.map((register) => registers[register]!);
  const sums = new Float64Array(outputs.length);
  const x = new Float64Array(inputs.length);
  for (let row = 0; row < rowCount; row++) {
    for (let j = 0; j < x.length; j++) x[j] = columns[j]![row]!;
    sums.set(intercepts);
    addKernels(operation, x, sums);
    for (let k = 0; k < sums.length; k++) registers[outputs[k]!]![row] = sums[k]!;
  }
}

/** Adds the supports, in order, to the intercepts in `sums`; allocates nothing. */
export function addKernels(operation: KernelExpansionOperation, x: Float64Array, sums: Float64Array): void {
  const { supports, coefficients, gamma, coef0, degree } = operation;
  const kind = kernelKinds.indexOf(operation.kernel);
  const supportCount = coefficients.length / sums.length;
  for (let i = 0; i < supportCount; i++) {
    let sum = 0;
    for (let j = 0; j < x.length; j++) {
      const support = supports[i * x.length + j]!;
      const difference = x[j]! - support;
      sum = (kind === RBF ? difference * difference : x[j]! * support) + sum;
    }
    const value = kernelOf(kind, sum, gamma, coef0, degree);
    for (let k = 0; k < sums.length; k++) sums[k] = coefficients[k * supportCount + i]! * value + sums[k]!;
  }
}
