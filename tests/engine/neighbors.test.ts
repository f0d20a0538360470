import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import {
  type DistanceMetric,
  type GowerOptions,
  neighborSearch,
  pairwiseDistances,
} from '#lanewise/engine/neighbors/index.js';
import type { Points } from '#lanewise/engine/neighbors/points.js';
import { metricNames } from '#lanewise/kernels/metric-distance.js';
import { dice } from '../scoring/programs.js';

let engine: Engine;
let single: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 3, checked: true });
  single = await createEngine({ backend: 'reference', threads: 1 });
});
afterAll(async () => {
  await engine.close();
  await single.close();
});

const random = dice(11);
const normal = () => (random.uniform() + random.uniform() + random.uniform() - 1.5) * 2;

function pointsOf(rows: readonly (readonly number[])[]): Points {
  return { values: Float64Array.from(rows.flat()), count: rows.length, dimension: rows[0]!.length };
}

/** Points that a metric is made for: some twice, some missing where it may be. */
function cloud(metric: DistanceMetric, count: number, dimension = metric === 'haversine' ? 2 : 5): Points {
  const rows = Array.from({ length: count }, () =>
    Array.from({ length: dimension }, (_, j) => {
      if ((metric === 'gower' || metric === 'nan-euclidean') && random.integer(6) === 0) return Number.NaN;
      if (metric === 'jaccard') return random.integer(2) * 3;
      if (metric === 'haversine') return j === 0 ? random.uniform() * 3 - 1.5 : random.uniform() * 6 - 3;
      return metric === 'hamming' || (metric === 'gower' && j < 2) ? random.integer(3) : normal();
    }),
  );
  for (let i = 3; i < count; i += 7) rows[i] = rows[i - 3]!;
  return pointsOf(rows);
}

const gowerOf = (metric: DistanceMetric): { gower?: GowerOptions } =>
  metric === 'gower'
    ? { gower: { kinds: ['categorical', 'categorical', 'numeric', 'numeric', 'numeric'], ranges: [0, 0, 3, 3, 3] } }
    : {};

/** The definitions, as plainly as they can be written. */
function distanceOf(metric: DistanceMetric, x: ArrayLike<number>, y: ArrayLike<number>): number {
  const pairs = Array.from(x, (a, j) => [a, y[j]!] as const);
  const sum = (term: (a: number, b: number) => number) => pairs.reduce((total, [a, b]) => total + term(a, b), 0);
  const there = pairs.filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b));
  switch (metric) {
    case 'euclidean':
      return Math.hypot(...pairs.map(([a, b]) => a - b));
    case 'sqeuclidean':
      return sum((a, b) => (a - b) ** 2);
    case 'cosine':
      return 1 - sum((a, b) => a * b) / Math.hypot(...Array.from(x)) / Math.hypot(...Array.from(y));
    case 'dot':
      return -sum((a, b) => a * b);
    case 'manhattan':
      return sum((a, b) => Math.abs(a - b));
    case 'chebyshev':
      return Math.max(...pairs.map(([a, b]) => Math.abs(a - b)));
    case 'hamming':
      return pairs.filter(([a, b]) => a !== b).length / pairs.length;
    case 'jaccard': {
      const some = pairs.filter(([a, b]) => a !== 0 || b !== 0).length;
      return some === 0 ? 0 : pairs.filter(([a, b]) => (a !== 0) !== (b !== 0)).length / some;
    }
    case 'haversine': {
      const [[a, b], [c, d]] = pairs as unknown as [[number, number], [number, number]];
      const half = Math.sin((a - b) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin((c - d) / 2) ** 2;
      return 2 * Math.asin(Math.sqrt(half));
    }
    case 'gower': {
      const apart = pairs.map(([a, b], j) => (j < 2 ? Number(a !== b) : Math.min(1, Math.abs(a - b) / 3)));
      const known = apart.filter((_, j) => !Number.isNaN(x[j]!) && !Number.isNaN(y[j]!));
      return known.length === 0 ? Number.POSITIVE_INFINITY : known.reduce((a, b) => a + b, 0) / known.length;
    }
    case 'nan-euclidean': {
      if (there.length === 0) return Number.POSITIVE_INFINITY;
      return Math.sqrt((pairs.length / there.length) * there.reduce((total, [a, b]) => total + (a - b) ** 2, 0));
    }
  }
}

