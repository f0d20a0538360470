import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

/** Whole segments, so that what does not grow with rows is the same for both. */
const ROWS = [2, 3].map((segments) => segments * 131_072);

/** The most bytes of the arena that training takes, for each number of rows. */
async function peaks(
  features: number,
  task: 'classification' | 'regression',
  threads: number,
  parameters: object,
  classes: number,
) {
  const found: number[] = [];
  for (const rows of ROWS) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    // Every feature is the same array: the table itself costs nothing, and does not lie in the arena.
    const values = Float64Array.from({ length: rows }, (_, row) => (row * 7919) % 61);
    const labels = Array.from({ length: classes }, (_, k) => `class ${k}`);
    const y = values
      .map((value, row) => ((value + row) % 5 < 2 ? 1 : 0.5))
      .map(task === 'classification' ? Math.floor : Number);
    const columns = Array.from({ length: features }, (_, f) => ({ name: `x${f}`, type: 'number' as const, values }));
    const target =
      task === 'classification'
        ? { name: 'y', type: 'category' as const, labels, values: classes === 2 ? y : y.map((_, row) => row % classes) }
        : { name: 'y', type: 'number' as const, values: y };
    const kind = task === 'classification' ? GradientBoostingClassifier : GradientBoostingRegressor;
    const estimator = new kind({ maxIter: 2, maxLeafNodes: 4, earlyStopping: 'false', ...parameters });
    await estimator.fit(tableFromRegisters([...columns, target]), { target: 'y', engine });
    found.push(engine.arena.bytesPeak);
  }
  return found as [number, number];
}

/** Bytes of the arena a row. */
async function slope(
  features: number,
  task: 'classification' | 'regression',
  threads = 1,
  parameters: object = {},
  classes = 2,
): Promise<number> {
  const [few, many] = await peaks(features, task, threads, parameters, classes);
  return (many - few) / (ROWS[1]! - ROWS[0]!);
}

test.each([1, 2, 3, 14, 15, 17, 28, 29, 100])(
  'training takes at most 1.3 bytes a value and 40 bytes a row, %i features',
  async (features) => {
    expect(await slope(features, 'classification')).toBeLessThanOrEqual(1.3 * features + 40);
  },
);

test('training takes no more for numbers, nor on two threads', async () => {
  expect(await slope(28, 'regression')).toBeLessThanOrEqual(1.3 * 28 + 40);
  expect(await slope(28, 'classification', 2)).toBeLessThanOrEqual(1.3 * 28 + 40);
});

test.each(['squared_error', 'absolute_error', 'quantile', 'huber', 'poisson', 'gamma', 'tweedie'])(
  'training takes no more where the loss is %s',
  async (loss) => {
    expect(await slope(2, 'regression', 1, { loss })).toBeLessThanOrEqual(1.3 * 2 + 40);
  },
);

// 36 as with two classes; raw predictions of the others, and what normalises them.
test.each([5])(
  'each class beyond the first takes 8 bytes a row more, and so do normalizers: %i classes',
  async (classes) => {
    const most = 1.3 * 2 + 36 + 8 * (classes - 1) + 8;
    expect(await slope(2, 'classification', 1, {}, classes)).toBeLessThanOrEqual(most);
  },
);
