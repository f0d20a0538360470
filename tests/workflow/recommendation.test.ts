import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadRecommender } from '#lanewise/deploy/recommender-artefact.js';
import { Registry } from '#lanewise/deploy/registry.js';
import type { RunRecord } from '#lanewise/workflow/record.js';
import { toCsv } from '#lanewise/workflow/write-table.js';
import { lanewise, temporaryFolder } from '../cli/helpers.js';
import { twoTastes } from '../models/recommendation-data.js';

const folder = temporaryFolder();
const at = (...path: string[]) => join(folder, ...path);
const table = twoTastes();
const head = 'name: shop\nsource: { csv: events.csv }\ntask: recommendation\nuser: who\nitem: what\n';
const quick = 'lists: { k: 3 }\nmodels: [item-knn: { k: 8 }]\n';

async function run(settings: string): Promise<{ code: number; err: string; record: RunRecord & { folder: string } }> {
  writeFileSync(at('workflow.yaml'), settings);
  const { code, out, err } = await lanewise('run', at('workflow.yaml'), '--runs', at('runs'), '--json');
  return { code, err, record: out === '' ? undefined : JSON.parse(out) };
}

beforeAll(() => {
  writeFileSync(at('events.csv'), toCsv(table));
});

const summary = (record: RunRecord, step: string) => record.steps.find(({ name }) => name === step)!.summary;
const whole = `${head}time: when\n${quick}split: { by: leave-one-out, live: 0.1 }\ntune: { trials: 2, folds: 2 }\n`;

test('a recommendation runs from events to a served, watched recommender, and is taken over when it is run again', async () => {
  const { code, record } = await run(whole.replace('[item', '[popularity, item'));
  expect(code).toBe(0);
  expect(record.steps.map(({ name }) => name)).toEqual([
    'collect',
    'explore',
    'compare',
    'train',
    'evaluate',
    'tune',
    'deploy',
    'monitor',
  ]);
  const { split } = summary(record, 'collect') as { split: { train: number; test: number; live: number } };
  // The latest tenth is live; of what is left, the latest of each user tests.
  expect([split.live, split.test, split.train + split.test + split.live]).toEqual([36, 40, table.numRows]);
  expect(summary(record, 'compare')).toMatchObject({ metric: 'ndcg', recommended: 'item-knn', failed: [] });
  expect(summary(record, 'train')).toMatchObject({
    name: 'item-knn',
    facts: { pairs: split.train },
    parameters: { k: 8 },
  });
  const { evaluation, baseline } = summary(record, 'evaluate') as Record<
    string,
    { metrics: { ndcg: { value: number } } }
  >;
  expect(evaluation!.metrics.ndcg.value).toBeGreaterThan(baseline!.metrics.ndcg.value);
  expect(summary(record, 'tune')).toMatchObject({ name: 'item-knn', trials: 2, gate: { rows: 40 } });
  expect(summary(record, 'deploy')).toMatchObject({ version: 1, served: { rows: 40, equalBits: true } });
  const [listed] = await new Registry(join(record.folder, 'deploy', 'registry')).list('shop');
  // What is deployed knows the test rows too.
  const { model } = await loadRecommender(listed!.path);
  expect(model.facts.pairs).toBe(split.train + split.test);
  expect(listed).toMatchObject({ estimator: 'item-knn', task: 'recommendation', aliases: ['champion'] });
  expect(listed!.metadata).toMatchObject({ model: 'item-knn', data: { sha256: summary(record, 'collect')['sha256'] } });
  expect(summary(record, 'monitor')).toMatchObject({ rows: 36, unknownUsers: { rows: 0 } });
  const page = readFileSync(join(record.folder, 'report.html'), 'utf8');
  for (const text of ['Recommending what', 'NDCG@3 of each recommender', 'what users meet', 'Tuning history'])
    expect([text, page.includes(text)]).toEqual([text, true]);
  const again = await run(whole.replace('[item', '[popularity, item'));
  expect(again.record.steps.every(({ reused }) => reused)).toBe(true);
});

test('a split that is given in a file is kept to; there is nothing live then', async () => {
  const isTest = Array.from({ length: table.numRows }, (_, row) => Number(row % 7 === 3));
  writeFileSync(at('folds.csv'), `test\n${isTest.join('\n')}\n`);
  const { record } = await run(`${head}${quick}split: { folds: folds.csv }\ntune: { trials: 1 }\n`);
  const tests = isTest.reduce((sum, mark) => sum + mark, 0);
  expect(summary(record, 'collect')['split']).toMatchObject({ test: tests, train: table.numRows - tests, live: 0 });
  expect(summary(record, 'monitor')).toEqual({ rows: 0 });
  writeFileSync(at('folds.csv'), 'test\n1\n0\n');
  const short = await run(`${head}${quick}split: { folds: folds.csv }\n`);
  expect([short.code, short.err]).toEqual([1, expect.stringMatching(/column "test" with 360 rows in .* 2 rows/)]);
});

test('a champion that misses the minimum score is not deployed, and the exit code is 3', async () => {
  const { code, err } = await run(`${whole}gate: { minimum_score: 0.999 }\n`);
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(/at least 0\.999 \(ndcg\) on the test rows but the champion has 0\./),
  ]);
});

test.each([
  [
    'source: { csv: events.csv }\ntask: recommendation\nuser: who\n',
    2,
    /Expected a value for "item" but there is none/,
  ],
  ['source: { csv: events.csv }\nuser: who\n', 2, /Expected a value for "target" but there is none/],
  [`${head}target: what\n`, 2, /workflow\.yaml:6:1: expected no such key for recommendation for "target"/],
  ['source: { csv: events.csv }\ntarget: what\nuser: who\n', 2, /:3:1: expected no such key for this task for "user"/],
  [
    'source: { csv: events.csv }\ntarget: what\nsplit: { by: latest }\n',
    2,
    /no such key for this task for "split\.by"/,
  ],
  [`${head}models: [item-kn]\n`, 2, /recommender "item-kn": did you mean "item-knn"/],
  [`${head}models: [item-knn: { kk: 3 }]\n`, 2, /"kk"/],
  [`${head}compare: { metric: ndgc }\n`, 2, /did you mean "ndcg"/],
  [`${head}split: { by: latest }\n`, 2, /column that says when/],
  [`${head}time: when\nsplit: { train: 2020-01-01 }\n`, 2, /a share for the parts .* received the day 2020-01-01/],
  [`${head.replace('what', 'wat')}`, 1, /did you mean "what"/],
] as const)('what cannot be is said before anything is done: %j', async (settings, code, reason) => {
  const answer = await run(settings);
  expect([answer.code, answer.err]).toEqual([code, expect.stringMatching(reason)]);
});
