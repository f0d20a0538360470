import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../engine/file-system-node.js';
import { invalid, LanewiseError } from '../errors.js';
import type { Checkpoint, CheckpointState } from '../table/interfaces.js';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';

const EVERY_SECONDS = 10;

/** A checkpoint in a file: written beside, flushed to the disk, then renamed, so that a kill never leaves half of one. */
export class FileCheckpoint implements Checkpoint {
  readonly path: string;
  readonly #every: number;
  #last = performance.now();

  /** @param every seconds between two saves */
  constructor(path: string, every: number = EVERY_SECONDS) {
    if (!(every >= 0)) throw invalid('every', 'seconds of at least 0', every);
    this.path = path;
    this.#every = 1000 * every;
  }

  get due(): boolean {
    return performance.now() - this.#last >= this.#every;
  }

  async load(key: string): Promise<CheckpointState | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(this.path);
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') return undefined;
      throw this.#trouble('read', cause);
    }
    return decodeCheckpoint(bytes, key, this.path);
  }

  async save(key: string, state: CheckpointState): Promise<void> {
    const bytes = await encodeCheckpoint(key, state);
    try {
      makeFolder(dirname(this.path));
      await writeWhole(this.path, bytes);
    } catch (cause) {
      throw this.#trouble('write', cause);
    }
    this.#last = performance.now();
  }

  async clear(): Promise<void> {
    await rm(this.path, { force: true });
  }

  #trouble(what: string, cause: unknown): LanewiseError {
    const message = `Expected to ${what} the checkpoint ${this.path} but could not: ${(cause as Error).message}`;
    return new LanewiseError('file', message, { file: this.path, cause });
  }
}

/** Beside, flushed, then renamed. Node's own functions alone: bundlers for browsers follow even what they never load. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}
