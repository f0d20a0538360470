import { defineParameters } from '../parameters.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import { compareUtf8, type RegisterColumn, readRegister } from '../table/columns.js';
import type { Repair } from '../table/interfaces.js';
import { countCodes } from '../table/statistics.js';
import { defineTransformer } from '../table/transformer.js';

/** Labels that stand for nothing, after trimming and in lower case. */
const SENTINEL_LABELS = new Set(['?', '??', '-', '--', '.', 'n/a', 'na', '#n/a', 'nan', 'null', '(null)', '']);
/** Numbers that are written where there is no measurement. */
const SENTINEL_NUMBERS = [-99, -999, -9999, -99999, -999999];

/** One repaired column: how it is lowered, and what to report. */
interface Fix {
  readonly lower: (builder: ProgramBuilder) => void;
  readonly report: readonly Repair[];
}

/**
 * Labels that differ only in white space or case become one, the most frequent way of writing it; labels and numbers
 * that stand for "missing" become missing. A number does so only where it lies further from the rest than the rest is
 * wide, so that a temperature of −99 stays; 99999 is left alone, being a ceiling as often as a sentinel.
 */
export const inconsistencies = defineTransformer({
  name: 'inconsistencies',
  meaning: 'merges labels that differ in white space or case; sentinels such as ? and -999 become missing',
  declarations: defineParameters({
    mergeLabels: { type: 'boolean', default: true, meaning: 'labels that differ in white space or case become one' },
    sentinels: {
      type: 'boolean',
      default: true,
      meaning: 'labels and numbers that stand for "missing" become missing',
    },
  }),
  fit(table, { columns }, { mergeLabels, sentinels }) {
    const fixes = columns.flatMap((name) => {
      const column = readRegister(table, name);
      if (column.type === 'category') return labelFix(column, mergeLabels, sentinels) ?? [];
      return column.type === 'number' && sentinels ? (numberFix(column) ?? []) : [];
    });
    return {
      lower: (builder) => fixes.forEach((fix) => fix.lower(builder)),
      report: fixes.flatMap((fix) => fix.report),
    };
  },
});

/** What labels have in common that mean the same. */
function essence(label: string): string {
  return label.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

function labelFix({ name, values, labels = [] }: RegisterColumn, merge: boolean, sentinels: boolean): Fix | undefined {
  const counts = countCodes(values, labels.length);
  const isSentinel = labels.map((label) => sentinels && SENTINEL_LABELS.has(essence(label)));
  const spellings = new Map<string, number[]>();
  labels.forEach((label, code) => {
    if (isSentinel[code]) return;
    const key = merge ? essence(label) : label;
    spellings.set(key, [...(spellings.get(key) ?? []), code]);
  });
  const groups = [...spellings.values()];
  const merged = groups.filter((codes) => codes.length > 1);
  if (merged.length === 0 && !isSentinel.includes(true)) return undefined;
  const nameOf = (codes: readonly number[]) => {
    const [first] = codes.toSorted((a, b) => counts[b]! - counts[a]! || a - b);
    return codes.length > 1 ? labels[first!]!.trim() : labels[first!]!;
  };
  const written = groups.map((codes) => ({ codes, label: nameOf(codes) }));
  const newLabels = [...new Set(written.map(({ label }) => label))].sort(compareUtf8);
  const lookup = new Float64Array(labels.length).fill(Number.NaN);
  for (const { codes, label } of written) for (const code of codes) lookup[code] = newLabels.indexOf(label);
  const rowsOf = (codes: readonly number[]) => codes.reduce((sum, code) => sum + counts[code]!, 0);
  const sentinelCodes = [...labels.keys()].filter((code) => isSentinel[code]);
  return {
    lower(builder) {
      const column = builder.columns.get(name)!;
      const operation = { missing: Number.NaN, unseen: newLabels.length, table: lookup } as const;
      const register = builder.add({ op: 'lookup', in: column.register, ...operation });
      builder.define({ name, register, type: 'category', labels: newLabels });
    },
    report: [
      ...merged.map((codes) => ({
        what: 'ways of writing one label merged',
        column: name,
        rows: rowsOf(codes),
        detail: codes.map((code) => JSON.stringify(labels[code])).join(', '),
      })),
      ...(sentinelCodes.length > 0
        ? [
            {
              what: 'sentinels made missing',
              column: name,
              rows: rowsOf(sentinelCodes),
              detail: sentinelCodes.map((code) => labels[code]).join(', '),
            },
          ]
        : []),
    ],
  };
}

function numberFix({ name, values }: RegisterColumn): Fix | undefined {
  const found = sentinelsIn(values);
  if (found.length === 0) return undefined;
  const rows = values.reduce((count, value) => count + (found.includes(value) ? 1 : 0), 0);
  return {
    lower(builder) {
      const column = builder.columns.get(name)!;
      const register = builder.add({ op: 'replace', in: column.register, from: found, to: Number.NaN });
      builder.define({ ...column, register });
    },
    report: [{ what: 'sentinels made missing', column: name, rows, detail: found.join(', ') }],
  };
}

/** The sentinels that occur, twice at least, further from all other numbers than these are from each other. */
function sentinelsIn(values: Float64Array): number[] {
  const counts = SENTINEL_NUMBERS.map(() => 0);
  let [others, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    const place = x <= SENTINEL_NUMBERS[0]! ? SENTINEL_NUMBERS.indexOf(x) : -1;
    if (place >= 0) counts[place]!++;
    else if (x > Number.NEGATIVE_INFINITY && x < Number.POSITIVE_INFINITY) {
      others++;
      if (x < low) low = x;
      if (x > high) high = x;
    }
  }
  if (others < 2) return [];
  return SENTINEL_NUMBERS.filter((sentinel, place) => counts[place]! > 1 && low - sentinel > Math.max(0, high - low));
}
