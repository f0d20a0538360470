import { defineParameters } from '../parameters.js';
import type { ProgramBuilder, ProgramColumn } from '../scoring/builder.js';
import { readRegister } from '../table/columns.js';
import type { Repair } from '../table/interfaces.js';
import { countCodes, countMissing } from '../table/statistics.js';
import { defineTransformer, freeName } from '../table/transformer.js';

/** Levels of a categorical column, as the training rows have them. */
interface Levels {
  readonly name: string;
  readonly labels: readonly string[];
  readonly counts: Uint32Array;
  readonly missing: number;
  readonly rows: number;
}

function levelsOf(table: Parameters<typeof readRegister>[0], columns: readonly string[]): Levels[] {
  return columns.flatMap((name) => {
    const { type, values, labels } = readRegister(table, name);
    if (type !== 'category') return [];
    const counts = countCodes(values, labels!.length);
    return [{ name, labels: labels!, counts, missing: countMissing(values), rows: values.length }];
  });
}

function describeLevels({ counts, missing }: Levels): string {
  const levels = counts.filter((count) => count > 0).length;
  const rest = missing > 0 ? `, and missing in ${missing} rows as a level of its own` : '';
  return `${levels} ${levels === 1 ? 'level' : 'levels'}${rest}`;
}

/** A column's labels may change on the way (merging, grouping): codes in the program are those of the builder. */
function report(what: string, levels: readonly Levels[], detail: (level: Levels) => string): Repair[] {
  return levels.map((level) => ({ what, column: level.name, rows: level.rows, detail: detail(level) }));
}

/**
 * One column of 0 and 1 a level. Missing is a level of its own where training rows have it. Labels never seen in
 * training have 0 in every column, or 1 in the infrequent one where there is one.
 */
export const oneHot = defineTransformer({
  name: 'one-hot',
  meaning: 'one column of 0 and 1 for each level of a category',
  declarations: defineParameters({
    minFrequency: { type: 'integer', default: 1, min: 1, meaning: 'levels with fewer training rows share one column' },
    maxCategories: {
      type: 'integer',
      default: null,
      nullable: true,
      min: 2,
      meaning: 'at most so many columns; the rest share one; null: no limit',
    },
    drop: {
      type: 'choice',
      default: 'none',
      choices: ['none', 'first'],
      meaning:
        'first: no column for the first level, which the others are then compared with (as regression tables do)',
    },
  }),
  fit(table, { columns }, { minFrequency, maxCategories, drop }) {
    const levels = levelsOf(table, columns);
    const kept = levels.map((level) => frequentCodes(level, minFrequency, maxCategories));
    return {
      lower: (builder) => levels.forEach((level, index) => lowerOneHot(builder, level, kept[index]!, drop === 'first')),
      report: report('one-hot encoded', levels, describeLevels),
    };
  },
});

/** Codes that get a column of their own, ascending. */
function frequentCodes({ counts }: Levels, minFrequency: number, maxCategories: number | null): number[] {
  const present = [...counts.keys()].filter((code) => counts[code]! >= minFrequency && counts[code]! > 0);
  if (maxCategories === null || present.length <= maxCategories) return present;
  const byCount = present.toSorted((a, b) => counts[b]! - counts[a]! || a - b);
  return byCount.slice(0, maxCategories - 1).sort((a, b) => a - b);
}

function lowerOneHot(builder: ProgramBuilder, level: Levels, kept: readonly number[], dropFirst: boolean): void {
  const { name, labels, counts } = level;
  const column = builder.columns.get(name)!;
  const grouped = counts.some((count, code) => count > 0 && !kept.includes(code));
  const missing = level.missing > 0;
  let register = column.register;
  let values: readonly number[] = kept;
  if (grouped) {
    const other = kept.length;
    const lookup = new Float64Array(labels.length).fill(other);
    kept.forEach((code, place) => {
      lookup[code] = place;
    });
    register = builder.add({ op: 'lookup', in: register, table: lookup, missing: Number.NaN, unseen: other });
    values = Array.from({ length: other + 1 }, (_, place) => place);
  }
  builder.drop(name);
  const skipped = dropFirst && values.length > 0 ? 1 : 0;
  values = values.slice(skipped);
  if (values.length === 0 && !missing) return;
  const out = builder.reserve(values.length + (missing ? 1 : 0));
  builder.emit({ op: 'oneHot', in: register, out, values, missing });
  const names = [
    ...kept.map((code) => labels[code]!),
    ...(grouped ? ['(infrequent)'] : []),
    ...(missing ? ['(missing)'] : []),
  ].slice(skipped);
  names.forEach((label, k) => {
    builder.define({ name: freeName(builder, `${name}=${label}`), register: out + k, type: 'number' });
  });
}

/** The level's place among the sorted labels; missing and unseen labels are −1. */
export const ordinal = defineTransformer({
  name: 'ordinal',
  meaning: "a level's place among the sorted labels; missing and unseen are −1",
  declarations: defineParameters({
    minLevels: { type: 'integer', default: 0, min: 0, meaning: 'only columns with more levels than this are encoded' },
  }),
  fit(table, { columns }, { minLevels }) {
    const levels = levelsOf(table, columns).filter(({ labels }) => labels.length > minLevels);
    return {
      lower(builder) {
        for (const { name, labels } of levels) {
          const lookup = Float64Array.from(labels, (_, code) => code);
          replaceByLookup(builder, builder.columns.get(name)!, lookup, -1, -1);
        }
      },
      report: report('ordinally encoded', levels, describeLevels),
    };
  },
});

/** The share of training rows that have the level; missing is a level; unseen labels are 0. */
export const frequency = defineTransformer({
  name: 'frequency',
  meaning: 'the share of training rows that have the level',
  declarations: {},
  fit(table, { columns }) {
    const levels = levelsOf(table, columns);
    return {
      lower(builder) {
        for (const { name, counts, missing, rows } of levels) {
          const lookup = Float64Array.from(counts, (count) => count / rows);
          replaceByLookup(builder, builder.columns.get(name)!, lookup, missing / rows, 0);
        }
      },
      report: report('encoded by frequency', levels, describeLevels),
    };
  },
});

function replaceByLookup(
  builder: ProgramBuilder,
  column: ProgramColumn,
  table: Float64Array,
  missing: number,
  unseen: number,
): void {
  const register = builder.add({ op: 'lookup', in: column.register, table, missing, unseen });
  builder.define({ name: column.name, register, type: 'number' });
}
