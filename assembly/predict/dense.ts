// A layer of a network in f32: src/scoring/dense.ts. Fields: inputs, outputs, weights (inputs × units), biases, activation
// (0 identity, 1 relu, 2 tanh, 3 logistic, 4 gelu).
import { sigmoid, tanh } from '../inline/elementary';
import { columnIn, count, length, list, scratch, value, write } from './program';

const DEPTH_BLOCK: i32 = 256;

export function scoreDense(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const outputs = list(at, 1);
  const units = length(at, 1);
  const weights = list(at, 2);
  const biases = list(at, 3);
  const activation = count(at, 4);
  // Sums of a block, a row each.
  const sums = scratch();
  for (let k = 0; k < units; k++) {
    const out = columnIn(outputs, k);
    for (let row = 0; row < rows; row++) write(out, row, 0);
    for (let start = 0; start < inputCount; start += DEPTH_BLOCK) {
      for (let row = 0; row < rows; row++) store<f32>(sums + (<usize>row << 2), 0);
      const end = min(inputCount, start + DEPTH_BLOCK);
      for (let j = start; j < end; j++) {
        const from = columnIn(inputs, j);
        const weight = load<f32>(weights + (<usize>(j * units + k) << 2));
        for (let row = 0; row < rows; row++) {
          const sum = sums + (<usize>row << 2);
          store<f32>(sum, load<f32>(sum) + <f32>value(from, row) * weight);
        }
      }
      for (let row = 0; row < rows; row++) {
        write(out, row, <f64>(<f32>value(out, row) + load<f32>(sums + (<usize>row << 2))));
      }
    }
    const bias = load<f32>(biases + (<usize>k << 2));
    for (let row = 0; row < rows; row++) write(out, row, activate(activation, <f32>value(out, row) + bias));
  }
}

function activate(code: i32, sum: f32): f64 {
  const x = <f64>sum;
  switch (code) {
    case 1: return x < 0 ? 0 : x;
    case 2: return <f64><f32>tanh(x);
    case 3: return <f64><f32>sigmoid(x);
    case 4: return <f64><f32>(0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x)))));
    default: return x;
  }
}
