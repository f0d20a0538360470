import { expect, test, vi } from 'vitest';
import { KdTreeSearch } from '#lanewise/engine/neighbors/kd-tree-search.js';
import { KNeighborsClassifier, KNeighborsRegressor } from '#lanewise/models/k-nearest-neighbors/k-nearest-neighbors.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { dice } from '../scoring/programs.js';
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

test('row weights weigh votes and values; a row without weight is not there', async () => {
  const weights = [1, 3, 0, 2, 1, 0.5];
  const once = [0, 1, 2, 3, 4, 5].map((row) => [row * 1.1, row % 2, row * row, weights[row]!] as const);
  const columns = (rows: readonly (readonly number[])[]) => [
    { name: 'x', type: 'number' as const, values: Float64Array.from(rows, (row) => row[0]!) },
    { name: 'class', type: 'category' as const, values: Float64Array.from(rows, (row) => row[1]!), labels: ['a', 'b'] },
    { name: 'y', type: 'number' as const, values: Float64Array.from(rows, (row) => row[2]!) },
    { name: 'w', type: 'number' as const, values: Float64Array.from(rows, (row) => row[3]!) },
  ];
  const pick = (...names: string[]) => tableFromRegisters(columns(once).filter(({ name }) => names.includes(name)));
  for (const weighing of ['uniform', 'distance'] as const) {
    for (const metric of ['euclidean', 'manhattan'] as const) {
      const parameters = { nNeighbors: 3, weights: weighing, metric };
      const classifier = await new KNeighborsClassifier(parameters).fit(pick('x', 'class', 'w'), {
        target: 'class',
        weights: 'w',
      });
      const regressor = await new KNeighborsRegressor(parameters).fit(pick('x', 'y', 'w'), {
        target: 'y',
        weights: 'w',
      });
      // The nearest three to 2.5 with a weight: rows 3 (0.8), 1 (1.4) and 4 (1.9).
      const votes = [3, 1, 4].map((row) => weights[row]! / (weighing === 'uniform' ? 1 : Math.abs(row * 1.1 - 2.5)));
      const total = votes[0]! + votes[1]! + votes[2]!;
      const out = await classifier.predict(
        tableFromRegisters([columns(once)[0]!].map((c) => ({ ...c, values: Float64Array.of(2.5) }))),
      );
      expect(readRegister(out, 'probability_a').values[0]).toBeCloseTo(votes[2]! / total, 12);
      expect(regressor.predictSync({ x: 2.5 })).toBeCloseTo((9 * votes[0]! + votes[1]! + 16 * votes[2]!) / total, 10);
    }
  }
  const few = new KNeighborsRegressor({ nNeighbors: 6 }).fit(pick('x', 'y', 'w'), { target: 'y', weights: 'w' });
  await expect(few).rejects.toThrow(/nNeighbors = 6 rows with a weight above 0 .* received 5/);
  const zero = tableFromRegisters(
    columns(once.map(([x, c, y]) => [x, c, y, 0])).filter(({ name }) => name !== 'class'),
  );
  await expect(new KNeighborsRegressor().fit(zero, { target: 'y', weights: 'w' })).rejects.toThrow(/weight/);
});

test('gower takes categories and missing values, nan-euclidean missing values; others refuse them', async () => {
  const table = tableFromRegisters([
    { name: 'colour', type: 'category', values: Float64Array.of(0, 0, 1, 1, Number.NaN), labels: ['blue', 'red'] },
    { name: 'size', type: 'number', values: Float64Array.of(1, 2, Number.NaN, 9, 5) },
    { name: 'y', type: 'number', values: Float64Array.of(10, 20, 30, 40, 50) },
  ]);
  const fit = (metric: 'gower' | 'nan-euclidean' | 'euclidean') =>
    new KNeighborsRegressor({ nNeighbors: 1, metric }).fit(table, { target: 'y' });
  const model = await fit('gower');
  expect(model.predictSync({ colour: 'blue', size: 1.6 })).toBe(20);
  expect(model.predictSync({ colour: 'red', size: null })).toBe(30);
  expect(model.predictSync({ colour: 'violet', size: 4.9 })).toBe(50);
  await expect(fit('nan-euclidean')).rejects.toThrow(/"colour" holds categories/);
  await expect(fit('euclidean')).rejects.toThrow(/"colour" holds categories/);
});

test('what does not go together is named, and too few rows are', async () => {
  const table = goldenTable('diabetes');
  await expect(new KNeighborsRegressor({ nNeighbors: 61 }).fit(table, { target: 'target' })).rejects.toThrow(
    /nNeighbors = 61 rows .*received 60/,
  );
  const dot = new KNeighborsRegressor({ metric: 'dot', weights: 'distance' }).fit(table, { target: 'target' });
  await expect(dot).rejects.toThrow(/"uniform" for the metric dot/);
  const tree = new KNeighborsRegressor({ metric: 'cosine', algorithm: 'kd_tree' }).fit(table, { target: 'target' });
  await expect(tree).rejects.toThrow(/"auto" or "brute" for the metric cosine/);
  const places = new KNeighborsRegressor({ metric: 'haversine' }).fit(table, { target: 'target' });
  await expect(places).rejects.toThrow(/latitude and longitude/);
});

test('every algorithm predicts the same bits, of rows with values that are no numbers too', async () => {
  const random = dice(4);
  const columns = (rows: number, odd: boolean) =>
    ['a', 'b', 'c'].map((name) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from({ length: rows }, () =>
        odd && random.integer(30) === 0 ? Number.NaN : random.integer(40) / 8,
      ),
    }));
  const y = { name: 'y', type: 'number' as const, values: Float64Array.from({ length: 1100 }, () => random.uniform()) };
  const train = tableFromRegisters([...columns(1100, false), y]);
  const rows = tableFromRegisters(columns(120, true));
  for (const metric of ['euclidean', 'manhattan'] as const) {
    const found = [];
    const trees = vi.spyOn(KdTreeSearch, 'place');
    for (const algorithm of ['auto', 'brute', 'kd_tree'] as const) {
      const model = await new KNeighborsRegressor({ metric, algorithm, weights: 'distance' }).fit(train, {
        target: 'y',
      });
      found.push([...readRegister(await model.predict(rows), 'prediction').values]);
    }
    expect(found[0]!.filter(Number.isNaN).length).toBeGreaterThan(0);
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
    // Of so many rows in three columns both 'auto' and 'kd_tree' take a tree.
    expect(trees).toHaveBeenCalledTimes(2);
    trees.mockRestore();
  }
});
