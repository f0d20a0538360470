import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { sortedRows } from '#lanewise/evaluate/order.js';

const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -5e-324, 1, -1];

/** The order as defined: by value, NaN last, rows of equal values in order. */
function definition(values: Float64Array): number[] {
  const key = (value: number) => (Number.isNaN(value) ? [1, 0] : [0, value]);
  return Array.from(values, (_, row) => row).sort((a, b) => {
    const [left, right] = [key(values[a]!), key(values[b]!)];
    if (left[0] !== right[0]) return left[0]! - right[0]!;
    if (left[1]! < right[1]!) return -1;
    return left[1]! > right[1]! ? 1 : a - b;
  });
}

test.each([100, 4096, 9000])('%i rows are in the order of their values, ties in the order of rows', (rows) => {
  for (const seed of [1, 2, 3]) {
    const random = stream(seed, 'order');
    const values = Float64Array.from({ length: rows }, () => {
      if (random.integer(5) === 0) return special[random.integer(special.length)]!;
      return seed === 2 ? random.integer(7) - 3 : 1e3 * random.normal();
    });
    const before = values.slice();
    expect(Array.from(sortedRows(values))).toEqual(definition(values));
    expect(values).toEqual(before);
  }
});

test('every bit pattern of NaN goes last', () => {
  const bits = new BigUint64Array(5000).fill(0xfff8000000000001n);
  const values = new Float64Array(bits.buffer);
  values[17] = -3;
  values[4] = 9;
  expect(Array.from(sortedRows(values).subarray(0, 3))).toEqual([17, 4, 0]);
});
