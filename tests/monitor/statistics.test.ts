import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { chiSquared } from '#lanewise/monitor/chi-squared.js';
import { jensenShannon, wasserstein } from '#lanewise/monitor/distances.js';
import { compareToSummary, kolmogorovSmirnov, kolmogorovTail } from '#lanewise/monitor/kolmogorov-smirnov.js';
import { benjaminiHochberg } from '#lanewise/monitor/multiple-testing.js';
import { pageHinkley, pageHinkleyAlarms, updatePageHinkley } from '#lanewise/monitor/page-hinkley.js';
import { populationStability } from '#lanewise/monitor/population-stability.js';
import {
  mergeSummaries,
  shareAtMost,
  summarizeQuantiles,
  summaryQuantile,
  totalOf,
} from '#lanewise/monitor/quantile-summary.js';
import { golden, relativeError } from '../agreement/golden.js';

const expected = golden('monitor');

describe.each(Object.keys(expected.pairs))('two columns: %s', (name) => {
  const entry = expected.pairs[name];
  const [reference, current] = [Float64Array.from(entry.reference), Float64Array.from(entry.current)];

  test('Kolmogorov–Smirnov is that of SciPy', () => {
    const { statistic, p, error } = kolmogorovSmirnov(reference, current);
    expect(statistic).toBeCloseTo(entry.ks, 12);
    expect(error).toBe(0);
    // SciPy takes exact algorithms for so few rows; the expansion is good to three digits there.
    expect(relativeError(p, entry.p)).toBeLessThan(2e-3);
  });

  test('Wasserstein and PSI are those of SciPy and NumPy', () => {
    expect(relativeError(wasserstein(reference, current), entry.wasserstein)).toBeLessThan(1e-11);
    expect(relativeError(populationStability(reference, current), entry.psi)).toBeLessThan(1e-11);
  });
});

test('the tail of Kolmogorov’s statistic is that of SciPy', () => {
  for (const [n, d, p] of expected.kolmogorov as [number, number, number][]) {
    expect(relativeError(kolmogorovTail(n, d), p), `n = ${n}, d = ${d}`).toBeLessThan(1e-6);
  }
});

test('chi-squared and Jensen–Shannon are those of SciPy', () => {
  for (const entry of expected.counts) {
    const test2 = chiSquared(entry.reference, entry.current);
    expect(relativeError(test2.statistic, entry.statistic)).toBeLessThan(1e-12);
    expect(relativeError(test2.p, entry.p)).toBeLessThan(1e-10);
    expect(test2.degreesOfFreedom).toBe(entry.df);
    expect(relativeError(jensenShannon(entry.reference, entry.current), entry.jensen_shannon)).toBeLessThan(1e-10);
  }
});

test('Benjamini and Hochberg adjust as in SciPy, and leave what is no test alone', () => {
  const { p, adjusted } = expected.benjamini_hochberg;
  benjaminiHochberg(p).forEach((value, index) => {
    expect(value).toBeCloseTo(adjusted[index], 12);
  });
  expect(benjaminiHochberg([0.01, Number.NaN])).toEqual([0.01, Number.NaN]);
});

test('Page–Hinkley calls where river does', () => {
  for (const { options, values, alarms } of expected.page_hinkley) {
    const own = {
      minSamples: options.min_instances,
      delta: options.delta,
      threshold: options.threshold,
      alpha: options.alpha,
    };
    expect(pageHinkleyAlarms(values, pageHinkley(own))).toEqual(alarms);
  }
});

test('a Page–Hinkley detector goes on from its state as JSON', () => {
  const { values } = expected.page_hinkley[0];
  let state = pageHinkley({ threshold: 8 });
  const alarms: number[] = [];
  values.forEach((value: number, place: number) => {
    const next = updatePageHinkley(JSON.parse(JSON.stringify(state)), value);
    state = next.state;
    if (next.alarm) alarms.push(place);
  });
  expect(alarms).toEqual(expected.page_hinkley[0].alarms);
});

const column = (rows: number, seed: number, shift = 0) => {
  const random = stream(seed, 'column');
  return Float64Array.from({ length: rows }, () => shift + random.normal());
};

test('a summary keeps within its error, alone and merged', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 8, max: 60 }),
      (a, b, capacity) => {
        const [left, right] = [column(a, 1), column(b, 2, 0.5)];
        const merged = mergeSummaries(
          summarizeQuantiles(left, capacity),
          summarizeQuantiles(right, capacity),
          capacity,
        );
        const all = Float64Array.from([...left, ...right]).sort();
        expect(totalOf(merged)).toBe(a + b);
        expect(merged.values.length).toBeLessThanOrEqual(capacity);
        for (let i = 0; i < all.length; i += 7) {
          const found = shareAtMost(merged, all[i]!) * (a + b);
          expect(Math.abs(found - (i + 1))).toBeLessThanOrEqual(merged.error + 1e-6);
        }
      },
    ),
    { numRuns: 40, seed: 3 },
  );
});

test('merging does not depend on the side', () => {
  const [left, right] = [summarizeQuantiles(column(500, 1), 40), summarizeQuantiles(column(700, 2), 40)];
  expect(mergeSummaries(left, right, 40)).toEqual(mergeSummaries(right, left, 40));
});

test('the error of a summary is about rows over capacity, and its quantiles are near', () => {
  const values = column(20_000, 1);
  const summary = summarizeQuantiles(values);
  expect(summary.error / 20_000).toBeLessThan(0.003);
  expect(Math.abs(summaryQuantile(summary, 0.5))).toBeLessThan(0.03);
  expect(Math.abs(summaryQuantile(summary, 0.975) - 1.96)).toBeLessThan(0.06);
});

test('a summary holds aggregates of several rows, not rows', () => {
  const summary = summarizeQuantiles(column(300, 1));
  expect(summary.values.length).toBeLessThanOrEqual(60);
});

test('against a summary the statistic is within its stated error', () => {
  const [reference, current] = [column(5000, 1), column(800, 2, 0.3)];
  const exact = kolmogorovSmirnov(reference, current).statistic;
  const { statistic, error } = compareToSummary(summarizeQuantiles(reference, 100), current);
  expect(error).toBeGreaterThan(0);
  expect(Math.abs(statistic - exact)).toBeLessThanOrEqual(error + 1e-12);
});

test('columns without values, or of one value, give no number instead of a wrong one', () => {
  const none = new Float64Array(5).fill(Number.NaN);
  expect(kolmogorovSmirnov(none, column(5, 1)).statistic).toBeNaN();
  expect(populationStability(new Float64Array(50).fill(3), column(50, 1))).toBeNaN();
  expect(wasserstein(column(5, 1), none)).toBeNaN();
  expect(kolmogorovSmirnov(Float64Array.of(1, 1, 1), Float64Array.of(2, 2)).statistic).toBe(1);
  expect(chiSquared([5, 0], [7, 0])).toMatchObject({ statistic: 0, p: 1 });
});
