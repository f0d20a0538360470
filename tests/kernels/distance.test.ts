import { beforeAll, expect, test } from 'vitest';
import { ClusteredPoints } from '#lanewise/engine/clustering/clustered-points.js';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { NeighborIndex } from '#lanewise/engine/neighbors/neighbor-index.js';
import { type Points, squaredDistance } from '#lanewise/engine/neighbors/points.js';
import { dice } from '../scoring/programs.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});

const random = dice(3);

/** Points whose coordinates `value` makes. */
function made(count: number, dimension: number, value: (index: number) => number): Points {
  return { values: Float64Array.from({ length: count * dimension }, (_, index) => value(index)), count, dimension };
}

/** Nearest by direct differences: what every answer is held to. */
function nearestDirectly(queries: Points, points: Points, k: number): number[][] {
  return Array.from({ length: queries.count }, (_, i) =>
    Array.from({ length: points.count }, (_, index) => ({
      index,
      distance: squaredDistance(queries, i, points, index),
    }))
      .sort((a, b) => a.distance - b.distance || a.index - b.index)
      .slice(0, k)
      .map(({ index }) => index),
  );
}

const clouds: readonly (readonly [string, (index: number) => number])[] = [
  ['a cloud around the origin', () => random.uniform() - 0.5],
  ['a cloud a hundred million away from it, where the expanded form cancels', () => 1e8 + random.uniform()],
  ['points that differ in the ninth digit', () => 1 + 1e-9 * random.integer(1000)],
  ['a grid full of ties', () => random.integer(3)],
  ['tiny numbers, whose squares underflow in f32', () => 1e-30 * random.uniform()],
  ['one point far from all others', (index) => (index === 0 ? 1e12 : random.uniform())],
];

for (const [name, value] of clouds) {
  for (const dimension of [1, 3, 17]) {
    test(`neighbours and assignments are exact in ${dimension} dimensions: ${name}`, async () => {
      const points = made(601, dimension, value);
      const queries = made(37, dimension, value);
      using index = new NeighborIndex(engine, points);
      const { indices, distances } = await index.nearest(queries, 6);
      const expected = nearestDirectly(queries, points, 6);
      expected.forEach((nearest, i) => {
        expect([...indices.subarray(6 * i, 6 * i + 6)]).toEqual(nearest);
        expect(distances[6 * i]).toBe(squaredDistance(queries, i, points, nearest[0]!));
      });
      using placed = await ClusteredPoints.of(engine, points);
      await placed.assign(queries, 'lloyd');
      expect([...placed.labels]).toEqual(nearestDirectly(points, queries, 1).flat());
    });
  }
}
