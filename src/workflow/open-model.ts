import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Artefact, loadArtefact } from '../deploy/artefact.js';
import { Registry } from '../deploy/registry.js';
import { LanewiseError } from '../errors.js';

export interface OpenedModel extends Artefact {
  /** The name and version under which it is served. */
  readonly name: string;
  readonly version: string;
}

/**
 * Loads a model by the folder of its artefact, or by `name@alias` or `name/version` of a registry. Names are looked up in
 * `registry` where it is given, else in ./registry and the newest runs.
 * @throws LanewiseError `file` naming what was asked for where there is no such model.
 */
export async function openModel(reference: string, registry?: string): Promise<OpenedModel> {
  if (existsSync(reference)) return named(await loadArtefact(reference), 'model', '1');
  const [, name, separator] = /^([a-zA-Z0-9][a-zA-Z0-9._-]*)([@/])/.exec(reference) ?? [];
  for (const root of registry === undefined ? registriesNearby() : [registry]) {
    const known = await new Registry(root).names();
    if (!known.includes(name ?? reference)) continue;
    const path = await new Registry(root).resolve(reference);
    return named(await loadArtefact(path), name ?? reference, path.split(/[/\\]/).at(-1)!);
  }
  const hint = separator
    ? `No registry ${registry === undefined ? 'here' : `at ${registry}`} holds a model of that name.`
    : 'Name the folder that `lanewise train` wrote, or name@alias of a registry.';
  throw new LanewiseError('file', `There is no model at ${reference}`, { file: reference, hint });
}

function named(artefact: Artefact, name: string, version: string): OpenedModel {
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
