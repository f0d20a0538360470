import { uniformAt } from '../../engine/random.js';
import { invalid, LanewiseError } from '../../errors.js';
import { readRegister } from '../../table/columns.js';
import { readIds } from '../../table/ids.js';
import type { Splitter } from '../../table/interfaces.js';
import type { InteractionColumns } from '../../table/recommendation.js';
import { holdOut, latestHoldOut } from '../splitter.js';

/** How recommenders are tested: one item of each user, a share of the rows at random, or the latest rows. */
export const splitKinds = ['leave-one-out', 'random', 'latest'] as const;
export type SplitKind = (typeof splitKinds)[number];

/**
 * A split by its name. Default: random where there are ratings, which are to be predicted, else leave-one-out.
 * @throws LanewiseError `usage` where the latest are wanted and no column says when.
 */
export function recommendationSplitter(
  { user, item, time, rating }: InteractionColumns & { readonly user: string; readonly item: string },
  kind: SplitKind = rating === undefined ? 'leave-one-out' : 'random',
  testFraction = 0.2,
): Splitter {
  if (kind === 'random') return holdOut({ testFraction });
  if (kind === 'leave-one-out') return leaveOneOut({ user, item, ...(time !== undefined && { time }) });
  if (time !== undefined) return latestHoldOut({ time, testFraction });
  throw new LanewiseError(
    'usage',
    'Expected a column that says when for a split by the latest rows but received none',
    {
      hint: 'Name it with time, or split at random or by leave-one-out.',
    },
  );
}

export interface LeaveOneOutOptions {
  readonly user: string;
  readonly item: string;
  /** By time: the latest item of each user, the last row among equals. Absent: any one, keyed by (seed, user). */
  readonly time?: string;
  /** Users with fewer different items are learnt from only; default 2. */
  readonly minItems?: number;
}

/**
 * One item of each user tests, with all rows of that pair, so that nothing of it is learnt from; all else trains. Rows
 * without a user or an item are in neither.
 * @throws LanewiseError `data` where no user has two items.
 */
export function leaveOneOut({ user, item, time, minItems = 2 }: LeaveOneOutOptions): Splitter {
  if (!Number.isInteger(minItems) || minItems < 2) throw invalid('minItems', 'an integer >= 2', minItems);
  return {
    name: time === undefined ? 'leave one out, at random' : `leave the latest out by "${time}"`,
    split: (table, { seed = 0 }) => {
      const [users, items] = [readIds(table, user).codes, readIds(table, item).codes];
      const times = time === undefined ? undefined : readRegister(table, time).values;
      const test = new Uint8Array(table.numRows);
      const rowsOf = byUser(users, items);
      let held = 0;
      [...rowsOf.values()].forEach((rows, place) => {
        const distinct = new Set(rows.map((row) => items[row]!));
        if (distinct.size < minItems) return;
        const chosen = times
          ? latest(rows, items, times)
          : [...distinct][Math.floor(uniformAt(seed, 'leave one out', place) * distinct.size)]!;
        for (const row of rows) if (items[row] === chosen) test[row] = 1;
        held++;
      });
      if (held === 0) {
        throw new LanewiseError(
          'data',
          `Expected users with at least ${minItems} items to hold one out but there is none`,
          {
            column: user,
          },
        );
      }
      const known = Uint32Array.from({ length: table.numRows }, (_, row) => row).filter(
        (row) => users[row]! >= 0 && items[row]! >= 0,
      );
      return [{ train: known.filter((row) => !test[row]), test: known.filter((row) => test[row] === 1) }];
    },
  };
}

/** Rows by user, the users by value, so that a draw does not depend on the order of the rows. */
function byUser(users: Int32Array, items: Int32Array): Map<number, number[]> {
  const found = new Map<number, number[]>();
  users.forEach((user, row) => {
    if (user < 0 || items[row]! < 0) return;
    const rows = found.get(user);
    if (rows) rows.push(row);
    else found.set(user, [row]);
  });
  return new Map(
    [...found]
      .sort(([a], [b]) => a - b)
      .map(([user, rows]) => [user, rows.sort((a, b) => items[a]! - items[b]! || a - b)]),
  );
}

function latest(rows: readonly number[], items: Int32Array, times: Float64Array): number {
  let best = rows[0]!;
  const time = (row: number) => (Number.isNaN(times[row]) ? Number.NEGATIVE_INFINITY : times[row]!);
  for (const row of rows) if (time(row) > time(best) || (time(row) === time(best) && row > best)) best = row;
  return items[best]!;
}
