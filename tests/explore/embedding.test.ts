import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { componentStart } from '#lanewise/engine/embedding/component-start.js';
import { componentsOf, graphOfComponent, type SparseGraph } from '#lanewise/engine/embedding/sparse-graph.js';
import { TsneDescent } from '#lanewise/engine/embedding/tsne-descent.js';
import { createEngine } from '#lanewise/engine/engine.js';
import type { Points } from '#lanewise/engine/neighbors/points.js';
import { stream } from '#lanewise/engine/random.js';
import { trustworthiness } from '#lanewise/evaluate/trustworthiness.js';
import { fuzzyGraph, jointProbabilities } from '#lanewise/explore/embedding/affinities.js';
import { type Embedding, embeddingTable } from '#lanewise/explore/embedding/embedding.js';
import { similarityCurve } from '#lanewise/explore/embedding/fuzzy-set.js';
import { Tsne } from '#lanewise/explore/embedding/tsne.js';
import { Umap } from '#lanewise/explore/embedding/umap.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/embedding.json', import.meta.url), 'utf8')) as {
  rows: number;
  points: number[];
  places: number[];
  perplexity: number;
  joint: number[];
  divergence: number;
  gradient: number[];
  neighbors: number;
  fuzzy: number[];
  curves: { minDist: number; spread: number; ab: [number, number] }[];
  trustworthiness: { nNeighbors: number; value: number }[];
};
const points: Points = { values: Float64Array.from(golden.points), count: golden.rows, dimension: 4 };
const places: Points = { values: Float64Array.from(golden.places), count: golden.rows, dimension: 2 };

const engine = await createEngine({ backend: 'wasm', threads: 2 });
afterAll(() => engine.close());

function dense({ offsets, indices, values }: SparseGraph): Float64Array {
  const rows = offsets.length - 1;
  const full = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let e = offsets[i]!; e < offsets[i + 1]!; e++) full[i * rows + indices[e]!] = values[e]!;
  }
  return full;
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => Math.abs(value - b[i]!)).reduce((most, value) => Math.max(most, value), 0);

/** Groups of rows around corners that are far apart. */
function blobs(rows: number, groups: number, dimension: number): Points {
  const random = stream(3, 'blobs');
  const values = Float64Array.from({ length: rows * dimension }, (_, at) => {
    const group = Math.floor(at / dimension) % groups;
    return random.normal() + (at % dimension === group ? 12 : 0);
  });
  return { values, count: rows, dimension };
}

/** Rows of groups in turn, of three columns: the groups lie a thousand deviations from one to the next. */
function farGroups(groups: number, size: number): Points {
  const { values, count } = blobs(groups * size, groups, 3);
  return {
    values: values.map((value, at) => value + (at % 3 === 0 ? 1000 * (Math.floor(at / 3) % groups) : 0)),
    count,
    dimension: 3,
  };
}

/** The share of rows whose nearest other row in the picture is of their group. */
function together({ coordinates, rows, nComponents }: Embedding, groups: number): number {
  let same = 0;
  for (let i = 0; i < rows; i++) {
    let [best, nearest] = [Number.POSITIVE_INFINITY, -1];
    for (let k = 0; k < rows; k++) {
      let square = 0;
      for (let c = 0; c < nComponents; c++)
        square += (coordinates[i * nComponents + c]! - coordinates[k * nComponents + c]!) ** 2;
      if (k !== i && square < best) [best, nearest] = [square, k];
    }
    if (nearest % groups === i % groups) same++;
  }
  return same / rows;
}

test('joint probabilities are scikit-learn’s', async () => {
  const joint = await jointProbabilities(engine, points, golden.perplexity, 'euclidean');
  // scikit-learn reads distances in f32 and stops within 1e-5 of the entropy.
  expect(furthest(dense(joint), golden.joint)).toBeLessThan(1e-7);
});

test('the divergence and its gradient are those of scikit-learn’s exact method', async () => {
  const joint = await jointProbabilities(engine, points, golden.perplexity, 'euclidean');
  using descent = new TsneDescent(engine, joint, 2, 0);
  descent.positions.set(golden.places);
  const normalizer = await descent.gradient(1);
  expect(furthest(descent.gradients, golden.gradient)).toBeLessThan(1e-6);
  expect(await descent.divergence(normalizer)).toBeCloseTo(golden.divergence, 5);
});

