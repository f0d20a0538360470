import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder, readIfThere } from '../engine/file-system-node.js';
import { LanewiseError } from '../errors.js';
import { makeModel } from '../models/model.js';
import { type ColumnRanges, makeGoldenRows } from '../scoring/golden.js';
import type { Program } from '../scoring/program.js';
import { encodeProgram } from '../scoring/serialize.js';
import type { Model } from '../table/interfaces.js';
import {
  BUFFERS_FILE,
  checkHead,
  checkManifest,
  FORMAT,
  FORMAT_VERSION,
  MANIFEST_FILE,
  type Manifest,
  REFERENCE_FILE,
} from './manifest.js';
import { withThreshold } from './threshold.js';

/** What goes into an artefact. */
export interface ArtefactParts {
  readonly model: Model;
  /** Spans of the raw columns in training (`columnRanges`): golden rows and the server's page are made from them. */
  readonly ranges?: ColumnRanges;
  /** What monitoring compares with: any JSON. */
  readonly reference?: unknown;
  /** Two classes only: predict the positive one from this probability on. */
  readonly threshold?: number;
  /** Any JSON worth keeping beside the model. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A model as it lies on disk, checked and ready to predict. */
export interface Artefact {
  readonly path: string;
  /** SHA-256 that stands for all of it: equal digests are equal artefacts. */
  readonly digest: string;
  readonly manifest: Manifest;
  readonly model: Model;
  readonly reference?: unknown;
}

let partials = 0;

/**
 * Writes an artefact as the directory `path`: manifest.json, buffers.bin and, where given, reference.json. It is
 * written beside, loaded once to prove itself, and only then renamed. An artefact that stood there is replaced.
 * @throws LanewiseError `file` where `path` is taken by something else.
 */
export async function saveArtefact(path: string, parts: ArtefactParts): Promise<Artefact> {
  await refuseForeign(path);
  const partial = `${resolve(path)}.partial-${process.pid}-${partials++}`;
  try {
    makeFolder(partial);
    for (const [name, bytes] of artefactFiles(parts)) await writeFile(join(partial, name), bytes);
    const saved = await loadArtefact(partial);
    await replace(partial, resolve(path));
    return { ...saved, path };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Reads an artefact (its directory, or the manifest.json in it) and trusts nothing: versions, hashes, every index and
 * length of the program, and last the golden rows, which must come out with the same bits.
 * @throws LanewiseError `file` where nothing is, else `artefact`, naming the file and the reason.
 */
export async function loadArtefact(path: string): Promise<Artefact> {
  const directory = await artefactDirectory(path);
  const text = (await readPart(directory, MANIFEST_FILE)).toString('utf8');
  const manifest = parseManifest(text, join(directory, MANIFEST_FILE));
  const buffers = await readHashed(directory, BUFFERS_FILE, manifest);
  const listed = manifest.files.some((file) => file.name === REFERENCE_FILE);
  const reference = listed ? parseJson(await readHashed(directory, REFERENCE_FILE, manifest)) : undefined;
  const { program } = named(join(directory, MANIFEST_FILE), () => checkManifest(manifest, buffers));
  const model = makeModel({ ...manifest.model, program });
  return { path, digest: manifest.digest, manifest, model, ...(listed ? { reference } : {}) };
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function artefactFiles(parts: ArtefactParts): Map<string, Uint8Array | string> {
  const { model, ranges = {}, reference, threshold, metadata = {} } = parts;
  const program = threshold === undefined ? model.program : withThreshold(model, threshold);
  const encoded = encodeProgram(program);
  const files = new Map<string, Uint8Array | string>([[BUFFERS_FILE, encoded.buffers]]);
  if (reference !== undefined) files.set(REFERENCE_FILE, JSON.stringify(reference));
  const manifest: Manifest = {
    format: FORMAT,
    version: FORMAT_VERSION,
    digest: '',
    model: factsOf(model),
    program: encoded.program,
    ranges: inputRanges(program, ranges),
    ...(threshold === undefined ? {} : { threshold }),
    golden: makeGoldenRows(program, ranges),
    metadata,
    files: [...files].map(([name, bytes]) => ({ name, bytes: Buffer.byteLength(bytes), sha256: sha256(bytes) })),
  };
  return files.set(MANIFEST_FILE, sealManifest(manifest));
}

function factsOf(model: Model): Manifest['model'] {
  const { estimator, task, parameters, target, targets, classes, training, importances, summary } = model;
  const { interpretability } = model;
  return { estimator, task, parameters, target, targets, classes, training, importances, summary, interpretability };
}

/** Only spans of columns that the model reads: nothing else of the data is anybody's business. */
function inputRanges(program: Program, ranges: ColumnRanges): ColumnRanges {
  const known = program.inputs.filter(({ name }) => Object.hasOwn(ranges, name));
  return Object.fromEntries(known.map(({ name }) => [name, { min: ranges[name]!.min, max: ranges[name]!.max }]));
}

function sealManifest(manifest: Manifest): string {
  const digest = sha256(canonical(manifest));
  return JSON.stringify({ ...manifest, digest }, null, 1) + '\n';
}

/** The JSON that the digest is of: parsed once, so that what was undefined or has integer keys stands as it is read. */
function canonical(manifest: Manifest): string {
  return JSON.stringify(JSON.parse(JSON.stringify({ ...manifest, digest: '' })));
}

function parseManifest(text: string, file: string): Manifest {
  return named(file, () => {
    const manifest = checkHead(parseJson(Buffer.from(text)));
    if (sha256(canonical(manifest)) !== manifest.digest) {
      throw new LanewiseError('artefact', 'it was changed after it was written (its digest does not match)');
    }
    return manifest;
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new LanewiseError('artefact', 'it is not JSON, or was cut short', { cause });
  }
}

async function readHashed(directory: string, name: string, manifest: Manifest): Promise<Buffer> {
  const path = join(directory, name);
  const listed = manifest.files.find((file) => file.name === name);
  const bytes = await readPart(directory, name);
  return named(path, () => {
    if (!listed) throw new LanewiseError('artefact', 'the manifest does not list it');
    if (bytes.length !== listed.bytes) {
      throw new LanewiseError(
        'artefact',
        `it has ${bytes.length} bytes, expected ${listed.bytes}: cut short or changed`,
      );
    }
    if (sha256(bytes) !== listed.sha256) {
      throw new LanewiseError('artefact', 'it was changed after it was written (its SHA-256 does not match)');
    }
    return bytes;
  });
}

async function readPart(directory: string, name: string): Promise<Buffer> {
  const path = join(directory, name);
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'it is missing' : `it cannot be read (${code})`;
    throw refused(path, why, cause);
  }
}

async function artefactDirectory(path: string): Promise<string> {
  const found = await readIfThere(path, stat(path));
  if (!found) {
    throw new LanewiseError('file', `There is no model artefact at ${path}`, {
      file: path,
      hint: 'Expected the directory that `lanewise train` or the deploy step wrote, with a manifest.json in it.',
    });
  }
  if (found.isDirectory()) return path;
  if (basename(path) === MANIFEST_FILE) return dirname(path);
  throw refused(path, `expected a directory with a ${MANIFEST_FILE} in it, but this is a file`);
}

async function refuseForeign(path: string): Promise<void> {
  const found = await readIfThere(path, stat(path));
  if (!found) return;
  const names = found.isDirectory() ? await readdir(path) : undefined;
  if (names?.length === 0) return;
  const file = join(path, MANIFEST_FILE);
  const manifest = await readIfThere(file, readFile(file, 'utf8'));
  if (manifest?.includes(`"${FORMAT}"`)) return;
  throw new LanewiseError(
    'file',
    `Expected a free name or an artefact to replace at ${path}, but other things are there`,
    {
      file: path,
      hint: 'Choose another directory; nothing was written.',
    },
  );
}

/** Puts one directory into the place of another, which goes only when the first is there. */
export async function replace(from: string, to: string): Promise<void> {
  const old = `${from}.old`;
  const had = await rename(to, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(from, to);
  } catch (error) {
    if (had) await rename(old, to);
    throw error;
  }
  if (had) await rm(old, { recursive: true, force: true });
}

/** Says which file it was when a check below fails. */
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
    hint: 'Deploy the model again, or take an undamaged copy.',
  });
}
