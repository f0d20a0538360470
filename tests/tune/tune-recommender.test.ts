import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  compareRecommenders,
  leaveOneOut,
  listScorer,
  pairedScores,
  type RecommenderEvaluation,
  recommendationSplitter,
} from '#lanewise/evaluate/recommendation/index.js';
import {
  ALS,
  ItemKNN,
  Popularity,
  recommenderNamed,
  worseThanPopularity,
} from '#lanewise/models/recommendation/index.js';
import { takeRows } from '#lanewise/table/columns.js';
import { tuneRecommender } from '#lanewise/tune/index.js';
import { twoTastes } from '../models/recommendation-data.js';

const table = twoTastes();
const columns = { user: 'who', item: 'what' };
const options = { columns, trials: 5, seed: 2, folds: 2, k: 3 } as const;
const knn = (parameters: object) => new ItemKNN({ feedback: 'implicit', ...parameters });

test('a search scores lists on splits that every trial shares, and goes on where it was stopped', async () => {
  const journal = join(mkdtempSync(join(tmpdir(), 'lanewise-tune-')), 'study.ndjson');
  const space = { k: { low: 1, high: 8 } };
  const first = await tuneRecommender(knn, table, { ...options, space, trials: 3, journal });
  const resumed = await tuneRecommender(knn, table, { ...options, space, journal });
  const whole = await tuneRecommender(knn, table, { ...options, space });
  const strip = ({ history }: typeof whole) => history.map(({ seconds: _, ...trial }) => trial);
  expect([first.history.length, resumed.resumed]).toEqual([3, 3]);
  expect(strip(resumed)).toEqual(strip(whole));
  expect(whole).toMatchObject({ metric: 'ndcg', metricLabel: 'NDCG@3', splitter: 'leave one out, at random, 2 times' });
  // The score of trial 0 is that of the defaults on those very splits.
  const splits = [2, 3].map((seed) => leaveOneOut(columns).split(table, { seed })[0]!);
  const scores = [];
  for (const fold of splits) {
    const { comparison } = await compareRecommenders([{ name: 'a', recommender: knn({}), columns }], table, fold, {
      k: 3,
    });
    scores.push(comparison.candidates[0]!.evaluation.metrics.ndcg.value);
  }
  expect(whole.defaults.foldScores).toEqual(scores);
  expect(whole.best.score).toBe(Math.max(...whole.history.map(({ score }) => score!)));
  expect(JSON.parse(readFileSync(journal, 'utf8').split('\n')[0]!)).toMatchObject({
    estimator: 'item-knn',
    metric: 'ndcg',
  });
  await expect(tuneRecommender(knn, table, { ...options, space, journal, k: 5 })).rejects.toThrow(/study with data/);
});

test('what is left out by time is left out once, and what cannot be tuned is said', async () => {
  const timed = { ...columns, time: 'when' };
  const { splitter, history } = await tuneRecommender(knn, table, { ...options, columns: timed, trials: 1, folds: 3 });
  expect([splitter, history[0]!.foldScores!.length]).toEqual(['leave the latest out by "when"', 1]);
  await expect(tuneRecommender(knn, table, { ...options, metric: 'ndgc' })).rejects.toThrow(/did you mean "ndcg"/);
  const fixed = recommenderNamed('popularity').create;
  const { best } = await tuneRecommender(fixed, table, { ...options, trials: 2 });
  expect(best.trial).toBe(0);
  expect(() => recommendationSplitter(columns, 'latest')).toThrow(/column that says when/);
});

test('recommenders are compared in pairs by user, and one that cannot be fitted is named', async () => {
  const [fold] = leaveOneOut({ ...columns, time: 'when' }).split(table, {});
  const entries = [
    { name: 'popularity', recommender: new Popularity(), columns },
    { name: 'als', recommender: new ALS(), columns },
    { name: 'item-knn', recommender: knn({}), columns },
  ];
  const { comparison } = await compareRecommenders(entries, table, fold!, { k: 3, metric: 'hit_rate' });
  const [best, second] = comparison.candidates;
  expect([best!.name, second!.name, comparison.recommended]).toEqual(['item-knn', 'popularity', 'item-knn']);
  expect(comparison.failed).toEqual([{ name: 'als', error: expect.stringMatching(/ratings/) }]);
  const [a, b] = [best!, second!].map(({ evaluation }) => evaluation.metrics.hitRate.value) as [number, number];
  expect(second!.againstBest!.difference).toBeCloseTo(b - a, 12);
  expect(second!.againstBest!.high).toBeLessThan(0);
  expect(comparison.reason).toMatch(/^Take item-knn: hit rate@3 .* where popularity has .*\d\.$/);
  // The same twice: neither can be told from the other.
  const twice = [entries[2]!, { ...entries[2]!, name: 'again' }];
  const same = (await compareRecommenders(twice, table, fold!, { k: 3 })).comparison.candidates[1]!.againstBest!;
  expect([same.difference, same.low, same.high]).toEqual([0, 0, 0]);
});

test('users are paired by id, those that only one evaluation has left out', () => {
  const evaluation = (users: number[], ...ndcg: number[]) =>
    ({ perUser: { users, scores: { ndcg: Float64Array.from(ndcg) } } }) as unknown as RecommenderEvaluation;
  const [a, b] = pairedScores(
    listScorer('ndcg', 3),
    evaluation([1, 2, 3], 0.1, 0.2, 0.3),
    evaluation([3, 9, 1], 0.7, 0.8, 0.9),
  );
  expect([[...a.prediction], [...b.prediction]]).toEqual([
    [0.1, 0.3],
    [0.9, 0.7],
  ]);
});

test('lists in the order of predicted ratings are warned of, unless they were measured to be better', async () => {
  const rated = { ...columns, rating: 'stars' };
  const als = await new ALS({ nFactors: 2 }).fit(
    takeRows(
      table,
      Uint32Array.from({ length: 60 }, (_, i) => i),
    ),
    rated,
  );
  const scored = (estimator: string, value: number) => ({ estimator, k: 10, metrics: { ndcg: { value } } });
  expect(worseThanPopularity(als, [scored('als', 0.1), scored('popularity', 0.2)])).toMatch(
    /als predicts ratings; lists .* are worse than those of popularity \(NDCG@10 0\.100 where popularity has 0\.200\)/,
  );
  expect(worseThanPopularity(als, undefined)).toMatch(/often worse/);
  expect(worseThanPopularity(als, [{ estimator: 'als' }, null, 7])).toMatch(/often worse/);
  expect(worseThanPopularity(als, [scored('als', 0.3), scored('popularity', 0.2)])).toBeUndefined();
  expect(worseThanPopularity(await new Popularity().fit(table, rated), [])).toBeUndefined();
  expect(worseThanPopularity(await knn({}).fit(table, rated), [])).toBeUndefined();
});
