import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveRecommender } from '#lanewise/deploy/recommender-artefact.js';
import { type RunningServer, startServer } from '#lanewise/deploy/server.js';
import { type FittedRecommender, ImplicitALS, UserKNN } from '#lanewise/models/recommendation/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { temporaryFolder } from '../cli/helpers.js';

const labels = Array.from({ length: 12 }, (_, user) => `user ${String(user).padStart(2, '0')}`);
const rows = Array.from({ length: 96 }, (_, i) => [i % 12, (i % 2) + 2 * ((i * 5 + Math.floor(i / 12) * 3) % 9)]);
const table = tableFromRegisters([
  { name: 'who', type: 'category', values: Float64Array.from(rows, ([user]) => user!), labels },
  { name: 'what', type: 'number', values: Float64Array.from(rows, ([, item]) => item!) },
]);
const log = join(temporaryFolder(), 'requests.ndjson');
let [model, server, secret] = [] as unknown as [FittedRecommender, RunningServer, RunningServer];

beforeAll(async () => {
  model = await new ImplicitALS({ nFactors: 3 }).fit(table, { user: 'who', item: 'what' });
  const path = join(temporaryFolder(), 'model');
  await saveRecommender(path, model);
  server = await startServer({ artefact: path, name: 'shop', version: '3', maxRows: 5, requestLog: log });
  secret = await startServer({ artefact: path, token: 'sesame' });
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

function infer(tensor: object): { inputs: object[] } {
  return { inputs: [{ name: 'user', datatype: 'BYTES', shape: [2], data: ['user 03', 'nobody'], ...tensor }] };
}

test('the Open Inference Protocol has users in, and items, scores and what was known out', async () => {
  const expected = await model.recommend(['user 03', 'nobody'], { n: 3 });
  const { json } = await ask('/v2/models/shop/versions/3/infer', { id: 'x', ...infer({}), parameters: { n: 3 } });
  const cells = [...expected.list(0), ...expected.list(1)];
  expect(json).toEqual({
    model_name: 'shop',
    model_version: '3',
    id: 'x',
    outputs: [
      { name: 'item', datatype: 'FP64', shape: [2, 3], data: cells.map(({ item }) => item) },
      { name: 'score', datatype: 'FP64', shape: [2, 3], data: cells.map(({ score }) => score) },
      { name: 'known', datatype: 'BOOL', shape: [2], data: [true, false] },
    ],
  });
  const described = (await ask('/v2/models/shop')).json;
  expect(described.inputs).toEqual([{ name: 'user', datatype: 'BYTES', shape: [-1] }]);
  expect((await ask('/v2/models/other')).status).toBe(404);
});

test('Prometheus is told of requests, lists, and of who and what was unknown; the log of what was answered', async () => {
  const count = async (name: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  };
  const names = ['lanewise_rows_total', 'lanewise_unknown_users_total', 'lanewise_unknown_items_total'];
  const before = await Promise.all(names.map(count));
  await ask('/recommend?user=user%2003&user=no-one&user=never&n=1');
  await ask('/recommend', { events: [{ item: 1 }, { item: 'unheard' }] });
  await ask('/similar?item=unheard');
  const after = await Promise.all(names.map(count));
  expect(after.map((value, i) => value - before[i]!)).toEqual([4, 2, 2]);
  expect(await count('lanewise_request_seconds_count{route="/recommend"}')).toBeGreaterThan(1);
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [{ item, score }] = (await model.recommend(['user 03'], { n: 1 })).list(0) as [{ item: number; score: number }];
  expect(lines.slice(-4).map(({ row, inputs, outputs }) => [row, inputs.who, outputs.known])).toEqual([
    [0, 'user 03', true],
    [1, 'no-one', false],
    [2, 'never', false],
    [0, undefined, false],
  ]);
  expect(lines.at(-4).outputs.items).toEqual([{ item, score }]);
});

test('the OpenAPI document describes the lists', async () => {
  const { json } = await ask('/openapi.json');
  expect(json.info.title).toBe('shop: implicit-als of what to who');
  const posted = json.paths['/recommend'].post.requestBody.content['application/json'].schema;
  expect(Object.keys(posted.properties)).toEqual(['users', 'events', 'n', 'filterSeen', 'items', 'exclude']);
  const parameters = json.paths['/recommend'].get.parameters.map(({ name }: { name: string }) => name);
  expect(parameters).toEqual(['user', 'n', 'filterSeen']);
});

test('a model that takes in nobody says so, and it is not the fault of the server', async () => {
  const path = join(temporaryFolder(), 'model');
  await saveRecommender(path, await new UserKNN().fit(table, { user: 'who', item: 'what' }));
  const other = await startServer({ artefact: path });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"events":[{"item":1}]}' };
  const response = await fetch(`${other.url}/recommend`, init);
  expect([response.status, (await response.json()).error]).toEqual([
    400,
    expect.stringMatching(/user-knn cannot take in a user .*\(als, implicit-als, bpr, item-knn and popularity can\.\)/),
  ]);
  await other.close();
});

test.each([
  ['/recommend', undefined, /ids .* for users/],
  ['/recommend?user=a&n=0', undefined, /\[1, 1000\] for n/],
  ['/recommend?user=a&filterSeen=perhaps', undefined, /true or false for filterSeen/],
  ['/recommend', { users: ['a', 'b', 'c', 'd', 'e', 'f'] }, /1 to 5 ids for users/],
  ['/recommend', { users: [null] }, /for users/],
  ['/recommend', { events: [{ rating: 3 }] }, /for events/],
  ['/recommend', [], /JSON object/],
  ['/recommend', { users: ['a'], filter_seen: false }, /key "filter_seen": did you mean "filterSeen"/],
  ['/recommend', { users: ['a'], n: [3] }, /\[1, 1000\] for n but received \[3\]/],
  ['/v2/models/shop/infer', { inputs: [] }, /a tensor "user" but received none/],
  ['/v2/models/shop/infer', infer({ data: ['a', null], shape: [2] }), /an id for "user", row 2, but received null/],
  ['/v2/models/shop/infer', infer({ data: ['a'], shape: [2] }), /shape \[1\] or \[1, 1\] .* "user" but received \[2\]/],
  ['/v2/models/shop/infer', infer({ data: [true], shape: [1], datatype: 'BOOL' }), /datatype BYTES or FP64 .*"BOOL"/],
  [
    '/v2/models/shop/infer',
    infer({ data: Array(6).fill('a'), shape: [6] }),
    /at most 5 users a request but received 6/,
  ],
  ['/v2/models/shop/infer', { ...infer({}), parameters: { k: 3 } }, /parameter "k"/],
  ['/v2/models/shop/infer', { ...infer({}), outputs: [{ name: 'items' }] }, /output "items": did you mean "item"/],
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
  await expect(startServer({ artefact: 'nowhere', host: '0.0.0.0' })).rejects.toThrow(/token/);
});
