import {
  add,
  DoubleDoubleVectors,
  divide,
  fromNumber,
  negate,
  squareRoot,
  timesPowerOfTwo,
  toNumber,
} from '../engine/linear-algebra/double-double.js';
import { fillUnit, unitOf } from './unit.js';

/** Figures of a series of numbers, computed in double-doubles. */
export interface Univariate {
  /** Values that are not NaN: only they are counted. */
  readonly count: number;
  readonly mean: number;
  /** Of the sample: divided by count − 1. NaN of one value. */
  readonly standardDeviation: number;
  /** Autocorrelation at lag 1: Σ dᵢ·dᵢ₊₁ / Σ dᵢ², d the differences from the mean. NaN where nothing varies. */
  readonly autocorrelation: number;
}

/**
 * Mean, standard deviation and lag-1 autocorrelation to the last digits that the numbers hold, however large their offset
 * from 0 (NIST's univariate reference sets: docs/statistical-accuracy.md). Missing values (NaN) are passed over.
 */
export function univariate(values: Float64Array): Univariate {
  const present = values.filter((value) => !Number.isNaN(value));
  const count = present.length;
  if (count === 0) return { count, mean: Number.NaN, standardDeviation: Number.NaN, autocorrelation: Number.NaN };
  const unit = unitOf(present, true);
  const [z, ones, next] = [0, 1, 2];
  const vectors = new DoubleDoubleVectors(3, count);
  fillUnit(present, unit, vectors, z);
  vectors.high.fill(1, count, 2 * count);
  const mean = divide(vectors.dot(z, ones, 0), fromNumber(count));
  vectors.addMultiple(negate(mean), ones, z, 0);
  for (let i = 0; i + 1 < count; i++) vectors.set(next, i, vectors.get(z, i + 1));
  const squares = vectors.dot(z, z, 0);
  const deviation = count > 1 ? toNumber(squareRoot(divide(squares, fromNumber(count - 1)))) : Number.NaN;
  const scaledMean = {
    high: timesPowerOfTwo(mean.high, unit.exponent),
    low: timesPowerOfTwo(mean.low, unit.exponent),
  };
  return {
    count,
    mean: toNumber(add(scaledMean, fromNumber(unit.shift))),
    standardDeviation: timesPowerOfTwo(deviation, unit.exponent),
    autocorrelation: toNumber(divide(vectors.dot(z, next, 0), squares)),
  };
}
