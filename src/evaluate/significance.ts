import { invalid } from '../errors.js';
import { studentTwoSided } from './distributions.js';

export interface PairedTest {
  /** Mean over folds of first − second. */
  readonly difference: number;
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * The corrected resampled t-test (Nadeau and Bengio 2003, "Inference for the Generalization Error"): the folds' training
 * sets overlap, so the variance of their mean is widened by testRows/trainRows.
 */
export function correctedResampledT(
  first: readonly number[],
  second: readonly number[],
  testToTrain: number,
): PairedTest {
  if (first.length !== second.length) throw invalid('the second scores', `${first.length} folds`, second.length);
  const differences = first.map((score, fold) => score - second[fold]!).filter((value) => !Number.isNaN(value));
  const count = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const degreesOfFreedom = count - 1;
  if (count < 2) return { difference: mean, t: Number.NaN, degreesOfFreedom, p: Number.NaN };
  const variance = differences.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / degreesOfFreedom;
  if (variance === 0) {
    const equal = mean === 0;
    const t = equal ? 0 : mean > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    return { difference: mean, t, degreesOfFreedom, p: equal ? 1 : 0 };
  }
  const t = mean / Math.sqrt((1 / count + testToTrain) * variance);
  return { difference: mean, t, degreesOfFreedom, p: studentTwoSided(t, degreesOfFreedom) };
}
