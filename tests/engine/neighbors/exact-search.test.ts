import { beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { neighborSearch } from '#lanewise/engine/neighbors/index.js';
import { NeighborIndex } from '#lanewise/engine/neighbors/neighbor-index.js';
import { type Points, squaredDistance } from '#lanewise/engine/neighbors/points.js';
import { dice } from '../../scoring/programs.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});

const random = dice(41);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
/** Heavy tails: every other point has a coordinate far beyond the rest. */
const cauchy = () => Math.tan(Math.PI * (random.uniform() - 0.5));

function made(count: number, dimension: number, value: (row: number, column: number) => number): Points {
  const values = Float64Array.from({ length: count * dimension }, (_, at) =>
    value(Math.floor(at / dimension), at % dimension),
  );
  return { values, count, dimension };
}

/** Squared distances and indices of the k nearest by direct differences, the lower index first among equals. */
function nearestDirectly(queries: Points, points: Points, k: number) {
  const [distances, indices]: number[][] = [[], []];
  for (let i = 0; i < queries.count; i++) {
    const all = Array.from({ length: points.count }, (_, index) => ({
      index,
      distance: squaredDistance(queries, i, points, index),
    }))
      .filter(({ distance }) => distance < Number.POSITIVE_INFINITY)
      .sort((a, b) => a.distance - b.distance || a.index - b.index);
    for (let place = 0; place < k; place++) {
      distances!.push(all[place]?.distance ?? Number.POSITIVE_INFINITY);
      indices!.push(all[place]?.index ?? -1);
    }
  }
  return { distances, indices };
}

/** By query: the points at most a squared radius away. */
function withinDirectly(queries: Points, points: Points, radius: number): number[][] {
  const all = [...Array(points.count).keys()];
  return Array.from({ length: queries.count }, (_, i) =>
    all.filter((index) => squaredDistance(queries, i, points, index) <= radius),
  );
}

type Value = (row: number, column: number) => number;
const hostile: readonly (readonly [string, Value, Value?])[] = [
  ['normal', normal],
  ['a cloud a hundred million away from the origin', () => 1e8 + normal()],
  ['clusters far narrower than they are apart', (row) => 1000 * (row % 5) + 1e-4 * normal()],
  ['one column a million times the others', (_, column) => (column === 0 ? 1e6 : 1) * normal()],
  ['a grid full of ties', () => random.integer(2)],
  ['every point the same', () => 0.1],
  ['every tenth point far out', (row) => (row % 10 === 0 ? 1e6 : 1) * normal()],
  ['a few points very far out', (row) => (row % 200 === 7 ? 1e12 : 1) * normal()],
  ['heavy tails', cauchy],
  ['queries far outside the points', normal, (row) => (row % 3 === 0 ? 1e5 : 1) * normal()],
  ['queries just outside the points', normal, () => 7 + normal()],
  ['numbers whose squares underflow', () => 1e-170 * normal()],
  ['numbers whose squares overflow', (row) => (row % 2 === 0 ? 1e200 : 1e150) * normal()],
  ['the smallest numbers there are', () => 5e-324 * random.integer(4)],
];

for (const [name, value, asked = value] of hostile) {
  for (const dimension of [1, 8, 33]) {
    test(`the nearest points are those of direct differences in ${dimension} dimensions: ${name}`, async () => {
      const points = made(700, dimension, value);
      const queries = made(25, dimension, asked);
      const k = 1 + random.integer(12);
      using index = new NeighborIndex(engine, points);
      const expected = nearestDirectly(queries, points, k);
      const found = await index.nearest(queries, k);
      expect([...found.indices]).toEqual(expected.indices);
      expect([...found.distances]).toEqual(expected.distances);
      expect(index.nearestSync(queries, k)).toEqual(found);
      // A radius on whose very edge a point lies; a distance that is none is no radius.
      const radius = Math.min(expected.distances[k - 1]!, Number.MAX_VALUE);
      using search = await neighborSearch(engine, points, { metric: 'sqeuclidean', algorithm: 'brute' });
      const within = withinDirectly(queries, points, radius);
      expect([...(await search.countWithin(queries, radius))]).toEqual(within.map(({ length }) => length));
      expect([...(await search.within(queries, radius)).indices]).toEqual(within.flat());
    });
  }
}

test('more neighbours than points: all of them, and places without one', async () => {
  const points = made(3, 2, normal);
  using index = new NeighborIndex(engine, points);
  const { indices, distances } = await index.nearest(points, 5);
  expect([...indices.subarray(0, 5)].slice(3)).toEqual([-1, -1]);
  expect(distances[3]).toBe(Number.POSITIVE_INFINITY);
  expect([indices[0], indices[5], indices[10]]).toEqual([0, 1, 2]);
});

test('answers do not depend on how many queries are asked at once, nor on who asks meanwhile', async () => {
  const points = made(5000, 24, normal);
  using index = new NeighborIndex(engine, points);
  const queries: Points = { values: points.values.subarray(0, 24 * 500), count: 500, dimension: 24 };
  const [together, sync, again] = await Promise.all([
    index.nearest(queries, 7),
    index.nearestSync(queries, 7),
    index.nearest(queries, 7),
  ]);
  expect(sync).toEqual(together);
  expect(again).toEqual(together);
  for (let i = 0; i < 500; i += 83) {
    const one = { values: queries.values.subarray(24 * i, 24 * (i + 1)), count: 1, dimension: 24 };
    expect((await index.nearest(one, 7)).indices).toEqual(together.indices.slice(7 * i, 7 * i + 7));
  }
});

const pixel = () => random.integer(256);
const whole: readonly (readonly [string, Value, Value?])[] = [
  ['pixels from 0 to 255', (row) => (row === 0 ? 0 : row === 1 ? 255 : pixel())],
  ['a grid full of ties', () => random.integer(2)],
  ['every point the same', () => 7],
  ['whole numbers a hundred million away from the origin', () => 1e8 + pixel()],
  ['columns of unequal range', (_, column) => (column === 0 ? pixel() : random.integer(3))],
  ['clusters far narrower than they are apart', (row) => 60 * (row % 5) + random.integer(4)],
  ['queries between the whole numbers', pixel, () => 255 * random.uniform()],
  ['queries just outside the points', pixel, () => 250 + random.integer(30)],
  ['queries far outside the points', pixel, (row) => (row % 3 === 0 ? 1e5 : 1) * normal()],
  ['a range one too wide', (row) => (row === 0 ? 0 : row === 1 ? 256 : pixel())],
  ['fractions in rows that no sample sees', (row) => random.integer(4) + (row % 2) * random.uniform()],
  ['a point far outside that no sample sees', (row) => (row === 4501 ? 1e6 : pixel())],
];

for (const [name, value, asked = value] of whole) {
  for (const dimension of [3, 33]) {
    test(`by codes of eight bits too the nearest are those of direct differences in ${dimension} dimensions: ${name}`, async () => {
      const points = made(name.includes('sample') ? 5000 : 700, dimension, value);
      const queries = made(15, dimension, asked);
      const k = 1 + random.integer(40);
      using index = new NeighborIndex(engine, points, true);
      const expected = nearestDirectly(queries, points, k);
      const found = await index.nearest(queries, k);
      expect([...found.indices]).toEqual(expected.indices);
      expect([...found.distances]).toEqual(expected.distances);
      expect(index.nearestSync(queries, k)).toEqual(found);
      using sixteen = new NeighborIndex(engine, points, false);
      expect(await sixteen.nearest(queries, k)).toEqual(found);
    });
  }
}

test('many neighbours: all that wait are not kept', async () => {
  const points = made(3000, 5, normal);
  const queries = made(4, 5, normal);
  for (const k of [100, 1000]) {
    using index = new NeighborIndex(engine, points);
    const expected = nearestDirectly(queries, points, k);
    const found = await index.nearest(queries, k);
    expect([...found.indices]).toEqual(expected.indices);
    expect([...found.distances]).toEqual(expected.distances);
  }
});
