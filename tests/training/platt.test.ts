import { expect, test } from 'vitest';
import { fitPlatt, plattProbability } from '#lanewise/training/platt.js';

const decisions = [-2.5, -1.1, -0.7, -0.2, 0.1, 0.3, -0.4, 0.9, 1.6, 2.2, 0.05, -1.4];
const positive = [0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0];
const weights = [1, 2, 0, 1, 0.5, 1, 1, 3, 1, 1, 0.25, 1];

test('the sigmoid is the maximum-likelihood one on Platt’s targets, with weights and without', () => {
  // Newton's method in numpy, to a gradient of 1e-16.
  const plain = fitPlatt(decisions, positive);
  expect(plain.slope).toBeCloseTo(-1.31069579, 7);
  expect(plain.offset).toBeCloseTo(-0.14235093, 7);
  const weighted = fitPlatt(decisions, positive, weights);
  expect(weighted.slope).toBeCloseTo(-1.43588177, 7);
  expect(weighted.offset).toBeCloseTo(-0.36263519, 7);
  expect(fitPlatt(decisions, positive, new Array(12).fill(1))).toEqual(plain);
});

test('a weight of 0 is as good as a row that is not there', () => {
  const kept = decisions.map((_, row) => row).filter((row) => weights[row]! > 0);
  const less = fitPlatt(
    kept.map((row) => decisions[row]!),
    kept.map((row) => positive[row]!),
    kept.map((row) => weights[row]!),
  );
  expect(less).toEqual(fitPlatt(decisions, positive, weights));
});

test('decisions of any size give the same probabilities', () => {
  const plain = fitPlatt(decisions, positive);
  for (const unit of [2 ** -900, 2 ** -30, 2 ** 30, 2 ** 900]) {
    const scaled = fitPlatt(
      decisions.map((decision) => decision * unit),
      positive,
    );
    for (const decision of decisions) {
      expect(plattProbability(scaled, decision * unit)).toBe(plattProbability(plain, decision));
    }
  }
});

test('separable, constant, one-sided and no decisions have an answer', () => {
  const separable = fitPlatt([-1, -1, -1, 1, 1, 1], [0, 0, 0, 1, 1, 1]);
  expect(plattProbability(separable, 1)).toBeCloseTo(4 / 5, 8);
  expect(plattProbability(separable, -1)).toBeCloseTo(1 / 5, 8);
  const constant = fitPlatt([0, 0, 0, 0], [1, 0, 0, 0]);
  expect(plattProbability(constant, 0)).toBeCloseTo((2 / 3 + 3 / 5) / 4, 8);
  expect(plattProbability(fitPlatt([3, 4, 5], [1, 1, 1]), 4)).toBeCloseTo(4 / 5, 6);
  expect(fitPlatt([], [])).toEqual({ slope: 0, offset: 0 });
  expect(plattProbability({ slope: -1, offset: 0 }, 1e6)).toBe(1);
  expect(plattProbability({ slope: -1, offset: 0 }, -1e6)).toBe(0);
});

test('a decision that is not finite is named', () => {
  expect(() => fitPlatt([0, Number.NaN], [0, 1])).toThrow(/finite decision .*row 2 has NaN/);
});
