import { cpSync, existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { makeFolder } from '../engine/file-system-node.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import type { Progress } from '../table/interfaces.js';
import { takeLock } from '../tune/lock.js';
import {
  canonicalJson,
  hashFile,
  hashText,
  type RunRecord,
  readRecords,
  type StepRecord,
  writeRecord,
} from './record.js';
import type { Workflow } from './workflow-file.js';

/** What a step is given. */
export interface StepContext<State> {
  readonly workflow: Workflow;
  /** The run's folder. */
  readonly folder: string;
  /** SHA-256 of what the step reads: the same for the same work. */
  readonly key: string;
  /** What earlier steps left for later ones, in memory. */
  readonly state: State;
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Writes an output of the step, atomically; it is hashed into the record. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Counts a file that the step wrote itself among its outputs. */
  wrote(path: string): void;
}

export interface StepResult {
  /** One line for people. */
  readonly outcome: string;
  readonly summary: Readonly<Record<string, unknown>>;
}

/** A step of a workflow: a function of its settings and of what the steps before it put out. */
export interface Step<State> {
  readonly name: string;
  /** The settings it reads; with the earlier steps' outputs they are the key under which its own are kept. */
  settings(workflow: Workflow): unknown | Promise<unknown>;
  run(context: StepContext<State>): Promise<StepResult>;
  /** Puts into `state` what `run` would have put there, from the outputs in the folder. */
  restore(context: StepContext<State>, summary: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface RunOptions {
  /** Where runs lie. */
  readonly runsFolder: string;
  /** Changes with anything that may change results: the package's version. */
  readonly version: string;
  readonly environment: () => Readonly<Record<string, unknown>>;
  /** true: nothing of earlier runs is reused. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: StepRecord, index: number) => void;
  readonly onProgress?: (step: string, progress: Progress) => void;
}

export interface FinishedRun {
  readonly record: RunRecord;
  readonly folder: string;
}

/**
 * Runs the steps in order. Each is looked up first by what it reads: where an earlier run (this one before it was
 * stopped, too) has its outputs intact, they are taken over. The record is written after every step, so a stopped run
 * goes on where it was.
 */
export async function runWorkflow<State>(
  workflow: Workflow,
  steps: readonly Step<State>[],
  state: State,
  options: RunOptions,
): Promise<FinishedRun> {
  // Read once: this run's own record is rewritten from its first step on.
  const earlier = readRecords(options.runsFolder);
  const { folder, id, started } = chooseFolder(workflow, earlier, options);
  const isNew = !existsSync(folder);
  let abandoned = false;
  makeFolder(folder);
  const lock = await takeLock(join(folder, '.run'), 'run');
  const done: StepRecord[] = [];
  const { seed } = workflow;
  const record = (status: RunRecord['status']): RunRecord => {
    return {
      format: 1,
      id,
      status,
      workflow: { ...workflow },
      seed,
      started,
      environment: options.environment(),
      steps: done,
    };
  };
  try {
    for (const [index, step] of steps.entries()) {
      throwIfCancelled(options.signal);
      done.push(await takeStep(step, done, earlier, workflow, folder, state, options));
      lock.check();
      await writeRecord(folder, record('running'));
      options.onStep?.(done.at(-1)!, index);
    }
    await writeRecord(folder, record('ok'));
    return { record: record('ok'), folder };
  } catch (error) {
    // Without a finished step there is nothing to go on from.
    abandoned = done.length === 0 && isNew;
    if (done.length > 0) await writeRecord(folder, record(isCancelled(error) ? 'running' : 'failed'));
    throw error;
  } finally {
    await lock.release();
    if (abandoned) removeRun(folder, options.runsFolder);
  }
}

/** Takes a run's folder away, and the folder of runs where it was the only one. */
function removeRun(folder: string, runsFolder: string): void {
  rmSync(folder, { recursive: true, force: true });
  if (readdirSync(runsFolder).length === 0) rmdirSync(runsFolder);
}

const isCancelled = (error: unknown) => error instanceof LanewiseError && error.code === 'cancelled';

/** The unfinished run of the same workflow file, else a new folder. */
function chooseFolder(
  workflow: Workflow,
  earlier: readonly FinishedRun[],
  options: RunOptions,
): { folder: string; id: string; started: string } {
  const unfinished = earlier.find(({ record }) => record.status !== 'ok' && record.workflow['file'] === workflow.file);
  if (unfinished && !options.fresh) {
    return { folder: unfinished.folder, id: unfinished.record.id, started: unfinished.record.started };
  }
  const started = new Date().toISOString();
  const stem = `${workflow.name}-${started.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
  let id = stem;
  for (let n = 2; existsSync(join(options.runsFolder, id)); n++) id = `${stem}-${n}`;
  return { folder: join(options.runsFolder, id), id, started };
}

async function takeStep<State>(
  step: Step<State>,
  done: readonly StepRecord[],
  earlier: readonly FinishedRun[],
  workflow: Workflow,
  folder: string,
  state: State,
  options: RunOptions,
): Promise<StepRecord> {
  const begin = performance.now();
  const seconds = () => Math.round(performance.now() - begin) / 1000;
  const before = done.map(({ key, outputs }) => [key, outputs]);
  const settings = await step.settings(workflow);
  const key = hashText(canonicalJson([step.name, options.version, workflow.seed, settings, before]));
  const files = new Set<string>();
  const context = makeContext(step.name, key, workflow, folder, state, options, files);
  const kept = options.fresh ? undefined : await findKept(step.name, key, folder, earlier);
  if (kept) {
    await step.restore(context, kept.summary);
    return { ...kept, seconds: seconds(), reused: true };
  }
  const { outcome, summary } = await step.run(context);
  const outputs: Record<string, string> = {};
  for (const path of [...files].sort()) outputs[path] = await hashFile(join(folder, path));
  return { name: step.name, status: 'ok', seconds: seconds(), key, outcome, outputs, summary };
}

function makeContext<State>(
  name: string,
  key: string,
  workflow: Workflow,
  folder: string,
  state: State,
  options: RunOptions,
  files: Set<string>,
): StepContext<State> {
  return {
    workflow,
    folder,
    key,
    state,
    signal: options.signal,
    onProgress: (progress) => options.onProgress?.(name, progress),
    async write(path, content) {
      makeFolder(dirname(join(folder, path)));
      await writeFileAtomic(join(folder, path), content as Buffer);
      files.add(path);
    },
    wrote: (path) => files.add(path),
  };
}

/** An earlier step of the same key whose outputs are all there and unchanged; they are copied into this run's folder. */
async function findKept(
  name: string,
  key: string,
  folder: string,
  earlier: readonly FinishedRun[],
): Promise<StepRecord | undefined> {
  for (const run of earlier) {
    const step = run.record.steps.find((entry) => entry.name === name && entry.key === key);
    if (!step || !(await intact(run.folder, step))) continue;
    if (run.folder === folder) return step;
    for (const path of Object.keys(step.outputs)) {
      makeFolder(dirname(join(folder, path)));
      cpSync(join(run.folder, path), join(folder, path));
    }
    return step;
  }
  return undefined;
}

async function intact(folder: string, step: StepRecord): Promise<boolean> {
  for (const [path, hash] of Object.entries(step.outputs)) {
    if (!existsSync(join(folder, path)) || (await hashFile(join(folder, path))) !== hash) return false;
  }
  return true;
}
