import { expect, test } from 'vitest';
import { evaluateRecommender, leaveOneOut, scoreList } from '#lanewise/evaluate/recommendation/index.js';
import { latestHoldOut } from '#lanewise/evaluate/splitter.js';
import { ImplicitALS, Popularity } from '#lanewise/models/recommendation/index.js';
import { readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';

const known = golden('recommendation') as { lists: number[][]; relevant: number[][]; ndcg: number[] };

function tableOf(rows: readonly (readonly [user: string, item: number, time?: number, rating?: number])[]) {
  const labels = [...new Set(rows.map(([user]) => user))].sort();
  return tableFromRegisters(
    [
      { name: 'user', type: 'category', values: Float64Array.from(rows, ([user]) => labels.indexOf(user)), labels },
      { name: 'item', type: 'number', values: Float64Array.from(rows, ([, item]) => item) },
      { name: 'time', type: 'number', values: Float64Array.from(rows, (row) => row[2] ?? Number.NaN) },
      { name: 'rating', type: 'number', values: Float64Array.from(rows, (row) => row[3] ?? Number.NaN) },
    ],
    rows.length,
  );
}
const columns = { user: 'user', item: 'item' };

test('NDCG is that of scikit-learn', () => {
  known.lists.forEach((list, i) => {
    expect(scoreList(list, new Set(known.relevant[i]), 10).ndcg).toBeCloseTo(known.ndcg[i]!, 12);
  });
});

test('the measures of a list, by hand', () => {
  // Hits at ranks 2 and 4 of five; four items were to be found.
  const scores = scoreList([9, 1, 8, 2, 7], new Set([1, 2, 3, 4]), 5);
  expect(scores).toMatchObject({
    precision: 2 / 5,
    recall: 2 / 4,
    normalizedRecall: 2 / 4,
    hitRate: 1,
    reciprocalRank: 1 / 2,
  });
  expect(scores.averagePrecision).toBeCloseTo((1 / 2 + 2 / 4) / 4, 15);
  const best = 1 + 1 / Math.log2(3) + 1 / 2 + 1 / Math.log2(5);
  expect(scores.ndcg).toBeCloseTo((1 / Math.log2(3) + 1 / Math.log2(5)) / best, 12);
  // A list that is shorter than k is not let off, and one of many hits may reach 1.
  expect(scoreList([1, -1, -1], new Set([1]), 3)).toMatchObject({ precision: 1 / 3, recall: 1, ndcg: 1 });
  const many = scoreList([1, 2], new Set([1, 2, 3, 4]), 2);
  expect(many).toMatchObject({ recall: 0.5, normalizedRecall: 1, averagePrecision: 1, ndcg: 1 });
  expect(scoreList([5, 6], new Set([1]), 2)).toMatchObject({
    hitRate: 0,
    ndcg: 0,
    reciprocalRank: 0,
    averagePrecision: 0,
  });
});

test('the latest item of each user is held out, with all rows of the pair', () => {
  const table = tableOf([
    ['a', 1, 10],
    ['a', 2, 30],
    ['a', 2, 5],
    ['a', 3, 20],
    ['b', 1, 1],
    ['c', 5, 7],
    ['c', 6, 7],
  ]);
  const [fold] = leaveOneOut({ ...columns, time: 'time' }).split(table, {});
  expect([...fold!.test]).toEqual([1, 2, 6]);
  expect([...fold!.train]).toEqual([0, 3, 4, 5]);
});

test('an item held out at random is keyed by the seed, and not by the order of the rows', () => {
  const rows = Array.from({ length: 60 }, (_, i): [string, number] => [`u${i % 6}`, (i * 7) % 11]);
  const held = (list: typeof rows, seed: number) => {
    const [fold] = leaveOneOut(columns).split(tableOf(list), { seed });
    return [...fold!.test].map((row) => list[row]!.join(' ')).sort();
  };
  expect(held(rows, 1)).toEqual(held(rows.toReversed(), 1));
  expect(held(rows, 1)).not.toEqual(held(rows, 2));
  expect(new Set(held(rows, 1)).size).toBe(6);
  expect(() =>
    leaveOneOut(columns).split(
      tableOf([
        ['a', 1],
        ['b', 1],
      ]),
      {},
    ),
  ).toThrow(/at least 2 items/);
});

test('the figures are those of the lists, users without anything to find are counted, and seen items are not looked for', async () => {
  const train = tableOf([
    ['a', 1],
    ['a', 2],
    ['b', 1],
    ['b', 3],
    ['c', 1],
    ['c', 2],
    ['d', 4],
  ]);
  const model = await new Popularity().fit(train, columns);
  const rows: [string, number][] = [
    ['a', 3], // to be found: 3 or 4 is offered first by popularity: 1 and 2 are seen
    ['b', 2],
    ['c', 2], // seen already
    ['new', 1], // an unknown user gets what is popular
    ['d', 77], // an item that nobody knows
  ];
  const result = await evaluateRecommender(model, tableOf(rows), { k: 1, resamples: 50 });
  expect(result).toMatchObject({ users: 4, usersWithout: 1, unknownUsers: 1, unknownItems: 1 });
  // a: 3 hit; b: 2 hit; new: 1 hit; d: 1 offered, missed.
  expect(result.metrics.hitRate.value).toBeCloseTo(3 / 4, 15);
  expect(result.metrics.hitRate.low).toBeLessThanOrEqual(0.75);
  expect(result.metrics.hitRate.high).toBeGreaterThanOrEqual(0.75);
  expect(result.coverage).toBeCloseTo(3 / 4, 15);
  // Shares of users of items 3, 2, 1, 1: 1/4, 2/4, 3/4, 3/4.
  expect(result.novelty).toBeCloseTo((2 + 1 + 2 * Math.log2(4 / 3)) / 4, 12);
  const seen = await evaluateRecommender(model, tableOf(rows), { k: 1, filterSeen: false, resamples: 50 });
  expect(seen.users).toBe(5);
  await expect(evaluateRecommender(model, tableOf([['c', 2]]), {})).rejects.toThrow(/test rows that are to be found/);
  await expect(evaluateRecommender(model, tableOf(rows), { relevantFrom: 4 })).rejects.toThrow(/column of ratings/);
  await expect(evaluateRecommender(model, tableOf(rows), { k: 0 })).rejects.toThrow(/integer >= 1 for k/);
});

test('only what was rated high enough is to be found, and ratings have their error', async () => {
  const train = tableOf([
    ['a', 1, 0, 5],
    ['b', 2, 0, 3],
    ['b', 1, 0, 4],
    ['c', 3, 0, 2],
  ]);
  const model = await new Popularity().fit(train, { ...columns, rating: 'rating' });
  const test = tableOf([
    ['a', 2, 0, 5],
    ['a', 3, 0, 1],
    ['c', 1, 0, 2],
  ]);
  const result = await evaluateRecommender(model, test, { relevantFrom: 4, resamples: 50 });
  expect(result).toMatchObject({ users: 1, usersWithout: 1 });
  expect(result.metrics.recall.value).toBe(1);
  const predicted = readRegister(await model.predict(test), 'prediction').values;
  const squares = [5, 1, 2].map((rating, i) => (predicted[i]! - rating) ** 2);
  expect(result.ratings!.rmse).toBeCloseTo(Math.sqrt(squares.reduce((a, b) => a + b) / 3), 12);
  expect(result.ratings!.rows).toBe(3);
});

test('a model of tastes finds more than popularity on what came later', async () => {
  const rows: [string, number, number][] = [];
  for (let u = 0; u < 60; u++)
    for (let i = 0; i < 12; i++) rows.push([`u${u}`, (u % 3) + 3 * ((u * 5 + i * 7) % 20), i]);
  const table = tableOf(rows);
  const [fold] = latestHoldOut({ time: 'time', testFraction: 0.25 }).split(table, {});
  const [train, test] = [takeRows(table, fold!.train), takeRows(table, fold!.test)];
  const score = async (recommender: Popularity | ImplicitALS) =>
    (await evaluateRecommender(await recommender.fit(train, columns), test, { resamples: 50 })).metrics.ndcg.value;
  expect(await score(new ImplicitALS({ nFactors: 3 }))).toBeGreaterThan(1.5 * (await score(new Popularity())));
});
