import type { AddressInfo } from 'node:net';
import bearerAuth from '@fastify/bearer-auth';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import underPressure from '@fastify/under-pressure';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { defaultEngine, type Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { isBinaryWanted, LENGTH_HEADER, writeBinaryResponse } from './binary-tensors.js';
import { exactJson } from './json.js';
import { createMetrics } from './metrics.js';
import { answerSchemas, errorSchema } from './openapi.js';
import { bodyOf } from './protocol.js';
import { openRequestLog } from './request-log.js';
import {
  type AnyArtefact,
  type Host,
  isRecommenderArtefact,
  loadAnyArtefact,
  type Served,
  type Told,
} from './served.js';
import { servedProgram } from './served-program.js';
import { servedRecommender } from './served-recommender.js';
import { packageVersion } from './version.js';

export interface ServerOptions {
  /** The model or recommender, or the directory of one. */
  readonly artefact: AnyArtefact | string;
  /** The name and version in the URLs. Defaults: 'model' and '1'. */
  readonly name?: string;
  readonly version?: string;
  /** Default 127.0.0.1; any other needs a token. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Clients then have to send `Authorization: Bearer <token>`; health stays open. */
  readonly token?: string;
  /** Rows of one request, at most; default 10,000. Of a recommender: users, 1,000. */
  readonly maxRows?: number;
  /** Bytes of one request, at most; default 16 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds that the event loop may lag before requests are turned away with 503; default 2,000. */
  readonly maxDelay?: number;
  /** Seconds that requests in flight are waited for when draining; default 10. */
  readonly drainSeconds?: number;
  /** File to which every row and its prediction are appended, for labels that come later. Default: none. */
  readonly requestLog?: string;
  readonly engine?: Engine;
}

export interface RunningServer {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly name: string;
  readonly version: string;
  /** Takes no more requests, answers those in flight, then stops. */
  close(): Promise<void>;
}

/** What the routes share. */
interface Service extends Host {
  readonly served: Served;
  draining: boolean;
}

const OPEN_HOSTS = ['127.0.0.1', '::1', 'localhost'];

/**
 * Serves a model or a recommender over HTTP: the Open Inference Protocol (KServe v2), /openapi.json, /metrics, health; of a
 * model rows as JSON at /predict and a page with a form at /, of a recommender lists at /recommend and /similar.
 * @throws LanewiseError `usage` where a host other than this machine is bound without a token, or the port is taken.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, token, name = 'model', version = '1', drainSeconds = 10 } = options;
  if (!OPEN_HOSTS.includes(host) && !token) {
    throw new LanewiseError(
      'usage',
      `Expected a token for serving on ${host}, where others can reach it, but received none`,
      {
        hint: 'Give a token, or serve on 127.0.0.1.',
      },
    );
  }
  const artefact = typeof options.artefact === 'string' ? await loadAnyArtefact(options.artefact) : options.artefact;
  const lent: Host = {
    engine: options.engine ?? (await defaultEngine()),
    name,
    version,
    metrics: createMetrics(name, version, artefact.digest),
    log: openRequestLog(options.requestLog),
    ...(options.maxRows !== undefined && { maxRows: options.maxRows }),
  };
  const served = isRecommenderArtefact(artefact) ? servedRecommender(artefact, lent) : servedProgram(artefact, lent);
  const service: Service = { ...lent, served, draining: false };
  const app = await createApp(service, options);
  await app.listen({ host, port }).catch((cause) => {
    throw new LanewiseError('usage', `Cannot serve on ${host} port ${port}: ${cause.code ?? cause.message}`, {
      cause,
      hint: 'Another program may have the port; port 0 takes a free one.',
    });
  });
  const { port: bound } = app.server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  let closing: Promise<void> | undefined;
  return { url, name, version, close: () => (closing ??= drain(app, service, drainSeconds)) };
}

/** Waits for SIGTERM or SIGINT, drains, and returns; the process can then end with 0. */
export async function serveUntilStopped(server: RunningServer): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

async function drain(app: FastifyInstance, service: Service, seconds: number): Promise<void> {
  service.draining = true;
  const late = setTimeout(() => app.server.closeAllConnections(), seconds * 1000);
  try {
    await app.close();
    await service.log.close();
  } finally {
    clearTimeout(late);
    service.metrics.registry.clear();
  }
}

async function createApp(service: Service, options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: options.maxBytes ?? 16 * 1024 * 1024,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    routerOptions: { ignoreTrailingSlash: true },
  });
  // Bodies are checked by protocol.ts, whose errors name the column; the routes' schemas are for the OpenAPI document.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => exactJson);
  app.setReplySerializer(exactJson);
  app.setErrorHandler(answerError);
  acceptBinary(app);
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `There is nothing at ${request.url.slice(0, 200)}` }),
  );
  // While draining, a connection that was kept alive is closed with its last answer, or it would be waited for.
  app.addHook('onSend', async (_request, reply) => {
    if (service.draining) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    service.metrics.answered(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1000);
  });
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    hsts: false,
  });
  await app.register(swagger, { openapi: openApiHead(service, options.token !== undefined) });
  await openRoutes(app, service);
  await app.register(async (scope) => {
    // Not for health: a busy server that is killed as dead makes the next one busier.
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
    modelRoutes(scope, service);
  });
  return app;
}

