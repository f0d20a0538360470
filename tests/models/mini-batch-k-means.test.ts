import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { stream } from '#lanewise/engine/random.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { MiniBatchKMeans } from '#lanewise/models/k-means/mini-batch-k-means.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

const tableOf = (columns: readonly ArrayLike<number>[]) =>
  tableFromRegisters(
    columns.map((values, j) => ({ name: `x${j}`, type: 'number' as const, values: Float64Array.from(values) })),
  );

function groups(count: number, from = 0) {
  const random = stream(9, 'groups', from);
  const columns = [0, 1].map(() => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    const group = random.integer(5);
    columns[0]![i] = 8 * group + random.normal();
    columns[1]![i] = (group % 2) * 8 + random.normal();
  }
  return columns;
}

const inertiaOf = (columns: readonly Float64Array[], centers: readonly number[]) => {
  let sum = 0;
  for (let i = 0; i < columns[0]!.length; i++) {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < centers.length; k += columns.length) {
      least = Math.min(
        least,
        columns.reduce((part, column, j) => part + (column[i]! - centers[k + j]!) ** 2, 0),
      );
    }
    sum += least;
  }
  return sum;
};

const centersOf = (model: { program: { operations: readonly { op: string }[] } }) => {
  const operation = model.program.operations.find(({ op }) => op === 'centroids') as unknown as {
    centers: Float64Array;
  };
  return [...operation.centers];
};

test('small batches find about the inertia of all rows, the same bits on every backend and thread count', async () => {
  const columns = groups(6000);
  const full = await new KMeans({ nClusters: 5, nInit: 4 }).fit(tableOf(columns));
  const found = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 2],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    const model = await new MiniBatchKMeans({ nClusters: 5, batchSize: 256 }).fit(tableOf(columns), {
      engine,
      seed: 2,
    });
    found.push({ centers: centersOf(model), labels: model.labels, training: model.training });
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[2]).toEqual(found[0]);
  const [best, own] = [full.training.history.at(-1)!.loss, inertiaOf(columns, found[0]!.centers)];
  expect(own).toBeGreaterThanOrEqual(best * (1 - 1e-9));
  expect(own).toBeLessThan(1.05 * best);
  expect(found[0]!.training.verdict).toContain('converged');
});

test('partialFit takes each centre to the mean of all rows that it ever had', async () => {
  const initialCenters = [0, 0, 100, 0];
  const estimator = new MiniBatchKMeans({ nClusters: 2, initialCenters, reassignmentRatio: 0 });
  const first = await estimator.partialFit(
    tableOf([
      [1, 3, 90],
      [0, 0, 0],
    ]),
  );
  expect(centersOf(first)).toEqual([2, 0, 90, 0]);
  const saved = JSON.parse(JSON.stringify(first.training.state));
  const again = { ...first, training: { ...first.training, state: saved } };
  const second = await estimator.partialFit(
    tableOf([
      [5, 95],
      [3, 9],
    ]),
    { warmStart: again },
  );
  expect(centersOf(second)).toEqual([3, 1, 92.5, 4.5]);
  expect(second.training.iterations).toBe(2);
  expect([...second.labels!]).toEqual([0, 1]);
});

test('a centre that has too few rows is put on a row of the batch', async () => {
  const initialCenters = [0, 1e6];
  const estimator = new MiniBatchKMeans({ nClusters: 2, initialCenters });
  const model = await estimator.partialFit(tableOf([[1, 2, 3, 4, 11, 12, 13, 14]]));
  expect(centersOf(model)[1]).toBeLessThan(15);
});

test('hostile rows have the right answer or an error that names them', async () => {
  const estimator = new MiniBatchKMeans({ nClusters: 3 });
  await expect(estimator.fit(tableOf([[1, 2]]))).rejects.toThrow(/at least 3 rows/);
  await expect(estimator.fit(tableOf([[1, 2, Number.NaN]]))).rejects.toThrow(/"x0" lacks 1/);
  const same = await estimator.fit(tableOf([[7, 7, 7, 7]]));
  expect([...same.labels!]).toEqual([0, 0, 0, 0]);
  expect(same.training.warnings?.map(({ name }) => name)).toContain('fewer-clusters');
  const other = await new KMeans({ nClusters: 2 }).fit(tableOf([[1, 2, 3]]));
  await expect(estimator.partialFit(tableOf([[1, 2, 3]]), { warmStart: other })).rejects.toThrow(/received k-means/);
  const few = await new MiniBatchKMeans({ nClusters: 2 }).fit(tableOf([[1, 2, 3]]));
  await expect(estimator.partialFit(tableOf([[1, 2, 3]]), { warmStart: few })).rejects.toThrow(/but it has 2/);
});
