import type { FastifyInstance } from 'fastify';
import type { Engine } from '../engine/engine.js';
import { type Artefact, loadArtefact } from './artefact.js';
import type { ServerMetrics } from './metrics.js';
import type { Tensor } from './protocol.js';
import { isRecommender, loadRecommender, type RecommenderArtefact } from './recommender-artefact.js';
import type { RequestLog } from './request-log.js';

/** What is stored, versioned and served: a model of rows, or a recommender. */
export type AnyArtefact = Artefact | RecommenderArtefact;

/** Loads an artefact of either kind. @throws LanewiseError as `loadArtefact` and `loadRecommender` do. */
export async function loadAnyArtefact(path: string): Promise<AnyArtefact> {
  return (await isRecommender(path)) ? await loadRecommender(path) : await loadArtefact(path);
}

export function isRecommenderArtefact(artefact: AnyArtefact): artefact is RecommenderArtefact {
  return artefact.model.task === 'recommendation';
}

type Schema = Record<string, unknown>;

/** How a tensor of the Open Inference Protocol is described; −1: as many as there are. */
export interface TensorHead {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What the server lends to what it serves. */
export interface Host {
  readonly engine: Engine;
  readonly name: string;
  readonly version: string;
  readonly metrics: ServerMetrics;
  readonly log: RequestLog;
  /** Rows (users) of one request, at most; absent: what is served decides. */
  readonly maxRows?: number;
}

/** A summary and the schemas of a route, for the OpenAPI document; the reasons of a refusal are added to its answers. */
export type Told = (
  summary: string,
  tag: string,
  answer: object,
  asked?: { readonly body?: object; readonly querystring?: object },
) => { readonly schema: object };

/** What the server carries, whatever it is: how it is described, and what it answers to beside the routes of every server. */
export interface Served {
  /** `linear for price` */
  readonly title: string;
  readonly digest: string;
  readonly inputs: readonly TensorHead[];
  readonly outputs: readonly TensorHead[];
  readonly inferRequest: Schema;
  readonly inferResponse: Schema;
  /** What GET /schema says after name, version and digest. */
  schema(): Schema;
  /** Answers an inference request of the Open Inference Protocol. @throws LanewiseError `data` naming what does not fit. */
  infer(body: Readonly<Record<string, unknown>>, requestId: string): Promise<Tensor[]>;
  /** Routes of its own, behind the token. */
  routes(app: FastifyInstance, told: Told): void;
  /** Routes of its own that need no token, such as a page. */
  openRoutes(app: FastifyInstance): Promise<void>;
}
