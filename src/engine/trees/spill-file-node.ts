import { close, mkdtempSync, openSync, read, readdirSync, rmSync, statfs, unlinkSync, write } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LanewiseError } from '../../errors.js';

const closeFile = promisify(close);
const freeSpace = promisify(statfs);
/** One call of the operating system moves less than 2 GiB. */
const MOST_BYTES = 1 << 30;

/**
 * A temporary file in a folder of its own, for what does not fit into memory. Where the system lets an open file be
 * unlinked, its name is gone at once, so that nothing is left behind however the process ends; elsewhere the next process
 * that makes one in the same directory removes what was left.
 */
export class SpillFile implements AsyncDisposable {
  readonly directory: string;
  #file: number;
  #folder: string | undefined;
  #bytes = 0;

  private constructor(directory: string, file: number, folder?: string) {
    this.directory = directory;
    this.#file = file;
    this.#folder = folder;
  }

  /** @throws LanewiseError `file` where the directory cannot be written to. */
  static create(directory: string = tmpdir()): SpillFile {
    let folder: string | undefined;
    try {
      removeAbandoned(directory);
      folder = mkdtempSync(join(directory, `lanewise-${process.pid}-${HOST}-`));
      const path = join(folder, 'rows');
      const file = openSync(path, 'wx+', 0o600);
      try {
        unlinkSync(path);
        rmSync(folder, { recursive: true });
        return new SpillFile(directory, file);
      } catch {
        return new SpillFile(directory, file, folder);
      }
    } catch (cause) {
      if (folder) rmSync(folder, { recursive: true, force: true });
      const message = `Expected a directory for rows that do not fit into memory but nothing can be written to ${directory}`;
      throw new LanewiseError('file', message, { cause, file: directory, hint: 'Name another: { directory }' });
    }
  }

  /** Writes to what exists: a device, in tests. */
  static onto(path: string): SpillFile {
    return new SpillFile(path, openSync(path, 'r+'));
  }

  /** Bytes that the file reaches to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws LanewiseError `file` where fewer bytes are free than will be needed. */
  async reserve(bytes: number): Promise<void> {
    const { bavail, bsize } = await freeSpace(this.directory).catch(() => ({ bavail: Infinity, bsize: 1 }));
    if (bavail * bsize < bytes) throw this.#full(bytes, bavail * bsize);
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, Math.min(bytes.length, at + MOST_BYTES));
      at += await new Promise<number>((resolve, reject) => {
        write(this.#file, part, 0, part.length, position + at, (error, written) => {
          if (error) reject(this.#failure(error, bytes.length));
          // A full disk may take a part, or nothing, without an error.
          else if (written === 0) reject(this.#full(bytes.length));
          else resolve(written);
        });
      });
    }
    this.#bytes = Math.max(this.#bytes, position + bytes.length);
  }

  async read(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, Math.min(bytes.length, at + MOST_BYTES));
      at += await new Promise<number>((resolve, reject) => {
        read(this.#file, part, 0, part.length, position + at, (error, count) => {
          if (error) reject(this.#failure(error, bytes.length));
          else if (count === 0) reject(new LanewiseError('internal', `The spilled rows end at byte ${position + at}`));
          else resolve(count);
        });
      });
    }
  }

  #failure(error: NodeJS.ErrnoException, bytes: number): LanewiseError {
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return this.#full(bytes, undefined, error);
    const message = `Expected to write and read spilled rows in ${this.directory} but the system refused: ${error.message}`;
    return new LanewiseError('file', message, { cause: error, file: this.directory });
  }

  #full(bytes: number, free?: number, cause?: unknown): LanewiseError {
    const has = free === undefined ? 'the disk is full' : `only ${megabytes(free)} are free`;
    const message = `Expected room for ${megabytes(bytes)} of spilled rows in ${this.directory} but ${has}`;
    const hint = 'Free some space, or name a directory on a larger disk: { directory }';
    return new LanewiseError('file', message, { cause, file: this.directory, hint });
  }

  /** Reads and writes must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file < 0) return;
    const file = this.#file;
    this.#file = -1;
    await closeFile(file);
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The machine, in names of folders: what process another one's number is, this one does not know. */
const HOST = hostname().replace(/[^A-Za-z0-9]/g, '');

/** Folders of processes of this machine that were killed before they could remove them. */
function removeAbandoned(directory: string): void {
  for (const name of readdirSync(directory)) {
    const [, owner, host] = /^lanewise-(\d+)-([A-Za-z0-9]*)-[A-Za-z0-9]{6}$/.exec(name) ?? [];
    if (owner === undefined || host !== HOST || isAlive(Number(owner))) continue;
    try {
      rmSync(join(directory, name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
