import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '../deploy/version.js';
import { createEngine, type Engine } from '../engine/engine.js';
import { build } from './build.js';
import { checkNames } from './recipes.js';
import { recommendationSteps } from './recommendation/index.js';
import { checkRecommenders } from './recommendation/interactions.js';
import { renderRunReport } from './report/run-report.js';
import { type FinishedRun, type RunOptions, runWorkflow } from './runner.js';
import type { RunState } from './state.js';
import { steps } from './steps/index.js';
import { readWorkflow, type Workflow } from './workflow-file.js';
import { writeWhole } from './write-table.js';

/** The page of all ten steps, in the run's folder. */
export const REPORT = 'report.html';

export interface RunFileOptions extends Pick<RunOptions, 'fresh' | 'signal' | 'onStep' | 'onProgress'> {
  /** Default `runs` in the current folder. */
  readonly runsFolder?: string;
  /** These three override the workflow file. */
  readonly seed?: number;
  readonly threads?: number;
  readonly backend?: Workflow['backend'];
}

/**
 * Runs a workflow file through all its steps: ten, of a recommendation eight.
 * @throws LanewiseError for what is wrong with the file, the data or the settings; a cancelled run can be run again and
 * goes on where it was.
 */
export async function runFile(path: string, options: RunFileOptions = {}): Promise<FinishedRun> {
  const file = readWorkflow(path);
  if (file.task === 'recommendation') checkRecommenders(file);
  else checkNames(file);
  const workflow = {
    ...file,
    seed: options.seed ?? file.seed,
    threads: options.threads ?? file.threads,
    backend: options.backend ?? file.backend,
  };
  await using engine = await createEngine({ backend: workflow.backend, threads: workflow.threads });
  const state: RunState = { engine };
  const finished = await runWorkflow(
    workflow,
    workflow.task === 'recommendation' ? recommendationSteps : steps,
    state,
    {
      ...options,
      runsFolder: options.runsFolder ?? 'runs',
      version: build,
      environment: () => environmentOf(engine),
    },
  );
  const { folder, record } = finished;
  await writeWhole(join(folder, REPORT), renderRunReport(folder, record));
  return finished;
}

function environmentOf(engine: Engine): Record<string, unknown> {
  return {
    lanewise: packageVersion,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memory: totalmem(),
    load: loadavg()[0],
    engine: engine.describe(),
    stats: { ...engine.stats },
  };
}
