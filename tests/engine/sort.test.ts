import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { sortNumbers } from '#lanewise/engine/sort.js';

const bits = (values: Float64Array) => new BigUint64Array(values.buffer, values.byteOffset, values.length);

function expectSorted(values: Float64Array): void {
  const expected = values.slice().sort();
  expect(sortNumbers(values)).toBe(values);
  expect(bits(values)).toEqual(bits(expected));
}

test('sorts as the platform does, to the bit, at every size around its threshold', () => {
  const random = stream(1, 'sort');
  for (const length of [0, 1, 2, 2047, 2048, 2049, 5000]) {
    expectSorted(Float64Array.from({ length }, () => random.normal()));
  }
});

test('takes any finite or infinite number, subnormals and both zeros', () => {
  const number = fc.double({ noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 3, maxLength: 40 }), (some) => {
      expectSorted(Float64Array.from({ length: 2500 }, (_, i) => some[(i * 7919) % some.length]!));
    }),
    { numRuns: 60 },
  );
  const special = [0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity, 1, -1];
  expectSorted(Float64Array.from({ length: 3000 }, (_, i) => special[i % special.length]!));
});

test('leaves values that are all equal, and views into larger memory, in their place', () => {
  expectSorted(new Float64Array(4096).fill(0.75));
  const whole = Float64Array.from({ length: 6000 }, (_, i) => -i);
  sortNumbers(whole.subarray(1000, 5000));
  expect([whole[999], whole[1000], whole[4999], whole[5000]]).toEqual([-999, -4999, -1000, -5000]);
});
