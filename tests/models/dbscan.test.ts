import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { neighborSearch } from '#lanewise/engine/neighbors/index.js';
import { DBSCAN } from '#lanewise/models/dbscan/index.js';
import { densityClusters } from '#lanewise/models/dbscan/neighborhoods.js';
import { readRegister } from '#lanewise/table/columns.js';
import { dice } from '../scoring/programs.js';
import { casesOf, setNames, tableOf, tableOfRows } from './clustering-data.js';

for (const name of setNames) {
  describe(`${name} has scikit-learn's clusters and dense rows`, () => {
    for (const { labels, cores, ...given } of casesOf(name, 'dbscan')) {
      test(`${given.metric}, eps ${given.eps}`, async () => {
        const model = await new DBSCAN(given).fit(tableOf(name));
        expect([...model.labels]).toEqual(labels); // numbers and all
        expect([...model.coreSampleIndices]).toEqual(cores);
        if (name === 'digits' && given.metric !== 'euclidean') return;
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

const spread = (count: number) => Array.from({ length: count }, (_, i) => [(i * 7919) % 1009, (i * 104729) % 1013]);

/** Straight from the definition: clusters in the order of their first dense row, borders to the first that reaches them. */
function byDefinition(rows: number[][], eps: number, minSamples: number): number[] {
  const near = rows.map(([x, y]) =>
    [...rows.keys()].filter((k) => Math.sqrt((x! - rows[k]![0]!) ** 2 + (y! - rows[k]![1]!) ** 2) <= eps),
  );
  const labels = rows.map(() => -1);
  let cluster = 0;
  rows.forEach((_, first) => {
    if (labels[first] !== -1 || near[first]!.length < minSamples) return;
    const open = [first];
    while (open.length > 0) {
      const row = open.pop()!;
      if (labels[row] !== -1) continue;
      labels[row] = cluster;
      if (near[row]!.length >= minSamples) open.push(...near[row]!);
    }
    cluster++;
  });
  return labels;
}

test('rows of several blocks are clustered as the definition says, by any number of threads', async () => {
  const rows = spread(2500);
  const expected = byDefinition(rows, 25, 6);
  expect(new Set(expected).size).toBeGreaterThan(5);
  for (const threads of [1, 2]) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    const model = await new DBSCAN({ eps: 25, minSamples: 6 }).fit(tableOfRows(rows), { engine });
    expect([...model.labels]).toEqual(expected);
  }
});

test('a tree joins the clusters that lists of neighbours join, whatever the threads', async () => {
  const random = dice(83);
  const count = 17_000;
  const middles = Array.from({ length: 40 }, () => [9 * random.uniform(), 9 * random.uniform()]);
  const values = Float64Array.from({ length: 2 * count }, (_, at) =>
    (at >> 1) % 9 === 0
      ? 9 * random.uniform()
      : middles[(at >> 1) % 40]![at % 2]! + 0.1 * (random.uniform() + random.uniform() - 1),
  );
  const points = { values, count, dimension: 2 };
  const found = [];
  for (const [algorithm, threads] of [
    ['brute', 2],
    ['kd-tree', 1],
    ['kd-tree', 2],
  ] as const) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    using search = await neighborSearch(engine, points, { algorithm });
    found.push(await densityClusters(search, points, { eps: 0.05, minSamples: 8 }));
  }
  expect(new Set(found[0]!.labels).size).toBeGreaterThan(3);
  expect(found[1]).toEqual(found[0]);
  expect(found[2]).toEqual(found[0]);
});

test('the reference has the same bits', async () => {
  await using engine = await createEngine({ backend: 'reference', threads: 1 });
  const model = await new DBSCAN({ eps: 60, minSamples: 6 }).fit(tableOfRows(spread(500)), { engine });
  expect([...model.labels]).toEqual(byDefinition(spread(500), 60, 6));
});
