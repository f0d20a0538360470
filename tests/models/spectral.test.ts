import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine, defaultEngine } from '#lanewise/engine/engine.js';
import { largestEigenvectors } from '#lanewise/engine/linear-algebra/largest-eigenvectors.js';
import { adjustedRand } from '#lanewise/evaluate/clustering.js';
import { SpectralClustering } from '#lanewise/models/spectral/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { casesOf, setNames, tableOf, tableOfRows } from './clustering-data.js';

for (const name of setNames) {
  describe(`${name} has scikit-learn's clusters`, () => {
    for (const { given, nClusters, labels } of casesOf(name, 'spectral')) {
      test(JSON.stringify(given), async () => {
        const affinity = given.affinity;
        const model = await new SpectralClustering({
          nClusters,
          affinity,
          ...(affinity === 'rbf' ? { gamma: given.gamma } : { nNeighbors: given.n_neighbors }),
        }).fit(tableOf(name));
        expect(adjustedRand(model.labels, labels)).toBeGreaterThan(0.99);
        expect(model.eigenvalues[0]).toBeCloseTo(0, 9);
        const predicted = readRegister(await model.predict(tableOf(name)), 'prediction').values;
        expect([...predicted]).toEqual([...model.labels]);
      });
    }
  });
}

/** tests/agreement/spectral-labels.py */
const given = JSON.parse(readFileSync(new URL('../fixtures/spectral-labels.json', import.meta.url), 'utf8')) as {
  points: [number, number][];
  cases: {
    affinity: 'precomputed' | 'precomputed_nearest_neighbors';
    assignLabels: 'kmeans' | 'discretize' | 'cluster_qr';
    labels: number[];
  }[];
};
const givenDistances = given.points.map(([x, y]) => given.points.map(([u, v]) => Math.hypot(x - u, y - v)));
const givenAffinities = givenDistances.map((row) => row.map((distance) => Math.exp(-distance * distance)));

for (const { affinity, assignLabels, labels } of given.cases) {
  test(`${affinity} with ${assignLabels} has scikit-learn's clusters, and new rows those of the likest row`, async () => {
    const table = tableOfRows(affinity === 'precomputed' ? givenAffinities : givenDistances);
    const model = await new SpectralClustering({ nClusters: 4, affinity, nNeighbors: 8, assignLabels }).fit(table);
    expect(adjustedRand(model.labels, labels)).toBe(1);
    const predicted = readRegister(await model.predict(table), 'prediction').values;
    expect([...predicted]).toEqual([...model.labels]);
  });
}

test('given neighbours are those that are looked for, and labels are read off a form as off its affinities', async () => {
  const table = tableOfRows(given.points);
  for (const assignLabels of ['discretize', 'cluster_qr'] as const) {
    const own = await new SpectralClustering({ nClusters: 4, assignLabels }).fit(table);
    const matrix = new SpectralClustering({ nClusters: 4, affinity: 'precomputed', assignLabels });
    expect([...own.labels]).toEqual([...(await matrix.fit(tableOfRows(givenAffinities))).labels]);
    const near = { nClusters: 4, nNeighbors: 8, assignLabels };
    const found = await new SpectralClustering({ ...near, affinity: 'nearest_neighbors' }).fit(table);
    const told = new SpectralClustering({ ...near, affinity: 'precomputed_nearest_neighbors' });
    expect([...found.labels]).toEqual([...(await told.fit(tableOfRows(givenDistances))).labels]);
  }
});

test('separate parts of a graph are clusters, and as many eigenvalues are 0', async () => {
  const rows = [0, 100, 200].flatMap((middle) =>
    Array.from({ length: 30 }, (_, i) => [middle + (i % 6), Math.floor(i / 6)]),
  );
  const model = await new SpectralClustering({ nClusters: 3, affinity: 'nearest_neighbors', nNeighbors: 6 }).fit(
    tableOfRows(rows),
  );
  expect([...model.labels]).toEqual([0, 1, 2].flatMap((label) => Array(30).fill(label)));
  for (const value of model.eigenvalues) expect(value).toBeCloseTo(0, 9);
});

