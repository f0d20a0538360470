import { defineParameters } from '../parameters.js';
import { readRegister } from '../table/columns.js';
import { columnInfo } from '../table/schema.js';
import { countMissing, varies } from '../table/statistics.js';
import { defineTransformer, dropping } from '../table/transformer.js';

/** Drops columns in which too large a share of the training rows is missing. */
export const dropMissing = defineTransformer({
  name: 'drop-missing',
  meaning: 'drops columns with too large a share of missing values',
  declarations: defineParameters({
    share: {
      type: 'number',
      default: 1,
      min: 0,
      max: 1,
      above: true,
      meaning: 'share of missing rows from which on a column goes',
    },
  }),
  fit(table, { columns }, { share }) {
    const reasons = new Map<string, string>();
    for (const name of columns) {
      const missing = countMissing(readRegister(table, name).values);
      if (missing < share * table.numRows || missing === 0) continue;
      const percent = Math.round((100 * missing) / table.numRows);
      reasons.set(
        name,
        missing === table.numRows ? 'dropped: all values are missing' : `dropped: ${percent} % missing`,
      );
    }
    return dropping(reasons, table.numRows);
  },
});

/** Drops columns that say nothing: one value in every row. A column that is one value or missing says something. */
export const dropConstant = defineTransformer({
  name: 'drop-constant',
  meaning: 'drops columns of a single value',
  declarations: {},
  fit(table, { columns }) {
    const reasons = new Map<string, string>();
    for (const name of columns) {
      const { values } = readRegister(table, name);
      if (values.length > 0 && !varies(values) && countMissing(values) % values.length === 0) {
        reasons.set(name, 'dropped: one value in every row');
      }
    }
    return dropping(reasons, table.numRows);
  },
});

/** Drops timestamps: as they are, they are only ever greater than those learnt from. */
export const dropTimestamps = defineTransformer({
  name: 'drop-timestamps',
  meaning: 'drops timestamps that no feature was made of',
  declarations: {},
  fit(table, { columns }) {
    const found = columns.filter((name) => columnInfo(table, name).kind === 'timestamp');
    const reason = 'dropped: a timestamp, of which only parts (hour, weekday, …) can be learnt from';
    return dropping(new Map(found.map((name) => [name, reason])), table.numRows);
  },
});

/** Drops texts and categories that are nearly as many as the rows: names, numbers of documents. Nothing recurs in them. */
export const dropIdentifiers = defineTransformer({
  name: 'drop-identifiers',
  meaning: 'drops texts and categories that nearly never recur',
  declarations: defineParameters({
    share: {
      type: 'number',
      default: 0.9,
      min: 0,
      max: 1,
      above: true,
      meaning: 'distinct labels, as a share of the rows that have one, from which on a column goes',
    },
    minLevels: { type: 'integer', default: 20, min: 2, meaning: 'columns with fewer labels stay' },
  }),
  fit(table, { columns }, { share, minLevels }) {
    const reasons = new Map<string, string>();
    for (const name of columns) {
      const { labels, values } = readRegister(table, name);
      if (!labels || labels.length < minLevels) continue;
      const present = values.length - countMissing(values);
      if (labels.length >= share * present)
        reasons.set(name, `dropped: ${labels.length} distinct labels in ${present} rows`);
    }
    return dropping(reasons, table.numRows);
  },
});
