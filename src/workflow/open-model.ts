import { existsSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artefact } from '../deploy/artefact.js';
import { type AnyArtefact, isRecommenderArtefact, loadAnyArtefact } from '../deploy/index.js';
import type { RecommenderArtefact } from '../deploy/recommender-artefact.js';
import { Registry } from '../deploy/registry.js';
import { readIfThere } from '../engine/file-system-node.js';
import { LanewiseError } from '../errors.js';

/** An artefact with the name and version under which it is served. */
type Opened<A extends AnyArtefact> = A & { readonly name: string; readonly version: string };

export type OpenedModel = Opened<Artefact>;
export type OpenedRecommender = Opened<RecommenderArtefact>;

/**
 * Loads a model of rows by the folder of its artefact, or by `name@alias` or `name/version` of a registry. Names are looked up
 * in `registry` where it is given, else in ./registry and the newest runs.
 * @throws LanewiseError `file` naming what was asked for where there is no such model, `usage` where it is a recommender.
 */
export async function openModel(reference: string, registry?: string): Promise<OpenedModel> {
  const opened = await openAny(reference, registry);
  if (!isRecommenderArtefact(opened)) return opened;
  throw new LanewiseError('usage', `Expected a model of rows but ${reference} is a recommender`, {
    hint: 'lanewise recommend, serve and monitor take recommenders.',
  });
}

/** Loads a recommender, as `openModel` does a model. @throws LanewiseError `file`, or `usage` where it is a model of rows. */
export async function openRecommender(reference: string, registry?: string): Promise<OpenedRecommender> {
  const opened = await openAny(reference, registry);
  if (isRecommenderArtefact(opened)) return opened;
  throw new LanewiseError('usage', `Expected a recommender but ${reference} is a model of rows`, {
    hint: 'lanewise predict and explain take models of rows.',
  });
}

/** Loads whatever is meant: a model of rows, or a recommender. */
export async function openAny(reference: string, registry?: string): Promise<OpenedModel | OpenedRecommender> {
  if (await readIfThere(reference, stat(reference))) return named(await loadAnyArtefact(reference), 'model', '1');
  const [, name, separator] = /^([a-zA-Z0-9][a-zA-Z0-9._-]*)([@/])/.exec(reference) ?? [];
  for (const root of registry === undefined ? registriesNearby() : [registry]) {
    const known = await new Registry(root).names();
    if (!known.includes(name ?? reference)) continue;
    const path = await new Registry(root).resolve(reference);
    return named(await loadAnyArtefact(path), name ?? reference, path.split(/[/\\]/).at(-1)!);
  }
  const hint = separator
    ? `No registry ${registry === undefined ? 'here' : `at ${registry}`} holds a model of that name.`
    : 'Name the folder that `lanewise train` wrote, or name@alias of a registry.';
  throw new LanewiseError('file', `There is no model at ${reference}`, { file: reference, hint });
}

function named<A extends AnyArtefact>(artefact: A, name: string, version: string): Opened<A> {
  return { ...artefact, name, version };
}

/** ./registry, then the registries of runs, newest first. */
function registriesNearby(): string[] {
  const runs = existsSync('runs') ? readdirSync('runs').sort(byTime).reverse() : [];
  return ['registry', ...runs.map((run) => join('runs', run, 'deploy', 'registry'))].filter((path) => existsSync(path));
}

/** Runs are named after their workflow and their start: the latest of all workflows is wanted. */
function byTime(a: string, b: string): number {
  const started = (run: string) => /\d{8}-\d{6}(-\d+)?$/.exec(run)?.[0] ?? '';
  return started(a) < started(b) ? -1 : 1;
}
