import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LanewiseError } from '../../errors.js';
import type { Engine } from '../engine.js';
import { turnEventLoop } from '../turn.js';
import { decodeGraphFile, type GraphFile, HASH_SPAN } from './graph-file.js';

/** Bytes that are hashed, read or written between two turns of the event loop. */
const STEP = 1 << 23;
let partials = 0;

/** Writes the pieces of a file beside it, then renames. @throws LanewiseError `file` where that cannot be. */
export async function writeGraphFile(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const [head, ...rest] = pieces;
  head!.set(await hashOf(pieces), HASH_SPAN[0]);
  const partial = `${resolve(path)}.partial-${process.pid}-${partials++}`;
  try {
    const file = await open(partial, 'wx');
    try {
      for (const piece of [head!, ...rest]) await writeWhole(file, piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, resolve(path));
  } catch (cause) {
    await rm(partial, { force: true });
    throw new LanewiseError('file', `Expected to write an index to ${path} but the system refused: ${reason(cause)}`, {
      cause,
      file: path,
    });
  }
}

/**
 * Reads or maps a file into the engine's memory, and checks it.
 * @throws LanewiseError `file` where there is none or it cannot be read, `artefact` where it is damaged.
 */
export async function readGraphFile(engine: Engine, path: string, mmap: boolean): Promise<GraphFile> {
  const { bytes, memory } = await bring(engine, path, mmap);
  try {
    const [from, to] = HASH_SPAN;
    const stored = Buffer.from(bytes.slice(from, to));
    if (bytes.length >= to && !stored.equals(await hashOf([bytes]))) {
      throw new LanewiseError('artefact', 'it was changed after it was written (its SHA-256 does not match)');
    }
    return await decodeGraphFile(engine, bytes, memory);
  } catch (error) {
    memory[Symbol.dispose]();
    if (!(error instanceof LanewiseError) || error.code !== 'artefact') throw error;
    throw new LanewiseError('artefact', `${path} is not a sound index: ${error.message}`, {
      cause: error,
      file: path,
      hint: 'Save the index again, or take an undamaged copy.',
    });
  }
}

async function bring(engine: Engine, path: string, mmap: boolean): Promise<{ bytes: Uint8Array; memory: Disposable }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const mapped = mmap && size > 0 ? engine.mapFile(file.fd, size) : undefined;
    if (mapped) return mapped;
    const bytes = engine.arena.allocate('u8', size);
    const memory = { [Symbol.dispose]: () => engine.arena.free(bytes) };
    try {
      await readWhole(file, bytes);
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
    return { bytes, memory };
  } catch (cause) {
    if (cause instanceof LanewiseError) throw cause;
    throw new LanewiseError('file', `Expected an index at ${path} but it cannot be read: ${reason(cause)}`, {
      cause,
      file: path,
    });
  } finally {
    await file?.close();
  }
}

async function readWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(STEP, bytes.length - at), at);
    if (bytesRead === 0) throw new LanewiseError('artefact', `it ended at byte ${at} while it was read`);
    at += bytesRead;
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(STEP, bytes.length - at));
    at += bytesWritten;
  }
}

/** SHA-256 of a file but for where it stands in it. */
async function hashOf(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const hash = createHash('sha256');
  const [first, ...rest] = pieces;
  hash.update(first!.subarray(0, HASH_SPAN[0]));
  for (const piece of [first!.subarray(HASH_SPAN[1]), ...rest]) {
    for (let at = 0; at < piece.length; at += STEP) {
      hash.update(piece.subarray(at, at + STEP));
      if (piece.length > STEP) await turnEventLoop();
    }
  }
  return hash.digest();
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
}
