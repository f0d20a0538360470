import { expect, test } from 'vitest';
import { permutation, randomKey, shuffle, stream, uniformAt } from '#lanewise/engine/random.js';
import { philox4x32, random_uniform_f64 } from '#lanewise/kernels/random.js';

// The known answers that the authors of Philox publish with Random123 (kat_vectors, philox4x32, 10 rounds).
const knownAnswers = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

test.each(knownAnswers)('Philox gives the published words for counter $counter', ({ counter, key, words }) => {
  const out = new Uint32Array(4);
  const [c0, c1, c2, c3] = counter;
  philox4x32(out, c0!, c1!, c2!, c3!, key[0]!, key[1]!);
  expect([...out]).toEqual([...words]);
});

test('a value depends on seed, key and index alone, however it is drawn', () => {
  const drawn = stream(7, 'rows', 3);
  const values = Array.from({ length: 9 }, () => drawn.uniform());
  expect(values).toEqual(Array.from({ length: 9 }, (_, index) => uniformAt(7, ['rows', 3], index)));
  const { keyLow, keyHigh } = randomKey(7, 'rows', 3);
  const out = new Float64Array(6);
  random_uniform_f64.reference(out, keyLow, keyHigh, 3, 6);
  expect([...out]).toEqual(values.slice(3));
});

test('seeds and keys that differ anywhere give different values', () => {
  const keys = [
    randomKey(0),
    randomKey(1),
    randomKey(0, 0),
    randomKey(0, '0'),
    randomKey(0, 0, 0),
    randomKey(0, 'ab', 'c'),
    randomKey(0, 'a', 'bc'),
    randomKey(2 ** 40, 'tree', 1),
    randomKey(2 ** 40, 'tree', 2),
  ];
  expect(new Set(keys.map((key) => `${key.keyLow} ${key.keyHigh}`)).size).toBe(keys.length);
  expect(() => randomKey(-1)).toThrow('Expected an integer in [0, 2^53) for seed but received -1');
  expect(() => randomKey(0.5)).toThrow('seed');
});

test('a seed gives the same numbers for ever', () => {
  const random = stream(42, 'golden');
  expect(randomKey(42, 'golden')).toEqual({ keyLow: 732688662, keyHigh: 642918736 });
  expect([random.uniform(), random.uniform(), random.integer(1000)]).toEqual([
    0.3008845114377312, 0.3870470792531707, 969,
  ]);
});

test('uniform numbers are uniform and normal numbers are normal', () => {
  const n = 20_000;
  const random = stream(1, 'moments');
  const uniforms = Array.from({ length: n }, () => random.uniform());
  const normals = Array.from({ length: n }, () => random.normal());
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(mean(uniforms)).toBeCloseTo(0.5, 2);
  expect(mean(uniforms.map((value) => (value - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
  expect(Math.abs(mean(normals))).toBeLessThan(0.03);
  expect(mean(normals.map((value) => value ** 2))).toBeCloseTo(1, 1);
  expect(mean(normals.map((value) => value ** 4))).toBeGreaterThan(2.8);
  expect(mean(normals.map((value) => value ** 4))).toBeLessThan(3.2);
});

test('integers cover their range evenly', () => {
  const random = stream(3, 'dice');
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 12_000; i++) counts[random.integer(6)]!++;
  const chiSquared = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  expect(chiSquared).toBeLessThan(20.5); // 5 degrees of freedom, p = 0.001
});

test('a permutation holds every number once and depends on its key', () => {
  const order = permutation(5, ['folds', 1], 1000);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...permutation(5, ['folds', 1], 1000)]).toEqual([...order]);
  expect([...permutation(5, ['folds', 2], 1000)]).not.toEqual([...order]);
  expect([...permutation(5, 'one', 1)]).toEqual([0]);
  expect(shuffle(['a', 'b', 'c'], stream(0, 'letters')).sort()).toEqual(['a', 'b', 'c']);
});
