import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveRecommender } from '#lanewise/deploy/recommender-artefact.js';
import { startRecommenderServer } from '#lanewise/deploy/recommender-server.js';
import type { RunningServer } from '#lanewise/deploy/server.js';
import { type FittedRecommender, ImplicitALS } from '#lanewise/models/recommendation/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { temporaryFolder } from '../cli/helpers.js';

const labels = Array.from({ length: 12 }, (_, user) => `user ${String(user).padStart(2, '0')}`);
const rows = Array.from({ length: 96 }, (_, i) => [i % 12, (i % 2) + 2 * ((i * 5 + Math.floor(i / 12) * 3) % 9)]);
const table = tableFromRegisters([
  { name: 'who', type: 'category', values: Float64Array.from(rows, ([user]) => user!), labels },
  { name: 'what', type: 'number', values: Float64Array.from(rows, ([, item]) => item!) },
]);
let [model, server, secret] = [] as unknown as [FittedRecommender, RunningServer, RunningServer];

beforeAll(async () => {
  model = await new ImplicitALS({ nFactors: 3 }).fit(table, { user: 'who', item: 'what' });
  const path = join(temporaryFolder(), 'model');
  await saveRecommender(path, model);
  server = await startRecommenderServer({ artefact: path, maxUsers: 5 });
  secret = await startRecommenderServer({ artefact: path, token: 'sesame' });
});
afterAll(async () => {
  await server.close();
  await secret.close();
});

// biome-ignore lint/suspicious/noExplicitAny: what the test expects says what it is
async function ask(path: string, body?: unknown): Promise<{ status: number; json: any }> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${server.url}${path}`, init);
  return { status: response.status, json: await response.json() };
}

test('lists come by id, as the model makes them', async () => {
  const expected = await model.recommend(['user 03', 'nobody'], { n: 3 });
  const { json } = await ask('/recommend?user=user%2003&user=nobody&n=3');
  expect(json.recommendations).toEqual([
    { user: 'user 03', known: true, items: expected.list(0) },
    { user: 'nobody', known: false, items: expected.list(1) },
  ]);
  const posted = await ask('/recommend', { users: ['user 03'], n: 3, filterSeen: false, exclude: [2] });
  const open = await model.recommend(['user 03'], { n: 3, filterSeen: false, exclude: [2] });
  expect(posted.json.recommendations[0].items).toEqual(open.list(0));
});

test('somebody new is told what follows from their events', async () => {
  const events = [{ item: 1 }, { item: 3, weight: 2 }, { item: 'unheard' }];
  const { json } = await ask('/recommend', { events, n: 2 });
  const folded = await model.foldInUser(events);
  expect(json.recommendations).toEqual([{ known: false, unknownItems: 1, items: await folded.recommend({ n: 2 }) }]);
});

test('similar items, the schema and health', async () => {
  expect((await ask('/similar?item=4&n=2')).json.items).toEqual(await model.similarItems(4, 2));
  const { json } = await ask('/schema');
  expect(json).toMatchObject({ estimator: 'implicit-als', users: 12, types: { users: 'text', items: 'number' } });
  expect((await ask('/v2/health/ready')).json).toEqual({ ready: true });
});

test.each([
  ['/recommend', undefined, /ids .* for users/],
  ['/recommend?user=a&n=0', undefined, /\[1, 1000\] for n/],
  ['/recommend?user=a&filterSeen=perhaps', undefined, /true or false for filterSeen/],
  ['/recommend', { users: ['a', 'b', 'c', 'd', 'e', 'f'] }, /1 to 5 ids for users/],
  ['/recommend', { users: [null] }, /for users/],
  ['/recommend', { events: [{ rating: 3 }] }, /for events/],
  ['/recommend', [], /JSON object/],
  ['/similar?item=unheard', undefined, /an item that the model knows/],
] as const)('%s %j is refused with the reason', async (path, body, reason) => {
  const { status, json } = await ask(path, body);
  expect(status).toBe(400);
  expect(json.error).toMatch(reason);
});

test('nothing is told without the token, but that it is alive; and nobody else is served without one', async () => {
  expect((await fetch(`${secret.url}/recommend?user=a`)).status).toBe(401);
  expect((await fetch(`${secret.url}/v2/health/live`)).status).toBe(200);
  const headers = { authorization: 'Bearer sesame' };
  expect((await fetch(`${secret.url}/recommend?user=a`, { headers })).status).toBe(200);
  await expect(startRecommenderServer({ artefact: 'nowhere', host: '0.0.0.0' })).rejects.toThrow(/token/);
});
