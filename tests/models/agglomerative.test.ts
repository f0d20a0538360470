import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { CondensedClusters, condensedDistances, requireCondensedRoom } from '#lanewise/engine/neighbors/condensed.js';
import { mergeChain } from '#lanewise/engine/neighbors/merge-chain.js';
import { WardCenters } from '#lanewise/engine/neighbors/ward-centers.js';
import { AgglomerativeClustering } from '#lanewise/models/agglomerative/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { dice } from '../scoring/programs.js';
import { casesOf, renamed, setNames, tableOf, tableOfRows } from './clustering-data.js';
import { largestDifference } from './linear-data.js';

for (const name of setNames) {
  describe(`${name} has scikit-learn's clusters`, () => {
    for (const { labels, children, distances, ...given } of casesOf(name, 'agglomerative')) {
      const cut = given.nClusters ? `${given.nClusters} clusters` : `cut at ${given.distanceThreshold}`;
      test(`${given.linkage}, ${given.metric}, ${cut}`, async () => {
        const model = await new AgglomerativeClustering(given).fit(tableOf(name));
        expect([...model.labels]).toEqual(renamed(labels));
        if (!children) return;
        expect([...model.dendrogram.children]).toEqual(children);
        expect(largestDifference(model.dendrogram.distances, distances)).toBeLessThan(1e-14);
      });
    }
  });
}

test('training rows are predicted as they were clustered, on every backend and any number of threads', async () => {
  const table = tableOf('penguins');
  for (const linkage of ['average', 'single'] as const) {
    const found: number[][] = [];
    for (const [backend, threads] of [
      ['reference', 1],
      ['wasm', 1],
      ['wasm', 2],
    ] as const) {
      await using engine = await createEngine({ backend, threads });
      const model = await new AgglomerativeClustering({ nClusters: 7, linkage }).fit(table, { engine });
      const predicted = readRegister(await model.predict(table, { engine }), 'prediction').values;
      expect([...predicted]).toEqual([...model.labels]);
      found.push([...model.dendrogram.children]);
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  }
});

test('many rows, whose matrix is made smaller on the way, get the tree that plain definitions give', async () => {
  const rows = Array.from({ length: 700 }, (_, i) => [
    Math.floor((i * 7919) % 97),
    Math.floor((i * 104729) % 89),
    i % 5,
  ]);
  for (const linkage of ['complete', 'average'] as const) {
    const { dendrogram } = await new AgglomerativeClustering({ linkage }).fit(tableOfRows(rows));
    const members: number[][] = rows.map((_, row) => [row]);
    dendrogram.distances.forEach((distance, merge) => {
      const [a, b] = [members[dendrogram.children[2 * merge]!]!, members[dendrogram.children[2 * merge + 1]!]!];
      const between = a.flatMap((i) => b.map((k) => Math.hypot(...rows[i]!.map((x, j) => x - rows[k]![j]!))));
      const expected =
        linkage === 'complete' ? Math.max(...between) : between.reduce((sum, one) => sum + one, 0) / between.length;
      if (merge % 50 === 0 || merge > 690) expect(distance).toBeCloseTo(expected, 9);
      members.push([...a, ...b]);
      expect(dendrogram.sizes[merge]).toBe(a.length + b.length);
    });
  }
});

test('ward by centres makes the merges that ward by all distances makes', async () => {
  const random = dice(29);
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  for (const dimension of [1, 2, 9]) {
    const count = 700;
    const values = Float64Array.from(
      { length: count * dimension },
      () => 1e3 + (random.uniform() + random.uniform() - 1),
    );
    const points = { values, count, dimension };
    using scope = engine.arena.scope();
    const matrix = await condensedDistances(engine, scope, points, { metric: 'euclidean' });
    const byDistances = await mergeChain(new CondensedClusters(engine, scope, matrix, count, 'ward'), count, {});
    const byCenters = await mergeChain(new WardCenters(engine, scope, points), count, {});
    expect(byCenters.left).toEqual(byDistances.left);
    expect(byCenters.right).toEqual(byDistances.right);
    expect(largestDifference(byCenters.distances, byDistances.distances)).toBeLessThan(1e-9);
  }
});

test('duplicates, equal rows, one row and as many clusters as rows', async () => {
  const labels = async (rows: number[][], given: ConstructorParameters<typeof AgglomerativeClustering>[0]) => [
    ...(await new AgglomerativeClustering(given).fit(tableOfRows(rows))).labels,
  ];
  expect(await labels([[5], [1], [5], [1], [9]], { nClusters: 3 })).toEqual([0, 1, 0, 1, 2]);
  expect(await labels([[2], [2], [2]], { nClusters: 1, linkage: 'average' })).toEqual([0, 0, 0]);
  expect(new Set(await labels([[2], [2], [2]], { nClusters: 3 })).size).toBe(3);
  expect(await labels([[2, 3]], { nClusters: 1 })).toEqual([0]);
  expect(await labels([[0], [1], [5]], { distanceThreshold: 0, linkage: 'single' })).toEqual([0, 1, 2]);
  expect(await labels([[0], [1], [5]], { distanceThreshold: 4, linkage: 'single' })).toEqual([0, 0, 1]);
  // A vector of zeros has no direction: it is at distance 1 from all others.
  expect(
    await labels(
      [
        [1, 0],
        [2, 0.1],
        [0, 0],
        [-1, 0],
      ],
      { metric: 'cosine', linkage: 'average', nClusters: 3 },
    ),
  ).toEqual([0, 0, 1, 2]);
});

test('what cannot be is refused by name, and beforehand where memory would not do', async () => {
  expect(() => new AgglomerativeClustering({ nClusters: null })).toThrow(
    /either nClusters or distanceThreshold .* neither/,
  );
  expect(() => new AgglomerativeClustering({ nClusters: 2, distanceThreshold: 1 })).toThrow(/received both/);
  expect(() => new AgglomerativeClustering({ metric: 'cosine' })).toThrow(/euclidean for linkage ward/);
  const cluster = (rows: number[][], given = {}) => new AgglomerativeClustering(given).fit(tableOfRows(rows));
  await expect(cluster([[1], [2]], { nClusters: 3 })).rejects.toThrow(
    /at least 3 rows .* nClusters = 3 but received 2/,
  );
  await expect(cluster([[1], [Number.NaN]])).rejects.toThrow(/"x0" lacks 1/);
  await expect(cluster([[1e160], [-1e160], [0]])).rejects.toThrow(/column "x0" spans -1e\+160 to 1e\+160/);
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  expect(() => requireCondensedRoom(engine, 60_000, 'linkage complete')).toThrow(
    /1,799,970,000 distances of 60,000 rows for linkage complete, which take 13\.4 GiB, .* ends at 4\.0 GiB/,
  );
  requireCondensedRoom(engine, 20_000, 'linkage complete');
});
