import type { Table } from 'apache-arrow';
import type { SparseRows } from '../../engine/sparse-matrix.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError } from '../../errors.js';
import { readRegister } from '../../table/columns.js';
import { Ids, readIds, textOf } from '../../table/ids.js';
import type { IdList, InteractionColumns, InteractionFacts, LeftOut } from '../../table/recommendation.js';
import { columnInfo, namesWithRole, type Role } from '../../table/schema.js';

export type NamedColumns = InteractionColumns & { readonly user: string; readonly item: string };

/** What was observed: one value a pair of user and item. */
export interface Interactions {
  readonly columns: NamedColumns;
  readonly feedback: 'explicit' | 'implicit';
  readonly users: IdList;
  readonly items: IdList;
  /** Users by items: ratings, or weights > 0. */
  readonly rows: SparseRows;
  readonly facts: InteractionFacts;
}

export interface ReadOptions extends InteractionColumns {
  /** explicit: ratings, the latest of a pair. implicit: weights, summed over a pair. Default: by whether there are ratings. */
  readonly feedback?: 'explicit' | 'implicit';
  /** implicit only: rows with a lower rating are left out. */
  readonly positiveFrom?: number | null;
  readonly signal?: AbortSignal;
}

/** The columns by option, else by role. @throws LanewiseError `usage` where users or items cannot be told. */
export function interactionColumns(table: Table, options: InteractionColumns): NamedColumns {
  const chosen = (given: string | undefined, role: Role) => {
    const name = given ?? namesWithRole(table, role)[0];
    if (name !== undefined) columnInfo(table, name);
    return name;
  };
  const user = chosen(options.user, 'user');
  const item = chosen(options.item, 'item');
  const rating = chosen(options.rating, 'target');
  const weight = chosen(options.weight, 'weight');
  const time = chosen(options.time, 'time');
  for (const [what, name] of [
    ['users', user],
    ['items', item],
  ]) {
    if (name !== undefined) continue;
    const message = `Expected a column of ${what} for a recommender but received none`;
    throw new LanewiseError('usage', message, { hint: `Name it with user and item, or give columns these roles.` });
  }
  return {
    user: user!,
    item: item!,
    ...(rating !== undefined && { rating }),
    ...(weight !== undefined && { weight }),
    ...(time !== undefined && { time }),
  };
}

/**
 * Reads who met what. Rows without a user, an item, or (explicit) a rating are left out and counted. Of several ratings of a
 * pair the latest by time holds, the last row among equals; weights of a pair are added, and a pair whose sum is not above 0
 * (what was bought was given back) is left out.
 * @throws LanewiseError `data` where nothing is left, or a value is infinite.
 */
export async function readInteractions(table: Table, options: ReadOptions): Promise<Interactions> {
  const breather = new Breather();
  const columns = interactionColumns(table, options);
  const feedback = options.feedback ?? (columns.rating === undefined ? 'implicit' : 'explicit');
  if (feedback === 'explicit' && columns.rating === undefined) {
    throw new LanewiseError('usage', 'Expected a column of ratings for explicit feedback but received none', {
      hint: 'Name it with rating, or take a model of implicit feedback: implicit-als, bpr, item-knn, popularity.',
    });
  }
  const users = readIds(table, columns.user);
  await breather.breathe(options.signal);
  const items = readIds(table, columns.item);
  await breather.breathe(options.signal);
  const numbers = (name: string | undefined) => name && finiteNumbers(table, name);
  const ratings = numbers(columns.rating) || undefined;
  const weights = numbers(columns.weight) || undefined;
  const times = columns.time === undefined ? undefined : readRegister(table, columns.time).values;
  const left = new Map<string, number>();
  const leave = (reason: string) => {
    left.set(reason, (left.get(reason) ?? 0) + 1);
  };
  const keptRows = new Int32Array(table.numRows);
  let keptCount = 0;
  for (let row = 0; row < table.numRows; row++) {
    if (users.codes[row]! < 0) leave(`no ${columns.user}`);
    else if (items.codes[row]! < 0) leave(`no ${columns.item}`);
    else if (feedback === 'explicit' && Number.isNaN(ratings![row]!)) leave(`no ${columns.rating}`);
    else if (feedback === 'implicit' && weights && Number.isNaN(weights[row]!)) leave(`no ${columns.weight}`);
    else if (
      feedback === 'implicit' &&
      options.positiveFrom != null &&
      ratings &&
      !(ratings[row]! >= options.positiveFrom)
    )
      leave(`${columns.rating} below ${options.positiveFrom}`);
    else keptRows[keptCount++] = row;
    if ((row & 0xffff) === 0xffff) await breather.breathe(options.signal);
  }
  const kept = keptRows.subarray(0, keptCount);
  const amountOf =
    feedback === 'explicit' ? (row: number) => ratings![row]! : (row: number) => (weights ? weights[row]! : 1);
  const pairs = await pairsOf(breather, kept, users.codes, items.codes, amountOf, feedback, times);
  if (pairs.cancelled > 0) left.set(`weights of a pair that add up to 0 or less`, pairs.cancelled);
  const leftOut: LeftOut[] = [...left].map(([reason, rows]) => ({ reason, rows }));
  if (pairs.values.length === 0) {
    const why = leftOut.map(({ reason, rows }) => `${rows} × ${reason}`).join(', ');
    throw new LanewiseError(
      'data',
      `Expected rows of users and items to learn from but received none${why ? ` that can be used (${why})` : ''}`,
      { hint: 'Each row says that a user met an item.' },
    );
  }
  return present(columns, feedback, users.list, items.list, pairs, table.numRows, leftOut);
}

