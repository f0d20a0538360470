import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { type DistanceMetric, neighborSearch, pairwiseDistances } from '#lanewise/engine/neighbors/index.js';
import type { Points } from '#lanewise/engine/neighbors/points.js';
import { KNeighborsClassifier, KNeighborsRegressor } from '#lanewise/models/k-nearest-neighbors/k-nearest-neighbors.js';
import { RadiusNeighborsClassifier, RadiusNeighborsRegressor } from '#lanewise/models/radius-neighbors/index.js';
import { prepareFromConfig } from '#lanewise/prepare/index.js';
import { Pipeline, transformTable } from '#lanewise/prepare/pipeline.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';

// scikit-learn's answers: tests/agreement/neighbors.py makes them.
const golden = JSON.parse(readFileSync(new URL('../fixtures/neighbors.json', import.meta.url), 'utf8'));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2, checked: true });
});
afterAll(() => engine.close());

type Rows = readonly (readonly (number | null)[])[];

const numbersOf = (row: readonly (number | null)[]) => row.map((value) => value ?? Number.NaN);
const pointsOf = (rows: Rows): Points => ({
  values: Float64Array.from(rows.flatMap(numbersOf)),
  count: rows.length,
  dimension: rows[0]!.length,
});

function farApart(is: ArrayLike<number>, wanted: readonly number[]): number {
  expect(is.length).toBe(wanted.length);
  return Math.max(0, ...wanted.map((value, i) => (Object.is(is[i], value) ? 0 : Math.abs(is[i]! - value))));
}

test.each(Object.keys(golden.distances.pairs))(
  'distances of all pairs are those of scikit-learn: %s',
  async (metric) => {
    const { a, b, distances } = golden.distances.pairs[metric];
    const found = await pairwiseDistances(engine, pointsOf(a), pointsOf(b), metric as DistanceMetric, {
      gower: golden.distances.gower,
    });
    // What has no column in common is NaN there and infinitely far here.
    const wanted = distances.flat().map((value: number | null) => value ?? Number.POSITIVE_INFINITY);
    expect(farApart(found, wanted)).toBeLessThan(1e-13 * Math.max(1, ...wanted.filter(Number.isFinite)));
  },
);

test.each(Object.keys(golden.sets))('neighbours are those of scikit-learn: %s', async (name) => {
  const { points: rows, found } = golden.sets[name];
  const points = pointsOf(rows);
  const queries = pointsOf(
    rows.filter((_: unknown, i: number) => i % 9 === 0).map((row: number[]) => row.map((v) => v + 0.01)),
  );
  for (const [metric, wanted] of Object.entries<Record<string, any>>(found)) {
    using search = await neighborSearch(engine, points, { metric: metric as DistanceMetric });
    const { indices, distances } = await search.nearest(queries, 6);
    // Its cosine and euclidean distances come from products, which cancel.
    const slack = 1e-6 * Math.max(...wanted['distances'].flat().slice(0, 6));
    expect(farApart(distances, wanted['distances'].flat())).toBeLessThan(slack);
    const all = await pairwiseDistances(engine, queries, points, metric as DistanceMetric);
    wanted['indices'].flat().forEach((index: number, place: number) => {
      // Another index only where it is as near.
      if (indices[place] === index) return;
      const other = all[Math.floor(place / 6) * points.count + index]!;
      expect(Math.abs(other - distances[place]!)).toBeLessThan(slack);
    });
    const within = await search.within(queries, wanted['radius']);
    wanted['within'].forEach((list: number[], i: number) => {
      const mine = [...within.indices.subarray(within.offsets[i], within.offsets[i + 1])];
      for (const index of new Set([...list, ...mine].filter((one) => list.includes(one) !== mine.includes(one)))) {
        expect(Math.abs(all[i * points.count + index]! - wanted['radius'])).toBeLessThan(slack);
      }
    });
  }
});

const iris = golden.jittered as number[][];
const column = (name: string, values: ArrayLike<number>): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});
const table = (rows: Rows, more: RegisterColumn[] = [], from = 0) =>
  tableFromRegisters([
    ...rows[0]!.slice(from).map((_, j) =>
      column(
        `x${j}`,
        rows.map((row) => row[j + from] ?? Number.NaN),
      ),
    ),
    ...more,
  ]);
const sum = iris.map((row) => row[0]! * 2 - row[3]!);
const kinds: RegisterColumn = {
  name: 'kind',
  type: 'category',
  values: Float64Array.from(golden.sets.iris.classes as number[]),
  labels: ['setosa', 'versicolor', 'virginica'],
};
const asked = iris.filter((_, i) => i % 7 === 0).map((row) => row.map((value) => value + 0.05));

