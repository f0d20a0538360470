import type { Table } from 'apache-arrow';
import { expect, test } from 'vitest';
import { uniformAt } from '#lanewise/engine/random.js';
import { ItemKNN } from '#lanewise/models/recommendation/index.js';
import { monitorRecommender } from '#lanewise/monitor/index.js';
import { readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import { twoTastes } from '../models/recommendation-data.js';

const all = twoTastes();
const columns = { user: 'who', item: 'what' };
const rowsWhere = (keep: (row: number) => boolean) =>
  takeRows(all, Uint32Array.from({ length: all.numRows }, (_, row) => row).filter(keep));
/** A quarter of the rows. */
const isLive = (row: number) => uniformAt(5, 'live', row) < 0.25;
const model = await new ItemKNN({ feedback: 'implicit' }).fit(
  rowsWhere((row) => !isLive(row)),
  columns,
);
const live = rowsWhere(isLive);

function changed(table: Table, name: string, change: (value: number, row: number) => number): Table {
  const registers = ['who', 'what', 'when', 'stars'].map((column) => readRegister(table, column));
  return tableFromRegisters(
    registers.map((register) =>
      register.name === name ? { ...register, values: register.values.map(change) } : register,
    ),
  );
}

test('rows like those of training are no reason for anything, and the lists beat popularity', async () => {
  // What was met before is met again, and the rest besides.
  const report = await monitorRecommender(model, all, { k: 3 });
  expect(report).toMatchObject({
    verdict: 'stable',
    retrain: false,
    unknownUsers: { rows: 0 },
    unknownItems: { rows: 0 },
  });
  const { model: own, popularity, difference, users } = report.lists!;
  expect(difference.difference).toBeCloseTo(own.value - popularity.value, 12);
  expect([difference.low > 0, users > 20, report.rows]).toEqual([true, true, all.numRows]);
  for (const { reference, current } of [report.seen, report.recommended])
    for (const shares of [reference, current]) expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
});

test('users and items that training did not have are counted; too many of them call for training', async () => {
  const strangers = await monitorRecommender(
    model,
    changed(live, 'who', (user, row) => (row % 4 === 0 ? user + 1000 : user)),
    { k: 3 },
  );
  const expected = Math.ceil(live.numRows / 4);
  expect(strangers.unknownUsers).toEqual({ rows: expected, shareOfRows: expected / live.numRows });
  expect([strangers.verdict, strangers.reasons]).toEqual([
    'watch',
    expect.arrayContaining([expect.stringMatching(/of users that training/)]),
  ]);
  const novelties = await monitorRecommender(
    model,
    changed(live, 'what', (item, row) => (row % 2 ? item : item + 500)),
    { k: 3 },
  );
  expect([novelties.verdict, novelties.unknownItems.shareOfRows > 0.45]).toEqual(['retrain', true]);
  const missing = await monitorRecommender(
    model,
    changed(live, 'who', (user, row) => (row === 0 ? Number.NaN : user)),
    { k: 3 },
  );
  expect(missing.unknownUsers.rows).toBe(0);
});

test('that users turn to what is popular, or away from it, is drift; lists that lose to popularity call for training', async () => {
  const herd = await monitorRecommender(
    model,
    changed(live, 'what', () => 24),
    { k: 3 },
  );
  expect(herd.seen).toMatchObject({ drift: 'large' });
  expect(herd.seen.current[0]).toBe(1);
  // Everybody takes to the taste of the others: what the lists hold is what nobody meets.
  const swapped = await monitorRecommender(
    model,
    changed(live, 'what', (item) => (item < 24 ? (item + 12) % 24 : item)),
    { k: 3 },
  );
  expect(swapped.verdict).toBe('retrain');
  expect(swapped.reasons[0]).toMatch(/^The lists are worse than those of popularity: NDCG@3 /);
});