const rowOf = ({ values, dimension }: Points, i: number) => values.subarray(i * dimension, (i + 1) * dimension);

describe.each(metricNames)('%s', (metric) => {
  test('pairs are as far apart as the definition says, on every backend and number of threads', async () => {
    const [a, b] = [cloud(metric, 61), cloud(metric, 43)];
    const all = await pairwiseDistances(engine, a, b, metric, gowerOf(metric));
    expect(await pairwiseDistances(single, a, b, metric, gowerOf(metric))).toEqual(all);
    const wrong: [number, number][] = [];
    for (let i = 0; i < a.count; i++) {
      for (let k = 0; k < b.count; k++) {
        const [is, wanted] = [all[i * b.count + k]!, distanceOf(metric, rowOf(a, i), rowOf(b, k))];
        if (is !== wanted && !(Math.abs(is - wanted) < 1e-14 * Math.max(1, Math.abs(wanted)))) wrong.push([is, wanted]);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('distances are symmetric; those that are metrics are 0 on themselves and hold the triangle', async () => {
    const points = cloud(metric, 40);
    const all = await pairwiseDistances(engine, points, points, metric, gowerOf(metric));
    const at = (i: number, k: number) => all[i * points.count + k]!;
    const triangle = ['euclidean', 'manhattan', 'chebyshev', 'hamming', 'jaccard', 'haversine'].includes(metric);
    let [asymmetric, detours] = [0, 0];
    for (let i = 0; i < points.count; i++) {
      const known = rowOf(points, i).some((value) => !Number.isNaN(value));
      if (metric !== 'dot' && known) expect(at(i, i)).toBe(0);
      for (let k = 0; k < points.count; k++) {
        if (at(i, k) !== at(k, i)) asymmetric++;
        for (let m = 0; m < points.count; m++) if (at(i, m) > at(i, k) + at(k, m) + 1e-12) detours++;
      }
    }
    expect(asymmetric).toBe(0);
    if (triangle) expect(detours).toBe(0);
  });

  test('the nearest, those within a radius and their number are those of all pairs', async () => {
    const [points, queries] = [cloud(metric, 201), cloud(metric, 37)];
    const all = await pairwiseDistances(engine, queries, points, metric, gowerOf(metric));
    using search = await neighborSearch(engine, points, { metric, ...gowerOf(metric) });
    const k = 9;
    const { distances, indices } = await search.nearest(queries, k);
    const sorted = [...all].filter(Number.isFinite).sort((a, b) => a - b);
    const radius = sorted[Math.floor(sorted.length / 5)]!;
    const within = await search.within(queries, radius);
    const counts = await search.countWithin(queries, radius);
    for (let i = 0; i < queries.count; i++) {
      const line = all.subarray(i * points.count, (i + 1) * points.count);
      const order = [...line.keys()]
        .filter((index) => Number.isFinite(line[index]!))
        .sort((x, y) => line[x]! - line[y]! || x - y);
      const nearest = order.slice(0, k);
      expect([...indices.subarray(i * k, i * k + k)]).toEqual([...nearest, ...Array(k - nearest.length).fill(-1)]);
      expect([...distances.subarray(i * k, i * k + nearest.length)]).toEqual(nearest.map((index) => line[index]));
      const inside = [...line.keys()].filter((index) => line[index]! <= radius);
      expect([...within.indices.subarray(within.offsets[i], within.offsets[i + 1])]).toEqual(inside);
      expect([...within.distances.subarray(within.offsets[i], within.offsets[i + 1])]).toEqual(
        inside.map((index) => line[index]),
      );
      expect(counts[i]).toBe(inside.length);
    }
  });

  test('threads, backends and the order of queries change nothing', async () => {
    const [points, queries] = [cloud(metric, 301), cloud(metric, 141)];
    const reversed = pointsOf(
      Array.from({ length: queries.count }, (_, i) => [...rowOf(queries, queries.count - 1 - i)]),
    );
    const found = [];
    for (const [on, asked] of [
      [engine, queries],
      [single, queries],
      [engine, reversed],
    ] as const) {
      using search = await neighborSearch(on, points, { metric, ...gowerOf(metric) });
      found.push({ nearest: await search.nearest(asked, 4), within: await search.within(asked, 0.4) });
    }
    expect(found[1]).toEqual(found[0]);
    const line = (list: { indices: Int32Array }, i: number) => [...list.indices.subarray(4 * i, 4 * i + 4)];
    for (let i = 0; i < queries.count; i++) {
      expect(line(found[2]!.nearest, i)).toEqual(line(found[0]!.nearest, queries.count - 1 - i));
    }
  });

  test('a point that is left out of its own list finds its duplicates all the same', async () => {
    const points = cloud(metric, 80);
    using search = await neighborSearch(engine, points, { metric, ...gowerOf(metric) });
    const all = await search.nearest(points, points.count);
    const others = await search.nearest(points, points.count, { excludeSelf: true });
    const radius = metric === 'dot' ? 2 : 0.5;
    const within = await search.within(points, radius, { excludeSelf: true });
    const counts = await search.countWithin(points, radius, { excludeSelf: true });
    for (let i = 0; i < points.count; i++) {
      const list = (found: { indices: Int32Array }) =>
        [...found.indices.subarray(i * points.count, (i + 1) * points.count)].filter((index) => index >= 0);
      expect(list(others)).toEqual(list(all).filter((index) => index !== i));
      const inside = list(all).filter(
        (index) => index !== i && all.distances[i * points.count + list(all).indexOf(index)]! <= radius,
      );
      expect([...within.indices.subarray(within.offsets[i], within.offsets[i + 1])]).toEqual(
        inside.sort((a, b) => a - b),
      );
      expect(counts[i]).toBe(inside.length);
    }
  });

  test('one point, more neighbours than points, no points and no queries', async () => {
    const one = cloud(metric, 1);
    using search = await neighborSearch(engine, one, { metric, ...gowerOf(metric) });
    const { indices, distances } = await search.nearest(one, 3);
    expect([...indices.subarray(1)]).toEqual([-1, -1]);
    expect([...distances.subarray(1)]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect([...(await search.nearest(one, 2, { excludeSelf: true })).indices]).toEqual([-1, -1]);
    const none = { values: new Float64Array(0), count: 0, dimension: one.dimension };
    expect((await search.nearest(none, 3)).indices).toHaveLength(0);
    expect([...(await search.within(none, 1)).offsets]).toEqual([0]);
    using empty = await neighborSearch(engine, none, { metric, ...gowerOf(metric) });
    expect([...(await empty.nearest(one, 2)).indices]).toEqual([-1, -1]);
    expect([...(await empty.countWithin(one, 9))]).toEqual([0]);
  });

  test('numbers that are none, and infinite ones, are named', async () => {
    const points = cloud(metric, 9);
    using search = await neighborSearch(engine, points, { metric, ...gowerOf(metric) });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      if (Number.isNaN(bad) && (metric === 'gower' || metric === 'nan-euclidean')) continue;
      const spoilt = { ...points, values: points.values.slice() };
      spoilt.values[points.dimension + 1] = bad;
      const message = new RegExp(`Expected finite .* ${metric} but received ${bad} in row 1, coordinate 1, of the`);
      await expect(search.nearest(spoilt, 1)).rejects.toThrow(message);
      await expect(search.within(spoilt, 1)).rejects.toThrow(message);
      await expect(neighborSearch(engine, spoilt, { metric, ...gowerOf(metric) })).rejects.toThrow(message);
    }
  });
});

test('a radius holds what lies exactly on it', async () => {
  const points = pointsOf([
    [0, 0],
    [0.3, 0.4],
    [0.1, 0.2],
    [3, 4],
  ]);
  for (const metric of ['euclidean', 'nan-euclidean', 'manhattan', 'haversine'] as const) {
    using search = await neighborSearch(
      engine,
      metric === 'haversine'
        ? pointsOf([
            [0, 0],
            [0.3, 0.4],
            [0.1, 0.2],
            [1, 3],
          ])
        : points,
      { metric },
    );
    const { distances } = await search.nearest(pointsOf([[0, 0]]), 4);
    for (const [place, radius] of distances.entries()) {
      expect([...(await search.countWithin(pointsOf([[0, 0]]), radius))]).toEqual([place + 1]);
    }
  }
});

test('a zero vector lies at distance 1 from everything under cosine, and vectors of any size keep their angles', async () => {
  const points = pointsOf([
    [0, 0],
    [3e200, 4e200],
    [3e-200, 4e-200],
    [-5e-324, 0],
    [6, 8],
  ]);
  const all = await pairwiseDistances(engine, points, points, 'cosine');
  expect([...all.subarray(0, 5)]).toEqual([1, 1, 1, 1, 1]);
  expect([...all.subarray(5, 10)]).toEqual([1, 0, expect.closeTo(0, 15), 1.6, 0]);
});

test('the larger product is the nearer', async () => {
  using search = await neighborSearch(
    engine,
    pointsOf([
      [1, 0],
      [5, 1],
      [-2, 0],
    ]),
    { metric: 'dot' },
  );
  const { indices, distances } = await search.nearest(pointsOf([[1, 1]]), 3);
  expect([...indices]).toEqual([1, 0, 2]);
  expect([...distances]).toEqual([-6, -1, 2]);
  expect([...(await search.within(pointsOf([[1, 1]]), -1)).indices]).toEqual([0, 1]);
});

test('all columns equal: everything is a tie, and the lower index comes first', async () => {
  const points = { values: new Float64Array(60).fill(2.5), count: 20, dimension: 3 };
  for (const metric of metricNames) {
    if (metric === 'haversine') continue;
    const gower = { kinds: ['numeric', 'numeric', 'categorical'] as const };
    using search = await neighborSearch(engine, points, { metric, gower });
    const { indices } = await search.nearest(points, 3);
    for (let i = 0; i < 20; i++) expect([...indices.subarray(3 * i, 3 * i + 3)]).toEqual([0, 1, 2]);
  }
});

test('what cannot be is named', async () => {
  const points = pointsOf([
    [0, 1, 2],
    [1, 2, 3],
  ]);
  const wrong = async (options: object, message: RegExp) =>
    expect(neighborSearch(engine, points, options)).rejects.toThrow(message);
  await wrong({ metric: 'euclidian' }, /Unknown metric "euclidian": did you mean "euclidean"/);
  await wrong({ algorithm: 'ball' }, /Unknown algorithm "ball"/);
  await wrong({ metric: 'haversine' }, /latitude and longitude in radians/);
  await wrong({ metric: 'gower' }, /gower.kinds/);
  await wrong({ metric: 'gower', gower: { kinds: ['numeric', 'numeric', 'numeric'], ranges: [1, 1] } }, /gower.ranges/);
  await wrong({ metric: 'gower', gower: { kinds: ['numeric', 'numeric', 'numeric'], weights: [1, 1, -1] } }, /weights/);
  await expect(neighborSearch(engine, pointsOf([[48, 11]]), { metric: 'haversine' })).rejects.toThrow(/latitudes/);
  using search = await neighborSearch(engine, points);
  await expect(search.nearest(points, 0)).rejects.toThrow(/an integer from 1 for k/);
  await expect(search.nearest(pointsOf([[0, 1]]), 1)).rejects.toThrow(/3 coordinates each/);
  await expect(search.nearest(pointsOf([[0, 1, 2]]), 1, { excludeSelf: true })).rejects.toThrow(
    /the 2 points themselves/,
  );
  await expect(search.within(points, Number.NaN)).rejects.toThrow(/radius/);
  const stop = AbortSignal.abort();
  await expect(search.within(points, 1, { signal: stop })).rejects.toMatchObject({ code: 'cancelled' });
});

test('memory is given back', async () => {
  const before = engine.arena.bytesUsed;
  for (const metric of ['euclidean', 'cosine', 'manhattan'] as const) {
    using search = await neighborSearch(engine, cloud(metric, 100), { metric });
    await search.nearest(cloud(metric, 10), 3);
    await search.within(cloud(metric, 10), 0.5);
    await pairwiseDistances(engine, search.points, search.points, metric);
  }
  await Promise.resolve();
  expect(engine.arena.bytesUsed).toBe(before);
});

const many: readonly (readonly [string, (i: number, j: number) => number])[] = [
  ['a cloud', () => normal()],
  ['a narrow cone, where directions differ in the ninth digit', (_, j) => 5 + j + 1e-9 * normal()],
  ['copies of a few, times powers of two and more', (i, j) => ((i % 7) + 1) * Math.cos(3 * j + (i % 40))],
  ['lengths from tiny to huge', (i) => normal() * 10 ** ((i % 21) - 10)],
  ['every third a zero vector', (i) => (i % 3 === 0 ? 0 : normal())],
  ['all equal', () => 2.5],
];
for (const [name, value] of many) {
  test(`cosine and dot among candidates find what all pairs tell: ${name}`, async () => {
    const rows = (count: number, from: number) =>
      pointsOf(Array.from({ length: count }, (_, i) => Array.from({ length: 9 }, (_, j) => value(i + from, j))));
    const [points, queries] = [rows(700, 0), rows(60, 350)];
    for (const metric of ['cosine', 'dot'] as const) {
      const all = await pairwiseDistances(engine, queries, points, metric);
      using search = await neighborSearch(engine, points, { metric });
      const { indices, distances } = await search.nearest(queries, 5);
      const others = await search.nearest(points, 5, { excludeSelf: true });
      const own = await pairwiseDistances(engine, points, points, metric);
      const nearestOf = (line: Float64Array, self = -1) =>
        [...line.keys()]
          .filter((k) => k !== self)
          .sort((a, b) => line[a]! - line[b]! || a - b)
          .slice(0, 5);
      for (let i = 0; i < queries.count; i++) {
        const line = all.subarray(i * points.count, (i + 1) * points.count);
        const wanted = nearestOf(line);
        expect([...indices.subarray(5 * i, 5 * i + 5)]).toEqual(wanted);
        expect([...distances.subarray(5 * i, 5 * i + 5)]).toEqual(wanted.map((k) => line[k]));
        const mine = own.subarray(i * points.count, (i + 1) * points.count);
        expect([...others.indices.subarray(5 * i, 5 * i + 5)]).toEqual(nearestOf(mine, i));
      }
    }
  });
}

test.each(['manhattan', 'chebyshev', 'nan-euclidean'] as const)(
  '%s: points that are beyond the limit long before their last coordinate change no answer',
  async (metric) => {
    // Panels of eight lie in one group; neighbouring queries lie in two, so that a panel is beyond one's limit and not the other's.
    const dimension = 100;
    const inGroups = (count: number, together: number) =>
      pointsOf(
        Array.from({ length: count }, (_, i) =>
          Array.from({ length: dimension }, () => 20 * (Math.floor(i / together) % 2) + normal()),
        ),
      );
    const [points, queries] = [inGroups(1003, 8), inGroups(7, 1)];
    const law = await neighborSearch(single, points, { metric, algorithm: 'brute' });
    const search = await neighborSearch(engine, points, { metric, algorithm: 'brute' });
    const found = await search.nearest(queries, 3);
    expect(found).toEqual(await law.nearest(queries, 3));
    for (let i = 0; i < queries.count; i++) {
      expect(found.distances[3 * i]).toBeCloseTo(
        Math.min(...Array.from({ length: 1003 }, (_, k) => distanceOf(metric, rowOf(queries, i), rowOf(points, k)))),
        9,
      );
    }
    const radius = found.distances[2]!;
    expect(await search.within(queries, radius)).toEqual(await law.within(queries, radius));
    expect(await search.countWithin(queries, radius)).toEqual(await law.countWithin(queries, radius));
    law[Symbol.dispose]();
    search[Symbol.dispose]();
  },
);
