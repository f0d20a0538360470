import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LanewiseError } from '../errors.js';

export type Format = 'csv' | 'parquet' | 'arrow';

export interface SourceBytes {
  /** The contents, decompressed. */
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
  /** SHA-256 of the file as it lies, in hexadecimal. */
  readonly hash: string;
}

const MAX_BYTES = 2 ** 31 - 1;

/** @throws LanewiseError `file` for a missing or unreadable file, a directory, a damaged gzip. */
export async function readSource(path: string): Promise<SourceBytes> {
  const raw = await readBytes(path);
  const hash = createHash('sha256').update(raw).digest('hex');
  if (raw[0] !== 0x1f || raw[1] !== 0x8b) return { bytes: raw, compressed: false, hash };
  try {
    return { bytes: await promisify(gunzip)(raw), compressed: true, hash };
  } catch (cause) {
    throw new LanewiseError('file', `Expected gzip data in ${path} but it is damaged or cut off`, {
      file: path,
      cause,
    });
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  const wrong = (message: string, hint?: string, cause?: unknown) =>
    new LanewiseError('file', message, { file: path, hint, cause });
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw wrong(`Expected a data file but ${path} does not exist`, undefined, cause);
    throw wrong(`Expected a data file but ${path} cannot be read: ${cause.message}`, undefined, cause);
  });
  if (info.isDirectory()) {
    throw wrong(`Expected a data file but ${path} is a directory`, 'Name a CSV, Parquet or Arrow file in it');
  }
  if (info.size > MAX_BYTES) {
    throw wrong(
      `Expected a data file of at most 2 GiB but ${path} has ${info.size} bytes`,
      'Split it, or convert it to Parquet',
    );
  }
  return readFile(path).catch((cause: Error) => {
    throw wrong(`Expected a data file but ${path} cannot be read: ${cause.message}`, undefined, cause);
  });
}

const magic = (bytes: Uint8Array, text: string) => [...text].every((c, i) => bytes[i] === c.charCodeAt(0));

/** By the first bytes where they say so, else by the name's ending; what is neither is taken for CSV. */
export function formatOf(path: string, bytes: Uint8Array): Format {
  if (magic(bytes, 'PAR1')) return 'parquet';
  if (magic(bytes, 'ARROW1') || magic(bytes, '\xff\xff\xff\xff')) return 'arrow';
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  return /\.(arrow|arrows|feather|ipc)$/i.test(path) ? 'arrow' : 'csv';
}
