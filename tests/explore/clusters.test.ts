import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { profileClusters } from '#lanewise/explore/clusters/cluster-profile.js';
import type { LevelTrait, NumberTrait } from '#lanewise/explore/clusters/traits.js';
import { embeddingColors } from '#lanewise/explore/embedding/colors.js';
import type { Embedding } from '#lanewise/explore/embedding/embedding.js';
import { renderClusterPage } from '#lanewise/explore/page/cluster-page.js';
import { renderEmbeddingPage, renderEmbeddingPicture } from '#lanewise/explore/page/embedding-page.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

// Twenty rows in two clusters of ten, where `height` and `place` say which; `noise` says nothing.
const rows = 20;
const place = Float64Array.from({ length: rows }, (_, i) => (i < 8 || i === 15 ? 0 : 1));
const height = Float64Array.from({ length: rows }, (_, i) => (i < 10 ? i : 20 + i));
const table = tableFromRegisters([
  { name: 'height', type: 'number', values: height },
  { name: 'place', type: 'category', labels: ['north', 'south'], values: place },
  { name: 'flat', type: 'number', values: new Float64Array(rows).fill(3) },
  { name: 'gaps', type: 'number', values: height.map((_, i) => (i < 7 ? Number.NaN : 5)) },
  {
    name: 'who',
    type: 'category',
    labels: Array.from({ length: rows }, (_, i) => `person ${i + 10}`),
    values: height.map((_, i) => i),
  },
]);
const labels = Int32Array.from({ length: rows }, (_, i) => (i < 10 ? 0 : 1));

test('a number’s effect is Cohen’s d, a label’s that of its indicator, with counts and lift', async () => {
  const { clusters, silhouette } = await profileClusters(table, labels);
  expect(clusters.map(({ name, rows: own, share }) => [name, own, share])).toEqual([
    ['cluster 0', 10, 0.5],
    ['cluster 1', 10, 0.5],
  ]);
  const trait = (column: string) => clusters[0]!.traits.find((found) => found.column === column);
  const number = trait('height') as NumberTrait;
  expect([number.mean, number.median, number.restMean, number.restMedian]).toEqual([4.5, 4.5, 34.5, 34.5]);
  // Both sides: ten numbers in a row, Σ (x − mean)² = 82.5.
  expect(number.effect).toBeCloseTo(-30 / Math.sqrt(165 / 18), 12);
  const north = clusters[0]!.traits.find((found) => found.kind === 'level' && found.level === 'north') as LevelTrait;
  expect([north.count, north.share, north.restCount, north.restShare]).toEqual([8, 0.8, 1, 0.1]);
  expect(north.lift).toBeCloseTo(0.8 / 0.45, 12);
  expect(north.effect).toBeCloseTo(0.7 / Math.sqrt((10 * 0.8 * 0.2 + 10 * 0.1 * 0.9) / 18), 12);
  expect((trait('flat') as NumberTrait).effect).toBe(0);
  expect(silhouette!).toBeGreaterThan(0.3);
});

test('the strongest comes first, in a sentence, and missing values are a trait', async () => {
  const [first, second] = (await profileClusters(table, labels)).clusters;
  const strengths = first!.traits.map(({ effect }) => Math.abs(effect!));
  expect(strengths).toEqual([...strengths].sort((a, b) => b - a));
  expect(first!.sentence).toBe(
    'cluster 0 (50.0 %): much lower height (−9.9 sd), mostly no gaps (70.0 % against 0 %), mostly place = north (80.0 % against 10.0 %)',
  );
  expect(second!.sentence).toContain('never no gaps');
});

test('labels of single rows are not named, and rows only where they are asked for', async () => {
  const quiet = await profileClusters(table, labels);
  expect(JSON.stringify(quiet)).not.toContain('person');
  expect(quiet.clusters.every(({ representatives }) => representatives === undefined)).toBe(true);
  const nine = labels.map((label, i) => (i === 9 ? 1 : label));
  const { clusters } = await profileClusters(table, nine, { columns: ['height'], representatives: 3 });
  expect(clusters[0]!.representatives![0]).toBe(4);
  expect([...clusters[0]!.representatives!].sort()).toEqual([3, 4, 5]);
});

test('noise is a group of its own, without a silhouette', async () => {
  const some = labels.slice();
  some.set([-1, -1], 9);
  const { clusters } = await profileClusters(table, some);
  expect(clusters.map(({ name }) => name)).toEqual(['cluster 0', 'cluster 1', 'noise']);
  expect(clusters[2]!.silhouette).toBeUndefined();
  expect(clusters[2]!.rows).toBe(2);
});

test('one cluster has no other rows; sides that do not vary have an effect nevertheless', async () => {
  const { clusters, silhouette } = await profileClusters(table, new Int32Array(rows));
  expect(clusters[0]!.sentence).toBe('cluster 0 (100 %): there are no other rows to compare it with');
  expect(silhouette).toBeUndefined();
  const split = tableFromRegisters([{ name: 'x', type: 'number', values: Float64Array.from(labels) }]);
  const [low] = (await profileClusters(split, labels)).clusters;
  expect(low!.traits[0]!.effect).toBeCloseTo(-1 / Math.sqrt(5 / 19), 12);
});

