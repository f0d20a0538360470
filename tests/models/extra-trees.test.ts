import { expect, test } from 'vitest';
import { ExtraTreesClassifier, ExtraTreesRegressor } from '#lanewise/models/extra-trees/index.js';
import { RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { noise, numbers, outputOf, rootMeanSquare } from './tree-data.js';

const target = 'y';
const ensembleOf = (model: Model) =>
  model.program.operations.find((operation) => operation.op === 'ensemble') as EnsembleOperation;

test('thresholds are drawn evenly between the least and the largest value', async () => {
  const rows = 500;
  // Squares: their quantiles are far from even.
  const x = numbers('x', rows, (row) => 100 * noise(row, 1) ** 4);
  const y = numbers('y', rows, (row) => noise(row, 2));
  const forest = new ExtraTreesRegressor({ nEstimators: 400, maxDepth: 1 });
  const { threshold, roots } = ensembleOf(await forest.fit(tableFromRegisters([x, y]), { target }));
  const drawn = Array.from(roots, (root) => threshold[root]!).sort((a, b) => a - b);
  for (const share of [0.25, 0.5, 0.75]) {
    expect(Math.abs(drawn[Math.floor(share * 400)]! - 100 * share)).toBeLessThan(8);
  }
});

test('every tree sees every row, and learns it', async () => {
  const x = numbers('x', 100, (row) => row);
  const y = numbers('y', 100, (row) => (row * 37) % 11);
  const table = tableFromRegisters([x, y]);
  const model = await new ExtraTreesRegressor({ nEstimators: 3 }).fit(table, { target });
  (await outputOf(model, table)).forEach((value, row) => void expect(value).toBeCloseTo(y.values[row]!, 9));
});

test('smooth functions are met better than by a random forest', async () => {
  const rows = 400;
  const columns = [0, 1, 2].map((k) => numbers(`x${k}`, rows, (row) => noise(row, k)));
  const truth = (row: number, part: number) =>
    Math.sin(6 * noise(row + part, 0)) + noise(row + part, 1) ** 2 + noise(row + part, 2);
  const table = tableFromRegisters([...columns, numbers('y', rows, (row) => truth(row, 0))]);
  const fresh = [0, 1, 2].map((k) => numbers(`x${k}`, rows, (row) => noise(row + 9000, k)));
  const error = async (model: Model) =>
    rootMeanSquare((await outputOf(model, tableFromRegisters(fresh))).map((value, row) => value - truth(row, 9000)));
  const [extra, forest] = [new ExtraTreesRegressor(), new RandomForestRegressor()];
  expect(await error(await extra.fit(table, { target }))).toBeLessThan(
    await error(await forest.fit(table, { target })),
  );
});

test('missing values and classes', async () => {
  const x = numbers('x', 300, (row) => (row % 3 === 0 ? Number.NaN : noise(row, 1)));
  const y = numbers('y', 300, (row) => (row % 3 === 0 ? 2 : noise(row, 1) < 0.5 ? 0 : 1));
  const model = await new ExtraTreesClassifier({ nEstimators: 20 }).fit(tableFromRegisters([x, y]), { target });
  expect([null, 0.1, 0.9].map((value) => model.predictSync({ x: value }))).toEqual(['2', '0', '1']);
});
