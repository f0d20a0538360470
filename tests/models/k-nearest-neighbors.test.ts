import { expect, test } from 'vitest';
import { KNeighborsClassifier, KNeighborsRegressor } from '#lanewise/models/k-nearest-neighbors/k-nearest-neighbors.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden, goldenTable, largestDifference } from './linear-data.js';

/** Every `step`-th row of a golden data set, moved by `offset`. */
function queries(name: 'iris' | 'diabetes', step: number, offset: number) {
  const columns = Object.entries(golden[name].columns as Record<string, number[]>);
  return tableFromRegisters(
    columns.map(([column, values]) => ({
      name: column,
      type: 'number' as const,
      values: Float64Array.from(values.filter((_, row) => row % step === 0).map((value) => value + offset)),
    })),
  );
}

test('the classifier has the votes of scikit-learn', async () => {
  const model = await new KNeighborsClassifier().fit(goldenTable('iris'), { target: 'target' });
  const out = await model.predict(queries('iris', 4, 0.05));
  for (const k of [0, 1, 2]) {
    const expected = golden.neighbors.classifier.map((row: number[]) => row[k]!);
    expect(largestDifference(readRegister(out, `probability_${k}`).values, expected)).toBeLessThan(1e-12);
  }
});

test('the regressor weighs by distance as scikit-learn does', async () => {
  const { columns, target } = golden.diabetes;
  const table = tableFromRegisters(
    Object.entries({ ...columns, target }).map(([name, values]) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from(values as number[]),
    })),
  );
  const model = await new KNeighborsRegressor({ weights: 'distance' }).fit(table, { target: 'target' });
  const out = await model.predict(queries('diabetes', 5, 0.01));
  expect(largestDifference(readRegister(out, 'prediction').values, golden.neighbors.regressor)).toBeLessThan(1e-10);
});

test('of equally near rows the earlier one counts', async () => {
  const table = tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.of(1, -1, 1, -1) },
    { name: 'y', type: 'number', values: Float64Array.of(10, 20, 30, 40) },
  ]);
  const model = await new KNeighborsRegressor({ nNeighbors: 1 }).fit(table, { target: 'y' });
  expect(model.predictSync({ x: 0 })).toBe(10);
});

test('a row at distance 0 decides alone, and a missing value has no neighbours', async () => {
  const table = tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.of(0, 1, 2) },
    { name: 'y', type: 'number', values: Float64Array.of(5, 6, 9) },
  ]);
  const model = await new KNeighborsRegressor({ nNeighbors: 3, weights: 'distance' }).fit(table, { target: 'y' });
  expect(model.predictSync({ x: 2 })).toBe(9);
  expect(model.predictSync({ x: null })).toBeNull();
});

test('row weights and too few rows are refused', async () => {
  const table = goldenTable('diabetes');
  const weighted = new KNeighborsRegressor().fit(table, { target: 'target', weights: 'weights' });
  await expect(weighted).rejects.toThrow(/no row weights .*"weights"/);
  await expect(new KNeighborsRegressor({ nNeighbors: 61 }).fit(table, { target: 'target' })).rejects.toThrow(
    /nNeighbors = 61 rows .*received 60/,
  );
});
