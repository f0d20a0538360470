import { activations } from '../../kernels/activations.js';
import { productForms, productScratch } from '../../kernels/matrix-product.js';
import { scoreDense } from '../../scoring/dense.js';
import type { Registers } from '../../scoring/interpreter.js';
import type { DenseOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';

/** Below so many multiplications the interpreter is as fast: nothing has to be copied for it. */
const MIN_PRODUCTS = 4096;
/** Rows that are turned from columns into rows at once, and stay in the cache meanwhile. */
const ROWS = 512;
const COLUMNS = 16;

/** A dense operation of a scoring program as a matrix product; the bits are the interpreter's. */
export function scoreDenseOn(engine: Engine, operation: DenseOperation, registers: Registers, rowCount: number): void {
  const { inputs, outputs, weights, biases, activation } = operation;
  const [depth, units] = [inputs.length, outputs.length];
  if (depth * units * rowCount < MIN_PRODUCTS) return scoreDense(operation, registers, rowCount);
  using scope = engine.arena.scope();
  const rows = Math.min(ROWS, rowCount);
  const [matrix, sums] = [scope.allocate('f32', rows * depth), scope.allocate('f32', rows * units)];
  const [factors, bias] = [scope.copy('f32', weights), scope.copy('f32', biases)];
  const scratch = scope.allocate('f32', productScratch(units, depth));
  const code = activations.indexOf(activation);
  for (let start = 0; start < rowCount; start += ROWS) {
    const count = Math.min(ROWS, rowCount - start);
    gatherRows(matrix, inputs, registers, start, count);
    const buffers = [matrix, factors, sums, scratch].map((buffer) => buffer.byteOffset);
    engine.runHere([
      {
        kernel: 'matrix_product_f32',
        values: [...buffers, count, units, depth, depth, units, units, productForms.plain, 0],
      },
      { kernel: 'layer_forward_f32', values: [sums.byteOffset, bias.byteOffset, sums.byteOffset, code, count, units] },
    ]);
    outputs.forEach((register, k) => {
      const out = registers[register]!;
      for (let i = 0; i < count; i++) out[start + i] = sums[i * units + k]!;
    });
  }
}

function gatherRows(
  matrix: Float32Array,
  inputs: readonly number[],
  registers: Registers,
  start: number,
  count: number,
): void {
  const depth = inputs.length;
  for (let first = 0; first < depth; first += COLUMNS) {
    for (let j = first; j < Math.min(depth, first + COLUMNS); j++) {
      const column = registers[inputs[j]!]!;
      for (let i = 0; i < count; i++) matrix[i * depth + j] = column[start + i]!;
    }
  }
}
