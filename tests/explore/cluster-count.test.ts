import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { calinskiHarabasz, daviesBouldin, silhouette } from '#lanewise/evaluate/clustering.js';
import { elbowOf, gapChoice, sentenceOf, suggestionOf } from '#lanewise/explore/cluster-count/criteria.js';
import { renderClusterCountPage } from '#lanewise/explore/cluster-count/page.js';
import { selectClusterCount } from '#lanewise/explore/cluster-count/select.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

const tableOf = (columns: readonly ArrayLike<number>[], names?: readonly string[]) =>
  tableFromRegisters(
    columns.map((values, j) => ({
      name: names?.[j] ?? `x${j}`,
      type: 'number' as const,
      values: Float64Array.from(values),
    })),
  );

/** Groups around the corners of a square, or none. */
function rows(count: number, groups: number, spread: number) {
  const random = stream(3, 'cluster-count', groups);
  const columns = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const group = i % Math.max(1, groups);
    columns[0]![i] = groups === 0 ? random.uniform() : (group & 1) * 10 + spread * random.normal();
    columns[1]![i] = groups === 0 ? random.uniform() : (group >> 1) * 10 + spread * random.normal();
  }
  return columns;
}

test('groups that lie apart are counted by every criterion', async () => {
  const found = await selectClusterCount(tableOf(rows(240, 4, 0.7)), { maxClusters: 7, references: 5, nInit: 3 });
  expect(found.choices).toEqual({ elbow: 4, silhouette: 4, gap: 4, calinskiHarabasz: 4, daviesBouldin: 4 });
  expect(found.suggestion).toBe(4);
  expect(found.sentence).toBe('4 clusters: all criteria agree.');
  expect(found.figures.map(({ k }) => k)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(found.figures[0]).toMatchObject({ silhouette: null, calinskiHarabasz: null, daviesBouldin: null });
});

test('where there are no clusters, the gap statistic says so', async () => {
  const found = await selectClusterCount(tableOf(rows(200, 0, 1)), { maxClusters: 4, references: 6, nInit: 3 });
  expect(found.choices.gap).toBe(1);
  expect(found.sentence).toContain('sees no clusters at all');
});

test('figures are those of the metrics, on the clusters of k-means', async () => {
  const columns = rows(300, 4, 2.5);
  const found = await selectClusterCount(tableOf(columns), {
    minClusters: 2,
    maxClusters: 4,
    standardize: false,
    references: 1,
    nInit: 8,
  });
  const model = await new KMeans({ nClusters: 4, nInit: 8, tol: 0 }).fit(tableOf(columns));
  const figures = found.figures.at(-1)!;
  expect(figures.inertia).toBeCloseTo(model.training.history.at(-1)!.loss, 6);
  expect(figures.silhouette).toBeCloseTo(silhouette(columns, model.labels!), 9);
  expect(figures.calinskiHarabasz).toBeCloseTo(calinskiHarabasz(columns, model.labels!), 6);
  expect(figures.daviesBouldin).toBeCloseTo(daviesBouldin(columns, model.labels!), 9);
});

test('the same seed gives the same figures, and rows beyond the sample are not looked at', async () => {
  const table = tableOf(rows(600, 4, 2));
  const options = { maxClusters: 3, references: 2, sampleSize: 300, seed: 5 };
  const [one, other] = [await selectClusterCount(table, options), await selectClusterCount(table, options)];
  expect(other).toEqual(one);
  expect([one.rows, one.sampled]).toEqual([600, 300]);
});

test('criteria choose by their definitions', () => {
  const inertias = [100, 40, 15, 12, 10, 9].map((inertia, i) => ({ k: i + 1, inertia }));
  expect(elbowOf(inertias)).toBe(3);
  expect(elbowOf(inertias.slice(0, 2))).toBeNull();
  expect(elbowOf([1, 2, 3].map((k) => ({ k, inertia: 0 })))).toBeNull();
  const gaps = [0.1, 0.5, 0.52, 0.9].map((gap, i) => ({ k: i + 1, gap, gapError: 0.05 }));
  expect(gapChoice(gaps)).toBe(2);
  expect(
    gapChoice([
      { k: 1, gap: 0, gapError: 0 },
      { k: 2, gap: 1, gapError: 0.1 },
    ]),
  ).toBeNull();
  const choices = { elbow: 3, silhouette: 2, gap: 3, calinskiHarabasz: 2, daviesBouldin: null };
  expect(suggestionOf(choices)).toBe(2);
  expect(sentenceOf(choices, [])).toBe(
    '2 clusters: the silhouette and Calinski–Harabasz agree; the elbow says 3 and the gap statistic says 3.',
  );
});

test('hostile tables have figures or an error that names them', async () => {
  const same = await selectClusterCount(tableOf([[4, 4, 4, 4]]));
  expect(same.figures.map(({ k, inertia }) => [k, inertia])).toEqual([[1, 0]]);
  expect(same.sentence).toContain('No criterion can tell');
  const few = await selectClusterCount(tableOf([[1, 1, 5, 5, 9, 9]]), { maxClusters: 10, references: 2 });
  expect(few.figures.map(({ k }) => k)).toEqual([1, 2, 3]);
  expect(few.figures.at(-1)).toMatchObject({ inertia: 0, gap: null });
  const gaps = await selectClusterCount(tableOf([[1, Number.NaN, 2, 8, 9]]), { maxClusters: 3, references: 2 });
  expect(gaps.incomplete).toBe(1);
  await expect(selectClusterCount(tableOf([[1, 2]]))).rejects.toThrow(/three complete rows/);
  await expect(selectClusterCount(tableOf([[1, 2, 3]]), { maxClusters: 1 })).rejects.toThrow(/maxClusters/);
  const aborted = AbortSignal.abort();
  await expect(selectClusterCount(tableOf([[1, 2, 3]]), { signal: aborted })).rejects.toThrow();
});

test('the page says what the criteria say, and escapes names', async () => {
  const found = await selectClusterCount(tableOf(rows(120, 4, 0.7), ['<b>', 'y']), { maxClusters: 6, references: 3 });
  const page = renderClusterCountPage(found);
  expect(page).toContain(found.sentence);
  expect(page).toContain('&lt;b&gt;');
  expect(page).not.toContain('<b>,');
  expect(page.match(/<figure /g)).toHaveLength(5);
});
