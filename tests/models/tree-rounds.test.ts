import type { Table } from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { metricNamed } from '#lanewise/evaluate/index.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { RandomForestClassifier, RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import {
  applyLeaves,
  decisionFunction,
  stagedPredict,
  stagedScores,
  treesOf,
  withRounds,
} from '#lanewise/models/tree-rounds.js';
import { preorder } from '#lanewise/scoring/ensemble.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { bitsOf } from '../scoring/programs.js';
import { labelled, noise, numbers } from './tree-data.js';

const engine = await createEngine({ backend: 'wasm', threads: 2 });
afterAll(() => engine.close());

const ROWS = 1500;
const zones = ['north', 'south', 'east', 'west', 'docks', 'mill', 'fen', 'heath'];

/** Gaps, infinities, ties, signed zeros and a rare label, with targets that depend on them. */
function hostileTable(): Table {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324];
  const a = numbers('a', ROWS, (row) => (noise(row, 0) < 0.2 ? odd[row % odd.length]! : noise(row, 1) - 0.5));
  const b = numbers('b', ROWS, (row) => (noise(row, 2) < 0.3 ? Number.NaN : Math.floor(8 * noise(row, 3))));
  const zone = labelled(
    'zone',
    Array.from({ length: ROWS }, (_, row) => (row % 11 === 0 ? undefined : zones[Math.floor(8 * noise(row, 4) ** 2)])),
  );
  const signal = (row: number) =>
    (Number.isNaN(b.values[row]!) ? 1.5 : b.values[row]! / 4) +
    (Number.isNaN(zone.values[row]!) ? 0.5 : zone.values[row]! % 3) +
    (a.values[row]! > 0 ? 1 : 0) +
    noise(row, 5);
  const kind = Array.from(
    { length: ROWS },
    (_, row) => ['low', 'mid', 'high'][Math.min(2, Math.floor(signal(row) / 1.6))],
  );
  return tableFromRegisters([
    a,
    b,
    zone,
    // Whole numbers, so that their sums are exact and tell which rows were added.
    { ...numbers('w', ROWS, (row) => 1 + Math.floor(4000 * noise(row, 6))), role: 'weight' },
    numbers('y', ROWS, signal),
    labelled('kind', kind),
  ]);
}

const table = hostileTable();
const features = ['a', 'b', 'zone', 'w', 'y'];
const onlyFeatures = { target: 'kind', engine };
const boosting = { maxIter: 12, maxLeafNodes: 12, minSamplesLeaf: 3, earlyStopping: 'false' } as const;
const noTarget = table.select([...features.slice(0, 4), 'kind']);
const regressor = await new GradientBoostingRegressor(boosting).fit(table.select(features), { target: 'y', engine });
const classifier = await new GradientBoostingClassifier(boosting).fit(noTarget, onlyFeatures);
const forest = await new RandomForestClassifier({ nEstimators: 7, maxDepth: 8 }).fit(noTarget, onlyFeatures);
const grown = await new RandomForestRegressor({
  nEstimators: 3,
  maxDepth: 30,
  bootstrap: false,
  minSamplesLeaf: 1,
}).fit(table.select(features), { target: 'y', engine });
const models: readonly (readonly [string, Model])[] = [
  ['boosting of numbers', regressor],
  ['boosting of three classes', classifier],
  ['a forest of classes', forest],
  ['a forest of numbers', grown],
];

const columnBits = (from: Table) => from.schema.fields.map(({ name }) => bitsOf(readRegister(from, name).values));

/** Sums of the weights of the rows that predictions send to each leaf, by tree and leaf. */
function weightsByLeaf(leaves: Table, operation: EnsembleOperation, weights: Float64Array): number[][] {
  return Array.from(operation.roots, (root, tree) => {
    const count = preorder(operation, root).filter((node) => operation.feature[node]! < 0).length;
    const sums = Array<number>(count).fill(0);
    const found = leaves.getChild(`tree_${tree}`)!.toArray() as Int32Array;
    found.forEach((leaf, row) => {
      sums[leaf]! += weights[row]!;
    });
    return sums;
  });
}