interface Pairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float64Array;
  /** Rows of pairs whose weights add up to nothing. */
  readonly cancelled: number;
}

/** Rows by user, then item, then time, then place; one value a pair. */
async function pairsOf(
  breather: Breather,
  kept: Int32Array,
  users: Int32Array,
  items: Int32Array,
  amountOf: (row: number) => number,
  feedback: 'explicit' | 'implicit',
  times: Float64Array | undefined,
): Promise<Pairs> {
  const time = (row: number) => {
    const value = times?.[row] ?? 0;
    // A missing time is the earliest: what is dated is later.
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  };
  const order = sortedByPair(kept, users, items);
  await breather.breathe();
  const most = order.length;
  const found = { users: new Int32Array(most), items: new Int32Array(most), values: new Float64Array(most) };
  let count = 0;
  let cancelled = 0;
  for (let start = 0; start < order.length; ) {
    const first = order[start]!;
    let end = start;
    let value = 0;
    let latest = Number.NEGATIVE_INFINITY;
    while (end < order.length && users[order[end]!] === users[first] && items[order[end]!] === items[first]) {
      const row = order[end++]!;
      if (feedback === 'implicit') value += amountOf(row);
      else if (time(row) >= latest) {
        latest = time(row);
        value = amountOf(row);
      }
    }
    if (feedback === 'implicit' && !(value > 0)) cancelled += end - start;
    else {
      found.users[count] = users[first]!;
      found.items[count] = items[first]!;
      found.values[count++] = value;
    }
    start = end;
    if ((count & 0x3fff) === 0) await breather.breathe();
  }
  return {
    users: found.users.slice(0, count),
    items: found.items.slice(0, count),
    values: found.values.slice(0, count),
    cancelled,
  };
}

/** Two stable counting sorts: by item, then by user. */
function sortedByPair(kept: Int32Array, users: Int32Array, items: Int32Array): Int32Array {
  return countingSort(countingSort(kept, items), users);
}

function countingSort(rows: Int32Array, codes: Int32Array): Int32Array {
  let most = 0;
  for (const row of rows) most = Math.max(most, codes[row]!);
  const places = new Int32Array(most + 2);
  for (const row of rows) places[codes[row]! + 1]!++;
  for (let code = 0; code <= most; code++) places[code + 1]! += places[code]!;
  const out = new Int32Array(rows.length);
  for (const row of rows) out[places[codes[row]!]!++] = row;
  return out;
}

/** Only users and items that are left have an index: those whose rows all went do not exist for the model. */
function present(
  columns: NamedColumns,
  feedback: 'explicit' | 'implicit',
  users: IdList,
  items: IdList,
  pairs: Pairs,
  rowCount: number,
  leftOut: readonly LeftOut[],
): Interactions {
  const [userSide, itemSide] = [renumber(users, pairs.users), renumber(items, pairs.items)];
  const offsets = new Int32Array(userSide.list.count + 1);
  for (const user of userSide.codes) offsets[user + 1]!++;
  for (let user = 0; user < userSide.list.count; user++) offsets[user + 1]! += offsets[user]!;
  return {
    columns,
    feedback,
    users: userSide.list,
    items: itemSide.list,
    rows: {
      rowCount: userSide.list.count,
      columnCount: itemSide.list.count,
      offsets,
      indices: itemSide.codes,
      values: pairs.values,
    },
    facts: {
      rows: rowCount,
      users: userSide.list.count,
      items: itemSide.list.count,
      pairs: pairs.values.length,
      leftOut,
    },
  };
}

function renumber(list: IdList, codes: Int32Array): { list: IdList; codes: Int32Array } {
  const used = new Uint8Array(list.count);
  for (const code of codes) used[code] = 1;
  if (used.every((mark) => mark === 1)) return { list, codes };
  const places = new Int32Array(list.count);
  const texts: string[] = [];
  for (let i = 0; i < list.count; i++) if (used[i]) places[i] = texts.push(textOf(list.id(i))) - 1;
  return { list: new Ids(list.type, texts), codes: codes.map((code) => places[code]!) };
}

/** @throws LanewiseError `data` for a number that is infinite. */
function finiteNumbers(table: Table, name: string): Float64Array {
  const { values, type } = readRegister(table, name);
  if (type === 'category' || type === 'text') {
    throw new LanewiseError('data', `Expected numbers in "${name}" but it holds texts`, { column: name });
  }
  const row = values.findIndex((value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY);
  if (row < 0) return values;
  const message = `Expected finite numbers in "${name}" but row ${row + 1} has ${values[row]}`;
  throw new LanewiseError('data', message, { column: name, row: row + 1 });
}
