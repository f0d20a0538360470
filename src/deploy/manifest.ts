import { LanewiseError } from '../errors.js';
import { type ColumnRanges, type GoldenRows, verifyGoldenRows } from '../scoring/golden.js';
import type { Program } from '../scoring/program.js';
import { decodeProgram } from '../scoring/serialize.js';
import type { Model } from '../table/interfaces.js';
import { taskKinds } from '../table/tasks.js';

export const FORMAT = 'lanewise-artefact';
/** Rises when an older loader could not read what is written. */
export const FORMAT_VERSION = 1;
export const MANIFEST_FILE = 'manifest.json';
export const BUFFERS_FILE = 'buffers.bin';
export const REFERENCE_FILE = 'reference.json';

/** What of a model is not its program: how it came about. */
export type ModelFacts = Omit<Model, 'program' | 'predict' | 'predictSync' | 'scorer'>;

/** manifest.json: everything but the numbers, which lie in buffers.bin. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** SHA-256 of this very JSON with `digest` empty: a changed manifest is found out, and two equal artefacts are equal. */
  readonly digest: string;
  readonly model: ModelFacts;
  /** The program's JSON form, see src/scoring/serialize.ts; its inputs and outputs are the model's signature. */
  readonly program: unknown;
  readonly ranges: ColumnRanges;
  /** Probability of the positive class from which it is predicted; absent where the most probable class is. */
  readonly threshold?: number;
  readonly golden: GoldenRows;
  /** Whatever the maker wants to keep: data hash, run, metrics. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/** What a manifest and its buffers hold, checked: the program runs, and answers its golden rows with their bits. */
export interface CheckedManifest {
  readonly manifest: Manifest;
  readonly program: Program;
}

/**
 * Checks a manifest from any source, in any runtime. Hashes are the caller's: they need a cryptographic library, this
 * needs none.
 * @throws LanewiseError `artefact` with the reason.
 */
export function checkManifest(value: unknown, buffers: ArrayBuffer | Uint8Array): CheckedManifest {
  const manifest = checkHead(value);
  checkFacts(manifest.model);
  const program = decodeProgram(manifest.program, buffers);
  verifyGoldenRows(program, manifest.golden);
  return { manifest, program };
}

/** Is this a manifest of a version that this loader knows? */
export function checkHead(value: unknown): Manifest {
  const manifest = value as Manifest;
  if (!isRecord(value) || manifest.format !== FORMAT) {
    throw broken(`it is not a Lanewise artefact (expected "format": "${FORMAT}")`);
  }
  if (manifest.version !== FORMAT_VERSION) {
    throw broken(
      `it is of format version ${String(manifest.version).slice(0, 20)}, this Lanewise reads ${FORMAT_VERSION}`,
    );
  }
  const { digest, files, metadata, ranges, threshold } = manifest;
  require(typeof digest === 'string', 'digest');
  require(isRecord(metadata), 'metadata');
  require(isRecord(ranges) && Object.values(ranges).every(isRange), 'ranges');
  require(threshold === undefined || (threshold >= 0 && threshold <= 1), 'threshold');
  require(Array.isArray(files) && files.every(isFile), 'files');
  return manifest;
}

function checkFacts(model: ModelFacts): void {
  require(isRecord(model), 'model');
  const { estimator, task, parameters, target, targets, classes, training, importances, interpretability } = model;
  require(typeof estimator === 'string', 'model.estimator');
  require(taskKinds.includes(task), 'model.task');
  require(isRecord(parameters), 'model.parameters');
  require(target === undefined || typeof target === 'string', 'model.target');
  require(targets === undefined || (Array.isArray(targets) && targets.every(isTarget)), 'model.targets');
  require(classes === undefined || (Array.isArray(classes) && classes.every(isText)), 'model.classes');
  require(isRecord(training) && Array.isArray(training.history) && isText(training.verdict), 'model.training');
  const { warnings = [] } = training;
  require(Array.isArray(warnings) && warnings.every(isWarning), 'model.training.warnings');
  require(importances === undefined ||
    (isRecord(importances) && Object.values(importances).every(Number.isFinite)), 'model.importances');
  require(['high', 'medium', 'low'].includes(interpretability), 'model.interpretability');
  require(model.summary === undefined || isSummary(model.summary), 'model.summary');
}

/** Coefficients by name; all else of them and of the whole is a number, or null where there is none. */
function isSummary(summary: unknown): boolean {
  if (!isRecord(summary) || !Array.isArray(summary['coefficients'])) return false;
  const { coefficients, ...whole } = summary;
  const parts = (coefficients as unknown[]).every((entry) => {
    if (!isRecord(entry) || !isText(entry['name'])) return false;
    const { name, ...numbers } = entry;
    return ['estimate', 'standardError', 't', 'p', 'low', 'high'].every((key) => key in numbers) && areNumbers(numbers);
  });
  return parts && areNumbers(whole);
}

function areNumbers(record: Record<string, unknown>): boolean {
  return Object.values(record).every((value) => value === null || Number.isFinite(value));
}

function isTarget(target: unknown): boolean {
  if (!isRecord(target) || !isText(target['name'])) return false;
  const classes = target['classes'];
  return classes === undefined || (Array.isArray(classes) && classes.every(isText));
}

function isWarning(warning: unknown): boolean {
  return isRecord(warning) && isText(warning['name']) && isText(warning['message']);
}

function isRange(range: unknown): boolean {
  return isRecord(range) && Number.isFinite(range['min']) && Number.isFinite(range['max']);
}

function isFile(file: unknown): boolean {
  return isRecord(file) && isText(file['name']) && isText(file['sha256']) && Number.isSafeInteger(file['bytes']);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function require(holds: boolean, part: string): void {
  if (!holds) throw broken(`"${part}" is not what it should be`);
}

function broken(what: string): LanewiseError {
  return new LanewiseError('artefact', `The artefact cannot be used: ${what}`, {
    hint: 'It was changed, cut short or written by another version; deploy the model again.',
  });
}
