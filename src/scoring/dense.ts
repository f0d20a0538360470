import { activate, activations } from '../kernels/activations.js';
import { DEPTH_BLOCK } from '../kernels/sums.js';
import type { Registers } from './interpreter.js';
import type { DenseOperation } from './program.js';

/** See DenseOperation: an output's column at a time, in the order that it states. */
export function scoreDense(operation: DenseOperation, registers: Registers, rowCount: number): void {
  const { outputs, weights, biases } = operation;
  const code = activations.indexOf(operation.activation);
  const inputs = operation.inputs.map((register) => Float32Array.from(registers[register]!.subarray(0, rowCount)));
  const units = outputs.length;
  const block = new Float32Array(rowCount);
  const sums = new Float32Array(rowCount);
  outputs.forEach((register, k) => {
    sums.fill(0);
    for (let start = 0; start < inputs.length; start += DEPTH_BLOCK) {
      block.fill(0);
      for (let j = start; j < Math.min(inputs.length, start + DEPTH_BLOCK); j++) {
        const [column, weight] = [inputs[j]!, weights[j * units + k]!];
        for (let row = 0; row < rowCount; row++) block[row] = block[row]! + Math.fround(column[row]! * weight);
      }
      for (let row = 0; row < rowCount; row++) sums[row] = sums[row]! + block[row]!;
    }
    const out = registers[register]!;
    for (let row = 0; row < rowCount; row++) out[row] = activate(code, Math.fround(sums[row]! + biases[k]!));
  });
}
