import { type DoubleDoubleVectors, exponentOf, powerOfTwo } from '../engine/linear-algebra/double-double.js';

/** A number's own unit: z = (x − shift) / 2^exponent lies in [−1, 1] and is exact as a double-double. */
export interface Unit {
  readonly shift: number;
  readonly exponent: number;
  /** The largest of the numbers, in absolute value. */
  readonly largest: number;
  /** 2^−exponent, as two factors. */
  readonly inverse: readonly [number, number];
}

/** The middle of the column and its half width, rounded up to a power of two; from 0 where there is no intercept. */
export function unitOf(values: Float64Array, centred: boolean): Unit {
  let low = values[0]!;
  let high = low;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Halves first: the sum of the largest numbers would overflow.
  const shift = !centred ? 0 : low === high ? low : low / 2 + high / 2;
  const exponent = exponentOf(Math.max(high - shift, shift - low));
  return { shift, exponent, largest: Math.max(Math.abs(low), Math.abs(high)), inverse: powerOfTwo(-exponent) };
}

/** z of some values, exactly, as one vector. */
export function fillUnit(values: Float64Array, unit: Unit, vectors: DoubleDoubleVectors, vector: number): void {
  const { high, low, length } = vectors;
  const {
    shift,
    inverse: [first, second],
  } = unit;
  for (let i = 0; i < length; i++) {
    // exactSum(value, −shift)
    const value = values[i]!;
    const sum = value - shift;
    const part = sum - value;
    const error = value - (sum - part) + (-shift - part);
    high[vector * length + i] = sum * first * second;
    low[vector * length + i] = error * first * second;
  }
}