test('eigenvectors of an operator: those of a matrix with known ones, some of them several times over', async () => {
  const size = 400;
  const engine = await defaultEngine();
  // A diagonal matrix, turned over by a reflection I − 2·u·uᵀ.
  const diagonal = Float64Array.from({ length: size }, (_, i) => (i < 3 ? 1 : i < 5 ? 0.9 : 0.8 - i / 1000));
  const u = Float64Array.from({ length: size }, (_, i) => ((i * 37) % 11) - 5);
  const length = Math.sqrt(u.reduce((sum, x) => sum + x * x, 0));
  const reflect = (x: Float64Array) => {
    const along = (2 / (length * length)) * x.reduce((sum, value, i) => sum + value * u[i]!, 0);
    return x.map((value, i) => value - along * u[i]!);
  };
  const operator = {
    size,
    async multiply(vectors: Float64Array, out: Float64Array, count: number) {
      for (let v = 0; v < count; v++) {
        const x = reflect(vectors.slice(v * size, (v + 1) * size)).map((value, i) => value * diagonal[i]!);
        out.set(reflect(x), v * size);
      }
    },
  };
  const { values, vectors } = await largestEigenvectors(engine, operator, { count: 7, seed: 1 });
  expect([...values].map((value) => value.toFixed(8))).toEqual(
    [1, 1, 1, 0.9, 0.9, 0.795, 0.794].map((x) => x.toFixed(8)),
  );
  for (let a = 0; a < 7; a++) {
    for (let b = 0; b <= a; b++) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += vectors[a * size + i]! * vectors[b * size + i]!;
      expect(dot).toBeCloseTo(a === b ? 1 : 0, 9);
    }
  }
});

test('what cannot be is refused by name', async () => {
  const rows = [[0], [1], [2]];
  await expect(new SpectralClustering({ nClusters: 4 }).fit(tableOfRows(rows))).rejects.toThrow(
    /at least 4 rows for spectral/,
  );
  const few = new SpectralClustering({ nClusters: 2, affinity: 'nearest_neighbors' });
  await expect(few.fit(tableOfRows(rows))).rejects.toThrow(/nNeighbors = 10 but received 3/);
  for (const affinity of ['precomputed', 'precomputed_nearest_neighbors'] as const) {
    const matrix = (columns: readonly (readonly number[])[]) =>
      new SpectralClustering({ nClusters: 2, nNeighbors: 2, affinity }).fit(tableOfRows(columns));
    await expect(matrix(rows)).rejects.toThrow(/a column for each of the 3 rows/);
    await expect(
      matrix([
        [0, -1],
        [-1, 0],
      ]),
    ).rejects.toThrow(/of 0 or more for spectral but column "x0" has -1 in row 2/);
  }
  const lopsided = new SpectralClustering({ nClusters: 2, affinity: 'precomputed' });
  await expect(
    lopsided.fit(
      tableOfRows([
        [1, 2],
        [3, 1],
      ]),
    ),
  ).rejects.toThrow(/that of row 2 to row 1 is 3 and back 2/);
  const alike = await new SpectralClustering({ nClusters: 3 }).fit(tableOfRows([[1], [1], [1], [2]]));
  expect(alike.training.warnings?.map(({ name }) => name)).toEqual(['fewer-different-rows']);
  const equal = await new SpectralClustering({ nClusters: 1 }).fit(tableOfRows([[1], [1], [1]]));
  expect([...equal.labels]).toEqual([0, 0, 0]);
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const many = tableOfRows(Array.from({ length: 25_000 }, (_, i) => [i]));
  await expect(new SpectralClustering().fit(many, { engine })).rejects.toThrow(/affinities of 25,000 rows .* 4\.7 GiB/);
});
