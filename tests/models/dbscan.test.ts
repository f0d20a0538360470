import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { DBSCAN } from '#lanewise/models/dbscan/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { casesOf, setNames, tableOf, tableOfRows } from './clustering-data.js';

for (const name of setNames) {
  describe(`${name} has scikit-learn's clusters and dense rows`, () => {
    for (const { labels, cores, ...given } of casesOf(name, 'dbscan')) {
      test(`${given.metric}, eps ${given.eps}`, async () => {
        const model = await new DBSCAN(given).fit(tableOf(name));
        expect([...model.labels]).toEqual(labels); // numbers and all
        expect([...model.coreSampleIndices]).toEqual(cores);
        // Every dense row is predicted as it was clustered; so is noise that has no dense row near.
        const predicted = readRegister(await model.predict(tableOf(name)), 'prediction').values;
        for (const row of cores) expect(predicted[row]).toBe(labels[row]);
        expect(Array.from(predicted, (label) => label < 0)).toEqual(labels.map((label: number) => label < 0));
      });
    }
  });
}

test('a row between two clusters belongs to the first of them, and is predicted as of the nearer', async () => {
  const line = [0, 0.1, 0.2, 0.3, 1.2, 2.05, 2.15, 2.25, 2.35].map((x) => [x]);
  const model = await new DBSCAN({ eps: 0.9, minSamples: 4 }).fit(tableOfRows(line));
  expect([...model.labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
  expect(model.predictSync({ x0: 1.2 })).toBe(1);
  expect(model.predictSync({ x0: -0.9 })).toBe(0);
  expect(model.predictSync({ x0: -0.91 })).toBe(-1);
  expect(model.predictSync({ x0: Number.NaN })).toBeNull();
});

test('duplicates, equal rows, one row, no dense row, vectors of zeros', async () => {
  const labels = async (rows: number[][], given: ConstructorParameters<typeof DBSCAN>[0]) => [
    ...(await new DBSCAN(given).fit(tableOfRows(rows))).labels,
  ];
  expect(await labels([[3], [3], [3], [9]], { minSamples: 3, eps: 1e-9 })).toEqual([0, 0, 0, -1]);
  expect(await labels([[3], [3]], { minSamples: 5 })).toEqual([-1, -1]);
  expect(await labels([[3]], { minSamples: 1 })).toEqual([0]);
  // A vector of zeros is at distance 1 from all, itself included.
  expect(
    await labels(
      [
        [1, 1],
        [2, 2],
        [0, 0],
        [-1, 1],
      ],
      { metric: 'cosine', eps: 0.5, minSamples: 1 },
    ),
  ).toEqual([0, 0, -1, 1]);
  const none = await new DBSCAN({ minSamples: 5 }).fit(tableOfRows([[3], [4]]));
  expect(none.predictSync({ x0: 3 })).toBe(-1);
  expect(none.training.verdict).toBe('0 clusters of 0 rows, 2 rows of none; 0 rows are dense');
});

test('the same bits on every backend, for several blocks of rows', async () => {
  const rows = Array.from({ length: 2500 }, (_, i) => [(i * 7919) % 1009, (i * 104729) % 1013]);
  const found: string[] = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 2],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    found.push(String((await new DBSCAN({ eps: 25, minSamples: 5 }).fit(tableOfRows(rows), { engine })).labels));
  }
  expect(found[1]).toBe(found[0]);
});
