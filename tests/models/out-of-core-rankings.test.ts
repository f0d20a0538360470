import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import {
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from '#lanewise/models/gradient-boosting/index.js';
import type { FitOptions } from '#lanewise/table/interfaces.js';
import { expectBitsOfMemory, someRows, streamColumns, streamTable } from './stream-data.js';

// Three windows of the least rows that a window has.
const ROWS = 34_000;
const directory = mkdtempSync(join(tmpdir(), 'out-of-core-rankings-'));
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

type Estimator = GradientBoostingRegressor | GradientBoostingClassifier | GradientBoostingRanker;
const cases: [string, Estimator, string[], FitOptions][] = [
  [
    'ranking, weights, lists held out',
    new GradientBoostingRanker({ ...small, evalAt: 4 }),
    ['grade', 'query', 'w'],
    { target: 'grade', group: 'query', weights: 'w' },
  ],
  [
    'ranking by DART, bags of rows, a validation table',
    new GradientBoostingRanker({
      ...small,
      maxIter: 3,
      subsample: 0.5,
      boostingType: 'dart',
      dropRate: 0.9,
      skipDrop: 0,
    }),
    ['grade', 'query'],
    { target: 'grade', group: 'query', validation: someRows(all, 'grade', 'query') },
  ],
  [
    'DART, three classes, weights, a share held out',
    new GradientBoostingClassifier({ ...small, maxIter: 3, boostingType: 'dart', dropRate: 0.9, skipDrop: 0 }),
    ['size', 'w'],
    { target: 'size', weights: 'w' },
  ],
  [
    'DART of Huber’s loss, a validation table',
    new GradientBoostingRegressor({
      ...small,
      loss: 'huber',
      maxIter: 3,
      boostingType: 'dart',
      dropRate: 0.9,
      skipDrop: 0,
    }),
    ['y'],
    { target: 'y', validation: someRows(all, 'y') },
  ],
];

for (const [name, estimator, others, options] of cases) {
  test(name, () => expectBitsOfMemory(estimator, streamTable(all, ...others), options, { engines, directory }));
}
