import { beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { type DistanceMetric, neighborSearch } from '#lanewise/engine/neighbors/index.js';
import type { Points } from '#lanewise/engine/neighbors/points.js';
import { kdTreeOf } from '#lanewise/kernels/kd-tree.js';
import { dice } from '../../scoring/programs.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});

const random = dice(59);
function made(count: number, dimension: number, value: (row: number) => number): Points {
  const values = Float64Array.from({ length: count * dimension }, (_, at) => value(Math.floor(at / dimension)));
  return { values, count, dimension };
}

const metrics: readonly DistanceMetric[] = ['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev'];
const clouds: readonly (readonly [string, (row: number) => number])[] = [
  ['a cloud', () => random.uniform() + random.uniform()],
  ['a grid full of ties', () => random.integer(4)],
  ['every point the same', () => -3.5],
  ['a cloud a hundred million away from the origin', () => 1e8 + random.uniform()],
  ['clusters far narrower than they are apart', (row) => 1000 * (row % 5) + 1e-6 * random.uniform()],
  ['numbers whose squares underflow and overflow', (row) => (row % 2 === 0 ? 1e-170 : 1e200) * random.uniform()],
];

for (const [name, value] of clouds) {
  for (const metric of metrics) {
    test(`a k-d tree finds what looking at every point finds: ${metric}, ${name}`, async () => {
      for (const dimension of [1, 3, 9]) {
        const points = made(400, dimension, value);
        const queries = made(15, dimension, value);
        using tree = await neighborSearch(engine, points, { metric, algorithm: 'kd-tree' });
        using brute = await neighborSearch(engine, points, { metric, algorithm: 'brute' });
        expect([tree.algorithm, brute.algorithm]).toEqual(['kd-tree', 'brute']);
        const nearest = await brute.nearest(queries, 9);
        expect(await tree.nearest(queries, 9)).toEqual(nearest);
        const excludeSelf = { excludeSelf: true };
        expect(await tree.nearest(points, 4, excludeSelf)).toEqual(await brute.nearest(points, 4, excludeSelf));
        // On the very edge: the distance of a point.
        const radius = nearest.distances[9 * 7 + 8]!;
        expect(await tree.countWithin(queries, radius)).toEqual(await brute.countWithin(queries, radius));
        const enough = { enough: 4 };
        const counts = await tree.countWithin(queries, radius, enough);
        expect(counts).toEqual(await brute.countWithin(queries, radius, enough));
        expect(Math.max(...counts)).toBe(4);
        expect(await tree.within(queries, radius)).toEqual(await brute.within(queries, radius));
      }
    });
  }
}

test('a tree holds every point once, in leaves of one depth, each within the boxes above it', () => {
  const points = made(1000, 3, () => random.integer(9));
  const { depth, order, boxes, leaves, panels } = kdTreeOf(points.values, 3, 20);
  expect(depth).toBe(6);
  expect([...order].filter((index) => index >= 0).sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  for (let leaf = 0; leaf < 2 ** depth; leaf++) {
    for (let place = leaves[leaf]! * 8; place < leaves[leaf + 1]! * 8; place++) {
      if (order[place]! < 0) continue;
      for (let node = leaf + 2 ** depth - 1; node >= 0; node = Math.floor((node - 1) / 2)) {
        for (let j = 0; j < 3; j++) {
          const value = points.values[order[place]! * 3 + j]!;
          expect(panels[(place - (place % 8)) * 3 + j * 8 + (place % 8)]).toBe(value);
          expect(value >= boxes[node * 6 + j]! && value <= boxes[node * 6 + 3 + j]!).toBe(true);
        }
      }
    }
  }
});

test('few points, none, and more neighbours than points', async () => {
  for (const count of [0, 1, 2, 5]) {
    const points = made(count, 2, (row) => row);
    using tree = await neighborSearch(engine, points, { algorithm: 'kd-tree' });
    const { indices } = await tree.nearest(
      made(1, 2, () => 0.1),
      6,
    );
    expect([...indices]).toEqual(Array.from({ length: 6 }, (_, i) => (i < count ? i : -1)));
    expect([
      ...(await tree.countWithin(
        made(2, 2, () => 0),
        1.5,
      )),
    ]).toEqual([Math.min(2, count), Math.min(2, count)]);
  }
});

test('a tree is chosen for many points of few coordinates, and refused for metrics that boxes say nothing about', async () => {
  using low = await neighborSearch(
    engine,
    made(3000, 3, () => random.uniform()),
  );
  using high = await neighborSearch(
    engine,
    made(3000, 30, () => random.uniform()),
  );
  expect([low.algorithm, high.algorithm]).toEqual(['kd-tree', 'brute']);
  const cosine = neighborSearch(
    engine,
    made(9, 2, () => random.uniform()),
    { metric: 'cosine', algorithm: 'kd-tree' },
  );
  await expect(cosine).rejects.toThrow(/euclidean.*k-d tree.*cosine/s);
});