test('the tree’s gradient comes near the exact one, and nearer with a smaller angle', async () => {
  const cloud = blobs(500, 3, 5);
  const joint = await jointProbabilities(engine, cloud, 10, 'euclidean');
  const random = stream(1, 'cloud');
  const at = Float64Array.from({ length: 1000 }, () => 20 * random.normal());
  const gradientAt = async (angle: number) => {
    using descent = new TsneDescent(engine, joint, 2, angle);
    descent.positions.set(at);
    await descent.gradient(1);
    return descent.gradients.slice();
  };
  const [exact, near, far] = [await gradientAt(0), await gradientAt(0.2), await gradientAt(0.8)];
  const size = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(furthest(near, exact)).toBeLessThan(1e-3 * size);
  expect(furthest(far, exact)).toBeLessThan(0.15 * size);
  expect(furthest(near, exact)).toBeLessThan(furthest(far, exact));
});

test('the fuzzy graph is umap-learn’s', async () => {
  const graph = await fuzzyGraph(engine, points, golden.neighbors, 'euclidean');
  // umap-learn computes in f32 and stops within 1e-5.
  expect(furthest(dense(graph), golden.fuzzy)).toBeLessThan(1e-4);
});

test.each(golden.curves)(
  'the curve of minDist $minDist and spread $spread is umap-learn’s',
  async ({ minDist, spread, ab }) => {
    const { a, b } = await similarityCurve(minDist, spread);
    expect(furthest([a, b], ab)).toBeLessThan(1e-6);
  },
);

test.each(golden.trustworthiness)(
  'trustworthiness of $nNeighbors neighbours is scikit-learn’s',
  async ({ nNeighbors, value }) => {
    expect(await trustworthiness(points, places, { nNeighbors, engine })).toBeCloseTo(value, 12);
  },
);

test('trustworthiness refuses half of the rows as neighbours, and other rows', async () => {
  await expect(trustworthiness(points, places, { nNeighbors: 20, engine })).rejects.toThrow(
    'below half of the 40 rows',
  );
  const fewer = { values: places.values.subarray(2), count: 39, dimension: 2 };
  await expect(trustworthiness(points, fewer, { engine })).rejects.toThrow('40 rows, as the points');
});

const methods = [
  ['t-SNE', new Tsne({ maxIter: 300, perplexity: 15 })],
  ['UMAP', new Umap({ nEpochs: 100, nNeighbors: 10 })],
  ['t-SNE in three dimensions', new Tsne({ maxIter: 300, perplexity: 15, nComponents: 3 })],
  ['UMAP from principal components', new Umap({ nEpochs: 100, nNeighbors: 10, init: 'pca', nComponents: 3 })],
] as const;

test.each(methods)('%s keeps groups together, whatever the backend and the threads', async (_, method) => {
  const cloud = blobs(240, 4, 6);
  const done: number[] = [];
  const found = await method.fitTransform(cloud, {
    engine,
    seed: 5,
    onProgress: (progress) => done.push(progress.done),
  });
  expect(together(found, 4)).toBe(1);
  const embedded = { values: found.coordinates, count: 240, dimension: found.nComponents };
  expect(await trustworthiness(cloud, embedded, { engine })).toBeGreaterThan(0.9);
  expect(done.at(-1)).toBe(found.iterations);
  await using alone = await createEngine({ backend: 'wasm', threads: 1, sharedMemory: false });
  const again = await method.fitTransform(cloud, { engine: alone, seed: 5 });
  expect(again.coordinates).toEqual(found.coordinates);
});

test.each([
  ['t-SNE', new Tsne({ maxIter: 250, perplexity: 5 })],
  ['UMAP', new Umap({ nEpochs: 5, nNeighbors: 5 })],
] as const)('%s has the reference’s bits', async (_, method) => {
  const cloud = blobs(36, 3, 4);
  await using reference = await createEngine({ backend: 'reference' });
  const law = await method.fitTransform(cloud, { engine: reference, seed: 2 });
  expect((await method.fitTransform(cloud, { engine, seed: 2 })).coordinates).toEqual(law.coordinates);
});