async function shares(model: Model, rows: Rows, from = 0) {
  const out = await model.predict(table(rows, [], from), { engine });
  const columns = model.classes!.map((label) => readRegister(out, `probability_${label}`).values);
  return { prediction: out, shares: Array.from(rows, (_, i) => columns.map((values) => values[i]!)).flat() };
}

test.each(Object.keys(golden.models).filter((key) => !key.startsWith('radius')))(
  'k-nearest neighbours predict as scikit-learn: %s',
  async (key) => {
    const [metric, weights] = key.split(' ') as ['euclidean', 'uniform'];
    const wanted = golden.models[key];
    const classifier = await new KNeighborsClassifier({ nNeighbors: 7, metric, weights }).fit(table(iris, [kinds], 1), {
      target: 'kind',
    });
    expect(farApart((await shares(classifier, asked, 1)).shares, wanted.classifier.flat())).toBeLessThan(1e-6);
    const regressor = await new KNeighborsRegressor({ nNeighbors: 7, metric, weights }).fit(
      table(iris, [column('sum', sum)], 1),
      { target: 'sum' },
    );
    const out = await regressor.predict(table(asked, [], 1), { engine });
    expect(farApart(readRegister(out, 'prediction').values, wanted.regressor)).toBeLessThan(1e-6);
  },
);

test.each(['uniform', 'distance'] as const)('radius neighbours predict as scikit-learn: %s', async (weights) => {
  const wanted = golden.models[`radius ${weights}`];
  const far = asked.map((row, i) => (i % 4 === 0 ? row.map((value) => value + 3) : row));
  const parameters = { radius: 0.8, weights };
  const train = table(iris, [kinds]);
  const classifier = await new RadiusNeighborsClassifier({ ...parameters, outlierLabel: 'most_frequent' }).fit(train, {
    target: 'kind',
  });
  const { prediction, shares: found } = await shares(classifier, far);
  expect(farApart(found, wanted.classifier.flat())).toBeLessThan(1e-9);
  expect([...readRegister(prediction, 'prediction', kinds.labels).values]).toEqual(wanted.prediction);
  const regressor = await new RadiusNeighborsRegressor(parameters).fit(table(iris, [column('sum', sum)]), {
    target: 'sum',
  });
  const out = await regressor.predict(table(far), { engine });
  expect(farApart(readRegister(out, 'prediction').values, numbersOf(wanted.regressor))).toBeLessThan(1e-9);
  // No neighbour: no prediction, or the class that is named.
  const silent = await new RadiusNeighborsClassifier(parameters).fit(train, { target: 'kind' });
  expect(silent.predictSync({ x0: 99, x1: 0, x2: 0, x3: 0 })).toBeNull();
  const named = await new RadiusNeighborsClassifier({ ...parameters, outlierLabel: 'virginica' }).fit(train, {
    target: 'kind',
  });
  expect(named.predictSync({ x0: 99, x1: 0, x2: 0, x3: 0 })).toBe('virginica');
  expect(named.predictSync({ x0: null, x1: 0, x2: 0, x3: 0 })).toBeNull();
  const wrong = new RadiusNeighborsClassifier({ ...parameters, outlierLabel: 'virginika' }).fit(train, {
    target: 'kind',
  });
  await expect(wrong).rejects.toThrow(/"virginika": did you mean "virginica"/);
});

test.each(Object.keys(golden.imputations.filled))('values are imputed as by KNNImputer: %s', async (key) => {
  const [weights, count] = key.split(' ');
  const { train, fresh, filled } = golden.imputations;
  const steps = prepareFromConfig([{ 'knn-impute': { weights, nNeighbors: Number(count) } }]);
  const { fitted, table: transformed } = await new Pipeline(steps).fit(table(train), { engine });
  const same = (out: typeof transformed, wanted: number[][]) =>
    wanted[0]!.forEach((_, j) => {
      const values = readRegister(out, `x${j}`).values;
      expect(
        farApart(
          values,
          wanted.map((row) => row[j]!),
        ),
      ).toBeLessThan(weights === 'uniform' ? 1e-12 : 1e-6);
    });
  // scikit-learn's distances come from products, which cancel where rows are near: so weights differ.
  same(transformed, filled[key].train);
  same(transformTable(fitted, table(fresh)), filled[key].fresh);
});
