import { expect, test } from 'vitest';
import {
  chiSquaredTail,
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentCritical,
  studentTwoSided,
} from '#lanewise/evaluate/distributions.js';
import { correctedResampledT } from '#lanewise/evaluate/significance.js';
import { golden, relativeError } from '../agreement/golden.js';

const expected = golden('evaluate').distributions;

test.each([
  ['student_two_sided', studentTwoSided, 1e-11],
  ['student_cdf', studentCdf, 1e-11],
  ['student_critical', studentCritical, 1e-11],
  ['chi_squared_tail', chiSquaredTail, 1e-11],
  ['normal_cdf', normalCdf, 1e-11],
  ['normal_quantile', normalQuantile, 1e-11],
  ['incomplete_beta', incompleteBeta, 1e-10],
] as [string, (...values: number[]) => number, number][])('%s agrees with SciPy', (name, of, tolerance) => {
  for (const row of expected[name] as number[][]) {
    const value = of(...row.slice(0, -1));
    expect(relativeError(value, row.at(-1)!), `${name}(${row.slice(0, -1)}) = ${value}`).toBeLessThan(tolerance);
  }
});

test('ln Γ agrees with SciPy', () => {
  for (const [x, value] of expected.log_gamma as [number, number][]) {
    expect(Math.abs(logGamma(x) - value) / Math.max(1, Math.abs(value)), `x = ${x}`).toBeLessThan(1e-13);
  }
});

test('the corrected resampled t widens the variance by test rows over training rows', () => {
  // Differences 0.01, 0.03, 0.02, 0.02, 0.02: mean 0.02, variance 5e-5; 5 folds, so tests are a quarter of training.
  const test5 = correctedResampledT([0.81, 0.83, 0.82, 0.82, 0.82], [0.8, 0.8, 0.8, 0.8, 0.8], 0.25);
  expect(test5.t).toBeCloseTo(0.02 / Math.sqrt((1 / 5 + 1 / 4) * 5e-5), 9);
  expect(test5.p).toBeCloseTo(studentTwoSided(test5.t, 4), 15);
  const plain = 0.02 / Math.sqrt(5e-5 / 5);
  expect(test5.t).toBeLessThan(plain);
});

test('equal scores differ with p = 1, and a constant difference with p = 0', () => {
  expect(correctedResampledT([0.5, 0.6], [0.5, 0.6], 0.25)).toMatchObject({ t: 0, p: 1 });
  expect(correctedResampledT([1, 2], [0, 1], 0.25)).toMatchObject({ difference: 1, p: 0 });
});
