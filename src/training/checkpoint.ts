import { LanewiseError } from '../errors.js';
import type { Checkpoint, CheckpointArray, CheckpointState, HistoryPoint } from '../table/interfaces.js';

/**
 * Checkpoints as bytes: a line with the format, its version and the SHA-256 of all that follows; a line of JSON (key,
 * values, where each array lies); then the arrays, little-endian, each at a multiple of 64 bytes behind that line.
 */
const FORMAT = 'lanewise-checkpoint';
const VERSION = 1;
const ALIGNMENT = 64;
const NEW_LINE = 0x0a;

const arrayTypes = { Uint8Array, Int32Array, Uint32Array, Float32Array, Float64Array } as const;
type ArrayType = keyof typeof arrayTypes;

interface Head {
  readonly key: string;
  readonly values: CheckpointState['values'];
  readonly arrays: readonly {
    readonly name: string;
    readonly type: ArrayType;
    readonly offset: number;
    readonly length: number;
  }[];
}

/**
 * A checkpoint in a file, replaced whole at each save. Node only.
 * @param options.every seconds between two saves, default 10; 0: after every iteration
 */
export async function fileCheckpoint(path: string, options: { readonly every?: number } = {}): Promise<Checkpoint> {
  const { FileCheckpoint } = await import('./checkpoint-node.js');
  return new FileCheckpoint(path, options.every);
}

/**
 * What a checkpoint must be of to go on from it: SHA-256 over the estimator, its parameters, the seed, and every value
 * that is learnt from.
 */
export async function checkpointKey(
  what: Readonly<Record<string, unknown>>,
  columns: readonly (ArrayLike<number> & ArrayBufferView)[],
): Promise<string> {
  const digests = [JSON.stringify(what)];
  for (const column of columns) digests.push(await digestOf(column));
  return digestOf(new TextEncoder().encode(digests.join('\n')));
}

/** A curve as an array of a checkpoint: the loss and the validation loss (NaN: none) of each iteration, from the first on. */
export function encodeHistory(history: readonly HistoryPoint[]): Float64Array {
  return Float64Array.from(history.flatMap(({ loss, validationLoss = Number.NaN }) => [loss, validationLoss]));
}

export function decodeHistory(curve: CheckpointArray): HistoryPoint[] {
  return Array.from({ length: curve.length / 2 }, (_, i) => {
    const [loss, validationLoss] = [curve[2 * i]!, curve[2 * i + 1]!];
    return { iteration: i + 1, loss, ...(!Number.isNaN(validationLoss) && { validationLoss }) };
  });
}

/** A trainer's state as the bytes of a file. The same state always gives the same bytes. */
export async function encodeCheckpoint(key: string, { values, arrays }: CheckpointState): Promise<Uint8Array> {
  let size = 0;
  const places = Object.entries(arrays).map(([name, array]) => {
    const offset = size;
    size = Math.ceil((offset + array.byteLength) / ALIGNMENT) * ALIGNMENT;
    return { name, type: array.constructor.name as ArrayType, offset, length: array.length };
  });
  const line = new TextEncoder().encode(`${JSON.stringify({ key, values, arrays: places } satisfies Head)}\n`);
  const content = new Uint8Array(line.length + size);
  content.set(line);
  for (const { name, offset } of places) content.set(bytesOf(arrays[name]!), line.length + offset);
  const first = new TextEncoder().encode(`${FORMAT} ${VERSION} ${await digestOf(content)}\n`);
  const bytes = new Uint8Array(first.length + content.length);
  bytes.set(first);
  bytes.set(content, first.length);
  return bytes;
}

/**
 * Reads what `encodeCheckpoint` wrote.
 * @throws LanewiseError `file` where the bytes are no checkpoint, are damaged, or belong to another training.
 */
export async function decodeCheckpoint(bytes: Uint8Array, key: string, file?: string): Promise<CheckpointState> {
  const content = await checkedContent(bytes, file);
  const end = content.indexOf(NEW_LINE);
  const head = JSON.parse(new TextDecoder().decode(content.subarray(0, end))) as Head;
  if (head.key !== key) {
    throw new LanewiseError('file', 'Expected the checkpoint of this training but the file holds that of another', {
      file,
      hint: 'Data, parameters and seed must be those of the training that wrote it. Name another file, or delete this one to start anew.',
    });
  }
  const { buffer } = new Uint8Array(content.subarray(end + 1));
  const arrays = head.arrays.map(
    ({ name, type, offset, length }) => [name, new arrayTypes[type](buffer, offset, length)] as const,
  );
  return { values: head.values, arrays: Object.fromEntries<CheckpointArray>(arrays) };
}

/** What follows the first line, once its digest is proved: then it is as it was written. */
async function checkedContent(bytes: Uint8Array, file: string | undefined): Promise<Uint8Array> {
  const end = bytes.subarray(0, 200).indexOf(NEW_LINE);
  const [format, version, digest] = new TextDecoder().decode(bytes.subarray(0, Math.max(0, end))).split(' ');
  if (format !== FORMAT) throw damaged('it is none', file);
  if (version !== String(VERSION))
    throw damaged(`it is of version ${version}, and this Lanewise reads ${VERSION}`, file);
  // Not slice(): of a Buffer that would be no copy.
  const content = new Uint8Array(bytes.subarray(end + 1));
  if (digest === (await digestOf(content))) return content;
  throw damaged('its digest is not that of its contents', file);
}

function damaged(why: string, file: string | undefined): LanewiseError {
  return new LanewiseError('file', `Expected a checkpoint that can be read but ${why}`, {
    file,
    hint: 'Delete it to start anew.',
  });
}

function bytesOf(array: ArrayBufferView): Uint8Array<ArrayBuffer> {
  // A copy: digests refuse shared memory, and the training goes on while a file is written.
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice() as Uint8Array<ArrayBuffer>;
}

/** SHA-256 as hexadecimal digits. */
export async function digestOf(array: ArrayBufferView): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(array)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
