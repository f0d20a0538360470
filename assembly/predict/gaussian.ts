// Log densities: src/scoring/gaussian.ts. Fields: inputs, outputs, covariance (0 full, 1 diagonal), offsets, means, factors.
import { columnIn, count, length, list, value, write } from './program';

export function scoreGaussian(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const outputs = list(at, 1);
  const diagonal = count(at, 2) == 1;
  const offsets = list(at, 3);
  const means = list(at, 4);
  const factors = list(at, 5);
  for (let k = 0; k < length(at, 1); k++) {
    const out = columnIn(outputs, k);
    const mean = means + (<usize>(k * inputCount) << 3);
    for (let row = 0; row < rows; row++) {
      let sum: f64 = 0;
      for (let i = 0; i < inputCount; i++) {
        const place = k * inputCount + i;
        let z: f64 = 0;
        if (diagonal) z = value(factors, place) * (value(columnIn(inputs, i), row) - value(mean, i));
        else {
          const factor = factors + (<usize>place * inputCount << 3);
          for (let j = 0; j < inputCount; j++) {
            z = value(factor, j) * (value(columnIn(inputs, j), row) - value(mean, j)) + z;
          }
        }
        sum += z * z;
      }
      write(out, row, value(offsets, k) - 0.5 * sum);
    }
  }
}
