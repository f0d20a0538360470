import { readRegister } from '../table/columns.js';
import { defineTransformer } from '../table/transformer.js';

/** Infinite numbers become missing: sums and distances cannot use them, and a quotient by zero is no measurement. */
export const infinite = defineTransformer({
  name: 'infinite-to-missing',
  meaning: 'infinite numbers become missing',
  declarations: {},
  fit(table, { columns }) {
    const found = new Map<string, number>();
    for (const name of columns) {
      const { type, values } = readRegister(table, name);
      if (type !== 'number') continue;
      let count = 0;
      for (let i = 0; i < values.length; i++) if (values[i] === Infinity || values[i] === -Infinity) count++;
      if (count > 0) found.set(name, count);
    }
    return {
      lower(builder) {
        for (const name of found.keys()) {
          const column = builder.columns.get(name)!;
          const from = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
          builder.define({
            ...column,
            register: builder.add({ op: 'replace', in: column.register, from, to: Number.NaN }),
          });
        }
      },
      report: [...found].map(([column, rows]) => ({ what: 'infinite values made missing', column, rows })),
    };
  },
});
