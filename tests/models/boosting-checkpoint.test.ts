import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table } from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { Estimator, FitOptions } from '#lanewise/table/interfaces.js';
import { fileCheckpoint } from '#lanewise/training/checkpoint.js';
import { labelled, noise, numbers } from './tree-data.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-boosting-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const target = 'y';
function tableOf(rows: number, from: number): Table {
  const x = Array.from({ length: 3 }, (_, k) => numbers(`x${k}`, rows, (row) => noise(row + from, k)));
  const colour = labelled(
    'colour',
    Array.from({ length: rows }, (_, row) => `c${Math.floor(5 * noise(row + from, 20))}`),
  );
  const sum = (row: number) => 2 * x[0]!.values[row]! + Math.sin(9 * x[1]!.values[row]!) + (colour.values[row]! % 2);
  const y = numbers('y', rows, (row) => sum(row) + noise(row + from, 9));
  const label = labelled(
    'label',
    Array.from({ length: rows }, (_, row) => `k${Math.floor(Math.min(2.9, Math.max(0, sum(row))))}`),
  );
  return tableFromRegisters([...x, colour, y, label]);
}
const table = tableOf(600, 0);
const validation = tableOf(200, 5000);
const warmStart = await new GradientBoostingRegressor({ maxIter: 5, maxLeafNodes: 5 }).fit(table, { target });
const dart = { boostingType: 'dart', dropRate: 0.4, skipDrop: 0.2 } as const;
const settings = { maxIter: 24, learningRate: 0.3, maxLeafNodes: 7 };

/** Fits, is stopped after `rounds`, and fits again with the same checkpoint. */
async function interrupted(estimator: Estimator, rounds: number, options: FitOptions) {
  const path = join(folder, `fit-${files++}`);
  const stop = new AbortController();
  const first = estimator.fit(table, {
    ...options,
    checkpoint: await fileCheckpoint(path, { every: 0 }),
    signal: stop.signal,
    onProgress: ({ what, done }) => what === 'tree' && done === rounds && stop.abort(),
  });
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  expect(existsSync(path)).toBe(true);
  const begun: number[] = [];
  const model = await estimator.fit(table, {
    ...options,
    checkpoint: await fileCheckpoint(path, { every: 0 }),
    onProgress: ({ what, done }) => what === 'tree' && begun.push(done),
  });
  return { model, path, first: begun[0] };
}

describe('a fit that was stopped goes on from its checkpoint, to the bits of a fit without a pause', () => {
  const cases: Record<string, [Estimator, FitOptions, number]> = {
    regression: [new GradientBoostingRegressor(settings), { target }, 9],
    'leaves renewed from residuals': [
      new GradientBoostingRegressor({ ...settings, loss: 'absolute_error' }),
      { target },
      9,
    ],
    'three classes, sampled rows and columns': [
      new GradientBoostingClassifier({ ...settings, subsample: 0.6, baggingFreq: 2, colsampleBynode: 0.5 }),
      { target: 'label' },
      5,
    ],
    'a validation table': [new GradientBoostingRegressor(settings), { target, validation }, 9],
    'Huber, a validation table': [
      new GradientBoostingRegressor({ ...settings, loss: 'huber' }),
      { target, validation },
      9,
    ],
    'DART, sampled rows': [new GradientBoostingRegressor({ ...settings, ...dart, subsample: 0.7 }), { target }, 13],
    'DART of three classes, stopped behind the best round': [
      new GradientBoostingClassifier({ ...settings, ...dart, maxIter: 60, learningRate: 0.5, nIterNoChange: 9 }),
      { target: 'label', validation },
      -3,
    ],
    'DART that goes on from a model': [
      new GradientBoostingRegressor({ ...settings, ...dart, maxCatToOnehot: 1 }),
      { target, validation, warmStart },
      13,
    ],
    'early stopping, stopped behind the best round': [
      new GradientBoostingRegressor({ ...settings, maxIter: 200, learningRate: 0.8, nIterNoChange: 12 }),
      { target, validation },
      -3,
    ],
  };
  for (const [name, [estimator, options, rounds]] of Object.entries(cases)) {
    test(name, async () => {
      const whole = await estimator.fit(table, options);
      const at = rounds > 0 ? rounds : whole.training.iterations + rounds;
      const { model, path, first } = await interrupted(estimator, at, options);
      expect(first).toBe(at + 1);
      expect(Buffer.from(programImage(model.program)).equals(programImage(whole.program))).toBe(true);
      expect(model.training).toEqual(whole.training);
      expect(existsSync(path)).toBe(false);
      if (rounds < 0) expect(whole.training.bestIteration).toBeLessThan(at);
    });
  }
});

describe('a checkpoint', () => {
  const estimator = new GradientBoostingRegressor({ ...settings, maxIter: 6 });

  test('of other data, parameters or seeds is refused, and stays', async () => {
    const path = join(folder, `fit-${files++}`);
    const stop = new AbortController();
    const options = { target, seed: 1, checkpoint: await fileCheckpoint(path, { every: 0 }) };
    const onProgress = ({ done }: { done: number }) => done === 3 && stop.abort();
    await estimator.fit(table, { ...options, signal: stop.signal, onProgress }).catch(() => undefined);
    for (const other of [
      () => estimator.fit(table, { ...options, seed: 2 }),
      () => estimator.fit(tableOf(600, 1), options),
      () => estimator.with({ learningRate: 0.1 }).fit(table, options),
      () => estimator.fit(table, { ...options, validation }),
    ]) {
      // One after another: of fits side by side a later one may be refused before anybody waits for it.
      await expect(other()).rejects.toThrow(/checkpoint of this training/);
    }
    expect(existsSync(path)).toBe(true);
  });
});

describe('a time budget', () => {
  const estimator = new GradientBoostingRegressor({ ...settings, maxIter: 5000, maxLeafNodes: 31, learningRate: 0.01 });

  test('ends training after the round at hand and says so; with a checkpoint the fit can go on', async () => {
    const path = join(folder, `fit-${files++}`);
    const checkpoint = await fileCheckpoint(path);
    const model = await estimator.fit(table, { target, timeBudget: 0.05, checkpoint });
    expect(model.training.iterations).toBeLessThan(5000);
    expect(model.training.verdict).toMatch(/time budget used up after \d+ of 5000 rounds/);
    const more = await estimator.fit(table, { target, timeBudget: 0.05, checkpoint });
    expect(more.training.iterations).toBeGreaterThan(model.training.iterations);
    expect(more.training.history.slice(0, model.training.iterations)).toEqual(model.training.history);
  });

  test('of no seconds is refused', async () => {
    await expect(estimator.fit(table, { target, timeBudget: 0 })).rejects.toMatchObject({ code: 'usage' });
  });
});
