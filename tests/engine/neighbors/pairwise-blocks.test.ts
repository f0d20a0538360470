import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { type DistanceMetric, neighborSearch, pairwiseDistances } from '#lanewise/engine/neighbors/index.js';
import type { Points } from '#lanewise/engine/neighbors/points.js';
import { dice } from '../../scoring/programs.js';

let fast: Engine;
let single: Engine;
let exact: Engine;
beforeAll(async () => {
  fast = await createEngine({ backend: 'wasm', threads: 2, numerics: 'fast', checked: true });
  single = await createEngine({ backend: 'reference', threads: 1, numerics: 'fast' });
  exact = await createEngine({ backend: 'wasm', threads: 2, checked: true });
});
afterAll(async () => {
  for (const engine of [fast, single, exact]) await engine.close();
});

const random = dice(23);
const made = (count: number, dimension: number, value: (index: number) => number): Points => ({
  values: Float64Array.from({ length: count * dimension }, (_, index) => value(index)),
  count,
  dimension,
});
const row = ({ values, dimension }: Points, i: number) => values.subarray(i * dimension, (i + 1) * dimension);
const length = (x: Float64Array, center?: Float64Array) => Math.hypot(...x.map((v, j) => v - (center?.[j] ?? 0)));

test('distances of several blocks, each copied while the next is computed, are those of the definition', async () => {
  const [a, b] = [1_203, 1_001].map((count) => made(count, 8, () => random.uniform())) as [Points, Points];
  const ways = [
    [1, false],
    [3, false],
    [3, true],
  ] as const;
  for (const [threads, late, numerics] of [...ways, [3, true, 'fast'] as const]) {
    const engine = await createEngine({ backend: 'wasm', threads, numerics });
    const run = engine.run.bind(engine);
    // However late this thread comes to copying, the next block is not in its way.
    if (late) {
      engine.run = async (tasks, signal, meanwhile) => {
        const results = await run(tasks, signal);
        meanwhile?.();
        return results;
      };
    }
    const progress: number[] = [];
    const all = await pairwiseDistances(engine, a, b, 'euclidean', { onProgress: ({ done }) => progress.push(done) });
    await engine.close();
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toBe(a.count);
    let unequal = 0;
    for (let i = 0; i < a.count; i++) {
      for (let k = 0; k < b.count; k++) {
        let sum = 0;
        for (let j = 0; j < 8; j++) sum += (a.values[8 * i + j]! - b.values[8 * k + j]!) ** 2;
        const distance = all[i * b.count + k]!;
        if (numerics ? !(Math.abs(distance - Math.sqrt(sum)) <= 1e-11) : distance !== Math.sqrt(sum)) unequal++;
      }
    }
    expect(unequal).toBe(0);
  }
});

test('distances go where they are wanted, and a place of another size is refused', async () => {
  const [a, b] = [made(5, 3, () => random.uniform()), made(4, 3, () => random.uniform())];
  const out = new Float64Array(20).fill(-1);
  expect(await pairwiseDistances(exact, a, b, 'manhattan', { out })).toBe(out);
  expect(out).toEqual(await pairwiseDistances(exact, a, b, 'manhattan'));
  await expect(pairwiseDistances(exact, a, b, 'manhattan', { out: out.subarray(1) })).rejects.toThrow(
    /5 × 4 values for out but received 19/,
  );
});

test('what a call took of the memory is given back, also where it fails amid the blocks', async () => {
  for (const engine of [fast, exact]) {
    const used = engine.arena.bytesUsed;
    const [a, b] = [made(1_203, 9, () => random.uniform()), made(1_001, 9, () => random.uniform())];
    await pairwiseDistances(engine, a, b, 'euclidean');
    a.values[1_200 * 9] = Number.NaN;
    await expect(pairwiseDistances(engine, a, b, 'euclidean')).rejects.toThrow(/NaN/);
    expect(engine.arena.bytesUsed).toBe(used);
  }
});

const clouds: readonly (readonly [string, (index: number) => number])[] = [
  ['around the origin', () => random.uniform() - 0.5],
  ['a hundred million away from it', () => 1e8 + random.uniform()],
  ['in the ninth digit', () => 1 + 1e-9 * random.integer(1000)],
  ['in two groups, tight and far apart', (index) => (index % 1600 < 800 ? 1e4 : -1e4) + 1e-3 * random.uniform()],
  ['of every size', () => (random.uniform() - 0.5) * 10 ** (random.integer(12) - 6)],
];

