import { expect, test } from 'vitest';
import { LogisticRegression } from '#lanewise/models/logistic-regression/logistic-regression.js';
import { readRegister } from '#lanewise/table/columns.js';
import { golden, goldenTable, largestDifference, linearOf } from './linear-data.js';

const binary = golden.iris.target.map((value: number) => (value === 1 ? 1 : 0));

test('two classes: the coefficients of scikit-learn at every C', async () => {
  for (const { C, coefficients, intercepts, probabilities } of golden.binaryLogistic) {
    const table = goldenTable('iris', { target: binary });
    const model = await new LogisticRegression({ C, tol: 1e-10 }).fit(table, { target: 'target' });
    expect(largestDifference(linearOf(model).coefficients, coefficients[0])).toBeLessThan(1e-6);
    expect(largestDifference(linearOf(model).intercepts, intercepts)).toBeLessThan(1e-6);
    const positive = readRegister(await model.predict(table), 'probability_1').values;
    const expected = probabilities.map((row: number[]) => row[1]);
    expect(largestDifference(positive.subarray(0, 5), expected)).toBeLessThan(1e-6);
    expect(model.training.verdict).toMatch(/^converged after \d iterations/);
  }
});

test('rows are weighed as scikit-learn weighs them', async () => {
  const { weights, coefficients, intercepts } = golden.weightedLogistic;
  const table = goldenTable('iris', { target: binary, weights });
  const model = await new LogisticRegression({ tol: 1e-10 }).fit(table, { target: 'target', weights: 'weights' });
  expect(largestDifference(linearOf(model).coefficients, coefficients[0])).toBeLessThan(1e-6);
  expect(largestDifference(linearOf(model).intercepts, intercepts)).toBeLessThan(1e-6);
});

for (const [name, cases] of [
  ['iris', golden.multinomial],
  ['wine', golden.multinomialWine],
] as const) {
  test(`three classes of ${name}: the coefficients of scikit-learn`, async () => {
    for (const { C, coefficients, probabilities } of cases) {
      const table = goldenTable(name);
      const model = await new LogisticRegression({ C, tol: 1e-9 }).fit(table, { target: 'target' });
      expect(largestDifference(linearOf(model).coefficients, coefficients.flat())).toBeLessThan(1e-4);
      const out = await model.predict(table);
      for (const k of [0, 1, 2]) {
        const share = readRegister(out, `probability_${k}`).values.subarray(0, 5);
        expect(
          largestDifference(
            share,
            probabilities.map((row: number[]) => row[k]!),
          ),
        ).toBeLessThan(1e-5);
      }
    }
  });
}

test('the loss falls at every step, and validation rows are followed but not learnt from', async () => {
  const table = goldenTable('wine');
  const model = await new LogisticRegression().fit(table, { target: 'target', validation: table });
  const plain = await new LogisticRegression().fit(table, { target: 'target' });
  const losses = model.training.history.map((point) => point.loss);
  expect(losses.every((loss, i) => i === 0 || loss <= losses[i - 1]!)).toBe(true);
  expect(model.training.history.at(-1)!.validationLoss).toBeLessThan(losses.at(-1)!);
  expect(linearOf(plain).coefficients).toEqual(linearOf(model).coefficients);
});
