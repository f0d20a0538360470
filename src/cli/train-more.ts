import { basename } from 'node:path';
import type { Table } from 'apache-arrow';
import { saveArtefact } from '../deploy/artefact.js';
import { columnRanges } from '../deploy/ranges.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError, unknownName } from '../errors.js';
import { type ClusteringReport, evaluateClustering } from '../evaluate/report.js';
import { models } from '../models/index.js';
import { modelOfTarget } from '../models/targets.js';
import { buildReference } from '../monitor/index.js';
import type { ParameterValue } from '../parameters.js';
import { defaultRecipe } from '../prepare/index.js';
import { takeRows } from '../table/columns.js';
import { formatCount, formatNumber } from '../table/format.js';
import type { Model, TaskKind } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { isSupervised } from '../table/tasks.js';
import { outcomeOf } from '../training/verdict.js';
import { holdOutRows, intervalsOf, judge } from '../workflow/held-out.js';
import { chooseTask } from '../workflow/task.js';
import type { Shell } from './shell.js';
import { textTable } from './table.js';
import type { TrainingRun } from './training-options.js';

/** What training a model of no target, or of several, needs. */
export interface MoreTraining {
  readonly table: Table;
  readonly model: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  readonly task?: TaskKind;
  readonly output: string;
  readonly file: string;
  readonly hash: string;
  readonly seed: number;
  readonly engine: Engine;
  readonly json?: boolean;
  readonly testFraction: number;
  readonly training: TrainingRun;
}

/** What is trained for a task where nobody says which model. */
export function modelOfTask(task: TaskKind | undefined): string {
  if (task === 'clustering') return 'k-means';
  return task === 'anomaly-detection' ? 'isolation-forest' : 'gradient-boosting';
}

/**
 * The task of a model that needs no target; undefined where it needs one.
 * @throws LanewiseError `usage` for no such model, and for one that is not of the task asked for
 */
export function taskWithoutTarget(name: string, asked?: TaskKind): TaskKind | undefined {
  const entry = models.find((each) => each.name === name);
  const names = models.filter(({ tasks }) => asked === undefined || tasks.includes(asked)).map((each) => each.name);
  if (!entry) throw unknownName('model', name, names);
  if (asked !== undefined && !entry.tasks.includes(asked)) {
    const tasks = entry.tasks.join(' or ');
    throw new LanewiseError('usage', `Expected a model for ${asked} but ${name} is for ${tasks}`, {
      hint: `There are: ${names.join(', ')}`,
    });
  }
  return entry.tasks.find((task) => !isSupervised(task) && (asked === undefined || task === asked));
}

/** The targets of `--target a,b`: a column of that very name is one. */
export function splitTargets(table: Table, target: string): readonly string[] {
  if (!target.includes(',') || columnsOf(table).some(({ name }) => name === target)) return [target];
  return target.split(',').map((name) => name.trim());
}

/** Trains a model that has no target: clusters, anomalies. */
export async function trainWithoutTarget(shell: Shell, task: TaskKind, work: MoreTraining): Promise<void> {
  const { table, engine, seed } = work;
  const recipe = defaultRecipe(table, { task, model: work.model, parameters: work.parameters });
  const context = { engine, seed, signal: shell.signal };
  const model = await recipe.fit(table, { ...context, ...work.training.given });
  work.training.end(model.training);
  const reference = await buildReference(table, { ...context, model });
  const digest = await save(work, model, table, reference);
  const rows = { train: table.numRows, test: 0 };
  const isParted = task === 'clustering' && new Set(model.labels?.filter((label) => label >= 0)).size > 1;
  const clustering = isParted ? await evaluateClustering(model, table, context) : undefined;
  if (work.json) {
    const facts = {
      estimator: model.estimator,
      task,
      rows,
      training: model.training,
      ...(clustering && { clustering }),
    };
    return shell.print(JSON.stringify({ model: work.output, digest, ...facts }));
  }
  shell.print(`${work.model}: ${task}. ${formatCount(table.numRows)} rows learnt from. ${outcomeOf(model.training)}`);
  if (clustering) shell.print(clusteringLines(clustering));
  if (task === 'clustering')
    shell.print(`\nWhat distinguishes them: lanewise clusters ${work.file} --model ${work.model}`);
  shell.print(nextLine(work.output));
}

