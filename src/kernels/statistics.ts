import { defineKernel } from './contract.js';
import { realValues } from './gradient-descent.js';

/** Numerical policy of the family: values are moved and compared, never rounded. */

/** Scratch of values_sort_f64 beside the copies of its columns: counts of 8 digits of 8 bits. */
export const SORT_COUNTERS = 1_024;

export const values_sort_f64 = defineKernel({
  name: 'values_sort_f64',
  family: 'statistics',
  summary: 'Sorts a column ascending, −0 before 0, equal values in their old order, and moves a second column along.',
  source: 'Radix sort by digits of the bit pattern, least significant first: Knuth, TAOCP 3, 5.2.5',
  arguments: [
    { name: 'values', role: 'inout', dtype: 'f64', length: (s) => s.count!, meaning: 'no NaN' },
    {
      name: 'weights',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.count!,
      meaning: 'moved along',
      optional: true,
    },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 2 * s.count! + 1024,
      meaning: 'copies, counts of digits',
    },
    { name: 'count', dtype: 'i32', meaning: 'values' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, weights, _scratch, count) => {
    const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => compare(values[a]!, values[b]!) || a - b);
    values.set(order.map((i) => values[i]!));
    weights?.set(order.map((i) => weights[i]!));
  },
  inputs: (size, random, flavour) => {
    const values = realValues(size, random, flavour);
    for (let i = 0; i < size; i++) {
      if (Number.isNaN(values[i]!)) values[i] = 0;
      // Values that were f32 agree in their low digits, which are passed over.
      if (flavour === 'skewed') values[i] = Math.fround(values[i]!);
    }
    const weighted = flavour === 'nulls' || flavour === 'ties' || flavour === 'special';
    const weights = weighted ? Float64Array.from({ length: size }, () => random.uniform()) : null;
    return { scalars: { count: size }, buffers: { values, weights } };
  },
  work: (s) => ({ elements: s.count!, bytes: 16 * s.count! }),
});

function compare(a: number, b: number): number {
  if (a === b) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : 1;
}
