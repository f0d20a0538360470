import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lanewise as run, temporaryFolder } from './helpers.js';

const lanewise = (argv: readonly string[]) => run(...argv);

const folder = temporaryFolder();
const events = join(folder, 'events.csv');
const model = join(folder, 'model');

// Two tastes: tea and coffee; user ids are texts, some items have names that CSV must quote.
const things = (u: number, i: number) => (u % 2 === 0 ? `tea "no. ${i}"` : `coffee, ${i}`);
const lines = ['customer,thing,amount,when,stars'];
for (let u = 0; u < 30; u++) {
  for (let i = 0; i < 12; i++) {
    if ((u + 2 * i) % 5 === 0) continue;
    const name = things(u, i).replaceAll('"', '""');
    lines.push(
      `c-${u},"${name}",${1 + ((u + i) % 3)},2024-01-${String(1 + i).padStart(2, '0')},${1 + ((u * 3 + i) % 5)}`,
    );
  }
}
lines.push('c-0,"coffee, 1",-3,2024-02-01,3', ',"coffee, 1",1,2024-02-01,3');
writeFileSync(events, `${lines.join('\n')}\n`);
const columns = ['--task', 'recommendation', '--user', 'customer', '--item', 'thing'];

test('from events to lists: train, recommend, similar, by text ids', async () => {
  const parameters = ['--model', 'implicit-als', '--param', 'nFactors=2'];
  const trained = await lanewise([
    'train',
    events,
    ...columns,
    '--weight',
    'amount',
    '--time',
    'when',
    ...parameters,
    '--output',
    model,
    '--json',
  ]);
  expect(trained.code).toBe(0);
  const facts = JSON.parse(trained.out);
  expect(facts).toMatchObject({ estimator: 'implicit-als', task: 'recommendation', feedback: 'implicit' });
  expect(facts.facts.leftOut).toEqual([
    { reason: 'no customer', rows: 1 },
    { reason: 'weights of a pair that add up to 0 or less', rows: 1 },
  ]);
  expect(facts.scores.map(({ estimator }: { estimator: string }) => estimator)).toEqual(['implicit-als', 'popularity']);
  const some = await lanewise(['recommend', model, '--users', 'c-4,c-7,stranger', '--n', '2', '--json']);
  expect(some.err).toMatch(/1 of the users were not in training/);
  const lists = JSON.parse(some.out).users as { user: string; items: { item: string }[] }[];
  expect(lists.map(({ user }) => user)).toEqual(['c-4', 'c-7', 'stranger']);
  expect(lists[0]!.items.every(({ item }) => item.startsWith('tea "no.'))).toBe(true);
  expect(lists[1]!.items.every(({ item }) => item.startsWith('coffee, '))).toBe(true);
  const output = join(folder, 'all.csv');
  expect((await lanewise(['recommend', model, '--users', 'all', '--n', '3', '--output', output])).code).toBe(0);
  const all = readFileSync(output, 'utf8').trim().split('\n');
  expect(all[0]).toBe('customer,rank,thing,score');
  expect(all.length).toBeGreaterThan(60);
  const only = await lanewise([
    'recommend',
    model,
    '--users',
    'c-1',
    '--seen',
    '--exclude',
    'nothing',
    '--items',
    'tea "no. 3"',
  ]);
  expect(only.out.trim().split('\n')).toHaveLength(2);
  const alike = await lanewise(['recommend', model, '--similar', 'tea "no. 3"', '--n', '1', '--json']);
  expect(JSON.parse(alike.out).items[0].items[0].item).toMatch(/^tea/);
});

