import { LanewiseError } from '../../errors.js';

/**
 * A power of two near the largest element: divided by it, a matrix is neither huge nor tiny, and its bits are the same.
 * @throws LanewiseError `data` where an element is not finite.
 */
export function unitOf(matrix: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < matrix.length; i++) {
    const size = Math.abs(matrix[i]!);
    if (!(size <= Number.MAX_VALUE)) {
      throw new LanewiseError('data', `Expected finite numbers in a matrix but element ${i} is ${matrix[i]}`, {
        hint: 'Fill or drop missing and infinite values first.',
      });
    }
    if (size > largest) largest = size;
  }
  if (largest === 0) return 1;
  let unit = 1;
  while (unit < largest / 2) unit *= 2;
  while (unit > largest) unit /= 2;
  return unit;
}