describe("numerics: 'fast'", () => {
  const last = 2 ** -53;

  for (const [name, value] of clouds) {
    for (const dimension of [8, 17, 64]) {
      test(`euclidean distances of products keep to their bounds: ${dimension} coordinates ${name}`, async () => {
        const b = made(61, dimension, value);
        const a = made(45, dimension, value);
        a.values.set(row(b, 7), 3 * dimension);
        const center = Float64Array.from({ length: dimension }, (_, j) => {
          let sum = 0;
          for (let k = 0; k < b.count; k++) sum += b.values[k * dimension + j]! / b.count;
          return sum;
        });
        const wanted = await pairwiseDistances(exact, a, b, 'sqeuclidean');
        const squares = await pairwiseDistances(fast, a, b, 'sqeuclidean');
        const roots = await pairwiseDistances(fast, a, b, 'euclidean');
        let [worst, ofOwn] = [0, 0];
        wanted.forEach((square, at) => {
          const q = length(row(a, Math.floor(at / b.count)), center);
          const p = length(row(b, at % b.count), center);
          worst = Math.max(worst, Math.abs(squares[at]! - square) / (q + p) ** 2);
          if (square > 0) ofOwn = Math.max(ofOwn, Math.abs(roots[at]! - Math.sqrt(square)) / Math.sqrt(square));
          expect(roots[at]).toBe(Math.sqrt(squares[at]!));
        });
        // The bounds hold against the truth, from which direct differences are a few last places away themselves.
        expect(worst).toBeLessThanOrEqual((2 * dimension + 10) * last);
        expect(ofOwn).toBeLessThanOrEqual((dimension + 9) * 2 ** -43);
        expect(squares[3 * b.count + 7]).toBe(0);
      });

      test(`cosine and dot are off by rounding alone: ${dimension} coordinates ${name}`, async () => {
        const [a, b] = [made(45, dimension, value), made(61, dimension, value)];
        const dots = [await pairwiseDistances(exact, a, b, 'dot'), await pairwiseDistances(fast, a, b, 'dot')] as const;
        const cosines = [
          await pairwiseDistances(exact, a, b, 'cosine'),
          await pairwiseDistances(fast, a, b, 'cosine'),
        ] as const;
        dots[0].forEach((dot, at) => {
          const size = length(row(a, Math.floor(at / b.count))) * length(row(b, at % b.count));
          expect(Math.abs(dots[1][at]! - dot)).toBeLessThanOrEqual(2 * dimension * last * size);
          expect(Math.abs(cosines[1][at]! - cosines[0][at]!)).toBeLessThanOrEqual((2 * dimension + 8) * last);
        });
      });
    }
  }

  test('products are taken for their four metrics and eight coordinates and more, direct differences for all else', async () => {
    const kernels = new Set<string>();
    const run = fast.run.bind(fast);
    fast.run = (tasks, ...rest) => {
      for (const { kernel } of tasks) kernels.add(kernel);
      return run(tasks, ...rest);
    };
    const used = async (metric: DistanceMetric, dimension: number) => {
      kernels.clear();
      const points = made(20, dimension, () => random.uniform());
      const found = await pairwiseDistances(fast, points, points, metric);
      if (!kernels.has('matrix_product_f64')) {
        expect(found).toEqual(await pairwiseDistances(exact, points, points, metric));
      }
      return [...kernels].sort().join();
    };
    for (const metric of ['euclidean', 'sqeuclidean', 'cosine', 'dot'] as const) {
      expect(await used(metric, 8)).toBe('matrix_product_f64,product_distances_f64');
      expect(await used(metric, 7)).toBe('metric_block_f64');
    }
    expect(await used('manhattan', 8)).toBe('metric_block_f64');
    fast.run = run;
  });

  test('numbers whose squares overflow or underflow are measured directly', async () => {
    for (const size of [1e200, 1e-170, 1e-158]) {
      const points = made(30, 9, () => size * (random.integer(7) - 3));
      for (const metric of ['euclidean', 'sqeuclidean'] as const) {
        const found = await pairwiseDistances(fast, points, points, metric);
        expect(found).toEqual(await pairwiseDistances(exact, points, points, metric));
      }
    }
  });

  test('without fused kernels, on one thread, the same way is taken; neighbours are those of every engine', async () => {
    const points = made(200, 16, (index) => 1e7 + (index % 5) + random.uniform());
    const all = await pairwiseDistances(single, points, points, 'euclidean');
    const wanted = await pairwiseDistances(exact, points, points, 'euclidean');
    expect(all).not.toEqual(wanted);
    wanted.forEach((distance, at) => {
      expect(Math.abs(all[at]! - distance)).toBeLessThanOrEqual(distance * 25 * 2 ** -43);
    });
    for (const metric of ['euclidean', 'cosine', 'dot'] as const) {
      using ours = await neighborSearch(fast, points, { metric });
      using theirs = await neighborSearch(exact, points, { metric });
      expect(await ours.nearest(points, 5)).toEqual(await theirs.nearest(points, 5));
    }
  });
});
