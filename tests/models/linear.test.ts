import { expect, test } from 'vitest';
import { Ridge } from '#lanewise/models/linear/linear.js';
import { LinearRegression } from '#lanewise/models/linear-regression/linear-regression.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { golden, goldenTable, largestDifference, linearOf } from './linear-data.js';

const table = goldenTable('diabetes');

test('ridge has the coefficients of scikit-learn at every alpha', async () => {
  for (const { alpha, coefficients, intercept } of golden.ridge) {
    const fitted = linearOf(await new Ridge({ alpha }).fit(table, { target: 'target' }));
    expect(largestDifference(fitted.coefficients, coefficients)).toBeLessThan(1e-10);
    expect(fitted.intercepts[0]).toBeCloseTo(intercept, 9);
  }
});

test('ridge weighs its rows, and can go through the origin', async () => {
  const weighted = linearOf(await new Ridge().fit(table, { target: 'target', weights: 'weights' }));
  expect(largestDifference(weighted.coefficients, golden.weightedRidge.coefficients)).toBeLessThan(1e-10);
  expect(weighted.intercepts[0]).toBeCloseTo(golden.weightedRidge.intercept, 9);
  const through = linearOf(await new Ridge({ fitIntercept: false }).fit(table, { target: 'target' }));
  expect(largestDifference(through.coefficients, golden.ridgeThroughOrigin.coefficients)).toBeLessThan(1e-10);
  expect(through.intercepts[0]).toBe(0);
});

test('least squares agrees with scikit-learn, also where columns are collinear', async () => {
  const plain = linearOf(await new LinearRegression().fit(table, { target: 'target' }));
  expect(largestDifference(plain.coefficients, golden.leastSquares.coefficients)).toBeLessThan(1e-10);
  const { columns, target } = golden.diabetes;
  const doubled = tableFromRegisters(
    Object.entries({ ...columns, x5: columns.x0, target }).map(([name, values]) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from(values as number[]),
    })),
  );
  const model = await new LinearRegression().fit(doubled, { target: 'target' });
  expect(largestDifference(linearOf(model).coefficients, golden.collinear.coefficients)).toBeLessThan(1e-8);
  expect(model.training.verdict).toMatch(/collinear/);
});

test('an offset of a million in a column moves nothing but the intercept', async () => {
  const { columns, target } = golden.diabetes;
  const shifted = tableFromRegisters(
    Object.entries({ ...columns, target }).map(([name, values]) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from(values as number[], (value) => (name === 'x2' ? value + 1e6 : value)),
    })),
  );
  const fitted = linearOf(await new LinearRegression().fit(shifted, { target: 'target' }));
  expect(largestDifference(fitted.coefficients, golden.leastSquares.coefficients)).toBeLessThan(1e-7);
});

test('a polynomial of degree five is recovered though its columns nearly depend on each other', async () => {
  const x = Float64Array.from({ length: 21 }, (_, i) => i);
  const powers = [1, 2, 3, 4, 5].map((degree) => x.map((value) => value ** degree));
  const y = x.map((value) => 1 + value + value ** 2 + value ** 3 + value ** 4 + value ** 5);
  const poly = tableFromRegisters([
    ...powers.map((values, j) => ({ name: `x${j + 1}`, type: 'number' as const, values })),
    { name: 'y', type: 'number', values: y },
  ]);
  const fitted = linearOf(await new LinearRegression().fit(poly, { target: 'y' }));
  expect(largestDifference(fitted.coefficients, [1, 1, 1, 1, 1])).toBeLessThan(1e-6); // NIST StRD Wampler1
});

test('the learning curve has one point, with the validation loss where rows are given', async () => {
  const { training, importances } = await new Ridge().fit(table, { target: 'target', validation: table });
  expect(training.history).toHaveLength(1);
  expect(training.history[0]!.validationLoss).toBeCloseTo(training.history[0]!.loss, 6);
  expect(Object.values(importances!).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
});
