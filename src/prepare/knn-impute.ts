import { pointsOf } from '../engine/neighbors/points.js';
import { defineParameters } from '../parameters.js';
import { readRegister } from '../table/columns.js';
import type { Repair } from '../table/interfaces.js';
import { countMissing, moments } from '../table/statistics.js';
import { defineTransformer, freeName } from '../table/transformer.js';

const parameters = defineParameters({
  nNeighbors: {
    type: 'integer',
    default: 5,
    min: 1,
    meaning: 'rows that are asked, among those that have the value',
    tune: { low: 1, high: 50, log: true },
  },
  weights: {
    type: 'choice',
    default: 'uniform',
    choices: ['uniform', 'distance'],
    meaning: 'uniform: they count alike; distance: the nearer, the more (by 1/distance)',
    tune: { choices: ['uniform', 'distance'] },
  },
  addIndicator: { type: 'boolean', default: false, meaning: 'adds a column that is 1 where the value was missing' },
});

/**
 * Fills missing numbers with the mean of the nearest training rows that have them, as scikit-learn's KNNImputer does
 * (Troyanskaya et al., "Missing Value Estimation Methods for DNA Microarrays", Bioinformatics, 2001). Rows are compared by
 * the columns that both have, the squared difference scaled up to all columns; so columns should be of one scale. Where no
 * row with the value has a column in common, the column's mean is taken. Columns without a single value are left alone, as
 * are those of other types than number.
 */
export const knnImpute = defineTransformer({
  name: 'knn-impute',
  meaning: 'fills missing numbers with the mean of the nearest rows that have them',
  declarations: parameters,
  fit(table, { columns }, { nNeighbors, weights, addIndicator }) {
    const filled = columns
      .map((name) => readRegister(table, name))
      .filter(({ type, values }) => type === 'number' && countMissing(values) < values.length);
    const points = filled.length === 0 ? new Float64Array(0) : pointsOf(filled.map(({ values }) => values)).values;
    const fallback = Float64Array.from(filled, ({ values }) => moments(values).mean);
    return {
      lower(builder) {
        if (filled.length === 0) return;
        const before = filled.map(({ name }) => builder.columns.get(name)!);
        const first = builder.reserve(filled.length);
        const inputs = before.map(({ register }) => register);
        const outputs = before.map((_, j) => first + j);
        filled.forEach(({ name, values }, j) => {
          if (!addIndicator || countMissing(values) === 0) return;
          const register = builder.add({ op: 'indicator', in: inputs[j]! });
          builder.define({ name: freeName(builder, `${name}_missing`), register, type: 'number' });
        });
        builder.emit({ op: 'imputeNeighbors', inputs, outputs, k: nNeighbors, weights, points, fallback });
        before.forEach((column, j) => builder.define({ ...column, register: outputs[j]! }));
      },
      report: filled.flatMap(({ name, values }): Repair[] => {
        const rows = countMissing(values);
        const detail = `the mean of the ${nNeighbors} nearest rows`;
        return rows === 0 ? [] : [{ what: 'missing values filled', column: name, rows, detail }];
      }),
    };
  },
});