describe.each(models)('%s', (_, model) => {
  test('training sent every row to the leaf that prediction finds', async () => {
    if (model === forest) return; // its trees saw rows drawn at random: 'a forest of numbers' saw each once
    const { operation } = treesOf(model);
    const weights = readRegister(table, 'w').values;
    const covers = Array.from(operation.roots, (root) =>
      preorder(operation, root)
        .filter((node) => operation.feature[node]! < 0)
        .map((node) => operation.cover![node]!),
    );
    expect(weightsByLeaf(await applyLeaves(model, table, { engine }), operation, weights)).toEqual(covers);
  });

  test('leaf values add up to the raw scores', async () => {
    const { operation } = treesOf(model);
    const leaves = await applyLeaves(model, table, { engine });
    const raw = await decisionFunction(model, table, { engine });
    expect(raw.numCols).toBe(operation.outputs.length);
    const sums = Array.from(operation.base, (base) => new Float64Array(ROWS).fill(base));
    operation.roots.forEach((root, tree) => {
      const rows = preorder(operation, root)
        .filter((node) => operation.feature[node]! < 0)
        .map((node) => operation.left[node]!);
      (leaves.getChild(`tree_${tree}`)!.toArray() as Int32Array).forEach((leaf, row) => {
        for (let k = 0; k < operation.leafWidth; k++) {
          const sum = sums[operation.leafWidth === 1 ? tree % sums.length : k]!;
          sum[row] = sum[row]! + operation.leafValues[rows[leaf]! * operation.leafWidth + k]!;
        }
      });
    });
    const trees = operation.average ? operation.roots.length : 1;
    expect(columnBits(raw)).toEqual(sums.map((sum) => bitsOf(sum.map((value) => value / trees))));
  });

  test('predictions after each round are those of the model of these rounds, and the last are the model’s', async () => {
    const { rounds } = treesOf(model);
    let round = 0;
    for await (const staged of stagedPredict(model, table, { engine })) {
      round++;
      const some = await withRounds(model, round).predict(table, { engine });
      expect(columnBits(staged), `round ${round}`).toEqual(columnBits(some));
      expect(staged.schema.fields.map(({ name }) => name)).toEqual(some.schema.fields.map(({ name }) => name));
      if (round === rounds) expect(columnBits(staged)).toEqual(columnBits(await model.predict(table, { engine })));
    }
    expect(round).toBe(rounds);
  });
});

test('leaves are the same on the reference and for a few rows, and few rows are found as many are', async () => {
  await using reference = await createEngine({ backend: 'reference', threads: 1 });
  const all = await applyLeaves(classifier, table, { engine });
  expect(columnBits(await applyLeaves(classifier, table, { engine: reference }))).toEqual(columnBits(all));
  const few = await applyLeaves(classifier, table.slice(0, 3), { engine });
  expect(columnBits(few)).toEqual(columnBits(all.slice(0, 3)));
});

test('rounds between two leave out the others', async () => {
  const raw = async (model: Model) => readRegister(await decisionFunction(model, table, { engine }), 'raw').values;
  const [all, first, rest] = await Promise.all([
    raw(regressor),
    raw(withRounds(regressor, 5)),
    raw(withRounds(regressor, 12, 5)),
  ]);
  const base = treesOf(regressor).operation.base[0]!;
  all.forEach((value, row) => {
    expect(first[row]! + rest[row]! - base).toBeCloseTo(value, 10);
  });
  for (const [end, begin] of [
    [13, 0],
    [0, 0],
    [2, 2],
    [3, -1],
    [1.5, 0],
  ] as const) {
    expect(() => withRounds(regressor, end, begin)).toThrow(/Expected an integer/);
  }
});

test('a score after each round, and a model without trees is refused', async () => {
  const metric = metricNamed('neg_log_loss');
  const scores = await stagedScores(classifier, table, metric, { engine, target: 'kind' });
  expect(scores.length).toBe(12);
  expect(scores[11]!).toBeGreaterThan(scores[0]! + 0.3);
  const plain = table.select(['w', 'y']);
  const clusters = await new KMeans({ nClusters: 2 }).fit(plain, { engine });
  await expect(applyLeaves(clusters, plain, { engine })).rejects.toThrow(
    'Expected a model of trees but received k-means',
  );
});

test('staged predictions end when cancelled, and give the memory back', async () => {
  const before = engine.arena.bytesUsed;
  const controller = new AbortController();
  const run = async () => {
    for await (const _ of stagedPredict(regressor, table, { engine, signal: controller.signal })) controller.abort();
  };
  await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
  for await (const _ of stagedPredict(regressor, table, { engine })) break;
  // What stays is the prepared trees of single rounds, until they are collected.
  expect(engine.arena.bytesUsed - before).toBeLessThan(400_000);
});
