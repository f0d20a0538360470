import { defineKernel } from './contract.js';

/**
 * Numerical policy of the family: integers and one exact scaling, so every backend gives the same bits. A value is a
 * function of (key, index) alone: no state, no order of arrival.
 */

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/** High 32 bits of the product of two unsigned 32-bit numbers, from products of halves, none of which overflows. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const first = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) >>> 0;
  const second = (Math.imul(aLow, bHigh) + (first & 0xffff)) >>> 0;
  return (Math.imul(aHigh, bHigh) + (first >>> 16) + (second >>> 16)) >>> 0;
}

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC 2011): four random words of a 128-bit counter and a 64-bit key. Writes to out[0 … 3].
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  keyLow: number,
  keyHigh: number,
): void {
  let [x0, x1, x2, x3] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [k0, k1] = [keyLow >>> 0, keyHigh >>> 0];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIERS[0], x0);
    const low0 = Math.imul(MULTIPLIERS[0], x0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIERS[1], x2);
    const low1 = Math.imul(MULTIPLIERS[1], x2) >>> 0;
    x0 = (high1 ^ x1 ^ k0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ k1) >>> 0;
    x3 = low0;
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** 53 bits of two words, as a number in [0, 1). */
export function uniformOfWords(a: number, b: number): number {
  return ((a >>> 5) * 67_108_864 + (b >>> 6)) / 9_007_199_254_740_992;
}

/**
 * The words of block `block` (an integer below 2^53) of the key: counter (block mod 2^32, block div 2^32, 0, 0).
 * Block b holds words 4b … 4b + 3, that is uniforms 2b and 2b + 1.
 */
export function philoxBlock(out: Uint32Array, keyLow: number, keyHigh: number, block: number): void {
  philox4x32(out, block % 4_294_967_296, Math.floor(block / 4_294_967_296), 0, 0, keyLow, keyHigh);
}

const keyArguments = [
  { name: 'keyLow', dtype: 'i32', meaning: 'low 32 bits of the key' },
  { name: 'keyHigh', dtype: 'i32', meaning: 'high 32 bits of the key' },
  { name: 'startIndex', dtype: 'f64', meaning: 'index of the first value, an integer in [0, 2^53)' },
] as const;

const keyOfCase = (random: { integer(bound: number): number }) => ({
  keyLow: random.integer(4_294_967_296) | 0,
  keyHigh: random.integer(4_294_967_296) | 0,
  // Near 0, and around the carry from the low into the high word of the counter.
  startIndex: random.integer(9) + [0, 8_589_934_580, 17_179_869_170][random.integer(3)]!,
});

export const random_words_u32 = defineKernel({
  name: 'random_words_u32',
  family: 'random',
  summary: 'Random 32-bit words startIndex … startIndex + count − 1 of a key.',
  source: 'Philox4x32-10: Salmon et al., SC 2011',
  arguments: [
    { name: 'out', role: 'out', dtype: 'u32', length: (s) => s.count!, meaning: 'the words' },
    ...keyArguments,
    { name: 'count', dtype: 'i32', meaning: 'words wanted' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (out, keyLow, keyHigh, startIndex, count) => {
    const words = new Uint32Array(4);
    for (let i = 0; i < count; i++) {
      const word = (startIndex + i) % 4;
      if (i === 0 || word === 0) philoxBlock(words, keyLow, keyHigh, Math.floor((startIndex + i) / 4));
      out[i] = words[word]!;
    }
  },
  inputs: (size, random) => ({ scalars: { ...keyOfCase(random), count: size }, buffers: {} }),
  work: (s) => ({ elements: s.count!, bytes: 4 * s.count! }),
});

export const random_uniform_f64 = defineKernel({
  name: 'random_uniform_f64',
  family: 'random',
  summary: 'Uniform numbers in [0, 1), 53 bits each: values startIndex … startIndex + count − 1 of a key.',
  source: 'Philox4x32-10: Salmon et al., SC 2011',
  arguments: [
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.count!, meaning: 'the numbers' },
    ...keyArguments,
    { name: 'count', dtype: 'i32', meaning: 'numbers wanted' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (out, keyLow, keyHigh, startIndex, count) => {
    const words = new Uint32Array(4);
    for (let i = 0; i < count; i++) {
      const half = (startIndex + i) % 2;
      if (i === 0 || half === 0) philoxBlock(words, keyLow, keyHigh, Math.floor((startIndex + i) / 2));
      out[i] = uniformOfWords(words[2 * half]!, words[2 * half + 1]!);
    }
  },
  inputs: (size, random) => ({ scalars: { ...keyOfCase(random), count: size }, buffers: {} }),
  work: (s) => ({ elements: s.count!, bytes: 8 * s.count! }),
});
