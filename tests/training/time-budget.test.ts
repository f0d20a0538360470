import { describe, expect, test } from 'vitest';
import { IsolationForest } from '#lanewise/models/isolation-forest/index.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { Estimator } from '#lanewise/table/interfaces.js';
import { noise, numbers } from '../models/tree-data.js';

const rows = 4000;
const table = tableFromRegisters([
  ...[0, 1, 2].map((k) => numbers(`x${k}`, rows, (row) => noise(row, k))),
  numbers('y', rows, (row) => noise(row, 0) + noise(row, 9)),
]);
const features = table.select(['x0', 'x1', 'x2']);

describe('a time budget that is over at once leaves a model that predicts', () => {
  const cases: Record<string, [Estimator, typeof table, RegExp]> = {
    'a random forest': [
      new RandomForestRegressor({ nEstimators: 5000 }),
      table,
      /; time budget of 0\.001 s used up before all 5000 trees were there$/,
    ],
    'an isolation forest': [
      new IsolationForest({ nEstimators: 50_000 }),
      features,
      /; time budget of 0\.001 s used up before all 50000 trees were there$/,
    ],
    'k-means': [
      new KMeans({ nClusters: 40, nInit: 50, maxIter: 5000, tol: 0 }),
      features,
      /; time budget of 0\.001 s used up$/,
    ],
  };
  for (const [name, [estimator, data, verdict]] of Object.entries(cases)) {
    test(name, async () => {
      const target = estimator.task === 'regression' ? { target: 'y' } : {};
      const model = await estimator.fit(data, { ...target, timeBudget: 0.001 });
      expect(model.training.verdict).toMatch(verdict);
      expect(model.training.iterations).toBeLessThan(5000);
      expect((await model.predict(data)).numRows).toBe(rows);
      await expect(estimator.fit(data, { ...target, timeBudget: -1 })).rejects.toThrow(/timeBudget/);
    });
  }
});
