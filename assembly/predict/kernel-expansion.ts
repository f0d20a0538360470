// Kernel machines: src/scoring/kernel-expansion.ts. Fields: inputs, outputs, kernel (0 linear, 1 poly, 2 rbf, 3 sigmoid), gamma,
// coef0, degree, supports, coefficients, intercepts.
import { exp, tanh } from '../inline/elementary';
import { columnIn, count, length, list, number, value, write } from './program';

const LINEAR: i32 = 0;
const POLY: i32 = 1;
const RBF: i32 = 2;

export function scoreKernelExpansion(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const outputs = list(at, 1);
  const outputCount = length(at, 1);
  const kind = count(at, 2);
  const supports = list(at, 6);
  const coefficients = list(at, 7);
  const supportCount = length(at, 7) / outputCount;
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputCount; k++) write(columnIn(outputs, k), row, value(list(at, 8), k));
    for (let i = 0; i < supportCount; i++) {
      let sum: f64 = 0;
      for (let j = 0; j < inputCount; j++) {
        const x = value(columnIn(inputs, j), row);
        const support = value(supports, i * inputCount + j);
        const difference = x - support;
        sum = (kind == RBF ? difference * difference : x * support) + sum;
      }
      const kernel = kernelOf(kind, sum, number(at, 3), number(at, 4), count(at, 5));
      for (let k = 0; k < outputCount; k++) {
        const out = columnIn(outputs, k);
        write(out, row, value(coefficients, k * supportCount + i) * kernel + value(out, row));
      }
    }
  }
}

function kernelOf(kind: i32, sum: f64, gamma: f64, coef0: f64, degree: i32): f64 {
  if (kind == LINEAR) return sum;
  if (kind == RBF) return exp(-gamma * sum);
  const inner = gamma * sum + coef0;
  if (kind != POLY) return tanh(inner);
  let result: f64 = 1;
  let square = inner;
  for (let rest = degree; rest > 0; rest >>= 1) {
    if (rest & 1) result *= square;
    square *= square;
  }
  return result;
}
