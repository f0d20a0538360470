import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { defineParameters } from '../parameters.js';
import { contingency, etaSquared, goodmanKruskal, groupsOf } from '../table/association.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { Repair } from '../table/interfaces.js';
import { defineTransformer, dropping } from '../table/transformer.js';

/** What a single column, or a sum of two, tells of the target: 0 nothing, 1 everything. */
export interface Leak {
  readonly columns: readonly string[];
  readonly strength: number;
  readonly reason: string;
}

/** Groups must be this large in the mean, or a column of many values explains everything by accident. */
const ROWS_PER_GROUP = 5;
const MOST_COLUMNS_FOR_SUMS = 60;

/**
 * Looks for columns that give the target away: by themselves (share of the target's variance, or of its wrong guesses,
 * that their groups explain), or as two that add up to it in every row.
 */
export function findLeaks(table: Table, columns: readonly string[], target: string, threshold: number): Leak[] {
  const answer = readRegister(table, target);
  const registers = columns.map((name) => readRegister(table, name));
  const single = registers.flatMap((column): Leak[] => {
    const strength = explained(column, answer);
    if (strength < threshold) return [];
    const percent = Math.floor(1000 * strength) / 10;
    return [{ columns: [column.name], strength, reason: `it alone explains ${percent} % of "${target}"` }];
  });
  return [...single, ...(answer.type === 'number' ? sums(registers, answer) : [])];
}

function explained(column: RegisterColumn, target: RegisterColumn): number {
  const { groups, count } = groupsOf(column);
  if (count * ROWS_PER_GROUP > groups.length) return 0;
  if (target.type === 'number') return etaSquared(groups, count, target.values) || 0; // NaN: a target that does not vary
  const classes = target.labels?.length ?? 2;
  return goodmanKruskal(contingency(groups, count, target.values, classes), classes);
}

/** Pairs with a + b = target in every row. */
function sums(registers: readonly RegisterColumn[], target: RegisterColumn): Leak[] {
  const numeric = registers.filter(({ type }) => type === 'number').slice(0, MOST_COLUMNS_FOR_SUMS);
  const y = target.values;
  const leaks: Leak[] = [];
  for (let a = 0; a < numeric.length; a++) {
    for (let b = a + 1; b < numeric.length; b++) {
      const [left, right] = [numeric[a]!, numeric[b]!];
      if (!addsUp(left.values, right.values, y)) continue;
      const reason = `${left.name} + ${right.name} = ${target.name} in every row`;
      leaks.push({ columns: [left.name, right.name], strength: 1, reason });
    }
  }
  return leaks;
}

function addsUp(a: Float64Array, b: Float64Array, y: Float64Array): boolean {
  let found = 0;
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(y[i])) continue;
    if (!(Math.abs(a[i]! + b[i]! - y[i]!) <= 1e-9 * Math.abs(y[i]!))) return false;
    found++;
  }
  return found >= 20;
}

/** Reports, drops or refuses columns that give the target away. */
export const leakage = defineTransformer({
  name: 'leakage',
  meaning: 'looks for columns that give the target away',
  declarations: defineParameters({
    action: {
      type: 'choice',
      default: 'report',
      choices: ['report', 'drop', 'refuse'],
      meaning: 'what is done with them',
    },
    threshold: {
      type: 'number',
      default: 0.9,
      min: 0.5,
      max: 1,
      meaning: 'share of the target that one column may explain',
    },
  }),
  fit(table, { columns, target }, { action, threshold }) {
    const leaks = target === undefined ? [] : findLeaks(table, columns, target, threshold);
    if (action === 'refuse' && leaks.length > 0) throw refusal(leaks, target!);
    if (action === 'drop') {
      return dropping(
        new Map(leaks.flatMap((leak) => leak.columns.map((name) => [name, `dropped as a leak: ${leak.reason}`]))),
        table.numRows,
      );
    }
    return { lower: () => undefined, report: leaks.map((leak) => repair(leak, table.numRows)) };
  },
});

function repair({ columns, reason }: Leak, rows: number): Repair {
  return { what: 'suspected leak', column: columns.join(', '), rows, detail: reason };
}

function refusal(leaks: readonly Leak[], target: string): LanewiseError {
  const list = leaks.map(({ columns, reason }) => `${columns.join(' and ')} (${reason})`).join('; ');
  return new LanewiseError('data', `Expected features that are known before "${target}" is, but found: ${list}`, {
    column: leaks[0]!.columns[0],
    hint: `ignore: [${leaks.flatMap(({ columns }) => columns).join(', ')}], or set leakage.action to report`,
  });
}
