import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, readIfThere } from '../engine/file-system-node.js';
import type { SparseRows } from '../engine/sparse-matrix.js';
import { LanewiseError } from '../errors.js';
import { FittedRecommender, type RecommenderState } from '../models/recommendation/index.js';
import { Ids } from '../table/ids.js';
import type { IdList } from '../table/recommendation.js';
import { replace, sha256 } from './artefact.js';
import { BUFFERS_FILE, MANIFEST_FILE } from './manifest.js';

export const RECOMMENDER_FORMAT = 'lanewise-recommender';
/** Rises when an older loader could not read what is written. */
const FORMAT_VERSION = 1;
const ALIGNMENT = 64;

const arrayTypes = { f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
type ArrayName = keyof typeof arrayTypes;
type AnyArray = Float64Array | Int32Array | Uint8Array;

/** Where an array lies in buffers.bin. */
interface StoredArray {
  readonly type: ArrayName;
  readonly offset: number;
  readonly length: number;
}

interface StoredIds {
  readonly type: IdList['type'];
  readonly count: number;
}

/** manifest.json: everything but the numbers and the ids, which lie in buffers.bin. */
interface Manifest {
  readonly format: typeof RECOMMENDER_FORMAT;
  readonly version: number;
  /** SHA-256 of this very JSON with `digest` empty. */
  readonly digest: string;
  readonly model: Pick<
    RecommenderState,
    'estimator' | 'parameters' | 'columns' | 'feedback' | 'scale' | 'facts' | 'training'
  > & { readonly users: StoredIds; readonly items: StoredIds; readonly mean: number };
  readonly scoring:
    | { readonly kind: 'factors'; readonly rank: number }
    | { readonly kind: 'neighbors'; readonly side: 'users' | 'items'; readonly k: number }
    | { readonly kind: 'popularity' };
  readonly arrays: Readonly<Record<string, StoredArray>>;
  /** Scores of a few pairs (by index), which must come out with the same bits wherever the artefact is loaded. */
  readonly golden: readonly (readonly [user: number, item: number, score: number])[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/** A recommender as it lies on disk, checked and ready. */
export interface RecommenderArtefact {
  readonly path: string;
  /** SHA-256 that stands for all of it: equal digests are equal artefacts. */
  readonly digest: string;
  readonly model: FittedRecommender;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What goes into a registry: a recommender, and any JSON worth keeping beside it. */
export interface RecommenderParts {
  readonly recommender: FittedRecommender;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

let partials = 0;

/**
 * Writes a recommender as the directory `path`: manifest.json and buffers.bin. Written beside, loaded once to prove itself,
 * and only then renamed; a recommender that stood there is replaced. It holds the ids and who met what: whoever has the
 * artefact has these data.
 * @throws LanewiseError `file` where `path` is taken by something else.
 */
export async function saveRecommender(
  path: string,
  model: FittedRecommender,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<RecommenderArtefact> {
  await refuseForeign(path);
  const partial = `${resolve(path)}.partial-${process.pid}-r${partials++}`;
  try {
    makeFolder(partial);
    const { manifest, buffers } = encode(model, metadata);
    await writeFile(join(partial, BUFFERS_FILE), buffers);
    await writeFile(join(partial, MANIFEST_FILE), manifest);
    const saved = await loadRecommender(partial);
    await replace(partial, resolve(path));
    return { ...saved, path };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Reads a recommender and trusts nothing: version, hashes, every index and length, and last the golden scores.
 * @throws LanewiseError `file` where nothing is, else `artefact`, naming the file and the reason.
 */
export async function loadRecommender(path: string): Promise<RecommenderArtefact> {
  const found = await readIfThere(path, stat(path));
  if (!found?.isDirectory()) {
    throw new LanewiseError('file', `There is no recommender at ${path}`, {
      file: path,
      hint: 'Expected the directory that `lanewise train --task recommendation` wrote, with a manifest.json in it.',
    });
  }
  const manifestPath = join(path, MANIFEST_FILE);
  const manifest = named(manifestPath, readManifest(await readPart(manifestPath)));
  const buffersPath = join(path, BUFFERS_FILE);
  const bytes = await readPart(buffersPath);
  const listed = manifest.files.find(({ name }) => name === BUFFERS_FILE);
  if (!listed || listed.bytes !== bytes.length) throw refused(buffersPath, 'it was cut short, or is not listed');
  if (sha256(bytes) !== listed.sha256) {
    throw refused(buffersPath, 'it was changed after it was written (its SHA-256 does not match)');
  }
  const model = named(manifestPath, () => decode(manifest, bytes));
  return { path, digest: manifest.digest, model, metadata: manifest.metadata };
}

/** Is this the directory of a recommender? For commands that take either kind of artefact. */
export async function isRecommender(path: string): Promise<boolean> {
  const file = join(path, MANIFEST_FILE);
  const text = await readIfThere(file, readFile(file, 'utf8'));
  return text?.slice(0, 200).includes(`"${RECOMMENDER_FORMAT}"`) ?? false;
}

function encode(model: FittedRecommender, metadata: Readonly<Record<string, unknown>>) {
  const { state } = model;
  const { estimator, parameters, columns, feedback, scale, facts, training, users, items, rows, baseline } = state;
  const { scoring } = state;
  const arrays: Record<string, AnyArray> = {
    offsets: rows.offsets,
    indices: rows.indices,
    values: rows.values,
    userBiases: baseline.userBiases,
    itemBiases: baseline.itemBiases,
    ...idArrays('userIds', users),
    ...idArrays('itemIds', items),
    ...(scoring.kind === 'factors' && { userFactors: scoring.userFactors, itemFactors: scoring.itemFactors }),
    ...(scoring.kind === 'neighbors' && { neighbors: scoring.neighbors, likenesses: scoring.likenesses }),
  };
  const stored: Record<string, StoredArray> = {};
  let end = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const type = (Object.keys(arrayTypes) as ArrayName[]).find((key) => array instanceof arrayTypes[key])!;
    stored[name] = { type, offset: end, length: array.length };
    end = Math.ceil((end + array.byteLength) / ALIGNMENT) * ALIGNMENT;
  }
  const buffers = new Uint8Array(end);
  for (const [name, array] of Object.entries(arrays)) {
    buffers.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), stored[name]!.offset);
  }
  const manifest: Manifest = {
    format: RECOMMENDER_FORMAT,
    version: FORMAT_VERSION,
    digest: '',
    model: {
      estimator,
      parameters,
      columns,
      feedback,
      ...(scale && { scale }),
      facts,
      training,
      users: { type: users.type, count: users.count },
      items: { type: items.type, count: items.count },
      mean: baseline.mean,
    },
    scoring:
      scoring.kind === 'factors'
        ? { kind: 'factors', rank: scoring.rank }
        : scoring.kind === 'neighbors'
          ? { kind: 'neighbors', side: scoring.side, k: scoring.k }
          : { kind: 'popularity' },
    arrays: stored,
    golden: goldenScores(model),
    metadata,
    files: [{ name: BUFFERS_FILE, bytes: buffers.length, sha256: sha256(buffers) }],
  };
  return { manifest: `${JSON.stringify({ ...manifest, digest: sha256(canonical(manifest)) }, null, 1)}\n`, buffers };
}

/** Pairs spread over users and items. */
function goldenScores(model: FittedRecommender): [number, number, number][] {
  const [users, items] = [model.users.count, model.items.count];
  return Array.from({ length: 16 }, (_, place) => {
    const [user, item] = [Math.floor((place * users) / 16), Math.floor((((place * 7) % 16) * items) / 16)];
    return [user, item, model.predictPair(user, item)];
  });
}

function idArrays(name: string, list: IdList): Record<string, AnyArray> {
  const encoder = new TextEncoder();
  const texts = Array.from({ length: list.count }, (_, index) => encoder.encode(String(list.id(index))));
  const offsets = new Int32Array(list.count + 1);
  texts.forEach((text, index) => {
    offsets[index + 1] = offsets[index]! + text.length;
  });
  const bytes = new Uint8Array(offsets[list.count]!);
  texts.forEach((text, index) => {
    bytes.set(text, offsets[index]!);
  });
  return { [`${name}Offsets`]: offsets, [`${name}Bytes`]: bytes };
}

/** The JSON that the digest is of: parsed once, so that what was undefined stands as it is read. */
function canonical(manifest: Manifest): string {
  return JSON.stringify(JSON.parse(JSON.stringify({ ...manifest, digest: '' })));
}

function readManifest(bytes: Buffer) {
  return (): Manifest => {
    const manifest = parsed(bytes);
    if (manifest?.format !== RECOMMENDER_FORMAT) throw broken(`it is not a recommender ("${RECOMMENDER_FORMAT}")`);
    if (manifest.version !== FORMAT_VERSION) {
      throw broken(`it is of format version ${String(manifest.version).slice(0, 20)}, this reads ${FORMAT_VERSION}`);
    }
    if (sha256(canonical(manifest)) !== manifest.digest) {
      throw broken('it was changed after it was written (its digest does not match)');
    }
    return manifest;
  };
}

function parsed(bytes: Buffer): Manifest | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Manifest;
  } catch (cause) {
    throw new LanewiseError('artefact', 'it is not JSON, or was cut short', { cause });
  }
}

function decode(manifest: Manifest, bytes: Buffer): FittedRecommender {
  checkFacts(manifest);
  const { model, scoring } = manifest;
  const { users, items, mean, ...facts } = model;
  const array = <T extends ArrayName>(name: string, type: T, length: number) =>
    storedArray(manifest, bytes, name, type, length) as InstanceType<(typeof arrayTypes)[T]>;
  const offsets = array('offsets', 'i32', users.count + 1);
  const pairs = offsets[users.count]!;
  const rows: SparseRows = {
    rowCount: users.count,
    columnCount: items.count,
    offsets,
    indices: array('indices', 'i32', pairs),
    values: array('values', 'f64', pairs),
  };
  checkRows(rows);
  const state: RecommenderState = {
    ...facts,
    users: storedIds(manifest, bytes, 'userIds', users),
    items: storedIds(manifest, bytes, 'itemIds', items),
    rows,
    baseline: {
      mean,
      userBiases: finite('userBiases', array('userBiases', 'f64', users.count)),
      itemBiases: finite('itemBiases', array('itemBiases', 'f64', items.count)),
    },
    scoring:
      scoring.kind === 'factors'
        ? {
            ...scoring,
            userFactors: finite('userFactors', array('userFactors', 'f64', users.count * scoring.rank)),
            itemFactors: finite('itemFactors', array('itemFactors', 'f64', items.count * scoring.rank)),
          }
        : scoring.kind === 'neighbors'
          ? neighborsOf(scoring, scoring.side === 'users' ? users.count : items.count, array)
          : { kind: 'popularity' },
  };
  const loaded = new FittedRecommender(state);
  for (const [user, item, score] of manifest.golden) {
    requirePart(isIndex(user, users.count) && isIndex(item, items.count), 'golden');
    if (loaded.predictPair(user, item) !== score) throw broken('its golden scores come out differently here');
  }
  return loaded;
}

function neighborsOf(
  { side, k }: { side: 'users' | 'items'; k: number },
  count: number,
  array: (name: string, type: 'i32' | 'f64', length: number) => AnyArray,
): RecommenderState['scoring'] {
  const neighbors = array('neighbors', 'i32', count * k) as Int32Array;
  requirePart(
    neighbors.every((other) => other >= -1 && other < count),
    'neighbors',
  );
  return {
    kind: 'neighbors',
    side,
    k,
    neighbors,
    likenesses: finite('likenesses', array('likenesses', 'f64', count * k) as Float64Array),
  };
}

function storedArray({ arrays }: Manifest, bytes: Buffer, name: string, type: ArrayName, length: number): AnyArray {
  const stored = Object.hasOwn(arrays, name) ? arrays[name]! : undefined;
  const width = arrayTypes[type].BYTES_PER_ELEMENT;
  const sound =
    stored?.type === type &&
    stored.length === length &&
    isIndex(stored.offset, bytes.length + 1) &&
    stored.offset % ALIGNMENT === 0 &&
    stored.offset + length * width <= bytes.length;
  requirePart(sound, `arrays.${name}`);
  // Copied: what was read need not lie aligned.
  const own = Uint8Array.from(bytes.subarray(stored!.offset, stored!.offset + length * width));
  return new arrayTypes[type](own.buffer, 0, length);
}

function storedIds(manifest: Manifest, bytes: Buffer, name: string, { type, count }: StoredIds): Ids {
  const offsets = storedArray(manifest, bytes, `${name}Offsets`, 'i32', count + 1) as Int32Array;
  requirePart(offsets[0] === 0 && ascends(offsets), `${name}Offsets`);
  const all = storedArray(manifest, bytes, `${name}Bytes`, 'u8', offsets[count]!);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts = Array.from({ length: count }, (_, index) => {
    try {
      return decoder.decode(all.subarray(offsets[index]!, offsets[index + 1]!) as Uint8Array);
    } catch (cause) {
      throw new LanewiseError('artefact', `"${name}" holds bytes that are no UTF-8`, { cause });
    }
  });
  requirePart(type !== 'integer' || texts.every((text) => /^-?\d+$/.test(text)), name);
  requirePart(new Set(texts).size === count, name);
  return new Ids(type, texts);
}

function checkFacts({ model, scoring, arrays, golden, metadata }: Manifest): void {
  requirePart(isRecord(model) && isRecord(arrays) && isRecord(metadata), 'model');
  requirePart(typeof model.estimator === 'string' && isRecord(model.parameters), 'model.parameters');
  requirePart(isRecord(model.columns), 'model.columns');
  requirePart(
    Object.values(model.columns).every((name) => typeof name === 'string'),
    'model.columns',
  );
  requirePart(typeof model.columns.user === 'string' && typeof model.columns.item === 'string', 'model.columns');
  requirePart(model.feedback === 'explicit' || model.feedback === 'implicit', 'model.feedback');
  const { scale, users, items, training, facts, mean } = model;
  requirePart(scale === undefined || (scale.length === 2 && scale.every(Number.isFinite)), 'model.scale');
  for (const side of [users, items]) {
    const known = isRecord(side) && ['text', 'number', 'integer'].includes(side.type);
    requirePart(known && Number.isSafeInteger(side.count) && side.count > 0, 'model.users and model.items');
  }
  requirePart(Number.isFinite(mean), 'model.mean');
  requirePart(isRecord(facts) && Array.isArray(facts.leftOut), 'model.facts');
  requirePart(isRecord(training) && Array.isArray(training.history), 'model.training');
  requirePart(Array.isArray(golden) && golden.length > 0 && golden.every((row) => Array.isArray(row)), 'golden');
  const whole = (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 65_536;
  requirePart(isRecord(scoring), 'scoring');
  if (scoring.kind === 'factors') requirePart(whole(scoring.rank), 'scoring.rank');
  else if (scoring.kind === 'neighbors') {
    requirePart(whole(scoring.k) && ['users', 'items'].includes(scoring.side), 'scoring');
  } else requirePart(scoring.kind === 'popularity', 'scoring');
}

function checkRows({ offsets, indices, values, rowCount, columnCount }: SparseRows): void {
  requirePart(offsets[0] === 0 && ascends(offsets), 'offsets');
  for (let row = 0; row < rowCount; row++) {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
      const ascending = e === offsets[row]! || indices[e]! > indices[e - 1]!;
      requirePart(ascending && isIndex(indices[e]!, columnCount), 'indices');
    }
  }
  finite('values', values);
}

function ascends(offsets: Int32Array): boolean {
  for (let i = 1; i < offsets.length; i++) if (offsets[i]! < offsets[i - 1]!) return false;
  return true;
}

function finite(name: string, values: Float64Array): Float64Array {
  requirePart(values.every(Number.isFinite), name);
  return values;
}

function isIndex(value: unknown, end: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < end;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function requirePart(holds: boolean, part: string): void {
  if (!holds) throw broken(`"${part}" is not what it should be`);
}

function broken(why: string): LanewiseError {
  return new LanewiseError('artefact', why);
}

async function readPart(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw refused(path, cause.code === 'ENOENT' ? 'it is missing' : `it cannot be read (${cause.code})`, cause);
  });
}

async function refuseForeign(path: string): Promise<void> {
  const found = await readIfThere(path, stat(path));
  if (!found || (await isRecommender(path))) return;
  throw new LanewiseError(
    'file',
    `Expected a free name or a recommender to replace at ${path}, but other things are there`,
    {
      file: path,
      hint: 'Choose another directory; nothing was written.',
    },
  );
}

/** Says which file it was when a check fails. */
function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LanewiseError) throw refused(file, error.message, error);
    throw error;
  }
}

function refused(file: string, why: string, cause?: unknown): LanewiseError {
  return new LanewiseError('artefact', `${file} is not a sound artefact: ${why}`, {
    file,
    cause,
    hint: 'Train the recommender again, or take an undamaged copy.',
  });
}
