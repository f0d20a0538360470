import { defineParameters } from '../parameters.js';
import { readRegister } from '../table/columns.js';
import type { Repair } from '../table/interfaces.js';
import { countMissing, median, moments, mostFrequent } from '../table/statistics.js';
import { defineTransformer, freeName } from '../table/transformer.js';

const parameters = defineParameters({
  strategy: {
    type: 'choice',
    default: 'median',
    choices: ['median', 'mean', 'most_frequent', 'constant'],
    meaning: 'what takes the place of a missing number; categories and booleans always get the most frequent or stay',
  },
  fillValue: { type: 'number', default: 0, meaning: "the number, where strategy is 'constant'" },
  addIndicator: { type: 'boolean', default: false, meaning: 'adds a column that is 1 where the value was missing' },
});

/** A column to fill: with what, and whether to remember where. */
interface Filling {
  readonly name: string;
  readonly value: number;
  readonly missing: number;
}

/**
 * Fills missing values with a value learnt from the training rows; new rows are filled also in columns that were
 * complete in training. Categories get their most frequent label only with strategy most_frequent: elsewhere "missing"
 * is a level of its own to the encoders.
 */
export const impute = defineTransformer({
  name: 'impute',
  meaning: 'fills missing values',
  declarations: parameters,
  fit(table, { columns }, { strategy, fillValue, addIndicator }) {
    const fillings: Filling[] = [];
    for (const name of columns) {
      const { type, values } = readRegister(table, name);
      if (type === 'timestamp' || (type === 'category' && strategy !== 'most_frequent')) continue;
      const value = fill(values, type === 'number' ? strategy : 'most_frequent', fillValue);
      if (!Number.isNaN(value)) fillings.push({ name, value, missing: countMissing(values) });
    }
    return {
      lower(builder) {
        for (const { name, value, missing } of fillings) {
          const column = builder.columns.get(name)!;
          if (addIndicator && missing > 0) {
            const register = builder.add({ op: 'indicator', in: column.register });
            builder.define({ name: freeName(builder, `${name}_missing`), register, type: 'number' });
          }
          builder.define({ ...column, register: builder.add({ op: 'impute', in: column.register, value }) });
        }
      },
      report: fillings.filter(({ missing }) => missing > 0).map((filling) => repair(filling, strategy)),
    };
  },
});

function fill(values: Float64Array, strategy: string, fillValue: number): number {
  if (strategy === 'median') return median(values);
  if (strategy === 'mean') return moments(values).mean;
  return strategy === 'constant' ? fillValue : mostFrequent(values);
}

function repair({ name, value, missing }: Filling, strategy: string): Repair {
  return { what: 'missing values filled', column: name, rows: missing, detail: `${strategy}: ${value}` };
}
