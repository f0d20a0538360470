import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Table, tableFromIPC } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import type { Engine } from './engine.js';

/** A table whose buffers lie in the engine's memory. Dispose of it when neither it nor a part of it is used any more. */
export interface ArenaTable extends Disposable {
  readonly table: Table;
}

const MAGIC = 'ARROW1';
/** One read of the operating system moves less than 2 GiB. */
const READ_BYTES = 1 << 30;

/**
 * Reads an Arrow IPC file or stream into the arena, at a 64-byte boundary, and decodes it where it lies: nothing is
 * copied after the read itself.
 * @throws LanewiseError `file` where it is missing, empty, truncated or no Arrow data.
 */
export function readIpcFile(engine: Engine, path: string): ArenaTable {
  const bytes = readIntoArena(engine, path);
  try {
    checkEnds(bytes, path);
    return { table: decode(bytes, path), [Symbol.dispose]: () => engine.arena.free(bytes) };
  } catch (error) {
    engine.arena.free(bytes);
    throw error;
  }
}

function readIntoArena(engine: Engine, path: string): Uint8Array {
  const file = open(path);
  try {
    const { size } = fstatSync(file);
    if (size === 0) throw new LanewiseError('file', `Expected Arrow data in ${path} but it is empty`, { file: path });
    const bytes = engine.arena.allocate('u8', size);
    try {
      bytes.fill(0, readWhole(file, bytes));
    } catch (cause) {
      engine.arena.free(bytes);
      throw new LanewiseError('file', `Expected an Arrow file at ${path} but it cannot be read`, { cause, file: path });
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** How many bytes there were. */
function readWhole(file: number, bytes: Uint8Array): number {
  let read = 0;
  while (read < bytes.length) {
    const count = readSync(file, bytes, read, Math.min(READ_BYTES, bytes.length - read), null);
    if (count === 0) break;
    read += count;
  }
  return read;
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new LanewiseError('file', `Expected an Arrow file at ${path} but it cannot be opened`, { cause, file: path });
  }
}

/** A file says ARROW1 at both ends; a stream has no such mark. */
function checkEnds(bytes: Uint8Array, path: string): void {
  const text = (start: number) => String.fromCharCode(...bytes.subarray(start, start + MAGIC.length));
  if (text(0) === MAGIC && text(bytes.length - MAGIC.length) !== MAGIC) {
    throw new LanewiseError('file', `Expected ${path} to end with ${MAGIC}, as Arrow files do: it is truncated`, {
      file: path,
      hint: 'Copy or write the file again',
    });
  }
}

function decode(bytes: Uint8Array, path: string): Table {
  try {
    const table = tableFromIPC(bytes);
    if (table.schema.fields.length > 0) return table;
  } catch (cause) {
    throw new LanewiseError(
      'file',
      `Expected Arrow data in ${path} but it cannot be read: ${(cause as Error).message}`,
      {
        cause,
        file: path,
      },
    );
  }
  throw new LanewiseError('file', `Expected Arrow data in ${path} but found no column`, { file: path });
}
