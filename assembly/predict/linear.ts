// outputs[k] = intercepts[k], then + coefficients[k·n + j]·inputs[j] in order. Fields: inputs, outputs, coefficients, intercepts.
import { columnIn, length, list, value, write } from './program';

export function scoreLinear(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const outputs = list(at, 1);
  for (let k = 0; k < length(at, 1); k++) {
    const out = columnIn(outputs, k);
    for (let row = 0; row < rows; row++) write(out, row, value(list(at, 3), k));
    for (let j = 0; j < inputCount; j++) {
      const from = columnIn(inputs, j);
      const coefficient = value(list(at, 2), k * inputCount + j);
      for (let row = 0; row < rows; row++) write(out, row, coefficient * value(from, row) + value(out, row));
    }
  }
}
