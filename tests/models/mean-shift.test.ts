import { describe, expect, test } from 'vitest';
import { defaultEngine } from '#lanewise/engine/engine.js';
import { pointsOf } from '#lanewise/engine/neighbors/points.js';
import { estimateBandwidth, MeanShift } from '#lanewise/models/mean-shift/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { casesOf, rowsOf, tableOf, tableOfRows } from './clustering-data.js';
import { largestDifference } from './linear-data.js';

for (const name of ['iris', 'wine', 'penguins'] as const) {
  describe(`${name} has scikit-learn's peaks and clusters`, () => {
    const { bandwidth, bandwidth30, cases } = casesOf(name, 'meanShift');

    test('the bandwidth', async () => {
      const rows = rowsOf(name);
      const points = pointsOf(rows[0]!.map((_, j) => Float64Array.from(rows, (row) => row[j]!)));
      const engine = await defaultEngine();
      expect(await estimateBandwidth(engine, points, { quantile: 0.2 })).toBeCloseTo(bandwidth, 12);
      expect(await estimateBandwidth(engine, points)).toBeCloseTo(bandwidth30, 12);
    });

    for (const { given, labels, centers } of cases) {
      test(JSON.stringify(given), async () => {
        const parameters = {
          binSeeding: given.bin_seeding ?? false,
          clusterAll: given.cluster_all ?? true,
          bandwidth: given.bandwidth ?? null,
        };
        const model = await new MeanShift(parameters).fit(tableOf(name));
        expect([...model.labels]).toEqual(labels);
        expect(largestDifference(model.clusterCenters.values, centers.flat())).toBeLessThan(1e-12);
        const predicted = readRegister(await model.predict(tableOf(name)), 'prediction').values;
        expect([...predicted]).toEqual(labels);
      });
    }
  });
}

test('equal rows, one row, seeds without rows', async () => {
  const one = await new MeanShift({ bandwidth: 1 }).fit(tableOfRows([[3], [3], [3]]));
  expect([...one.labels]).toEqual([0, 0, 0]);
  await expect(new MeanShift().fit(tableOfRows([[3], [3]]))).rejects.toThrow(
    /rows that differ, to estimate the bandwidth/,
  );
  await expect(
    new MeanShift({ bandwidth: 1, binSeeding: true, minBinFreq: 5 }).fit(tableOfRows([[3], [30]])),
  ).rejects.toThrow(/a row within the bandwidth 1 of a seed/);
});
