import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { makeFolder } from '../engine/file-system-node.js';
import { LanewiseError } from '../errors.js';
import type { Checkpoint, Progress, Training } from '../table/interfaces.js';
import { fileCheckpoint } from '../training/checkpoint.js';
import type { Shell } from './shell.js';

/** How long training may take, what is told of it, and how it goes on after a kill. */
export interface TrainingOptions {
  readonly timeBudget?: number;
  readonly events?: string;
  readonly checkpoint?: string;
}

export function addTrainingOptions(command: Command): void {
  command
    .option('--time-budget <seconds>', 'stop training after so long and keep the best so far', positive)
    .option('--events <file>', 'append the loss of every iteration to this file, a line of JSON each')
    .option(
      '--checkpoint <file>',
      'keep the state of training there every 10 seconds; the same command goes on from it after a kill',
    );
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Expected seconds greater than 0 for --time-budget but received "${text}".`);
}

/** What a fit is given of the options, and where its events go. */
export interface TrainingRun extends Disposable {
  readonly given: {
    readonly timeBudget?: number;
    readonly checkpoint?: Checkpoint;
    readonly onProgress: (progress: Progress) => void;
  };
  /** Tells the events how it ended. */
  end(training: Training): void;
}

/** @throws LanewiseError `file` where the events cannot be written. */
export async function openTraining(shell: Shell, options: TrainingOptions): Promise<TrainingRun> {
  const events = options.events === undefined ? undefined : new EventLog(options.events);
  const { timeBudget } = options;
  const file = options.checkpoint === undefined ? undefined : await fileCheckpoint(options.checkpoint);
  let asked = false;
  const checkpoint: Checkpoint | undefined = file && {
    get due() {
      return file.due;
    },
    load: (key) => {
      asked = true;
      return file.load(key);
    },
    save: (key, state) => file.save(key, state),
    clear: () => file.clear(),
  };
  return {
    given: {
      ...(timeBudget !== undefined && { timeBudget }),
      ...(checkpoint && { checkpoint }),
      onProgress: (progress) => {
        shell.onProgress(progress);
        events?.write({ event: 'progress', ...progress });
      },
    },
    end: ({ iterations, bestIteration, verdict }) => {
      events?.write({ event: 'end', iterations, bestIteration, verdict });
      if (file && !asked) shell.note('note: this model keeps no checkpoint: a training that is killed begins anew');
    },
    [Symbol.dispose]: () => events?.close(),
  };
}

/** Newline-delimited JSON, written line by line, so that others can follow it while it grows. */
class EventLog {
  readonly #path: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#file = this.#guarded(() => {
      makeFolder(dirname(path));
      return openSync(path, 'a');
    });
    this.write({ event: 'start' });
  }

  write(event: Readonly<Record<string, unknown>>): void {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`;
    this.#guarded(() => writeSync(this.#file, line));
  }

  close(): void {
    closeSync(this.#file);
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const message = `Expected to write the events to ${this.#path} but could not: ${(cause as Error).message}`;
      throw new LanewiseError('file', message, { file: this.#path, cause });
    }
  }
}
