import { expect, test } from 'vitest';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { RandomForestClassifier, RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import { findLeaf } from '#lanewise/scoring/ensemble.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers } from '../models/tree-data.js';

const ROWS = 400;
const target = 'y';
const ensembleOf = (model: Model) =>
  model.program.operations.find((operation) => operation.op === 'ensemble') as EnsembleOperation;

function columns(): RegisterColumn[] {
  const [a, b] = [0, 1].map((j) =>
    numbers(`x${j}`, ROWS, (row) => (noise(row, 20 + j) < 0.1 ? Number.NaN : noise(row, j))),
  );
  const c = labelled(
    'c',
    Array.from({ length: ROWS }, (_, row) => 'pqr'[Math.floor(3 * noise(row, 4))]),
  );
  const y = numbers('y', ROWS, (row) => (a!.values[row]! > 0.5 ? 4 : 0) + c.values[row]! + noise(row, 9));
  return [a!, b!, c, y];
}

/** Weight of the rows that end in each leaf, by walking the raw values. */
function leafWeights(trees: EnsembleOperation, data: readonly RegisterColumn[], weight: (row: number) => number) {
  const inputs = data
    .slice(0, 3)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ values }) => values);
  const sums = new Float64Array(trees.leafValues.length / trees.leafWidth);
  for (let row = 0; row < ROWS; row++)
    for (const root of trees.roots) sums[findLeaf(trees, root, inputs, row)]! += weight(row);
  return sums;
}

function expectParentsToBeSums({ feature, left, right, cover, gain }: EnsembleOperation) {
  feature.forEach((input, node) => {
    if (input < 0) return expect(gain![node]).toBe(0);
    expect(gain![node]).toBeGreaterThan(0);
    expect(cover![node]).toBeCloseTo(cover![left[node]!]! + cover![right[node]!]!, 9);
  });
}

test('the cover of a leaf of a boosted tree is the number of training rows in it', async () => {
  const data = columns();
  const model = await new GradientBoostingRegressor({ maxIter: 5 }).fit(tableFromRegisters(data), { target });
  const trees = ensembleOf(model);
  expectParentsToBeSums(trees);
  const expected = leafWeights(trees, data, () => 1);
  trees.feature.forEach((input, node) => {
    if (input < 0) expect(trees.cover![node]).toBe(expected[trees.left[node]!]);
  });
});

test('the cover of a leaf is the sum of the weights of its rows where rows have weights', async () => {
  const data = columns();
  const weight = numbers('w', ROWS, (row) => 0.25 * (row % 5));
  const table = tableFromRegisters([...data, weight]);
  const model = await new GradientBoostingRegressor({ maxIter: 5 }).fit(table, { target, weights: 'w' });
  const trees = ensembleOf(model);
  expectParentsToBeSums(trees);
  const expected = leafWeights(trees, data, (row) => weight.values[row]!);
  trees.feature.forEach((input, node) => {
    if (input < 0) expect(trees.cover![node]).toBeCloseTo(expected[trees.left[node]!]!, 9);
  });
});

test('a forest carries the weight of its bags and its gains, as its importances say', async () => {
  const model = await new RandomForestRegressor({ nEstimators: 3 }).fit(tableFromRegisters(columns()), { target });
  const trees = ensembleOf(model);
  expectParentsToBeSums(trees);
  const gains = new Float64Array(3);
  trees.roots.forEach((root, tree) => {
    expect(trees.cover![root]).toBeGreaterThan(0.8 * ROWS);
    const end = trees.roots[tree + 1] ?? trees.feature.length;
    const total = trees.gain!.subarray(root, end).reduce((sum, gain) => sum + gain, 0);
    for (let node = root; node < end; node++) {
      if (trees.feature[node]! >= 0) gains[trees.feature[node]!]! += trees.gain![node]! / total / 3;
    }
  });
  expect(Object.keys(model.importances!)).toEqual(['c', 'x0', 'x1']);
  Object.values(model.importances!).forEach((share, j) => {
    expect(gains[j]).toBeCloseTo(share, 12);
  });
});

test('a forest without drawing covers every row, also of three classes', async () => {
  const data = columns();
  const kind = labelled(
    'y',
    Array.from(data[3]!.values, (value) => (value < 2 ? 'low' : value < 4 ? 'mid' : 'top')),
  );
  const table = tableFromRegisters([...data.slice(0, 3), kind]);
  const model = await new RandomForestClassifier({ nEstimators: 2, bootstrap: false }).fit(table, { target });
  const trees = ensembleOf(model);
  expect(trees.leafWidth).toBe(3);
  expectParentsToBeSums(trees);
  for (const root of trees.roots) expect(trees.cover![root]).toBe(ROWS);
});

test('classes have cover in rows, not in hessians', async () => {
  const data = columns();
  const kind = labelled(
    'y',
    Array.from(data[3]!.values, (value) => (value < 2 ? 'low' : 'top')),
  );
  const model = await new GradientBoostingClassifier({ maxIter: 3 }).fit(
    tableFromRegisters([...data.slice(0, 3), kind]),
    {
      target,
    },
  );
  const { roots, cover } = ensembleOf(model);
  for (const root of roots) expect(cover![root]).toBe(readRegister(tableFromRegisters(data), 'y').values.length);
});
