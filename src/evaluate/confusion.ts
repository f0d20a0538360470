import type { Scored } from '../table/interfaces.js';
import { classCount } from './metric.js';

/** Weights of rows by class: matrix[target · classes + prediction]. */
export interface ConfusionMatrix {
  readonly classes: number;
  readonly matrix: Float64Array;
}

/** How often each class was taken for each other one. */
export function confusionMatrix(scored: Scored, classes = classCount(scored)): ConfusionMatrix {
  return { classes, matrix: tally(confusionCodes(scored, classes), classes * classes, scored.weights) };
}

/** target · classes + prediction, a row. */
export function confusionCodes({ target, prediction }: Scored, classes: number): Uint32Array {
  const codes = new Uint32Array(target.length);
  for (let row = 0; row < codes.length; row++) codes[row] = target[row]! * classes + prediction[row]!;
  return codes;
}

/** The weight of each code. Counts are whole numbers, so that their sums have no order. */
export function tally(codes: Uint32Array, length: number, weights?: Float64Array): Float64Array {
  const sums = new Float64Array(length);
  for (let row = 0; row < codes.length; row++) sums[codes[row]!]! += weights ? weights[row]! : 1;
  return sums;
}

/** What the metrics of one class are made of. */
export interface ClassCounts {
  readonly truePositive: number;
  /** Weight of the rows that are of the class. */
  readonly actual: number;
  /** Weight of the rows predicted to be. */
  readonly predicted: number;
}

/** Sum of row and of column, and the cell of the diagonal, of each class. */
export function classCounts({ classes, matrix }: ConfusionMatrix): ClassCounts[] {
  return Array.from({ length: classes }, (_, k) => {
    let [actual, predicted] = [0, 0];
    for (let other = 0; other < classes; other++) {
      actual += matrix[k * classes + other]!;
      predicted += matrix[other * classes + k]!;
    }
    return { truePositive: matrix[k * classes + k]!, actual, predicted };
  });
}

/** The weights of all rows; without weights, their number. */
export function totalWeight({ matrix }: ConfusionMatrix): number {
  return matrix.reduce((sum, value) => sum + value, 0);
}
