import { appendFile, cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { makeFolder, readIfThere } from '../engine/file-system-node.js';
import { LanewiseError, unknownName } from '../errors.js';
import { type ArtefactParts, saveArtefact } from './artefact.js';
import { type RecommenderParts, saveRecommender } from './recommender-artefact.js';
import { type AnyArtefact, isRecommenderArtefact, loadAnyArtefact } from './served.js';

/** A release alias: a name that points to one version and can be moved. */
export type Alias = 'champion' | 'challenger' | (string & {});

/** One line of the audit log: what was done, to which version, and why. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly action: 'register' | 'promote' | 'rollback';
  readonly version: number;
  readonly alias?: Alias;
  /** The version that the alias pointed to before. */
  readonly from?: number;
  readonly digest?: string;
  readonly note?: string;
}

export interface Registered {
  readonly name: string;
  readonly version: number;
  readonly path: string;
  readonly digest: string;
}

/** A version as it is listed: what it is, and what was noted when it was saved. */
export interface ListedVersion extends Registered {
  readonly estimator: string;
  readonly task: string;
  /** The aliases that point to it. */
  readonly aliases: readonly Alias[];
  /** What was kept beside the model: data and their hash, scores, seed. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** aliases.json: where each alias points, and where it pointed before, oldest first. */
interface Aliases {
  readonly format: 1;
  /** The highest version ever given out: a deleted one's number is not used again. */
  readonly latest: number;
  readonly aliases: Readonly<Record<string, { readonly version: number; readonly before: readonly number[] }>>;
}

const ALIASES_FILE = 'aliases.json';
const AUDIT_FILE = 'audit.jsonl';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;

/**
 * Models by name and version in a local folder: `<root>/<name>/<version>/` is an artefact, `aliases.json` says which
 * version is champion, `audit.jsonl` grows by a line with every change. Several processes may work on one registry.
 */
export class Registry {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Stores a model, a recommender, or a copy of an artefact that is already on disk, as the next version; `alias` is pointed to it. */
  async register(
    name: string,
    what: ArtefactParts | RecommenderParts | { readonly artefact: string },
    options: { readonly alias?: Alias; readonly note?: string } = {},
  ): Promise<Registered> {
    const folder = this.#folder(name);
    if (options.alias !== undefined) checkName('alias', options.alias);
    makeFolder(folder);
    return this.#locked(folder, async () => {
      const state = await readAliases(folder);
      const version = Math.max(state.latest, ...(await this.versions(name))) + 1;
      const path = join(folder, String(version));
      const { digest } = await store(what, path);
      await writeAliases(folder, { ...state, latest: version });
      await audit(folder, { action: 'register', version, digest, note: options.note });
      if (options.alias !== undefined) await point(folder, version, options.alias, options.note);
      return { name, version, path, digest };
    });
  }

  /** Points an alias to a version, given by number or by another alias. */
  async promote(name: string, version: number | Alias, alias: Alias = 'champion', note?: string): Promise<Registered> {
    checkName('alias', alias);
    const folder = await this.#existing(name);
    return this.#locked(folder, async () => {
      const found = await this.#version(name, version);
      const artefact = await loadAnyArtefact(join(folder, String(found))); // a damaged one is never promoted
      await point(folder, found, alias, note);
      return { name, version: found, path: artefact.path, digest: artefact.digest };
    });
  }

  /** Points an alias back to where it pointed before. @throws LanewiseError `usage` where it never pointed elsewhere. */
  async rollback(name: string, alias: Alias = 'champion', note?: string): Promise<Registered> {
    const folder = await this.#existing(name);
    return this.#locked(folder, async () => {
      const state = await readAliases(folder);
      const now = state.aliases[alias];
      if (!now) throw unknownName(`alias of ${name}`, alias, Object.keys(state.aliases));
      const version = now.before.at(-1);
      if (version === undefined) {
        throw new LanewiseError('usage', `Expected an earlier ${alias} of ${name} to go back to, but there is none`);
      }
      const { path, digest } = await loadAnyArtefact(join(folder, String(version)));
      const aliases = { ...state.aliases, [alias]: { version, before: now.before.slice(0, -1) } };
      await writeAliases(folder, { ...state, aliases });
      await audit(folder, { action: 'rollback', version, alias, from: now.version, note });
      return { name, version, path, digest };
    });
  }

  /** The artefact directory of `name@alias`, `name/version` or `name` (its champion). */
  async resolve(reference: string): Promise<string> {
    const [, name = '', separator, which = ''] = /^([^@/]*)(?:([@/])(.*))?$/s.exec(reference) ?? [];
    const folder = await this.#existing(name);
    if (!separator) return join(folder, String(await this.#version(name, 'champion')));
    return join(folder, String(await this.#version(name, separator === '/' ? versionNumber(which) : which)));
  }

  /** The names that have a version. */
  async names(): Promise<string[]> {
    const entries = await readIfThere(this.root, readdir(this.root, { withFileTypes: true }));
    return (entries ?? [])
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  }

  /** The versions of a name, ascending. */
  async versions(name: string): Promise<number[]> {
    const folder = this.#folder(name);
    const entries = await readIfThere(folder, readdir(folder));
    return (entries ?? [])
      .filter((entry) => /^[1-9]\d*$/.test(entry))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** Every version of a name, ascending, checked as it is loaded. @throws LanewiseError `artefact` where one is damaged. */
  async list(name: string): Promise<ListedVersion[]> {
    const folder = await this.#existing(name);
    const aliases = Object.entries(await this.aliases(name));
    const listed: ListedVersion[] = [];
    for (const version of await this.versions(name)) {
      const path = join(folder, String(version));
      const artefact = await loadAnyArtefact(path);
      const { estimator, task } = artefact.model;
      const own = aliases.filter(([, at]) => at === version).map(([alias]) => alias);
      listed.push({
        name,
        version,
        path,
        digest: artefact.digest,
        estimator,
        task,
        aliases: own,
        metadata: isRecommenderArtefact(artefact) ? artefact.metadata : artefact.manifest.metadata,
      });
    }
    return listed;
  }

  /** Where the aliases of a name point. */
  async aliases(name: string): Promise<Readonly<Record<string, number>>> {
    const { aliases } = await readAliases(await this.#existing(name));
    return Object.fromEntries(Object.entries(aliases).map(([alias, { version }]) => [alias, version]));
  }

  /** Everything that was done to a name, oldest first. */
  async audit(name: string): Promise<AuditEntry[]> {
    const file = join(await this.#existing(name), AUDIT_FILE);
    const text = await readIfThere(file, readFile(file, 'utf8'));
    return (text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  #folder(name: string): string {
    checkName('model name', name);
    return join(this.root, name);
  }

  async #existing(name: string): Promise<string> {
    const folder = this.#folder(name);
    if ((await this.versions(name)).length === 0) {
      throw unknownName(`model in the registry ${this.root}:`, name, await this.names(), 'file');
    }
    return folder;
  }

  async #version(name: string, which: number | Alias): Promise<number> {
    const versions = await this.versions(name);
    if (typeof which === 'number') {
      if (versions.includes(which)) return which;
      throw unknownName(`version of ${name}`, String(which), versions.map(String), 'file');
    }
    checkName('alias', which);
    const aliases = await this.aliases(name);
    if (Object.hasOwn(aliases, which)) return aliases[which]!;
    throw unknownName(`alias of ${name}`, which, Object.keys(aliases), 'file');
  }

  async #locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
    const retries = { retries: 200, factor: 1.2, minTimeout: 10, maxTimeout: 250 };
    const release = await lock(folder, { lockfilePath: join(folder, '.lock'), retries, stale: 15_000 });
    try {
      return await work();
    } finally {
      await release();
    }
  }
}

function checkName(what: string, name: string): void {
  if (NAME.test(name) && !name.includes('..')) return;
  throw new LanewiseError(
    'usage',
    `Expected letters, digits, ".", "_" or "-" for the ${what} but received ${JSON.stringify(name.slice(0, 80))}`,
    { hint: 'At most 64 characters, a letter or digit first: names never leave their folder.' },
  );
}

function versionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new LanewiseError('usage', `Expected a whole number for the version but received ${JSON.stringify(text)}`);
}

function store(
  what: ArtefactParts | RecommenderParts | { readonly artefact: string },
  path: string,
): Promise<Pick<AnyArtefact, 'digest'>> {
  if ('artefact' in what) return copyArtefact(what.artefact, path);
  return 'recommender' in what ? saveRecommender(path, what.recommender, what.metadata) : saveArtefact(path, what);
}

async function copyArtefact(from: string, to: string): Promise<AnyArtefact> {
  await loadAnyArtefact(from);
  const partial = `${to}.partial-${process.pid}`;
  try {
    await cp(from, partial, { recursive: true });
    const copied = await loadAnyArtefact(partial);
    await rename(partial, to);
    return { ...copied, path: to };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function point(folder: string, version: number, alias: Alias, note: string | undefined): Promise<void> {
  const state = await readAliases(folder);
  const now = state.aliases[alias];
  if (now?.version === version) return;
  const before = now ? [...now.before, now.version] : [];
  await writeAliases(folder, { ...state, aliases: { ...state.aliases, [alias]: { version, before } } });
  await audit(folder, { action: 'promote', version, alias, from: now?.version, note });
}

async function readAliases(folder: string): Promise<Aliases> {
  const file = join(folder, ALIASES_FILE);
  const text = await readIfThere(file, readFile(file, 'utf8'));
  if (text === undefined) return { format: 1, latest: 0, aliases: {} };
  try {
    const state = JSON.parse(text) as Aliases;
    const sound =
      state.format === 1 &&
      Number.isSafeInteger(state.latest) &&
      Object.values(state.aliases).every((alias) => Number.isSafeInteger(alias.version) && Array.isArray(alias.before));
    if (sound) return state;
  } catch {
    // Falls through to the error below: not JSON is as bad as JSON of another shape.
  }
  throw new LanewiseError('artefact', `${file} is not the aliases of a registry of format 1`, { file });
}

async function writeAliases(folder: string, state: Aliases): Promise<void> {
  const file = join(folder, ALIASES_FILE);
  await writeFile(`${file}.partial`, `${JSON.stringify(state, null, 1)}\n`);
  await rename(`${file}.partial`, file);
}

async function audit(folder: string, entry: Omit<AuditEntry, 'time'>): Promise<void> {
  await appendFile(join(folder, AUDIT_FILE), `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
}
