import { describe, expect, test } from 'vitest';
import { binOf, makeHistogram, profileNumbers, roundStep } from '#lanewise/explore/numbers.js';

const NaN_ = Number.NaN;

describe('profileNumbers', () => {
  test('moments and quantiles agree with those computed by hand', () => {
    // Deviations from 3.6: −2.6, −1.6, −1.6, −0.6, 6.4; their squares sum to 53.2, cubes to 236.16, fourths to 1736.656.
    const profile = profileNumbers(Float64Array.of(3, NaN_, 2, 1, 10, 2));
    expect(profile.mean).toBeCloseTo(3.6, 12);
    expect(profile.standardDeviation).toBeCloseTo(Math.sqrt(53.2 / 4), 12);
    expect(profile.skewness).toBeCloseTo(236.16 / 5 / 10.64 ** 1.5, 12);
    expect(profile.kurtosis).toBeCloseTo(1736.656 / 5 / 10.64 ** 2 - 3, 12);
    expect(profile.quantiles['0.5']).toBe(2);
    expect(profile.quantiles['0.95']).toBeCloseTo(8.6, 12);
    expect([profile.minimum, profile.maximum, profile.distinct, profile.integers]).toEqual([1, 10, 4, true]);
  });

  test('infinite values are counted and kept out of moments and histogram', () => {
    const profile = profileNumbers(Float64Array.of(1, 2, Infinity, -Infinity, NaN_));
    expect(profile.infinite).toBe(2);
    expect(profile.mean).toBe(1.5);
    expect(profile.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  test('a constant column has no skewness, and one bin', () => {
    const profile = profileNumbers(new Float64Array(7).fill(4));
    expect([profile.skewness, profile.kurtosis, profile.distinct]).toEqual([0, 0, 1]);
    expect(profile.histogram.counts).toEqual([7]);
  });

  test('a column without values gives NaN, not an error', () => {
    const profile = profileNumbers(Float64Array.of(NaN_, NaN_));
    expect(profile.mean).toBeNaN();
    expect(profile.histogram.counts).toEqual([]);
  });
});

describe('makeHistogram', () => {
  test('every value is in a bin or counted beyond the edges', () => {
    for (const size of [2, 3, 9, 100, 5000]) {
      const values = Float64Array.from({ length: size }, (_, i) => ((i * 7919) % size) * 0.37 - 3).sort();
      const { counts, below, above, edges } = makeHistogram(values);
      expect(counts.reduce((sum, count) => sum + count, 0) + below + above).toBe(size);
      expect(edges.length).toBe(counts.length + 1);
      expect(edges.every((edge, i) => i === 0 || edge > edges[i - 1]!)).toBe(true);
    }
  });

  test('one outlier does not flatten the picture', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i === 999 ? 1e6 : i / 100)).sort();
    const { edges, above } = makeHistogram(values);
    expect(edges.at(-1)!).toBeLessThan(20);
    expect(above).toBeGreaterThanOrEqual(1);
  });

  test('whole numbers get whole bins', () => {
    const { edges } = makeHistogram(Float64Array.from([0, 1, 1, 2, 3, 3, 3, 4]).sort());
    expect(edges.every(Number.isInteger)).toBe(true);
  });
});

test('binOf closes the last bin and refuses what lies outside', () => {
  const edges = [0, 1, 2, 4];
  expect([-0.1, 0, 0.5, 1, 3.9, 4, 4.1, NaN_].map((value) => binOf(edges, value))).toEqual([-1, 0, 0, 1, 2, 2, -1, -1]);
});

test('roundStep goes up to 1, 2 or 5 times a power of ten', () => {
  expect([0.011, 0.3, 1, 3, 60, 999].map(roundStep)).toEqual(
    [0.02, 0.5, 1, 5, 100, 1000].map((step) => expect.closeTo(step, 9)),
  );
});
