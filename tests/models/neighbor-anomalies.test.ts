import { describe, expect, test } from 'vitest';
import { LocalOutlierFactor, NeighborDistance } from '#lanewise/models/neighbor-anomalies/index.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { golden, relativeError } from '../agreement/golden.js';
import { noise, numbers } from './tree-data.js';

type Rows = readonly (readonly number[])[];
const { sets, factors, distances } = golden('anomalies') as {
  sets: Record<string, Rows>;
  factors: {
    set: string;
    parameters: { n_neighbors: number; metric?: 'manhattan' | 'chebyshev' | 'cosine'; contamination?: number };
    factor: number[];
    score: number[];
    prediction: number[];
  }[];
  distances: {
    set: string;
    k: number;
    method: 'largest' | 'mean' | 'median';
    own: number[];
    score: number[];
    threshold: number;
  }[];
};

const tableOf = (rows: Rows) =>
  tableFromRegisters(rows[0]!.map((_, k) => numbers(`x${k}`, rows.length, (row) => rows[row]![k]!)));
const every = (rows: Rows, rest: number) => rows.filter((_, row) => row % 2 === rest);
async function scored(model: Model, rows: Rows) {
  const predicted = await model.predict(tableOf(rows));
  return {
    score: readRegister(predicted, 'score').values,
    prediction: [...readRegister(predicted, 'prediction').values],
  };
}
const worst = (found: ArrayLike<number>, expected: readonly number[]) =>
  found.length === expected.length
    ? Math.max(...expected.map((value, row) => relativeError(found[row]!, value)))
    : Number.POSITIVE_INFINITY;

describe('scikit-learn’s local outlier factor', () => {
  const cases = factors.map((one) => ({ name: `${one.set} ${JSON.stringify(one.parameters)}`, one }));
  test.each(cases)('$name: factors of the training rows and of new ones to 1e-9', async ({ one }) => {
    const { n_neighbors: nNeighbors, metric = 'euclidean', contamination = null } = one.parameters;
    const estimator = new LocalOutlierFactor({ nNeighbors, metric, contamination });
    const model = await estimator.fit(tableOf(every(sets[one.set]!, 0)));
    expect(worst(model.scores!, one.factor)).toBeLessThan(1e-9);
    const { score, prediction } = await scored(model, every(sets[one.set]!, 1));
    expect(worst(score, one.score)).toBeLessThan(1e-9);
    expect(prediction).toEqual(one.prediction);
  });
});

describe('scikit-learn’s distances to neighbours', () => {
  test.each(distances)('$set, $k neighbours, $method', async ({ set, k, method, own, score, threshold }) => {
    const model = await new NeighborDistance({ nNeighbors: k, method }).fit(tableOf(every(sets[set]!, 0)));
    expect(worst(model.scores!, own)).toBeLessThan(1e-12);
    const found = await scored(model, every(sets[set]!, 1));
    expect(worst(found.score, score)).toBeLessThan(1e-12);
    expect(found.prediction).toEqual(score.map((value) => (value > threshold ? 1 : 0)));
  });
});

describe('both', () => {
  const cloud: Rows = Array.from({ length: 200 }, (_, row) => [noise(row, 1), noise(row, 2)]);
  const makers = [
    { name: 'local-outlier-factor', make: (parameters: object = {}) => new LocalOutlierFactor(parameters) },
    { name: 'knn-distance', make: (parameters: object = {}) => new NeighborDistance(parameters) },
  ] as const;

  test.each(makers)('$name: what lies apart is found', async ({ make }) => {
    const model = await make({ contamination: 0.01 }).fit(tableOf([...cloud, [3, 3], [-2, 4]]));
    const top = [...model.scores!.keys()].sort((a, b) => model.scores![b]! - model.scores![a]!).slice(0, 2);
    expect(top.sort()).toEqual([200, 201]);
    expect(
      (
        await scored(model, [
          [9, 9],
          [0.5, 0.5],
        ])
      ).prediction,
    ).toEqual([1, 0]);
  });

  test.each(makers)('$name: more neighbours than rows: all others, and it is told', async ({ name, make }) => {
    const model = await make({ nNeighbors: 50 }).fit(tableOf(cloud.slice(0, 7)));
    expect(model.training.warnings).toEqual([
      { name: 'few-neighbors', message: expect.stringMatching(/the 6 others/) },
    ]);
    await expect(make().fit(tableOf([[1, 2]]))).rejects.toMatchObject({
      code: 'data',
      message: `Expected two rows or more for ${name} but received 1`,
    });
  });

  test.each(makers)('$name: rows that are all alike are no anomalies', async ({ make }) => {
    const model = await make({ nNeighbors: 3 }).fit(tableOf(Array.from({ length: 9 }, () => [3, 4])));
    const { score, prediction } = await scored(model, [
      [3, 4],
      [3, 5],
    ]);
    expect(prediction).toEqual([0, 1]);
    expect(score[0]).toBe(model.scores![0]);
    expect(model.training.warnings).toBeUndefined();
  });

  test.each(makers)('$name: weights, missing and infinite values are refused by name', async ({ make }) => {
    const weighted = tableFromRegisters([
      numbers('x', 9, (row) => row),
      { ...numbers('w', 9, () => 1), role: 'weight' },
    ]);
    await expect(make().fit(weighted)).rejects.toMatchObject({ code: 'unsupported', place: { column: 'w' } });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(make().fit(tableOf([...cloud, [0, bad]]))).rejects.toMatchObject({
        code: 'data',
        place: { column: 'x1' },
      });
    }
    const model = await make().fit(tableOf(cloud));
    const { score, prediction } = await scored(model, [
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
    ]);
    expect([score[0], prediction[0]]).toEqual([Number.NaN, Number.NaN]);
    expect([score[1], prediction[1]]).toEqual([Number.POSITIVE_INFINITY, 1]);
  });

  test.each(makers)('$name: a zero vector has no direction: cosine distance 1 from all', async ({ make }) => {
    const model = await make({ metric: 'cosine', nNeighbors: 2 }).fit(
      tableOf([
        [0, 0],
        [1, 0],
        [2, 0.1],
        [1, 1],
        [0, 1],
      ]),
    );
    expect(model.scores!.every(Number.isFinite)).toBe(true);
    const own = await new NeighborDistance({ metric: 'cosine', nNeighbors: 2 }).fit(
      tableOf([
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0],
      ]),
    );
    expect([...own.scores!]).toEqual([1, 0, 0, 0]);
  });

  test('next to more duplicates than neighbours a factor is beyond measure: a warning says so', async () => {
    const rows: Rows = [...Array.from({ length: 6 }, () => [0, 0]), [0, 1], ...cloud.map(([a, b]) => [a! + 5, b!])];
    const model = await new LocalOutlierFactor({ nNeighbors: 3 }).fit(tableOf(rows));
    expect(model.training.warnings).toEqual([{ name: 'duplicates', message: expect.stringMatching(/nNeighbors/) }]);
    expect(model.scores![6]).toBeGreaterThan(1e7);
  });
});
