import { expect, test } from 'vitest';
import { defaultEngine } from '#lanewise/engine/engine.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import { findBins } from '#lanewise/models/binning/index.js';
import { GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { boostNaively } from './tree-boosting.js';
import { noise, numbers, outputOf } from './tree-data.js';

// Gradients are rounded to 16 bits and hessians to 12 before they are summed. Where targets or weights span six orders of
// magnitude, that must not show: the cross-validated error stays within a tenth of a fold's deviation of f64 sums.

const rows = 1300;
const [FOLDS, TREES] = [5, 20];
const size = (row: number) => 10 ** (6 * noise(row, 0) - 3);
const features = [0, 1, 2].map((j) => numbers(`x${j}`, rows, (row) => noise(row, j)));
const wide = numbers('w', rows, (row) => 10 ** (6 * noise(row, 9) - 3));
const alike = numbers('w', rows, () => 1);
const amount = numbers('y', rows, (row) => size(row) * (0.3 + noise(row, 1)) * (0.5 + noise(row, 3)));
const count = numbers('y', rows, (row) => Math.floor(size(row) * (0.3 + noise(row, 1)) * 2 * noise(row, 3)));

test.each([
  ['squared_error', undefined, 'neg_root_mean_squared_error', amount, wide],
  ['poisson', 1, 'neg_mean_poisson_deviance', count, alike],
  ['poisson', 1, 'neg_mean_poisson_deviance', count, wide],
  ['gamma', 2, 'neg_mean_gamma_deviance', amount, wide],
  ['tweedie', 1.5, 'neg_mean_tweedie_deviance@1.5', count, alike],
] as const)('%s (%s), %s', async (loss, power, metric, y, w) => {
  const ours: number[] = [];
  const exact: number[] = [];
  const held = (fold: number) => [...Array(rows).keys()].filter((row) => row % FOLDS === fold);
  for (let fold = 0; fold < FOLDS; fold++) {
    const train = [...Array(rows).keys()].filter((row) => row % FOLDS !== fold);
    const pick = (column: RegisterColumn, of: number[]) => ({
      ...column,
      values: Float64Array.from(of, (row) => column.values[row]!),
    });
    const kept = features.map((column) => pick(column, train));
    const table = tableFromRegisters([...kept, pick(y, train), pick(w, train)]);
    const model = await new GradientBoostingRegressor({ loss, maxIter: TREES }).fit(table, {
      target: 'y',
      weights: 'w',
    });
    const how = {
      engine: await defaultEngine(),
      maxBins: 255,
      binning: 'quantile',
      seed: 0,
      categories: 'native',
    } as const;
    const weights = pick(w, train).values;
    const bins = await findBins(
      kept,
      Uint32Array.from(train, (_, place) => place),
      { ...how, weights },
    );
    const options = { trees: TREES, leaves: 31, minSamples: 20, rate: 0.1, weights, power };
    const naive = boostNaively(kept, bins, pick(y, train).values, options);
    const test = held(fold);
    const scored = (prediction: Float64Array) =>
      metricNamed(metric).score({ target: pick(y, test).values, prediction, weights: pick(w, test).values });
    const unseen = features.map((column) => pick(column, test));
    ours.push(-scored(await outputOf(model, tableFromRegisters(unseen))));
    const raw = Float64Array.from(test, (_, row) => naive(unseen, row));
    exact.push(-scored(power === undefined ? raw : raw.map(Math.exp)));
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(mean(exact.map((value) => (value - mean(exact)) ** 2)));
  if (process.env['SHOW']) console.log(loss, w === wide, (mean(ours) - mean(exact)) / deviation);
  expect((mean(ours) - mean(exact)) / deviation).toBeLessThan(0.1);
});
