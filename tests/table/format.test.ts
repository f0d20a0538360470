import { expect, test } from 'vitest';
import { formatBytes, formatNumber, formatSeconds, formatShare } from '#lanewise/table/format.js';

test.each([
  [0, '0'],
  [1234567, '1,234,567'],
  [-12.34567, '−12.35'],
  [0.012345, '0.01235'],
  [0.1, '0.1'],
  [99999.5, '100,000'],
  [1e12, '1.00e12'],
  [0.00001, '1.00e−5'],
  [Number.NaN, '–'],
  [Number.NEGATIVE_INFINITY, '−∞'],
  [undefined, '–'],
])('formatNumber(%s) is %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test('shares near the ends do not read as none or all', () => {
  expect([0, 0.0001, 0.5, 0.99999, 1].map(formatShare)).toEqual(['0 %', '< 0.1 %', '50.0 %', '> 99.9 %', '100 %']);
});

test('times and sizes have the unit that fits', () => {
  expect([0.0123, 2, 75].map(formatSeconds)).toEqual(['12 ms', '2.0 s', '1 min 15 s']);
  expect([12, 12_345, 5_000_000].map(formatBytes)).toEqual(['12 B', '12.3 KB', '5 MB']);
});
