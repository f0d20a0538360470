import type { AddressInfo } from 'node:net';
import bearerAuth from '@fastify/bearer-auth';
import helmet from '@fastify/helmet';
import underPressure from '@fastify/under-pressure';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { defaultEngine, type Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { Id, Recommended, RecommendOptions, UserEvent } from '../table/recommendation.js';
import { loadRecommender, type RecommenderArtefact } from './recommender-artefact.js';
import { answerError, type RunningServer } from './server.js';

export interface RecommenderServerOptions {
  /** The recommender, or the directory of one. */
  readonly artefact: RecommenderArtefact | string;
  readonly name?: string;
  readonly version?: string;
  /** Default 127.0.0.1; any other needs a token. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Clients then have to send `Authorization: Bearer <token>`; health stays open. */
  readonly token?: string;
  /** Users of one request, at most; default 1,000. */
  readonly maxUsers?: number;
  /** Bytes of one request, at most; default 1 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds that the event loop may lag before requests are turned away with 503; default 2,000. */
  readonly maxDelay?: number;
  readonly engine?: Engine;
}

interface Service {
  readonly artefact: RecommenderArtefact;
  readonly engine: Engine;
  readonly maxUsers: number;
  draining: boolean;
}

const OPEN_HOSTS = ['127.0.0.1', '::1', 'localhost'];
const LONGEST_LIST = 1000;

/**
 * Serves a recommender over HTTP: GET /recommend?user=… (as often as there are users), POST /recommend for many users or for
 * the events of somebody who was not in training, GET /similar?item=…, GET /schema, and health. JSON.
 * @throws LanewiseError `usage` where a host other than this machine is bound without a token, or the port is taken.
 */
export async function startRecommenderServer(options: RecommenderServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, token, name = 'model', version = '1' } = options;
  if (!OPEN_HOSTS.includes(host) && !token) {
    const message = `Expected a token for serving on ${host}, where others can reach it, but received none`;
    throw new LanewiseError('usage', message, { hint: 'Give a token, or serve on 127.0.0.1.' });
  }
  const { artefact } = options;
  const service: Service = {
    artefact: typeof artefact === 'string' ? await loadRecommender(artefact) : artefact,
    engine: options.engine ?? (await defaultEngine()),
    maxUsers: options.maxUsers ?? 1000,
    draining: false,
  };
  const app = await createApp(service, options);
  await app.listen({ host, port }).catch((cause) => {
    throw new LanewiseError('usage', `Cannot serve on ${host} port ${port}: ${cause.code ?? cause.message}`, {
      cause,
      hint: 'Another program may have the port; port 0 takes a free one.',
    });
  });
  const { port: bound } = app.server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async () => {
    service.draining = true;
    await app.close();
  };
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  return { url, name, version, close: () => (closing ??= close()) };
}

async function createApp(service: Service, options: RecommenderServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: options.maxBytes ?? 1024 * 1024,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `There is nothing at ${request.url.slice(0, 200)}` }),
  );
  app.addHook('onSend', async (_request, reply) => {
    if (service.draining) reply.header('connection', 'close');
  });
  await app.register(helmet, { hsts: false });
  app.get('/v2/health/live', async () => ({ live: true }));
  app.get('/v2/health/ready', (_request, reply) =>
    reply.code(service.draining ? 503 : 200).send({ ready: !service.draining }),
  );
  await app.register(async (scope) => {
    await scope.register(underPressure, {
      maxEventLoopDelay: options.maxDelay ?? 2000,
      retryAfter: 1,
      message: 'The server is too busy; try again.',
    });
    if (options.token !== undefined) {
      await scope.register(bearerAuth, {
        keys: new Set([options.token]),
        errorResponse: (error) => ({ error: error.message }),
      });
    }
    scope.get('/recommend', (request, reply) => answer(reply, recommendTo(service, queryOf(request))));
    scope.post('/recommend', (request, reply) => answer(reply, recommendTo(service, bodyOf(request))));
    scope.get('/similar', (request, reply) => answer(reply, similarTo(service, queryOf(request))));
    scope.get('/schema', async () => schemaOf(service));
  });
  return app;
}

async function answer(reply: FastifyReply, work: Promise<unknown>): Promise<FastifyReply> {
  return reply.send(await work);
}

