import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { laneSum } from './sums.js';

/** Numerical policy of the family: f64 throughout, no fused multiply-add, sums in 32 virtual lanes (sums.ts). */

const special = [
  Number.NaN,
  0,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
];

/** Values of a flavour, for the conformance test. */
export function realValues(length: number, random: CaseRandom, flavour: Flavour): Float64Array {
  return Float64Array.from({ length }, () => {
    if (flavour === 'special' && random.integer(8) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties') return random.integer(3) - 1;
    if (flavour === 'constant') return 0.75;
    return random.normal();
  });
}

export const dot_f64 = defineKernel({
  name: 'dot_f64',
  family: 'gradient-descent',
  summary: 'Inner product of two columns.',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'first column' },
    { name: 'y', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'second column' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of both' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (x, y, rowCount) => laneSum(0, rowCount, (i) => x[i]! * y[i]!),
  inputs: (size, random, flavour) => ({
    scalars: { rowCount: size },
    buffers: { x: realValues(size, random, flavour), y: realValues(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 2 * s.rowCount!, bytes: 16 * s.rowCount! }),
});

export const axpy_f64 = defineKernel({
  name: 'axpy_f64',
  family: 'gradient-descent',
  summary: 'y ← a·x + y.',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column' },
    { name: 'y', role: 'inout', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'column added to' },
    { name: 'a', dtype: 'f64', meaning: 'factor' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of both' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (x, y, a, rowCount) => {
    for (let i = 0; i < rowCount; i++) y[i] = a * x[i]! + y[i]!;
  },
  inputs: (size, random, flavour) => ({
    scalars: { a: 0.37, rowCount: size },
    buffers: { x: realValues(size, random, flavour), y: realValues(size, random, flavour) },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 2 * s.rowCount!, bytes: 24 * s.rowCount! }),
});
