import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { LanewiseError } from '#lanewise/errors.js';
import {
  bcaInterval,
  defaultResamples,
  jackknife,
  pairedDifference,
  percentileInterval,
  resample,
  type Statistic,
  scoreIntervals,
} from '#lanewise/evaluate/bootstrap.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import type { Scored } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';

const expected = golden('evaluate').bootstrap;
const values = Float64Array.from(expected.values as number[]);
const mean: Statistic = ([counts]) => counts!.reduce((sum, n, row) => sum + n * values[row]!, 0) / values.length;

test('percentile and BCa intervals agree with SciPy within the noise of resampling', async () => {
  const [samples] = await resample([mean], [values.length], { resamples: 20_000, seed: 3 });
  const estimate = mean([new Float64Array(values.length).fill(1)]);
  const found = {
    percentile: percentileInterval(samples!),
    BCa: bcaInterval(samples!, estimate, jackknife(mean, [values.length])),
  };
  for (const method of ['percentile', 'BCa'] as const) {
    const [low, high] = expected.intervals[method];
    const width = high - low;
    expect(Math.abs(found[method].low - low) / width, method).toBeLessThan(0.02);
    expect(Math.abs(found[method].high - high) / width, method).toBeLessThan(0.02);
  }
  // The data are skewed to the right, and BCa moves both ends that way.
  expect(found.BCa.high).toBeGreaterThan(found.percentile.high);
});

function errors(rows: number, seed: number, noise: number): Scored {
  const truth = stream(1, 'truth');
  const random = stream(seed, 'errors');
  const target = Float64Array.from({ length: rows }, () => truth.normal());
  return { target, prediction: target.map((value) => value + noise * random.normal()) };
}

const rmse = metricNamed('neg_root_mean_squared_error');

test('the same seed gives the same interval, and another seed one near it', async () => {
  const scored = errors(200, 5, 1);
  const [first] = await scoreIntervals([rmse], [scored], { seed: 1 });
  expect(await scoreIntervals([rmse], [scored], { seed: 1 })).toEqual([first]);
  const [other] = await scoreIntervals([rmse], [scored], { seed: 2 });
  expect(other!.low).not.toBe(first!.low);
  expect(Math.abs(other!.low - first!.low)).toBeLessThan(0.05);
});

test('an interval of 90 % holds the truth about nine times in ten', async () => {
  let held = 0;
  for (let seed = 0; seed < 100; seed++) {
    const [interval] = await scoreIntervals([rmse], [errors(150, seed, 1)], { level: 0.9, resamples: 200, seed });
    if (interval!.low <= -1 && interval!.high >= -1) held++;
  }
  expect(held).toBeGreaterThanOrEqual(82);
  expect(held).toBeLessThanOrEqual(98);
});

test('rows are resampled within folds, and the score is the mean over folds', async () => {
  const folds = [errors(60, 1, 1), errors(60, 2, 3)];
  const [interval] = await scoreIntervals([rmse], folds, { seed: 4 });
  expect(interval!.score).toBeCloseTo(0.5 * (rmse.score(folds[0]!) + rmse.score(folds[1]!)), 12);
  expect(interval!.low).toBeLessThan(interval!.score);
  expect(interval!.high).toBeGreaterThan(interval!.score);
});

test('every group is drawn for itself, and statistics of one run see the same draws', async () => {
  const first: Statistic = ([counts]) => counts![0]!;
  const second: Statistic = ([, counts]) => counts![0]!;
  const [a, b, again] = await resample([first, second, first], [50, 50], { resamples: 100 });
  expect(a).not.toEqual(b);
  expect(a).toEqual(again);
  // Each row is drawn once a resample, on average.
  expect(a!.reduce((sum, count) => sum + count, 0) / 100).toBeGreaterThan(0.7);
  expect(a!.reduce((sum, count) => sum + count, 0) / 100).toBeLessThan(1.3);
});

test('a paired difference is surer than two intervals', async () => {
  const first = errors(300, 5, 1);
  // The second model makes the same errors, a little larger.
  const second = {
    ...first,
    prediction: first.prediction.map((value, row) => first.target[row]! + 1.03 * (value - first.target[row]!)),
  };
  const difference = await pairedDifference(rmse, [first], [second], { seed: 1 });
  expect(difference.low).toBeGreaterThan(0);
  expect(difference.shareNotBetter).toBe(0);
  const [a] = await scoreIntervals([rmse], [first], { seed: 1 });
  const [b] = await scoreIntervals([rmse], [second], { seed: 1 });
  expect(a!.low).toBeLessThan(b!.high);
});

test('two models on other rows are refused', async () => {
  await expect(pairedDifference(rmse, [errors(10, 1, 1)], [errors(11, 1, 1)])).rejects.toThrow(
    /very rows of the first/,
  );
});

test('many rows get fewer resamples, never below 200', () => {
  expect(defaultResamples(100)).toBe(1000);
  expect(defaultResamples(50_000)).toBe(400);
  expect(defaultResamples(10_000_000)).toBe(200);
});

test('a cancelled bootstrap stops with the code cancelled', async () => {
  const signal = AbortSignal.abort();
  const stopped = scoreIntervals([rmse], [errors(50, 1, 1)], { signal });
  await expect(stopped).rejects.toSatisfy((error) => error instanceof LanewiseError && error.code === 'cancelled');
});
