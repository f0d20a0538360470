import { defineParameters } from '../parameters.js';
import { readRegister } from '../table/columns.js';
import { moments, quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { defineTransformer } from '../table/transformer.js';

interface Scaling {
  readonly name: string;
  readonly shift: number;
  readonly scale: number;
}

type Method = 'standard' | 'min_max' | 'robust';

/**
 * Shifts and scales numbers and booleans: standard to mean 0 and population standard deviation 1, min_max to [0, 1],
 * robust to median 0 and interquartile range 1. A spread of 0 divides by 1, as in scikit-learn.
 */
export const scale = defineTransformer({
  name: 'scale',
  meaning: 'shifts and scales numbers to a common range',
  declarations: defineParameters({
    method: {
      type: 'choice',
      default: 'standard',
      choices: ['standard', 'min_max', 'robust'],
      meaning: 'standard: mean 0, deviation 1; min_max: [0, 1]; robust: median 0, interquartile range 1',
    },
  }),
  fit(table, { columns }, { method }) {
    const scalings = columns.flatMap((name): Scaling[] => {
      const { type, values } = readRegister(table, name);
      if (type !== 'number' && type !== 'boolean') return [];
      const { shift, spread } = spreads[method](values);
      return Number.isFinite(shift) ? [{ name, shift, scale: isUsable(spread) ? spread : 1 }] : [];
    });
    return {
      lower(builder) {
        for (const { name, shift, scale } of scalings) {
          const { register } = builder.columns.get(name)!;
          builder.define({ name, register: builder.add({ op: 'affine', in: register, shift, scale }), type: 'number' });
        }
      },
      report: [{ what: `scaled (${method})`, rows: table.numRows, detail: `${scalings.length} columns` }],
    };
  },
});

const spreads: Record<Method, (values: Float64Array) => { shift: number; spread: number }> = {
  standard(values) {
    const { mean, deviation } = moments(values);
    // A constant whose mean is rounded has a deviation of rounding errors alone: the constant itself is its mean.
    if (deviation > 1e-14 * Math.abs(mean)) return { shift: mean, spread: deviation };
    return { shift: values.find((value) => !Number.isNaN(value)) ?? Number.NaN, spread: 0 };
  },
  min_max(values) {
    const sorted = sortedPresent(values);
    return { shift: quantileOfSorted(sorted, 0), spread: quantileOfSorted(sorted, 1) - quantileOfSorted(sorted, 0) };
  },
  robust(values) {
    const sorted = sortedPresent(values);
    return {
      shift: quantileOfSorted(sorted, 0.5),
      spread: quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25),
    };
  },
};

function isUsable(spread: number): boolean {
  return Number.isFinite(spread) && spread > 0;
}
