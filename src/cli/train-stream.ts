import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { totalmem } from 'node:os';
import { basename } from 'node:path';
import type { Table } from 'apache-arrow';
import { type FileSource, openSource } from '../collect/index.js';
import { saveArtefact } from '../deploy/artefact.js';
import { columnRanges } from '../deploy/ranges.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import {
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from '../models/gradient-boosting/index.js';
import { bytesOf } from '../models/gradient-boosting/out-of-core/fit-stream.js';
import type { ParameterValue } from '../parameters.js';
import { findModel } from '../prepare/index.js';
import { formatCount } from '../table/format.js';
import type { TaskKind } from '../table/interfaces.js';
import { outcomeOf } from '../training/verdict.js';
import { chooseTask } from '../workflow/task.js';
import type { Shell } from './shell.js';
import { splitTargets } from './train-more.js';
import { openTraining, type TrainingOptions } from './training-options.js';

/** What `train` is told that matters to a table beyond memory. */
export interface StreamTraining extends TrainingOptions {
  readonly target: string;
  readonly task?: TaskKind;
  readonly group?: string;
  readonly model: string;
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly drop?: string[];
  readonly seed?: number;
  readonly json?: boolean;
  readonly memory?: string;
  readonly directory?: string;
}

/** The only model that learns from a file. */
const MODEL = 'gradient-boosting';
const estimators = [GradientBoostingRegressor, GradientBoostingClassifier, GradientBoostingRanker];
type BoostingEstimator = InstanceType<(typeof estimators)[number]>;

/**
 * The file as a source, where its table would not fit into the memory that `train` may take (half of the machine's by
 * default); undefined where it would.
 * @throws LanewiseError `usage` where a model is asked for that needs the whole table.
 */
export async function sourceBeyondMemory(path: string, options: StreamTraining): Promise<FileSource | undefined> {
  if (options.memory === undefined && options.model !== MODEL) return undefined;
  const most = options.memory === undefined ? totalmem() / 2 : bytesOf(options.memory);
  const source = await openSource(path, { ignore: options.drop });
  if (source.tableBytes <= most) return undefined;
  if (options.model === MODEL) return source;
  const message = `Expected ${MODEL} for a table that does not fit into ${options.memory} but received ${options.model}`;
  throw new LanewiseError('usage', message, { hint: 'Other models need the whole table in memory.' });
}

/** Trains from a file that does not fit into memory and saves the artefact. No rows are held out to test. */
export async function trainFromSource(
  shell: Shell,
  engine: Engine,
  source: FileSource,
  path: string,
  output: string,
  options: StreamTraining,
): Promise<void> {
  const { target, group, seed = 0, memory, directory } = options;
  const unreadable = new Set<number>();
  const passes = await openSource(path, { ignore: options.drop, onQuarantine: ({ line }) => unreadable.add(line) });
  const first = await firstTable(source);
  const targets = splitTargets(first, target);
  const several = { task: 'regression' as const, reason: 'several targets' };
  const { task, reason } = targets.length > 1 ? several : chooseTask(first, target, options.task);
  const estimator = findModel(MODEL, task).create(task, options.param);
  if (!estimators.some((known) => estimator instanceof known)) {
    throw new LanewiseError('unsupported', `Expected a task of ${MODEL} with a target but received ${task}`);
  }
  using training = await openTraining(shell, options);
  const { signal } = shell;
  const rest = { engine, seed, signal, ...training.given, targets, group, directory, ...(memory && { memory }) };
  const model = await (estimator as BoostingEstimator).fitStream(passes, rest);
  training.end(model.training);
  const artefact = await saveArtefact(output, {
    model,
    ranges: columnRanges(model.program, first),
    metadata: {
      data: { file: basename(path), sha256: await hashOf(path), rows: model.training.rows },
      scores: [],
      seed,
    },
  });
  const quarantined = unreadable.size;
  if (options.json) {
    const rows = { train: model.training.rows, test: 0, quarantined };
    const { training, estimator: name } = model;
    const report = {
      model: output,
      digest: artefact.digest,
      estimator: name,
      task,
      target,
      rows,
      training,
      scores: [],
    };
    return shell.print(JSON.stringify(report));
  }
  shell.print(`${MODEL}: ${task} of ${target} (${reason}), trained from a file: the table does not fit into memory`);
  shell.print(
    `${formatCount(model.training.rows)} rows learnt from${quarantined ? `, ${quarantined} unreadable` : ''}. ${outcomeOf(model.training)}`,
  );
  shell.print(`\nThe model is ${output}. Next: lanewise predict NEW.csv --model ${output}`);
}

async function firstTable(source: FileSource): Promise<Table> {
  for await (const table of source.batches()) return table;
  throw new LanewiseError('data', `Expected rows from ${source.description} but there are none`);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Uint8Array);
  return hash.digest('hex');
}