function clusteringLines({ clusters, sizes, noise, ...figures }: ClusteringReport): string {
  const parts = sizes.filter((size) => size > 0).map(formatCount);
  const lines = [
    ['silhouette', formatNumber(figures.silhouette), '−1 … 1, higher is better'],
    ['Davies–Bouldin', formatNumber(figures.daviesBouldin), 'from 0, lower is better'],
    ['Calinski–Harabasz', formatNumber(figures.calinskiHarabasz), 'higher is better'],
  ];
  const none = noise > 0 ? `, and ${formatCount(noise)} of none` : '';
  return `${clusters} clusters of ${parts.join(', ')} rows${none}\n\n${textTable(['on the rows learnt from', '', ''], lines, [1])}`;
}

/** Trains one model of several targets, and scores each on the rows held out. */
export async function trainSeveral(shell: Shell, targets: readonly string[], work: MoreTraining): Promise<void> {
  const { table, engine, seed } = work;
  const tasks = targets.map((target) => chooseTask(table, target, work.task).task);
  if (new Set(tasks).size > 1) {
    const found = targets.map((target, t) => `${target}: ${tasks[t]}`).join(', ');
    throw new LanewiseError('usage', `Expected targets of one task but received ${found}`, {
      hint: 'Say which with --task, or train a model for each.',
    });
  }
  const task = tasks[0]!;
  const recipe = defaultRecipe(table, { task, model: work.model, parameters: work.parameters });
  // Whole classes of several targets cannot be shared out alike: rows are held out at random.
  const fold = holdOutRows(table, targets[0]!, 'regression', work.testFraction, seed);
  const learnt = fold ? takeRows(table, fold.train) : table;
  const context = { engine, seed, signal: shell.signal };
  const model = await recipe.fit(learnt, { ...context, ...work.training.given, targets });
  work.training.end(model.training);
  const scores = [];
  for (const target of fold ? targets : []) {
    const judged = await judge(modelOfTarget(model, target), takeRows(table, fold!.test), target, context);
    scores.push({ target, scores: await intervalsOf(judged, task, seed, shell.signal) });
  }
  const digest = await save(work, model, learnt, undefined, scores);
  const rows = { train: learnt.numRows, test: fold?.test.length ?? 0 };
  if (work.json) {
    const facts = { estimator: model.estimator, task, targets, rows, training: model.training, scores };
    return shell.print(JSON.stringify({ model: work.output, digest, ...facts }));
  }
  shell.print(`${work.model}: ${task} of ${targets.join(', ')}`);
  shell.print(
    `${formatCount(rows.train)} rows learnt from, ${formatCount(rows.test)} held out to test. ${outcomeOf(model.training)}\n`,
  );
  const lines = scores.map(({ target, scores: [first] }) => [target, first!.metric, formatNumber(first!.score)]);
  if (lines.length > 0) shell.print(textTable(['on the test rows', 'metric', 'score'], lines, [2]));
  shell.print(nextLine(work.output));
}

async function save(
  work: MoreTraining,
  model: Model,
  learnt: Table,
  reference?: unknown,
  scores: unknown = [],
): Promise<string> {
  const data = { file: basename(work.file), sha256: work.hash, rows: learnt.numRows };
  const ranges = columnRanges(model.program, learnt);
  const { digest } = await saveArtefact(work.output, {
    model,
    ranges,
    reference,
    metadata: { data, scores, seed: work.seed },
  });
  return digest;
}

function nextLine(output: string): string {
  return `\nThe model is ${output}. Next: lanewise predict NEW.csv --model ${output}`;
}