test('labels that are none are refused by name', async () => {
  await expect(profileClusters(table, [0, 1])).rejects.toThrow(
    'the cluster of each of the 20 rows but received 2 labels',
  );
  const half = Float64Array.from(labels);
  half[3] = 0.5;
  await expect(profileClusters(table, half)).rejects.toThrow('row 4 has 0.5');
});

test('the page tells each cluster and escapes what the data say', async () => {
  const page = renderClusterPage(await profileClusters(table, labels, { names: ['<b>low</b>', 'high'] }), {
    source: 'a & b.csv',
    version: '0',
  });
  expect(page).toContain('The clusters of a &amp; b.csv');
  expect(page).toContain('much lower height (−9.9 sd)');
  expect(page).not.toContain('<b>low');
});

const embedding: Embedding = {
  method: 'umap',
  rows,
  nComponents: 2,
  coordinates: Float64Array.from({ length: 2 * rows }, (_, i) => (i % 7) - i / 9),
  iterations: 3,
  verdict: 'all 3 epochs done',
  warnings: [{ name: 'disconnected', message: 'parts that nothing joins' }],
};

test('labels have colours of their own, rare ones share one, numbers fall into ranges', () => {
  const random = stream(1, 'colors');
  const many = Float64Array.from({ length: 100 }, (_, i) => (i < 30 ? 14 : i % 15));
  const named = embeddingColors({ name: 'c', type: 'category', labels: [...'abcdefghijklmno'], values: many });
  expect(named.groups.length).toBe(10);
  expect(named.groups[0]).toBe('o');
  expect(named.groups.at(-1)).toBe('6 others');
  expect(named.plainFrom).toBe(9);
  const numbers = Float64Array.from({ length: 100 }, (_, i) => (i === 7 ? Number.NaN : random.normal()));
  const ranged = embeddingColors({ name: 'x', type: 'number', values: numbers });
  expect([ranged.groups.length, ranged.ordered, ranged.groups.at(-1)]).toEqual([9, true, 'missing']);
  const sizes = ranged.groups.map((_, group) => ranged.codes.filter((code) => code === group).length);
  expect(Math.max(...sizes.slice(0, 8)) - Math.min(...sizes.slice(0, 8))).toBeLessThanOrEqual(1);
  expect(ranged.codes[7]).toBe(8);
  expect(embeddingColors({ name: 'k', type: 'number', values: place }).groups).toEqual(['0', '1']);
  const none = embeddingColors({ name: 'n', type: 'number', values: new Float64Array(3).fill(Number.NaN) });
  expect(none.groups).toEqual(['missing']);
  const same = embeddingColors({ name: 's', type: 'number', values: new Float64Array(3).fill(0.5) });
  expect(same.groups.length).toBe(1);
  expect([...same.codes]).toEqual([0, 0, 0]);
});

test('the page and the picture have a point a row, escaped names, and texts of the data only where asked for', () => {
  const colors = embeddingColors({ name: 'a<b', type: 'category', labels: ['<i>', 'y'], values: place });
  const about = { source: 'x.csv', version: '0', colors };
  for (const text of [renderEmbeddingPage(embedding, about), renderEmbeddingPicture(embedding, about)]) {
    expect(text.match(/M\d+ \d+h0(?=M|")/g)!.length).toBeGreaterThanOrEqual(rows);
    expect(text).not.toContain('<i>');
    expect(text).not.toContain('NaN');
  }
  const page = renderEmbeddingPage(embedding, about);
  expect(page).toContain('parts that nothing joins');
  expect(page).not.toContain('person');
  const titled = renderEmbeddingPage(embedding, {
    ...about,
    titles: Array.from({ length: rows }, (_, i) => `person ${i}`),
  });
  expect(titled).toContain('person 19');
});

test('the name of a group stands at one of its rows, even where the group is in two pieces', () => {
  // Even rows at the corners above and below, odd rows in the middle between them.
  const coordinates = Float64Array.from({ length: 2 * rows }, (_, at) => {
    const row = at >> 1;
    if (row % 2 === 1) return 5 + row / 100;
    return at % 2 === 0 ? row / 100 : row % 4 === 0 ? 10 - row / 100 : row / 100;
  });
  const values = Float64Array.from({ length: rows }, (_, row) => (row % 2 === 0 ? 0 : 1));
  const colors = embeddingColors({ name: 'g', type: 'category', labels: ['split', 'whole'], values });
  const page = renderEmbeddingPicture({ ...embedding, coordinates }, { source: 'x', version: '0', colors });
  for (const group of [0, 1]) {
    const name = new RegExp(`class="name" data-group="${group}" x="(\\d+)" y="(\\d+)"`).exec(page)!;
    expect(page).toMatch(new RegExp(`data-group="${group}" d="[^"]*M${name[1]} ${Number(name[2]) - 6}h0`));
  }
});

test('ten thousand points are less than 300 KB', () => {
  const random = stream(2, 'points');
  const coordinates = Float64Array.from({ length: 20_000 }, () => random.normal());
  const large = { ...embedding, rows: 10_000, coordinates };
  const colors = embeddingColors({
    name: 'g',
    type: 'number',
    values: Float64Array.from({ length: 10_000 }, (_, i) => i % 10),
  });
  expect(renderEmbeddingPage(large, { source: 'x', version: '0', colors }).length).toBeLessThan(300_000);
  const all = { ...embedding, rows: 1, coordinates: Float64Array.of(4, 4) };
  expect(renderEmbeddingPage(all, { source: 'x', version: '0' })).not.toContain('NaN');
});
