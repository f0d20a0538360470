import { describe, expect, test } from 'vitest';
import { HDBSCAN } from '#lanewise/models/hdbscan/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { casesOf, renamed, setNames, tableOf, tableOfRows } from './clustering-data.js';

const camel = (given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]),
  );

for (const name of setNames) {
  describe(`${name} has scikit-learn's clusters and probabilities`, () => {
    for (const { given, labels, probabilities } of casesOf(name, 'hdbscan')) {
      test(JSON.stringify(given), async () => {
        const model = await new HDBSCAN(camel(given)).fit(tableOf(name));
        expect([...model.labels]).toEqual(renamed(labels));
        model.probabilities.forEach((probability, row) => {
          expect(Math.abs(probability - probabilities[row])).toBeLessThan(2e-9);
        });
        for (const score of model.outlierScores) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
        const predicted = readRegister(await model.predict(tableOf(name)), 'prediction').values;
        const same = predicted.filter((label, row) => label === model.labels[row]).length;
        // Ties of mutual reachability may take a row of a border elsewhere.
        expect(same / predicted.length).toBeGreaterThan(0.99);
      });
    }
  });
}

/** Two clusters of 10 at 0 and 4, one of 10 at 100, a row far from all. */
const line = [
  ...[0, 4, 100].flatMap((middle) => Array.from({ length: 10 }, (_, i) => [middle + i / 10 + (i * i) / 1000])),
  [50],
];

test('clusters that part below epsilon are one; a single one where it is allowed; leaves; a largest size', async () => {
  const cluster = (given: ConstructorParameters<typeof HDBSCAN>[0]) =>
    new HDBSCAN({ minClusterSize: 5, minSamples: 3, ...given }).fit(tableOfRows(line));
  const sizes = async (given: ConstructorParameters<typeof HDBSCAN>[0]) =>
    (await cluster(given)).clusters.map(({ size }) => size);
  expect(await sizes({ clusterSelectionMethod: 'leaf' })).toEqual([10, 10, 10]);
  expect(await sizes({ clusterSelectionMethod: 'leaf', clusterSelectionEpsilon: 5 })).toEqual([21, 10]);
  expect(
    await sizes({ clusterSelectionMethod: 'leaf', clusterSelectionEpsilon: 500, allowSingleCluster: true }),
  ).toEqual([31]);
  expect(await sizes({ clusterSelectionMethod: 'leaf', clusterSelectionEpsilon: 500 })).toEqual([21, 10]);
  expect(await sizes({ maxClusterSize: 12 })).toEqual([10, 10, 10]);
  const model = await cluster({});
  expect(model.labels.at(-1)).toBe(-1);
  expect(model.outlierScores.at(-1)).toBeGreaterThan(0.9);
  expect(model.predictSync({ x0: 100.5 })).toBe(model.labels[25]);
  expect(model.predictSync({ x0: 1000 })).toBe(-1);
});

test('duplicates, equal rows, few rows, missing values', async () => {
  const labels = async (rows: number[][], given: ConstructorParameters<typeof HDBSCAN>[0] = {}) => [
    ...(await new HDBSCAN(given).fit(tableOfRows(rows))).labels,
  ];
  const twice = [...Array.from({ length: 6 }, () => [1]), ...Array.from({ length: 6 }, () => [8])];
  expect(await labels(twice)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  expect(await labels(Array.from({ length: 9 }, () => [4, 4]))).toEqual(Array(9).fill(-1));
  expect(
    await labels(
      Array.from({ length: 9 }, () => [4, 4]),
      { allowSingleCluster: true },
    ),
  ).toEqual(Array(9).fill(0));
  expect(await labels([[1]], { minSamples: 1 })).toEqual([-1]);
  await expect(labels([[1], [2]])).rejects.toThrow(/at least 5 rows for hdbscan with minSamples = 5 but received 2/);
  await expect(labels([[1], [Number.NaN]], { minSamples: 1 })).rejects.toThrow(/"x0" lacks 1/);
});