test('new rows find their place beside the rows they are like, and those stay', async () => {
  const cloud = blobs(240, 4, 6);
  const fitted = await new Umap({ nEpochs: 100, nNeighbors: 10 }).fit(cloud, { engine });
  const before = fitted.embedding.coordinates.slice();
  const some = { values: cloud.values.slice(0, 8 * 6), count: 8, dimension: 6 };
  const placed = await fitted.transform(some, { engine });
  expect(fitted.embedding.coordinates).toEqual(before);
  for (let i = 0; i < 8; i++) {
    const distances = [...Array(240).keys()].map((k) => {
      return (
        (before[2 * k]! - placed.coordinates[2 * i]!) ** 2 + (before[2 * k + 1]! - placed.coordinates[2 * i + 1]!) ** 2
      );
    });
    expect(distances.indexOf(Math.min(...distances)) % 4).toBe(i % 4);
  }
  const narrow = { values: new Float64Array(5), count: 1, dimension: 5 };
  await expect(fitted.transform(narrow, { engine })).rejects.toThrow(
    'Expected the 6 columns of the fit but received 5 columns',
  );
});

const awkward: readonly (readonly [string, Points])[] = [
  ['two rows', { values: Float64Array.of(1, 2, 3, 4), count: 2, dimension: 2 }],
  ['three rows of one column', { values: Float64Array.of(1, 2, 5), count: 3, dimension: 1 }],
  ['rows that are all alike', { values: new Float64Array(40).fill(7), count: 20, dimension: 2 }],
  [
    'many doubles',
    { values: Float64Array.from({ length: 120 }, (_, i) => (i < 100 ? 1 : i)), count: 60, dimension: 2 },
  ],
  [
    'a column that never varies',
    { values: Float64Array.from({ length: 80 }, (_, i) => (i % 2 ? 3 : i * i)), count: 40, dimension: 2 },
  ],
  [
    'two parts that nothing joins',
    { values: Float64Array.from({ length: 60 }, (_, i) => i + (i < 30 ? 0 : 1e6)), count: 60, dimension: 1 },
  ],
];

test.each(awkward)('%s get finite places', async (_, rows) => {
  for (const method of [
    new Tsne({ maxIter: 250 }),
    new Umap({ nEpochs: 20 }),
    new Umap({ nEpochs: 20, nNeighbors: 4 }),
  ]) {
    const { coordinates, rows: count } = await method.fitTransform(rows, { engine });
    expect(count).toBe(rows.count);
    expect(coordinates.length).toBe(2 * rows.count);
    expect(coordinates.every(Number.isFinite)).toBe(true);
  }
});

