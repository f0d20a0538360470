import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cos, exp, expm1, log, log1p, pow, sigmoid, sin, tanh } from '#lanewise/kernels/elementary.js';

const functions = { exp, expm1, log, log1p, sin, cos, tanh, sigmoid, pow };
type Name = keyof typeof functions;
/** argument(s), nearest double, exact value less it in units of its last place (tests/agreement/elementary.py). */
type Golden = readonly (string | number)[];

const golden: Record<Name, Golden[]> = JSON.parse(
  readFileSync(new URL('../fixtures/elementary.json', import.meta.url), 'utf8'),
);
const double = (hex: string | number): number => Buffer.from(String(hex), 'hex').readDoubleBE(0);
const apply = (name: Name, ...values: number[]): number =>
  (functions[name] as (...values: number[]) => number)(...values);

/** The distance from a double to its neighbour, by its bits. */
function lastPlace(value: number): number {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Math.abs(value));
  const bits = bytes.readBigInt64BE();
  bytes.writeBigInt64BE(bits + 1n);
  return bytes.readDoubleBE(0) - Math.abs(value);
}

for (const name of Object.keys(golden) as Name[]) {
  test(`${name} is within 1.1 units in the last place of 60-digit values`, () => {
    for (const row of golden[name]) {
      const values = row.slice(0, -2).map(double);
      const [nearest, rest] = [double(row.at(-2)!), Number(row.at(-1))];
      const result = apply(name, ...values);
      if (!Number.isFinite(nearest)) expect(result).toBe(nearest);
      else {
        const error = Math.abs((result - nearest) / lastPlace(nearest) - rest);
        expect(error, `${name}(${values}) = ${result}`).toBeLessThan(1.1);
      }
    }
  });
}

const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];

test('infinities, zeros and NaN are as IEEE 754 has them', () => {
  expect([exp(infinity), exp(-infinity), exp(nan), exp(0), exp(-0)]).toEqual([infinity, 0, nan, 1, 1]);
  expect([expm1(infinity), expm1(-infinity), expm1(nan), expm1(-0)]).toEqual([infinity, -1, nan, -0]);
  expect([log(infinity), log(0), log(-0), log(-1), log(nan), log(1)]).toEqual([
    infinity,
    -infinity,
    -infinity,
    nan,
    nan,
    0,
  ]);
  expect([log1p(infinity), log1p(-1), log1p(-2), log1p(nan), log1p(-0)]).toEqual([infinity, -infinity, nan, nan, -0]);
  expect([sin(infinity), cos(-infinity), sin(nan), sin(-0), cos(0)]).toEqual([nan, nan, nan, -0, 1]);
  expect([tanh(infinity), tanh(-infinity), tanh(nan), tanh(-0)]).toEqual([1, -1, nan, -0]);
  expect([sigmoid(infinity), sigmoid(-infinity), sigmoid(nan), sigmoid(0)]).toEqual([1, 0, nan, 0.5]);
});

test('overflow and underflow begin where the largest and the smallest double lie', () => {
  expect(exp(709.782712893384)).toBeLessThan(infinity);
  expect(exp(709.7827128933841)).toBe(infinity);
  expect(exp(-745.1332191019411)).toBe(5e-324);
  expect(exp(-745.1332191019412)).toBe(0);
  expect(expm1(709.782712893384)).toBeLessThan(infinity);
  expect(expm1(709.7827128933841)).toBe(infinity);
  expect(sigmoid(-745)).toBe(exp(-745));
  expect(log(5e-324)).toBe(-744.4400719213812);
  expect(log(Number.MAX_VALUE)).toBe(709.782712893384);
});

test('pow has the special cases of IEEE 754', () => {
  expect([pow(nan, 0), pow(1, nan), pow(-1, infinity), pow(-8, 1 / 3)]).toEqual([1, 1, 1, nan]);
  expect([pow(0, -1), pow(-0, -1), pow(-0, -2), pow(-0, 3), pow(0, 2)]).toEqual([infinity, -infinity, infinity, -0, 0]);
  expect([pow(-infinity, 3), pow(-infinity, 2), pow(infinity, -1)]).toEqual([-infinity, infinity, 0]);
  expect([pow(-2, 3), pow(2, 10), pow(2, -1074), pow(10, 2), pow(2, 1e300), pow(0.5, 1e300)]).toEqual([
    -8,
    1024,
    5e-324,
    100,
    infinity,
    0,
  ]);
});
