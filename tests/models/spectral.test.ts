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
  const equal = await new SpectralClustering({ nClusters: 1 }).fit(tableOfRows([[1], [1], [1]]));
  expect([...equal.labels]).toEqual([0, 0, 0]);
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const many = tableOfRows(Array.from({ length: 25_000 }, (_, i) => [i]));
  await expect(new SpectralClustering().fit(many, { engine })).rejects.toThrow(/affinities of 25,000 rows .* 4\.7 GiB/);
});
