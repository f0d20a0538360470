// softmax, normalize and argmax over registers of one row. Fields: inputs, then outputs or out.
import { exp } from '../inline/elementary';
import { columnIn, columnOf, length, list, value, write } from './program';

const SOFTMAX: i32 = 0;
const ARGMAX: i32 = 2;

export function scoreAcross(kind: i32, at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let k = 1; k < inputCount; k++) {
      if (value(columnIn(inputs, k), row) > value(columnIn(inputs, best), row)) best = k;
    }
    if (kind == ARGMAX) {
      write(columnOf(at, 1), row, hasNaN(inputs, inputCount, row) ? NaN : <f64>best);
      continue;
    }
    const outputs = list(at, 1);
    const shift = value(columnIn(inputs, best), row);
    let sum: f64 = 0;
    for (let k = 0; k < inputCount; k++) {
      const x = value(columnIn(inputs, k), row);
      const part = kind == SOFTMAX ? exp(x - shift) : x;
      write(columnIn(outputs, k), row, part);
      sum += part;
    }
    for (let k = 0; k < inputCount; k++) {
      const out = columnIn(outputs, k);
      write(out, row, sum == 0 ? 1 / <f64>inputCount : value(out, row) / sum);
    }
  }
}

function hasNaN(inputs: usize, inputCount: i32, row: i32): bool {
  for (let k = 0; k < inputCount; k++) {
    const x = value(columnIn(inputs, k), row);
    if (x != x) return true;
  }
  return false;
}
