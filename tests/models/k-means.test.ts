import { expect, test } from 'vitest';
import { frameOf, PlacedPoints, type Points, pointsOf } from '#lanewise/engine/distance.js';
import { defaultEngine } from '#lanewise/engine/engine.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { lloyd } from '#lanewise/models/k-means/lloyd.js';
import { pickPoints } from '#lanewise/models/k-means/start.js';
import { readRegister, selectColumns } from '#lanewise/table/columns.js';
import { golden, goldenTable, largestDifference } from './linear-data.js';

const features = (name: 'iris' | 'wine') => {
  const table = goldenTable(name);
  return selectColumns(
    table,
    table.schema.fields.map((field) => field.name).filter((column) => column !== 'target'),
  );
};
const points = (name: 'iris' | 'wine'): Points =>
  pointsOf(Object.values(golden[name].columns).map((column) => Float64Array.from(column as number[])));

const place = async (rows: Points) => PlacedPoints.place(await defaultEngine(), rows, frameOf(rows));

for (const name of ['iris', 'wine'] as const) {
  test(`from the same first centres, ${name} gets the centres, labels and inertia of scikit-learn`, async () => {
    const { start, inertia, centers, labels } = golden.kmeans[name];
    const options = { maxIterations: 300, tolerance: 0 };
    using placed = await place(points(name));
    const found = await lloyd(placed, pickPoints(points(name), start), options);
    expect(found.converged).toBe(true);
    expect(found.inertia).toBeCloseTo(inertia, 9);
    expect(largestDifference(found.centers.values, centers.flat())).toBeLessThan(1e-12);
    expect([...found.labels.subarray(0, labels.length)]).toEqual(labels);
  });
}

test('inertia never rises, and predictions are the nearest centres', async () => {
  const table = features('wine');
  const model = await new KMeans({ nClusters: 3, nInit: 3 }).fit(table, { seed: 4 });
  const losses = model.training.history.map((point) => point.loss);
  expect(losses.every((loss, i) => i === 0 || loss <= losses[i - 1]! + 1e-9)).toBe(true);
  const out = await model.predict(table);
  const cluster = readRegister(out, 'prediction').values;
  const distances = [0, 1, 2].map((k) => readRegister(out, `distance_${k}`).values);
  cluster.forEach((label, row) => {
    expect(Math.min(...distances.map((column) => column[row]!))).toBe(distances[label]![row]);
  });
  const squares = cluster.reduce((sum, label, row) => sum + distances[label]![row]! ** 2, 0);
  expect(squares).toBeCloseTo(losses.at(-1)!, 1);
});

test('a cluster that lost its points takes the farthest one', async () => {
  const line = pointsOf([Float64Array.of(0, 1, 2, 10, 11, 30)]);
  const start = { values: Float64Array.of(1, 100, 10.5), count: 3, dimension: 1 };
  using placed = await place(line);
  const found = await lloyd(placed, start, { maxIterations: 50, tolerance: 0 });
  expect([...found.centers.values].sort((a, b) => a - b)).toEqual([1, 10.5, 30]);
});

test('more clusters than rows are refused by number', async () => {
  await expect(new KMeans({ nClusters: 100 }).fit(features('iris'))).rejects.toThrow(
    /at least 100 rows .* received 50/,
  );
});
