import { appendFile, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../engine/file-system-node.js';
import { LanewiseError } from '../errors.js';
import { takeLock } from './lock.js';
import type { ParameterSet, Space } from './space.js';

/**
 * A study on disk: newline-delimited JSON, only ever appended to. The first line is the header, every other one a trial
 * that is done. A last line that a kill cut short is dropped and written anew.
 */
export interface StudyHeader {
  readonly kind: 'lanewise-study';
  readonly version: 1;
  readonly estimator: string;
  readonly metric: string;
  readonly sampler: string;
  readonly seed: number;
  readonly space: Space;
  readonly splitter: string;
  /** What was learnt from: rows, columns and a digest of the target, so that a study is not resumed on other data. */
  readonly data: string;
}

export interface Trial {
  readonly trial: number;
  readonly parameters: ParameterSet;
  /** Mean over the folds; absent where the trial failed. */
  readonly score?: number;
  readonly std?: number;
  readonly foldScores?: readonly number[];
  readonly error?: string;
  readonly seconds: number;
}

/** Where trials are kept; the one in memory forgets. */
export interface Journal {
  /** Trials done so far, in order of their numbers. */
  readonly trials: readonly Trial[];
  append(trial: Trial): Promise<void>;
  close(): Promise<void>;
}

export function memoryJournal(): Journal {
  const trials: Trial[] = [];
  return {
    trials,
    append: async (trial) => {
      trials.push(trial);
    },
    close: async () => {},
  };
}

/**
 * Opens or starts a study's journal and holds its lock until `close`.
 * @throws LanewiseError `usage` where another process has it open, `file` where it is another study or damaged.
 */
export async function openJournal(path: string, header: StudyHeader): Promise<Journal> {
  makeFolder(dirname(path));
  // proper-lockfile locks a file that exists; appending nothing creates it and changes nothing else.
  await appendFile(path, '');
  const lock = await takeLock(path, 'study');
  try {
    const trials = await readTrials(path, header);
    return {
      trials,
      append: async (trial) => {
        lock.check();
        await appendFile(path, `${JSON.stringify(trial)}\n`);
        trials.push(trial);
      },
      close: lock.release,
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function readTrials(path: string, header: StudyHeader): Promise<Trial[]> {
  const text = await readFile(path, 'utf8');
  const complete = text.lastIndexOf('\n') + 1;
  if (complete < text.length) await truncate(path, Buffer.byteLength(text.slice(0, complete)));
  const lines = text.slice(0, complete).split('\n').slice(0, -1);
  if (lines.length === 0) {
    await appendFile(path, `${JSON.stringify(header)}\n`);
    return [];
  }
  checkHeader(path, parseLine(path, lines[0]!, 1) as StudyHeader, header);
  const trials = lines.slice(1).map((line, index) => parseLine(path, line, index + 2) as Trial);
  trials.forEach((trial, index) => {
    if (trial?.trial === index && typeof trial.parameters === 'object' && trial.parameters !== null) return;
    throw new LanewiseError('file', `Expected trial ${index} of the study but found ${JSON.stringify(trial)}`, {
      file: path,
      line: index + 2,
    });
  });
  return trials;
}

function parseLine(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new LanewiseError('file', 'Expected a line of JSON in the study but it cannot be read', {
      file: path,
      line: number,
      hint: 'The file is damaged. Delete it to start the study anew.',
      cause,
    });
  }
}

function checkHeader(path: string, found: StudyHeader, wanted: StudyHeader): void {
  const keys = Object.keys(wanted) as (keyof StudyHeader)[];
  const different = keys.filter((key) => JSON.stringify(found?.[key]) !== JSON.stringify(wanted[key]));
  if (different.length === 0) return;
  const key = different[0]!;
  throw new LanewiseError(
    'file',
    `Expected a study with ${key} ${JSON.stringify(wanted[key])} but the file has ${JSON.stringify(found?.[key])}`,
    { file: path, line: 1, hint: 'It belongs to another search. Name another file, or delete it to start anew.' },
  );
}
