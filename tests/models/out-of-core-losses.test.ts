import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import type { CustomLoss } from '#lanewise/models/gradient-boosting/custom-loss.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import type { FitOptions } from '#lanewise/table/interfaces.js';
import { chunked, expectBitsOfMemory, someRows, streamColumns, streamTable } from './stream-data.js';

// Three windows of the least rows that a window has.
const ROWS = 34_000;
const directory = mkdtempSync(join(tmpdir(), 'out-of-core-losses-'));
let engines: Engine[] = [];
beforeAll(async () => {
  engines = await Promise.all([1, 2].map((threads) => createEngine({ threads })));
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(directory, { recursive: true });
});

const all = streamColumns(ROWS);
const small = { maxIter: 2, maxLeafNodes: 8 };
const stays = { ...small, earlyStopping: 'false' } as const;

/** Of the size of residuals without a kink; additions and roots alone, so that every platform has its bits. */
const smoothSize: CustomLoss = {
  name: 'smooth size',
  derivatives: (raw, target) => ({
    gradient: raw.map((z, i) => (z - target[i]!) / Math.sqrt(1 + (z - target[i]!) ** 2)),
    hessian: raw.map((z, i) => 1 / (1 + (z - target[i]!) ** 2)),
  }),
  loss: (raw, target) => raw.map((z, i) => Math.sqrt(1 + (z - target[i]!) ** 2) - 1),
};
const withBase = { ...smoothSize, base: (target: Float64Array) => target[0]! };

const cases: [string, GradientBoostingRegressor | GradientBoostingClassifier, string[], FitOptions][] = [
  [
    'absolute error, weights, a share held out',
    new GradientBoostingRegressor({ ...small, loss: 'absolute_error' }),
    ['y', 'w'],
    { target: 'y', weights: 'w' },
  ],
  [
    'a quantile that falls between two rows, bags of rows',
    new GradientBoostingRegressor({ ...stays, loss: 'quantile', quantile: 0.75, subsample: 0.5 }),
    ['y'],
    { target: 'y' },
  ],
  [
    'Huber, weights, rows chosen by their gradients, a validation table',
    new GradientBoostingRegressor({ ...small, loss: 'huber', dataSampleStrategy: 'goss', learningRate: 0.5 }),
    ['y', 'w'],
    { target: 'y', weights: 'w', validation: someRows(all, 'y', 'w') },
  ],
  [
    'Huber, monotone',
    new GradientBoostingRegressor({ ...stays, loss: 'huber', alpha: 0.8, monotonicCst: { x: 1 } as never }),
    ['y'],
    { target: 'y' },
  ],
  [
    'Huber of two targets, weights',
    new GradientBoostingRegressor({ ...stays, loss: 'huber' }),
    ['y', 'z', 'w'],
    { targets: ['z', 'y'], weights: 'w' },
  ],
  [
    'a loss of one’s own, weights, a share held out',
    new GradientBoostingRegressor({ ...small, loss: smoothSize }),
    ['y', 'w'],
    { target: 'y', weights: 'w' },
  ],
  [
    'a loss of one’s own for two classes, where to start from given',
    new GradientBoostingClassifier({ ...small, loss: withBase, baseScore: 0.4, validationFraction: 0.2 }),
    ['even'],
    { target: 'even' },
  ],
  [
    'several targets, weights, a validation table',
    new GradientBoostingRegressor(small),
    ['y', 'z', 'w'],
    { targets: ['z', 'y'], weights: 'w', validation: someRows(all, 'y', 'z', 'w') },
  ],
  [
    'several quantiles, a share held out',
    new GradientBoostingRegressor({ ...small, loss: 'quantile', quantile: 0.2 }),
    ['y', 'z', 'w'],
    { targets: ['y', 'z', 'w'] },
  ],
  [
    'a class of weight 0, a share held out',
    new GradientBoostingClassifier({ ...small, classWeight: { middle: 0, large: 2 } as never }),
    ['size'],
    { target: 'size' },
  ],
];

for (const [name, estimator, others, options] of cases) {
  test(name, () => expectBitsOfMemory(estimator, streamTable(all, ...others), options, { engines, directory }));
}

test('classes that all weigh nothing are told', async () => {
  const nobody = new GradientBoostingClassifier({ ...small, classWeight: { small: 0, middle: 0, large: 0 } as never });
  const fitting = nobody.fitStream(chunked(streamTable(all, 'size'), 9000), {
    target: 'size',
    directory,
    engine: engines[0],
  });
  await expect(fitting).rejects.toThrow('Expected a classWeight above 0 for some class that there is but all are 0');
});
