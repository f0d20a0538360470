import { expect, test } from 'vitest';
import { crossValidate, outOfFoldTable, pooled } from '#lanewise/evaluate/cross-validate.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import { givenFolds, kFold, timeSeriesSplit } from '#lanewise/evaluate/splitter.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Progress } from '#lanewise/table/interfaces.js';
import { columnsOf } from '#lanewise/table/schema.js';
import { classTable, lineEstimator, lineTable, meansEstimator, type Seen } from './estimators.js';

test('every row is predicted once, by a model that never saw it', async () => {
  const table = lineTable(100);
  const result = await crossValidate(lineEstimator({ shrink: 1 }), table, { target: 'y', seed: 3 });
  const rows = result.outOfFold.flatMap((fold) => Array.from(fold.rows)).sort((a, b) => a - b);
  expect(rows).toEqual(Array.from({ length: 100 }, (_, row) => row));
  const { mean, std, values } = result.metrics['neg_root_mean_squared_error']!;
  expect(values.length).toBe(5);
  expect(mean).toBeCloseTo(values.reduce((a, b) => a + b) / 5, 12);
  expect(std).toBeCloseTo(Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / 5), 12);
  expect(mean).toBeGreaterThan(-1.3);
  expect(mean).toBeLessThan(-0.7);
});

test('the same seed gives the same scores', async () => {
  const table = lineTable(80);
  const run = () => crossValidate(lineEstimator(), table, { target: 'y', seed: 5 });
  expect((await run()).metrics).toEqual((await run()).metrics);
  const other = await crossValidate(lineEstimator(), table, { target: 'y', seed: 6 });
  expect(other.metrics).not.toEqual((await run()).metrics);
});

test('rows without a target are in no fold, and folds keep their meaning', async () => {
  const table = lineTable(60, { missingEvery: 10 });
  const folds = Float64Array.from({ length: 60 }, (_, row) => row % 4);
  const seen: Seen[] = [];
  const result = await crossValidate(lineEstimator({}, seen), table, { target: 'y', splitter: givenFolds(folds) });
  expect(Array.from(result.excludedRows)).toEqual([0, 10, 20, 30, 40, 50]);
  result.outOfFold.forEach(({ rows }, fold) => {
    for (const row of rows) {
      expect(row % 4).toBe(fold);
      expect(row % 10).not.toBe(0);
    }
  });
  expect(seen[0]!.rows + result.folds[0]!.testRows).toBe(54);
});

test('a fold whose training rows lack a class keeps the order of the classes of the whole', async () => {
  const table = classTable(60, ['blue', 'green', 'red']);
  // Class i mod 3: the first fold tests every red row, so its model knows blue and green alone.
  const folds = Float64Array.from({ length: 60 }, (_, row) => (row % 3 === 2 ? 0 : 1 + (Math.floor(row / 3) % 2)));
  const result = await crossValidate(meansEstimator(), table, { target: 'kind', splitter: givenFolds(folds) });
  expect(result.classes).toEqual(['blue', 'green', 'red']);
  const first = result.outOfFold[0]!.scored;
  expect(first.probabilities!.length).toBe(3);
  expect(Array.from(first.probabilities![2]!)).toEqual(new Array(20).fill(0));
  expect(first.probabilities![0]![0]! + first.probabilities![1]![0]!).toBeCloseTo(1, 12);
  expect(result.folds[0]!.scores['accuracy']).toBe(0);
  expect(result.folds[1]!.scores['accuracy']).toBeGreaterThan(0.5);
});

test('out-of-fold predictions are a table by row, with a probability column a class', async () => {
  const table = classTable(40, ['no', 'yes']);
  const result = await crossValidate(meansEstimator(), table, { target: 'kind', seed: 1 });
  const predictions = outOfFoldTable(result);
  expect(columnsOf(predictions).map(({ name }) => name)).toEqual([
    'row',
    'fold',
    'target',
    'prediction',
    'probability_no',
    'probability_yes',
  ]);
  expect(Array.from(readRegister(predictions, 'row').values)).toEqual(Array.from({ length: 40 }, (_, row) => row));
  expect(predictions.getChild('target')!.get(3)).toBe('yes');
  const folds = readRegister(predictions, 'fold').values;
  result.outOfFold.forEach(({ rows }, fold) => {
    for (const row of rows) expect(folds[row]).toBe(fold);
  });
});

test('pooled rows score as one', async () => {
  const result = await crossValidate(meansEstimator(), classTable(40, ['no', 'yes']), { target: 'kind' });
  const all = pooled(result.outOfFold.map(({ scored }) => scored));
  expect(all.target.length).toBe(40);
  expect(metricNamed('roc_auc').score(all)).toBeGreaterThan(0.5);
});

test('numbers as classes are named as they are printed', async () => {
  const table = lineTable(40);
  const y = readRegister(table, 'half').values;
  const numbered = tableFromRegisters([
    readRegister(table, 'x'),
    { name: 'kind', type: 'number', values: y.map((value) => 10 * value + 2) },
  ]);
  const result = await crossValidate(meansEstimator(), numbered, { target: 'kind' });
  expect(result.classes).toEqual(['2', '12']);
  expect(result.metrics['roc_auc']!.mean).toBeGreaterThan(0.95);
});

test('progress counts the folds and cancelling stops between them', async () => {
  const seen: Progress[] = [];
  const controller = new AbortController();
  const run = crossValidate(lineEstimator(), lineTable(50), {
    target: 'y',
    signal: controller.signal,
    onProgress: (progress) => {
      seen.push(progress);
      if (progress.done === 2) controller.abort();
    },
  });
  await expect(run).rejects.toThrow(/Cancelled/);
  expect(seen.map(({ done, total }) => [done, total])).toEqual([
    [1, 5],
    [2, 5],
  ]);
});

test('time series folds train on the past only', async () => {
  const table = lineTable(60);
  const result = await crossValidate(lineEstimator(), table, {
    target: 'y',
    splitter: timeSeriesSplit({ folds: 3, time: 'when' }),
  });
  expect(result.folds.map((fold) => fold.trainRows)).toEqual([15, 30, 45]);
});

test('a target that is not there, or of one class, is named', async () => {
  await expect(crossValidate(lineEstimator(), lineTable(20), { target: 'yy' })).rejects.toThrow(/did you mean "y"/);
  await expect(crossValidate(lineEstimator(), lineTable(20), {})).rejects.toThrow(/none is named/);
  await expect(crossValidate(meansEstimator(), classTable(20, ['only']), { target: 'kind' })).rejects.toThrow(
    /at least two classes in target "kind" but every row has "only"/,
  );
  await expect(crossValidate(lineEstimator(), lineTable(20), { target: 'half' })).rejects.toThrow(/it holds texts/);
});

test('training rows are scored on request', async () => {
  const result = await crossValidate(lineEstimator(), lineTable(50), {
    target: 'y',
    trainScores: true,
    splitter: kFold({ folds: 3 }),
  });
  for (const fold of result.folds) expect(fold.trainScores!['r2']).toBeGreaterThan(0.3);
});

test('a metric of two classes is refused before anything is fitted', async () => {
  const table = classTable(30, ['a', 'b', 'c']);
  const run = crossValidate(meansEstimator(), table, { target: 'kind', metrics: ['accuracy', 'f1'] });
  await expect(run).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('f1_macro') });
});