test.each([3, 7])(
  '%d groups far from each other are laid out each for itself, the same bits everywhere',
  async (groups) => {
    const cloud = farGroups(groups, 24);
    const umap = new Umap({ nEpochs: 60, nNeighbors: 12 });
    const found = await umap.fitTransform(cloud, { engine, seed: 1 });
    const [warning] = found.warnings;
    expect(warning!.name).toBe('disconnected');
    expect(warning!.message).toContain(`${groups} parts`);
    expect(together(found, groups)).toBe(1);
    // A group's rows are nearer to their middle than half the way to any other middle.
    const of = (i: number) => [found.coordinates[2 * i]!, found.coordinates[2 * i + 1]!] as const;
    const rows = [...Array(found.rows).keys()];
    const middles = [...Array(groups).keys()].map((group) => {
      const own = rows.filter((i) => i % groups === group).map(of);
      return [0, 1].map((c) => own.reduce((sum, place) => sum + place[c]! / own.length, 0)) as [number, number];
    });
    const apart = (a: readonly [number, number], b: readonly [number, number]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    for (const i of rows) {
      const [own, ...others] = [middles[i % groups]!, ...middles.filter((_, group) => group !== i % groups)];
      for (const other of others) expect(apart(of(i), own!)).toBeLessThan(apart(of(i), other));
    }
    const spread = rows.filter((i) => i % groups === 0).map((i) => apart(of(i), middles[0]!));
    expect(Math.max(...spread)).toBeGreaterThan(0.1);
    await using alone = await createEngine({ backend: 'wasm', threads: 1 });
    expect((await umap.fitTransform(cloud, { engine: alone, seed: 1 })).coordinates).toEqual(found.coordinates);
  },
);

test('parts begin around places of their own, within half the way to the next', async () => {
  const cloud = farGroups(3, 10);
  const graph = await fuzzyGraph(engine, cloud, 7, 'euclidean');
  const components = componentsOf(graph);
  expect([...components]).toEqual([...Array(30).keys()].map((i) => i % 3));
  const start = await componentStart(engine, cloud, graph, components, 2, 0);
  // umap-learn's places of three parts in the plane; the nearest are √2 apart.
  const ends = [
    [1, 0],
    [0, 1],
    [-1, 0],
  ] as const;
  let farthest = 0;
  for (let i = 0; i < 30; i++) {
    const [x, y] = ends[i % 3]!;
    farthest = Math.max(farthest, Math.abs(start[2 * i]! - x), Math.abs(start[2 * i + 1]! - y));
  }
  expect(farthest).toBeCloseTo(Math.SQRT2 / 2, 12);
  const own = graphOfComponent(
    graph,
    Int32Array.from({ length: 10 }, (_, i) => 3 * i + 1),
  );
  expect([...dense(own)]).toEqual(
    [...Array(100).keys()].map((at) => dense(graph)[(3 * Math.floor(at / 10) + 1) * 30 + 3 * (at % 10) + 1]),
  );
});

test('what is lowered for too few rows is told', async () => {
  const few = blobs(10, 2, 3);
  const tsne = await new Tsne({ maxIter: 250 }).fitTransform(few, { engine });
  expect(tsne.perplexity).toBe(3);
  expect(tsne.warnings.map(({ name }) => name)).toEqual(['perplexity-lowered']);
  const umap = await new Umap({ nEpochs: 5 }).fitTransform(few, { engine });
  expect(umap.warnings[0]!.name).toBe('neighbors-lowered');
  const apart = await new Umap({ nEpochs: 5, nNeighbors: 3 }).fitTransform(awkward.at(-1)![1], { engine });
  expect(apart.warnings.map(({ name }) => name)).toEqual(['disconnected']);
});

test('one row, missing and infinite values and categories are refused by name', async () => {
  const one = { values: Float64Array.of(1, 2), count: 1, dimension: 2 };
  const bad = { values: Float64Array.of(1, 2, Number.NaN, 4), count: 2, dimension: 2 };
  const words = tableFromRegisters([
    { name: 'word', type: 'category', labels: ['a', 'b'], values: Float64Array.of(0, 1, 0) },
  ]);
  const gaps = tableFromRegisters([{ name: 'x', type: 'number', values: Float64Array.of(0, Number.NaN, 0) }]);
  for (const method of [new Tsne(), new Umap()]) {
    await expect(method.fitTransform(one, { engine })).rejects.toThrow('at least two rows');
    await expect(method.fitTransform(bad, { engine })).rejects.toThrow('value 1 of point 2 is NaN');
    await expect(method.fitTransform(words, { engine })).rejects.toThrow('column "word" holds categories');
    await expect(method.fitTransform(gaps, { engine })).rejects.toThrow('column "x" lacks 1');
  }
  expect(() => new Umap({ minDist: 2 })).toThrow('a number in [0, 1], the spread for Umap.minDist');
});

test('a signal ends the work, and a budget keeps what there is', async () => {
  const cloud = blobs(200, 3, 4);
  for (const method of [new Tsne(), new Umap()]) {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(method.fitTransform(cloud, { engine, signal: controller.signal, onProgress })).rejects.toThrow(
      'Cancelled',
    );
    const short = await method.fitTransform(cloud, { engine, timeBudget: 1e-6 });
    expect(short.iterations).toBe(1);
    expect(short.verdict).toContain('time budget');
  }
});

test('coordinates come as a table, a column each', async () => {
  const found = await new Umap({ nEpochs: 5, nComponents: 3 }).fitTransform(blobs(30, 2, 3), { engine });
  const table = embeddingTable(found);
  expect(table.schema.fields.map(({ name }) => name)).toEqual(['umap_1', 'umap_2', 'umap_3']);
  expect(table.numRows).toBe(30);
  expect(table.getChild('umap_2')!.get(7)).toBe(found.coordinates[7 * 3 + 1]);
});