/** A body with binary tensors comes as JSON or as bytes, by whichever client; the length header tells. */
function acceptBinary(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (LENGTH_HEADER in request.headers) done(null, body);
    else parseJson(request, body.toString(), done);
  });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  connectSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  formAction: ["'none'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};

function openApiHead(service: Service, hasToken: boolean) {
  return {
    openapi: '3.1.0',
    info: {
      title: `${service.name}: ${service.served.title}`,
      version: service.version,
      description: 'A model served by Lanewise: the Open Inference Protocol, and plain JSON.',
    },
    ...(hasToken
      ? {
          components: { securitySchemes: { token: { type: 'http' as const, scheme: 'bearer' } } },
          security: [{ token: [] }],
        }
      : {}),
  };
}

/** Health, and the page where there is one: nothing here needs a token. */
async function openRoutes(app: FastifyInstance, service: Service): Promise<void> {
  const ready = (_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(service.draining ? 503 : 200).send({ ready: !service.draining });
  const health = (summary: string, answer: object = answerSchemas.ready) => ({
    schema: { summary, tags: ['health'], security: [], response: { 200: answer } },
  });
  app.get('/v2/health/live', health('Is the process alive?', answerSchemas.live), async () => ({ live: true }));
  app.get('/v2/health/ready', health('Does it take requests?'), ready);
  app.get('/v2/models/:name/ready', health('Is the model ready?'), (request, reply) => {
    checkModel(service, request);
    return ready(request, reply);
  });
  app.get('/v2/models/:name/versions/:version/ready', health('Is the version ready?'), (request, reply) => {
    checkModel(service, request);
    return ready(request, reply);
  });
  await service.served.openRoutes(app);
}

function modelRoutes(app: FastifyInstance, service: Service): void {
  const { served } = service;
  const failures = { '4xx': errorSchema };
  const told: Told = (summary, tag, answer, asked = {}) => ({
    schema: { summary, tags: [tag], ...asked, response: { 200: answer, ...failures } },
  });
  app.get('/v2', told('The server', 'open inference protocol', answerSchemas.server), async () => ({
    name: 'lanewise',
    version: packageVersion,
    extensions: ['binary_tensor_data'],
  }));
  const metadata = told('Inputs and outputs of the model', 'open inference protocol', answerSchemas.model);
  const infer = told('Predict: one tensor an input', 'open inference protocol', served.inferResponse, {
    body: served.inferRequest,
  });
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get(path, metadata, async (request) => describe(service, request));
    app.post(`${path}/infer`, infer, async (request, reply) => answerInfer(service, request, reply));
  }
  served.routes(app, told);
  const { name, version } = service;
  const schema = told('What it takes and gives, in its own words', 'rows', answerSchemas.schema);
  app.get('/schema', schema, async () => ({ name, version, digest: served.digest, ...served.schema() }));
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/metrics', told('Figures for Prometheus', 'health', answerSchemas.metrics), async (_request, reply) => {
    const { registry } = service.metrics;
    return reply
      .type(registry.contentType)
      .serializer(String)
      .send(await registry.metrics());
  });
}

async function answerInfer(service: Service, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  checkModel(service, request);
  const body = bodyOf(request);
  const tensors = await service.served.infer(body, request.id);
  const id = typeof body['id'] === 'string' ? body['id'] : undefined;
  const head = { model_name: service.name, model_version: service.version, id };
  if (!tensors.some(({ name }) => isBinaryWanted(body, name))) return { ...head, outputs: tensors };
  const binary = writeBinaryResponse(head, tensors, (name) => isBinaryWanted(body, name));
  return reply.header(LENGTH_HEADER, binary.headerLength).type('application/octet-stream').send(binary.body);
}

function describe(service: Service, request: FastifyRequest): unknown {
  checkModel(service, request);
  const { inputs, outputs } = service.served;
  return { name: service.name, versions: [service.version], platform: 'lanewise', inputs, outputs };
}

function checkModel(service: Service, request: FastifyRequest): void {
  const { name, version } = request.params as { name: string; version?: string };
  if (name === service.name && (version === undefined || version === service.version)) return;
  const wanted = version === undefined ? name : `${name}, version ${version}`;
  const missing = new LanewiseError(
    'data',
    `There is no model ${wanted.slice(0, 100)}; this is ${service.name}, version ${service.version}`,
  );
  throw Object.assign(missing, { statusCode: 404 });
}

/** Errors as clients see them: their own with the reason, others without. */
function answerError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, message } = error as Error & { statusCode?: number };
  if (error instanceof LanewiseError && ['data', 'usage', 'unsupported'].includes(error.code)) {
    const hint = error.hint ? ` (${error.hint})` : '';
    return reply.code(statusCode ?? 400).send({ error: message + hint });
  }
  if (statusCode !== undefined && statusCode < 500) return reply.code(statusCode).send({ error: message });
  if (statusCode === 503) return reply.code(503).send({ error: message });
  process.stderr.write(`lanewise: a request failed: ${message}\n`);
  return reply.code(500).send({ error: 'The server failed to answer this request; its log says why.' });
}
