import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import { noise, numbers, outputOf, rootMeanSquare } from './tree-data.js';

/** Errors of other libraries on the data below: tests/agreement/boosting-growth.py. */
const golden = JSON.parse(readFileSync(new URL('../fixtures/boosting-growth.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, number | { mean: number; deviation: number }>
>;

const [train, rows] = [3000, 6000];
const features = Array.from({ length: 6 }, (_, k) => numbers(`x${k}`, rows, (row) => noise(row, k)));
const truth = Float64Array.from({ length: rows }, (_, row) => {
  const x = features.map(({ values }) => values[row]!);
  return 2 * x[0]! - 2 * x[1]! + Math.sin(12 * x[2]!) + x[3]! * x[4]!;
});
const y = numbers('y', rows, (row) => truth[row]! + 3 * (noise(row, 99) - 0.5));
const table = tableFromRegisters([...features, y]);
const upTo = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const [learnt, held] = [takeRows(table, upTo(0, train)), takeRows(table, upTo(train, rows))];

type Parameters = ConstructorParameters<typeof GradientBoostingRegressor>[0];

async function error(parameters: Parameters): Promise<number> {
  const model = await new GradientBoostingRegressor(parameters).fit(learnt, { target: 'y' });
  return rootMeanSquare((await outputOf(model, held)).map((p, i) => p - truth[train + i]!));
}

async function overSeeds(parameters: Parameters): Promise<{ mean: number; deviation: number }> {
  const errors: number[] = [];
  for (let randomState = 0; randomState < 4; randomState++) errors.push(await error({ ...parameters, randomState }));
  const mean = errors.reduce((sum, one) => sum + one, 0) / errors.length;
  return { mean, deviation: Math.sqrt(errors.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (errors.length - 1)) };
}

const means = (name: string) =>
  Object.values(golden[name]!).map((score) => (typeof score === 'number' ? score : score.mean));

describe('against the noiseless truth', () => {
  // One fit each, and no two libraries bin alike: 3 % is what their own errors differ by.
  const single: Record<string, Parameters> = {
    free: {},
    monotone: { monotonicCst: { x0: 1, x1: -1 } },
    interactions: { interactionCst: [['x0', 'x1'], ['x2'], ['x3', 'x4', 'x5']] },
  };
  for (const [name, parameters] of Object.entries(single)) {
    test(`${name} trees are as good as other libraries'`, async () => {
      expect(await error(parameters)).toBeLessThan(1.03 * Math.max(...means(name)));
    });
  }

  test('constraints that are true help', async () => {
    expect(await error(single['monotone'])).toBeLessThan(0.97 * (await error({})));
  });

  // Means over seeds, within two standard errors of what they scatter by.
  const sampled: Record<string, Parameters> = {
    goss: { dataSampleStrategy: 'goss' },
    bagging: { subsample: 0.5 },
    columns: { colsampleBytree: 0.5 },
    dart: { boostingType: 'dart' },
  };
  for (const [name, parameters] of Object.entries(sampled)) {
    test(`${name}: the mean over seeds is as good as other libraries'`, async () => {
      const { mean, deviation } = await overSeeds(parameters);
      const theirs = Object.values(golden[name]!).map((score) =>
        typeof score === 'number' ? score : score.mean + score.deviation,
      );
      expect(mean - deviation).toBeLessThan(Math.max(...theirs));
    });
  }
});
