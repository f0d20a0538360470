import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LanewiseError } from '../errors.js';

/**
 * Makes a folder and those on the way to it; one that is there is left as it is. Node's own `recursive` tries for ever
 * where a file system refuses new folders by saying that the one above is not there, as /proc does.
 * @throws the system's error, naming the first folder that could not be made.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isThere(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have been faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * What is read of `path`, or undefined where nothing is there.
 * @throws LanewiseError `file` where something may be there but the system does not let it be read: no rights, a loop of links.
 */
export async function readIfThere<T>(path: string, read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new LanewiseError('file', `Expected to read ${path} but the system refused it: ${message}`, {
      file: path,
      hint: 'Look at the path and its rights',
      cause,
    });
  }
}
