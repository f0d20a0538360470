// Probabilities of classes from those of pairs: src/scoring/pairwise-coupling.ts. Fields: inputs, outputs. Scratch: the
// quadratic form, then its products with the probabilities.
import { columnIn, length, list, scratch, value, write } from './program';

const SUREST: f64 = 1e-7;

export function scorePairwiseCoupling(at: usize, rows: i32): void {
  const outputs = list(at, 1);
  const classes = length(at, 1);
  for (let row = 0; row < rows; row++) {
    if (fillMatrix(list(at, 0), classes, row)) solve(outputs, classes, row);
    else for (let a = 0; a < classes; a++) write(columnIn(outputs, a), row, NaN);
  }
}

function fillMatrix(inputs: usize, classes: i32, row: i32): bool {
  const matrix = scratch();
  for (let i = 0; i < classes * classes; i++) write(matrix, i, 0);
  let pair = 0;
  for (let a = 0; a < classes; a++) {
    for (let b = a + 1; b < classes; b++, pair++) {
      const given = value(columnIn(inputs, pair), row);
      if (given != given) return false;
      const first = given < SUREST ? SUREST : min<f64>(given, 1 - SUREST);
      const second = 1 - first;
      write(matrix, a * classes + a, value(matrix, a * classes + a) + second * second);
      write(matrix, b * classes + b, value(matrix, b * classes + b) + first * first);
      write(matrix, a * classes + b, -(second * first));
      write(matrix, b * classes + a, -(second * first));
    }
  }
  return true;
}

function solve(outputs: usize, classes: i32, row: i32): void {
  const matrix = scratch();
  const products = matrix + (<usize>(classes * classes) << 3);
  for (let a = 0; a < classes; a++) write(columnIn(outputs, a), row, 1 / <f64>classes);
  for (let round = 0; round < max(100, classes); round++) {
    let total: f64 = 0;
    for (let a = 0; a < classes; a++) {
      let product: f64 = 0;
      for (let b = 0; b < classes; b++) product += value(matrix, a * classes + b) * value(columnIn(outputs, b), row);
      write(products, a, product);
      total += value(columnIn(outputs, a), row) * product;
    }
    let error: f64 = 0;
    for (let a = 0; a < classes; a++) error = max<f64>(error, abs<f64>(value(products, a) - total));
    if (error < 0.005 / <f64>classes) break;
    for (let a = 0; a < classes; a++) {
      const own = value(matrix, a * classes + a);
      const difference = (total - value(products, a)) / own;
      const scale = 1 + difference;
      const out = columnIn(outputs, a);
      write(out, row, value(out, row) + difference);
      total = (total + difference * (difference * own + 2 * value(products, a))) / scale / scale;
      for (let b = 0; b < classes; b++) {
        write(products, b, (value(products, b) + difference * value(matrix, a * classes + b)) / scale);
        const other = columnIn(outputs, b);
        write(other, row, value(other, row) / scale);
      }
    }
  }
}
