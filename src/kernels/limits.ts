import { type CaseRandom, type Dtype, defineKernel, type Flavour } from './contract.js';

/**
 * What the machine can do at most: chains of a multiplication and an addition that stay in registers. The bench holds
 * other kernels against it. No fused multiply-add, as everywhere in the default numerics.
 */

/** Rounds of the bench's call: enough for the call itself to cost nothing. */
const ROUNDS = 256;

const argumentsOf = <D extends Dtype>(dtype: D) =>
  [
    { name: 'values', role: 'inout', dtype, length: (s: { count?: number }) => s.count!, meaning: 'the numbers' },
    { name: 'factor', dtype: 'f64', meaning: 'what each is multiplied by' },
    { name: 'addend', dtype: 'f64', meaning: 'what is then added' },
    { name: 'rounds', dtype: 'i32', meaning: 'how often' },
    { name: 'count', dtype: 'i32', meaning: 'how many numbers' },
  ] as const;

/** 0.75 and 0.25 draw every number towards 1, through neither overflow nor subnormals. */
const scalarsOf = (size: number) => ({ factor: 0.75, addend: 0.25, rounds: size < 100 ? 5 : ROUNDS, count: size });

const valuesOf = (size: number, random: CaseRandom, flavour: Flavour): Float64Array =>
  Float64Array.from({ length: size }, () => {
    if (flavour === 'special' && random.integer(8) === 0)
      return [Number.NaN, -0, Number.POSITIVE_INFINITY][random.integer(3)]!;
    return random.normal();
  });

const workOf = (s: Readonly<Record<string, number>>) => ({ elements: s.count!, flops: 2 * s.rounds! * s.count! });

export const limit_multiply_add_f64 = defineKernel({
  name: 'limit_multiply_add_f64',
  family: 'limits',
  summary: 'values ← values·factor + addend, over and over: the most multiplications and additions in f64.',
  arguments: argumentsOf('f64'),
  returns: 'void',
  agreement: 'exact',
  reference: (values, factor, addend, rounds, count) => {
    for (let i = 0; i < count; i++) {
      let value = values[i]!;
      for (let round = 0; round < rounds; round++) value = value * factor + addend;
      values[i] = value;
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: scalarsOf(size),
    buffers: { values: valuesOf(size, random, flavour) },
  }),
  work: workOf,
  benchSize: 96 * 8,
});

export const limit_multiply_add_f32 = defineKernel({
  name: 'limit_multiply_add_f32',
  family: 'limits',
  summary: 'values ← values·factor + addend, over and over: the most multiplications and additions in f32.',
  arguments: argumentsOf('f32'),
  returns: 'void',
  agreement: 'exact',
  reference: (values, factor, addend, rounds, count) => {
    const [a, b] = [Math.fround(factor), Math.fround(addend)];
    for (let i = 0; i < count; i++) {
      let value = values[i]!;
      for (let round = 0; round < rounds; round++) value = Math.fround(Math.fround(value * a) + b);
      values[i] = value;
    }
  },
  inputs: (size, random, flavour) => ({
    scalars: scalarsOf(size),
    buffers: { values: Float32Array.from(valuesOf(size, random, flavour)) },
  }),
  work: workOf,
  benchSize: 192 * 8,
});
