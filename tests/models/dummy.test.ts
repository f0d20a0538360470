import { expect, test } from 'vitest';
import { DummyClassifier, DummyRegressor } from '#lanewise/models/dummy/dummy.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';

const table = tableFromRegisters([
  { name: 'x', type: 'number', values: Float64Array.of(1, 2, 3, 4, 5) },
  { name: 'y', type: 'number', values: Float64Array.of(1, 2, 3, 10, 4) },
  { name: 'w', type: 'number', values: Float64Array.of(1, 1, 1, 0, 1) },
  { name: 'c', type: 'category', values: Float64Array.of(0, 1, 1, 2, 1), labels: ['a', 'b', 'c'] },
]);

test('the dummy regressor predicts the mean of the targets', async () => {
  const model = await new DummyRegressor().fit(table, { target: 'y' });
  const predicted = readRegister(await model.predict(table), 'prediction').values;
  expect([...predicted]).toEqual([4, 4, 4, 4, 4]);
  expect(model.predictSync({ x: 9 })).toBe(4);
});

test('the dummy regressor weighs its rows, by mean and by median', async () => {
  const options = { target: 'y', weights: 'w' };
  expect((await new DummyRegressor().fit(table, options)).predictSync({})).toBe(2.5);
  expect((await new DummyRegressor({ strategy: 'median' }).fit(table, options)).predictSync({})).toBe(2.5);
  expect((await new DummyRegressor({ strategy: 'median' }).fit(table, { target: 'y' })).predictSync({})).toBe(3);
});

test('the dummy classifier predicts the most frequent class and the shares of all', async () => {
  const model = await new DummyClassifier().fit(table, { target: 'c' });
  const out = await model.predict(table);
  expect(model.predictSync({ x: 1 })).toBe('b');
  expect(model.classes).toEqual(['a', 'b', 'c']);
  expect(['a', 'b', 'c'].map((label) => readRegister(out, `probability_${label}`).values[3])).toEqual([0.2, 0.6, 0.2]);
});

test('numbers are classes by value, printed as text', async () => {
  const numbers = tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.of(1, 2, 3, 4) },
    { name: 'y', type: 'number', values: Float64Array.of(10, 9, 10, -1) },
  ]);
  expect((await new DummyClassifier().fit(numbers, { target: 'y' })).classes).toEqual(['-1', '9', '10']);
});

test('a misspelt strategy is refused with what it may be', () => {
  expect(() => new DummyRegressor({ strategy: 'mode' as 'mean' })).toThrow(/one of mean, median.*"mode"/);
});
