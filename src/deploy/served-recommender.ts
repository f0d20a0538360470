import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { LanewiseError } from '../errors.js';
import type { Id, Recommended, RecommendOptions, UserEvent } from '../table/recommendation.js';
import { recommenderSchemas } from './openapi.js';
import {
  bodyOf,
  checkColumns,
  checkRowCount,
  chosenTensors,
  datatypes,
  readIdTensor,
  type Tensor,
  tensorsByName,
} from './protocol.js';
import type { RecommenderArtefact } from './recommender-artefact.js';
import type { Host, Served } from './served.js';

/** Users of one request, events of somebody new, and items of a list, at most. */
const MOST_USERS = 1000;
const MOST_EVENTS = 100_000;
const LONGEST_LIST = 1000;

/** What a request for lists may say; anything else is a misspelling. */
const KEYS = ['user', 'users', 'events', 'n', 'filterSeen', 'items', 'exclude'];
const PARAMETERS = ['n', 'filterSeen', 'binary_data_output'];

type Lists = Awaited<ReturnType<RecommenderArtefact['model']['recommend']>>;

/**
 * A recommender, served: lists by /recommend for users of training (GET, POST) or for the events of somebody new (POST), items
 * alike by /similar, and lists by the Open Inference Protocol: a tensor of users in; items, scores and whether each was known out.
 */
export function servedRecommender(artefact: RecommenderArtefact, host: Host): Served {
  const { model, digest } = artefact;
  const { estimator, task, feedback, columns, scale } = model;
  const schemas = recommenderSchemas();
  const counts = countersOf(host);
  const maxUsers = host.maxRows ?? MOST_USERS;
  const idType = (type: typeof model.users.type) => (type === 'number' ? datatypes.number : datatypes.text);

  const listsOf = async (requestId: string, users: readonly Id[], options: RecommendOptions): Promise<Lists> => {
    const lists = await model.recommend(users, { ...options, engine: host.engine });
    host.metrics.predicted(users.length);
    counts.users.inc(lists.known.filter((known) => !known).length);
    host.log.append(requestId, users.length, (row) => ({
      inputs: { [columns.user]: users[row] },
      outputs: { known: lists.known[row], items: shown(lists.list(row)) },
    }));
    return lists;
  };

  const answer = async (requestId: string, given: Readonly<Record<string, unknown>>): Promise<unknown> => {
    checkColumns(Object.keys(given), KEYS, 'key');
    const options = optionsOf(given);
    if (given['events'] === undefined) {
      const users = usersOf(given, maxUsers);
      const lists = await listsOf(requestId, users, options);
      const recommendations = users.map((user, place) => ({
        user,
        known: lists.known[place],
        items: shown(lists.list(place)),
      }));
      return { recommendations };
    }
    const folded = await model.foldInUser(eventsOf(given['events']), { engine: host.engine });
    const items = shown(await folded.recommend({ ...options, engine: host.engine }));
    host.metrics.predicted(1);
    counts.items.inc(folded.unknownItems);
    host.log.append(requestId, 1, () => ({
      inputs: { events: given['events'] },
      outputs: { known: false, unknownItems: folded.unknownItems, items },
    }));
    return { recommendations: [{ known: false, unknownItems: folded.unknownItems, items }] };
  };

  const similar = async ({ item, n, ...rest }: Readonly<Record<string, unknown>>): Promise<unknown> => {
    checkColumns(Object.keys(rest), ['item', 'n'], 'key');
    if (!isId(item)) throw wrong('an item', 'item', item);
    if (model.items.indexOf(item) < 0) counts.items.inc();
    return { item, items: shown(await model.similarItems(item, countOf(n))) };
  };

  return {
    title: `${estimator} of ${columns.item} to ${columns.user}`,
    digest,
    inputs: [{ name: 'user', datatype: idType(model.users.type), shape: [-1] }],
    outputs: [
      { name: 'item', datatype: idType(model.items.type), shape: [-1, -1] },
      { name: 'score', datatype: datatypes.number, shape: [-1, -1] },
      { name: 'known', datatype: datatypes.boolean, shape: [-1] },
    ],
    inferRequest: schemas.inferRequest,
    inferResponse: schemas.inferResponse,
    schema: () => {
      const { users, items, pairs } = model.facts;
      const types = { users: model.users.type, items: model.items.type };
      return { estimator, task, feedback, columns, scale, types, users, items, pairs };
    },
    async infer(body, requestId) {
      const tensors = tensorsByName(body['inputs']);
      checkColumns(tensors.keys(), ['user']);
      const tensor = tensors.get('user');
      if (!tensor) throw new LanewiseError('data', 'Expected a tensor "user" but received none', { column: 'user' });
      const users = readIdTensor('user', tensor);
      checkRowCount(users.length, maxUsers, 'users');
      const lists = await listsOf(requestId, users, optionsOf(parametersOf(body['parameters'])));
      return chosenTensors(tensorsOf(lists, model.items.type === 'number'), body['outputs']);
    },
    routes(app: FastifyInstance, told) {
      const { query, request, answer: lists, similarQuery, similarAnswer } = schemas;
      const asked = { querystring: query };
      const [get, post] = [
        'Recommend: lists for users',
        'Recommend: lists for users, or for the events of somebody new',
      ];
      app.get('/recommend', told(get, 'lists', lists, asked), async (call) => answer(call.id, queryOf(call)));
      app.post('/recommend', told(post, 'lists', lists, { body: request }), async (call) =>
        answer(call.id, bodyOf(call)),
      );
      app.get('/similar', told('Items like this one', 'lists', similarAnswer, { querystring: similarQuery }), (call) =>
        similar(queryOf(call)),
      );
    },
    openRoutes: async () => {},
  };
}