test('recommenders are compared on the same rows, popularity among them', async () => {
  const compared = await lanewise([
    'compare',
    events,
    ...columns,
    '--time',
    'when',
    '--models',
    'item-knn,user-knn',
    '--k',
    '5',
    '--json',
  ]);
  expect(compared.code).toBe(0);
  const { ranking, split } = JSON.parse(compared.out);
  expect(split).toBe('leave the latest out by "when"');
  expect(ranking.map((entry: { model: string }) => entry.model).sort()).toEqual(['item-knn', 'popularity', 'user-knn']);
  expect(ranking.at(-1).model).toBe('popularity');
  expect(ranking[0].metrics.ndcg.value).toBeGreaterThan(ranking.at(-1).metrics.ndcg.high);
  const rated = await lanewise([
    'evaluate',
    events,
    ...columns,
    '--target',
    'stars',
    '--model',
    'als',
    '--relevant-from',
    '4',
  ]);
  expect(rated.code).toBe(0);
  expect(rated.out).toMatch(/RMSE/);
  expect(rated.out).toMatch(/hold-out of 20 %/);
});

test('parameters are searched on the training rows; the held-out ones say whether it was worth it', async () => {
  const search = ['--model', 'item-knn', '--param', 'shrinkage=3', '--trials', '3', '--folds-count', '2', '--k', '4'];
  const { code, out } = await lanewise([
    'tune',
    events,
    ...columns,
    '--time',
    'when',
    ...search,
    '--metric',
    'map',
    '--json',
  ]);
  const { model: name, scored, tuning, gate } = JSON.parse(out);
  expect([code, name, scored, tuning.metricLabel, gate.metricLabel, gate.rows]).toEqual([
    0,
    'item-knn',
    'users',
    'MAP@4',
    'MAP@4',
    30,
  ]);
  expect(tuning.history.map(({ parameters }: { parameters: { shrinkage: number } }) => parameters.shrinkage)).toEqual([
    3, 3, 3,
  ]);
  expect(tuning.history[0].foldScores).toHaveLength(1);
  const told = await lanewise([
    'tune',
    events,
    '--target',
    'amount',
    '--task',
    'regression',
    '--model',
    'linear',
    '--trials',
    '2',
  ]);
  expect(told.out).toMatch(/linear: 2 trials by RMSE.*\n[\s\S]*alpha[\s\S]*On \d+ rows that no trial has seen/);
});

test('who ranks by predicted ratings is told what that is worth', async () => {
  const output = join(folder, 'rated');
  const args = ['train', events, ...columns, '--target', 'stars', '--model', 'als'];
  expect((await lanewise([...args, '--split', 'none', '--output', output])).code).toBe(0);
  const { out, err } = await lanewise(['recommend', output, '--users', 'c-4', '--n', '1']);
  expect(err).toMatch(
    /note: als predicts ratings; .* often worse than those of popularity\. For lists take implicit-als/,
  );
  expect(out).not.toMatch(/note/);
  // Measured on these rows it is better: then there is nothing to say.
  expect((await lanewise([...args, '--split', 'leave-one-out', '--output', output])).out).not.toMatch(/note/);
  expect((await lanewise(['recommend', output, '--users', 'c-4', '--n', '1'])).err).toBe('');
});

test.each([
  [/measure of lists "ndgc": did you mean "ndcg"/, 2, ['tune', events, ...columns, '--metric', 'ndgc']],
  [/--split none holds none out/, 2, ['tune', events, ...columns, '--split', 'none']],
  [/model of rows but .* is a recommender/, 2, ['predict', events, '--model', model]],
  [/--item/, 2, ['train', events, '--task', 'recommendation', '--user', 'customer']],
  [/did you mean "thing"/, 1, ['train', events, '--task', 'recommendation', '--user', 'customer', '--item', 'thin']],
  [/recommender "alz": did you mean "als"/, 2, ['train', events, ...columns, '--model', 'alz']],
  [
    /column of ratings/,
    2,
    ['train', events, ...columns, '--model', 'als', '--split', 'none', '--output', join(folder, 'no')],
  ],
  [/--users or --similar/, 2, ['recommend', model]],
  [/no model at/, 1, ['recommend', join(folder, 'nowhere'), '--users', 'all']],
  [/--target/, 2, ['compare', events]],
] as [RegExp, number, string[]][])('wrong use is told: %s', async (message, code, args) => {
  const result = await lanewise(args);
  expect(result.err).toMatch(message);
  expect(result.code).toBe(code);
});