/** What is asked for: users, or the events of a new one, and what the lists may hold. */
interface Wanted {
  readonly users?: readonly Id[];
  readonly events?: readonly UserEvent[];
  readonly options: RecommendOptions;
}

async function recommendTo(service: Service, given: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { model } = service.artefact;
  const wanted = readWanted(given, service.maxUsers);
  const options = { ...wanted.options, engine: service.engine };
  if (wanted.events) {
    const folded = await model.foldInUser(wanted.events, { engine: service.engine });
    const items = shown(await folded.recommend(options));
    return { recommendations: [{ known: false, unknownItems: folded.unknownItems, items }] };
  }
  const lists = await model.recommend(wanted.users!, options);
  return {
    recommendations: wanted.users!.map((user, place) => ({
      user,
      known: lists.known[place],
      items: shown(lists.list(place)),
    })),
  };
}

async function similarTo(service: Service, { item, n }: Readonly<Record<string, unknown>>): Promise<unknown> {
  if (!isId(item)) throw wrong('an item', 'item', item);
  return { item, items: shown(await service.artefact.model.similarItems(item, countOf(n))) };
}

function schemaOf({ artefact }: Service): unknown {
  const { model, digest } = artefact;
  const { estimator, task, feedback, columns, facts, scale, users, items } = model;
  const types = { users: users.type, items: items.type };
  const { users: userCount, items: itemCount, pairs } = facts;
  return { digest, estimator, task, feedback, columns, scale, types, users: userCount, items: itemCount, pairs };
}

function readWanted(given: Readonly<Record<string, unknown>>, maxUsers: number): Wanted {
  const { user, users, events, n, filterSeen = true, items, exclude } = given;
  if (typeof filterSeen !== 'boolean') throw wrong('true or false', 'filterSeen', filterSeen);
  const options: RecommendOptions = {
    n: countOf(n),
    filterSeen,
    ...(items !== undefined && { items: idsOf('items', items) }),
    ...(exclude !== undefined && { exclude: idsOf('exclude', exclude) }),
  };
  if (events !== undefined) {
    if (!Array.isArray(events) || events.length > 100_000 || !events.every(isEvent)) {
      throw wrong('a list of { item, rating or weight }', 'events', events);
    }
    return { events, options };
  }
  const wanted = idsOf('users', users ?? user);
  if (wanted.length === 0 || wanted.length > maxUsers) throw wrong(`1 to ${maxUsers} ids`, 'users', wanted.length);
  return { users: wanted, options };
}

function idsOf(name: string, value: unknown): readonly Id[] {
  const list = Array.isArray(value) ? value : [value];
  if (!list.every(isId)) throw wrong('ids (texts or numbers)', name, value);
  return list as Id[];
}

function isId(value: unknown): value is Id {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

function isEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { item, rating, weight } = value as Partial<Record<keyof UserEvent, unknown>>;
  return isId(item) && [rating, weight].every((number) => number === undefined || Number.isFinite(number));
}

function countOf(value: unknown): number {
  const n = value === undefined ? 10 : Number(value);
  if (Number.isInteger(n) && n >= 1 && n <= LONGEST_LIST) return n;
  throw wrong(`an integer in [1, ${LONGEST_LIST}]`, 'n', value);
}

/** JSON has no integers beyond 2^53: they are texts there. */
function shown(list: readonly Recommended[]): unknown {
  return list.map(({ item, score }) => ({ item: typeof item === 'bigint' ? String(item) : item, score }));
}

function queryOf({ query }: FastifyRequest): Readonly<Record<string, unknown>> {
  const { filterSeen, ...rest } = query as Record<string, unknown>;
  return filterSeen === undefined
    ? rest
    : { ...rest, filterSeen: filterSeen === 'true' ? true : filterSeen === 'false' ? false : filterSeen };
}

function bodyOf({ body }: FastifyRequest): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new LanewiseError('data', 'Expected a JSON object as the body');
}

function wrong(expected: string, name: string, received: unknown): LanewiseError {
  const text = JSON.stringify(received) ?? 'nothing';
  return new LanewiseError('data', `Expected ${expected} for ${name} but received ${text.slice(0, 80)}`);
}