function countersOf({ metrics: { registry } }: Host) {
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
  return {
    users: counter('lanewise_unknown_users_total', 'Users who were asked for and were not in training.'),
    items: counter('lanewise_unknown_items_total', 'Items of events, or asked for, that were not in training.'),
  };
}

/** users × n items and scores; where a list is shorter, missing (null) ones. */
function tensorsOf(lists: Lists, areNumbers: boolean): Tensor[] {
  const { n, users, known } = lists;
  const named = users.map((_, place) => lists.list(place));
  const cells = named.flatMap((list) => Array.from({ length: n }, (_, rank) => list[rank]));
  const items = areNumbers
    ? Float64Array.from(cells, (cell) => (cell ? Number(cell.item) : Number.NaN))
    : cells.map((cell) => (cell ? String(cell.item) : null));
  const shape = [users.length, n];
  return [
    { name: 'item', datatype: areNumbers ? datatypes.number : datatypes.text, shape, data: items },
    {
      name: 'score',
      datatype: datatypes.number,
      shape,
      data: Float64Array.from(cells, (cell) => cell?.score ?? Number.NaN),
    },
    { name: 'known', datatype: datatypes.boolean, shape: [users.length], data: known },
  ];
}

function parametersOf(given: unknown): Readonly<Record<string, unknown>> {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null) throw wrong('an object', 'parameters', given);
  checkColumns(Object.keys(given), PARAMETERS, 'parameter');
  return given as Record<string, unknown>;
}

function optionsOf({ n, filterSeen = true, items, exclude }: Readonly<Record<string, unknown>>): RecommendOptions {
  if (typeof filterSeen !== 'boolean') throw wrong('true or false', 'filterSeen', filterSeen);
  return {
    n: countOf(n),
    filterSeen,
    ...(items !== undefined && { items: idsOf('items', items) }),
    ...(exclude !== undefined && { exclude: idsOf('exclude', exclude) }),
  };
}

function usersOf({ user, users }: Readonly<Record<string, unknown>>, most: number): readonly Id[] {
  const wanted = idsOf('users', users ?? user);
  if (wanted.length === 0 || wanted.length > most) throw wrong(`1 to ${most} ids`, 'users', wanted.length);
  return wanted;
}

function eventsOf(events: unknown): readonly UserEvent[] {
  if (Array.isArray(events) && events.length <= MOST_EVENTS && events.every(isEvent)) return events;
  throw wrong(`a list of at most ${MOST_EVENTS} × { item, rating or weight }`, 'events', events);
}

function idsOf(name: string, value: unknown): readonly Id[] {
  const list = Array.isArray(value) ? value : [value];
  if (!list.every(isId)) throw wrong('ids (texts or numbers)', name, value);
  return list;
}

function isId(value: unknown): value is Id {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

function isEvent(value: unknown): value is UserEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { item, rating, weight } = value as Partial<Record<keyof UserEvent, unknown>>;
  return isId(item) && [rating, weight].every((number) => number === undefined || Number.isFinite(number));
}

function countOf(value: unknown): number {
  const n = value === undefined ? 10 : value;
  if (Number.isInteger(n) && Number(n) >= 1 && Number(n) <= LONGEST_LIST) return Number(n);
  throw wrong(`an integer in [1, ${LONGEST_LIST}]`, 'n', value);
}

/** JSON has no integers beyond 2^53: they are texts there. */
function shown(list: readonly Recommended[]): { item: string | number; score: number }[] {
  return list.map(({ item, score }) => ({ item: typeof item === 'bigint' ? String(item) : item, score }));
}

/** A query has texts only: whole numbers and booleans are read where they are meant. */
function queryOf({ query }: FastifyRequest): Readonly<Record<string, unknown>> {
  const { filterSeen, n, ...rest } = query as Record<string, unknown>;
  return {
    ...rest,
    ...(n !== undefined && { n: typeof n === 'string' && /^\d+$/.test(n) ? Number(n) : n }),
    ...(filterSeen !== undefined && {
      filterSeen: filterSeen === 'true' ? true : filterSeen === 'false' ? false : filterSeen,
    }),
  };
}

function wrong(expected: string, name: string, received: unknown): LanewiseError {
  const text = JSON.stringify(received) ?? 'nothing';
  return new LanewiseError('data', `Expected ${expected} for ${name} but received ${text.slice(0, 80)}`);
}
