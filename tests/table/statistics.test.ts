import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contingency, etaSquared, goodmanKruskal, groupsOf, pearson } from '#lanewise/table/association.js';
import {
  averageRanks,
  countCodes,
  median,
  moments,
  mostFrequent,
  quantile,
  quantileOfSorted,
  sortedPresent,
  varies,
} from '#lanewise/table/statistics.js';

const { NaN: missing } = Number;
const of = (...values: number[]) => Float64Array.from(values);

test('quantiles interpolate as numpy does, missing values aside', () => {
  const sorted = sortedPresent(of(4, missing, 1, 3, 2));
  expect([...sorted]).toEqual([1, 2, 3, 4]);
  expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantileOfSorted(sorted, share))).toEqual([
    1,
    1.75,
    2.5,
    1 + 3 * 0.9,
    4,
  ]);
  expect(median(of(missing))).toBeNaN();
  expect(quantileOfSorted(of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), 1)).toBe(Number.POSITIVE_INFINITY);
});

test('quantiles are those of NumPy', () => {
  // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.1, 0.25, 0.5, 0.9, 1])
  const values = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6);
  const expected = [1, 1, 1.75, 3.5, 6.9, 9];
  [0, 0.1, 0.25, 0.5, 0.9, 1].forEach((p, i) => {
    expect(quantile(values, p)).toBeCloseTo(expected[i]!, 12);
  });
  expect(quantile(new Float64Array(0), 0.5)).toBeNaN();
});

test('quantiles ascend with the probability', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (list, a, b) => {
        const sorted = Float64Array.from(list).sort();
        expect(quantileOfSorted(sorted, Math.min(a, b))).toBeLessThanOrEqual(quantileOfSorted(sorted, Math.max(a, b)));
      },
    ),
    { seed: 4 },
  );
});

test('the median by selection is the middle of the sorted values', () => {
  const column = fc.array(fc.oneof(fc.double(), fc.constantFrom(0, 1, 1, 2)), { maxLength: 60 });
  fc.assert(
    fc.property(column, (values) => {
      expect(median(Float64Array.from(values)) + 0).toEqual(
        quantileOfSorted(sortedPresent(Float64Array.from(values)), 0.5) + 0,
      );
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('moments are exact where the offset is large', () => {
  const { count, mean, deviation } = moments(of(1e9 + 4, 1e9 + 7, missing, 1e9 + 13, 1e9 + 16));
  expect([count, mean, deviation]).toEqual([4, 1e9 + 10, Math.sqrt(22.5)]);
});

test('counts, modes and variety pass over missing values', () => {
  expect([...countCodes(of(0, 2, 2, missing, 3), 3)]).toEqual([1, 0, 2]);
  expect(mostFrequent(of(5, 1, missing, missing, missing, 5, 1))).toBe(1);
  expect([varies(of(missing, 1, 1)), varies(of(1, missing, 2)), varies(of())]).toEqual([false, true, false]);
});

test('ranks share ties, and missing stays missing', () => {
  expect([...averageRanks(of(10, 20, 10, missing, 5))]).toEqual([2.5, 4, 2.5, missing, 1]);
  const infinity = Number.POSITIVE_INFINITY;
  expect([...averageRanks(of(infinity, 0, infinity, -infinity))]).toEqual([3.5, 2, 3.5, 1]);
});

test('rows of no group and rows without a number have no part in an association', () => {
  expect(etaSquared(Int32Array.of(0, -1, 0, 1, 1), 2, of(1, 100, 1, 3, missing))).toBe(1);
  expect(etaSquared(Int32Array.of(0, 1), 2, of(4, 4))).toBeNaN();
  expect([...contingency(Int32Array.of(0, -1, 1, 1), 2, of(0, 0, 1, missing), 2)]).toEqual([1, 0, 0, 1]);
});

test('association is 1 where one side determines the other, and 0 where it says nothing', () => {
  const groups = Int32Array.of(0, 0, 1, 1, 2, 2);
  expect(etaSquared(groups, 3, of(1, 1, 5, 5, 9, 9))).toBe(1);
  expect(etaSquared(groups, 3, of(1, 2, 1, 2, 1, 2))).toBe(0);
  expect(goodmanKruskal(contingency(groups, 3, of(0, 0, 1, 1, 0, 0), 2), 2)).toBe(1);
  expect(goodmanKruskal(contingency(groups, 3, of(0, 1, 0, 1, 0, 1), 2), 2)).toBe(0);
  expect(pearson(of(1, 2, missing, 4), of(-1, -2, 7, -4))).toBeCloseTo(-1, 15);
  expect(pearson(of(1, 1), of(1, 2))).toBeNaN();
});

test('numbers are cut into groups of about equal size, missing ones into the last', () => {
  const values = Float64Array.from({ length: 1000 }, (_, i) => (i === 999 ? missing : i));
  const { groups, count } = groupsOf({ name: 'x', type: 'number', values });
  const sizes = countCodes(Float64Array.from(groups), count);
  expect(sizes[count - 1]).toBe(1);
  for (const size of sizes.slice(0, -1)) expect(Math.abs(size - 999 / 64)).toBeLessThanOrEqual(1);
});
