import { basename } from 'node:path';
import type { Table } from 'apache-arrow';
import { saveRecommender } from '../deploy/recommender-artefact.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import {
  compareRecommenders as compare,
  type RecommenderCandidate,
  type RecommenderContestant,
  type RecommenderEvaluation,
  recommendationSplitter,
  type SplitKind,
  splitKinds,
} from '../evaluate/recommendation/index.js';
import {
  columnsFor,
  type FittedRecommender,
  recommenderNamed,
  recommenders,
  worseThanPopularity,
} from '../models/recommendation/index.js';
import type { ParameterValue } from '../parameters.js';
import { formatCount, formatNumber, formatSeconds } from '../table/format.js';
import type { Fold, Progress } from '../table/interfaces.js';
import type { InteractionColumns } from '../table/recommendation.js';
import { columnInfo } from '../table/schema.js';
import { type Command, type CommonOptions, engineOf, integer, Option, readData } from './command.js';
import type { Shell } from './shell.js';
import { textTable } from './table.js';

/** Options of commands for --task recommendation. */
export interface RecommendationOptions extends CommonOptions {
  readonly user?: string;
  readonly item?: string;
  /** The column of ratings. */
  readonly target?: string;
  readonly weight?: string;
  readonly time?: string;
  readonly split?: SplitKind | 'none';
  /** What ranks. */
  readonly metric?: string;
  readonly k?: number;
  readonly relevantFrom?: number;
  readonly model?: string;
  readonly param?: Readonly<Record<string, ParameterValue>>;
}

const TEST_FRACTION = 0.2;

export function addRecommendationOptions(command: Command): void {
  command
    .option('--user <column>', 'recommendation: who met something')
    .option('--item <column>', 'recommendation: what was met')
    .option('--weight <column>', 'recommendation: how much an event counts; default: 1 each')
    .option('--time <column>', 'recommendation: when it was; the latest is held out to test')
    .addOption(
      new Option(
        '--split <kind>',
        'recommendation: what tests; default: random with ratings, else leave-one-out',
      ).choices([...splitKinds, 'none']),
    )
    .addOption(
      new Option('--k <n>', 'recommendation: length of the lists that are scored (default: 10)').argParser(
        integer('--k', 1, 1000),
      ),
    )
    .addOption(
      new Option('--relevant-from <rating>', 'recommendation: lists are to find what was rated so high').argParser(
        Number,
      ),
    );
}

/** Every other task needs one. @throws LanewiseError `usage`. */
export function requireTarget(target: string | undefined): asserts target is string {
  if (target !== undefined) return;
  throw new LanewiseError('usage', 'Expected the column to predict for --target but received none');
}

/** The columns that the options name. @throws LanewiseError where one is not there, or users or items are not named. */
export function interactionColumnsOf(
  table: Table,
  { user, item, target, weight, time }: RecommendationOptions,
): NamedColumns {
  for (const [option, name] of [
    ['--user', user],
    ['--item', item],
  ]) {
    if (name !== undefined) continue;
    throw new LanewiseError('usage', `Expected a column for ${option} but received none`, {
      hint: 'Recommendation needs who met what: --user and --item, and --target where there are ratings.',
    });
  }
  for (const name of [user, item, target, weight, time]) if (name !== undefined) columnInfo(table, name);
  return {
    user: user!,
    item: item!,
    ...(target !== undefined && { rating: target }),
    ...(weight !== undefined && { weight }),
    ...(time !== undefined && { time }),
  };
}

type NamedColumns = InteractionColumns & { readonly user: string; readonly item: string };

interface Held {
  readonly fold: Fold;
  readonly test: boolean;
  readonly name: string;
}

function split(table: Table, columns: NamedColumns, options: RecommendationOptions): Held {
  const { seed = 0, split: kind } = options;
  if (kind === 'none') {
    const train = Uint32Array.from({ length: table.numRows }, (_, row) => row);
    return { fold: { train, test: train.subarray(0, 0) }, test: false, name: 'nothing held out' };
  }
  const splitter = recommendationSplitter(columns, kind, TEST_FRACTION);
  return { fold: splitter.split(table, { seed })[0]!, test: true, name: splitter.name };
}

/** The measures that people are shown. */
const shown = [
  ['ndcg', 'NDCG'],
  ['averagePrecision', 'MAP'],
  ['reciprocalRank', 'MRR'],
  ['recall', 'recall'],
  ['precision', 'precision'],
  ['hitRate', 'hit rate'],
] as const;

/** Recommenders on the same held-out rows; the parameters are those of the model that is asked for. */
function contestants(
  names: readonly string[],
  columns: NamedColumns,
  options: RecommendationOptions,
): RecommenderContestant[] {
  return names.map((name) => {
    const entry = recommenderNamed(name);
    const parameters = name === (options.model ?? defaultRecommender(options)) ? options.param : undefined;
    return { name, recommender: entry.create(parameters), columns: columnsFor(entry, columns) };
  });
}

async function judge(
  shell: Shell,
  engine: Engine,
  names: readonly string[],
  table: Table,
  held: Held,
  columns: NamedColumns,
  options: RecommendationOptions,
) {
  const { seed = 0, k, relevantFrom, metric } = options;
  return await compare(contestants(names, columns, options), table, held.fold, {
    engine,
    seed,
    signal: shell.signal,
    onProgress: shell.onProgress,
    ...(k !== undefined && { k }),
    ...(relevantFrom !== undefined && { relevantFrom }),
    ...(metric !== undefined && { metric }),
  });
}

/** Ratings are predicted, events ordered. */
export function defaultRecommender({ target }: RecommendationOptions): string {
  return target === undefined ? 'implicit-als' : 'als';
}

/** `lanewise train --task recommendation`: judged on what is held out, beside popularity; what is kept learns from all rows. */
export async function trainRecommender(
  shell: Shell,
  options: RecommendationOptions & { readonly output: string; readonly file: string },
  onProgress: (progress: Progress) => void,
  timeBudget?: number,
): Promise<void> {
  await using engine = await engineOf(options, shell);
  const name = options.model ?? defaultRecommender(options);
  recommenderNamed(name);
  const { table, hash, quarantine } = await readData(options.file, { engine }, shell);
  const columns = interactionColumnsOf(table, options);
  const held = split(table, columns, options);
  const names = [...new Set([name, 'popularity'])];
  const judged = held.test ? await judge(shell, engine, names, table, held, columns, options) : undefined;
  const context = { engine, seed: options.seed ?? 0, signal: shell.signal, onProgress };
  const [{ recommender, columns: own }] = contestants([name], columns, options) as [RecommenderContestant];
  const model = (await recommender.fit(table, {
    ...own,
    ...context,
    ...(timeBudget !== undefined && { timeBudget }),
  })) as FittedRecommender;
  const found = judged?.comparison.candidates.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name)) ?? [];
  const scores = found.map(({ evaluation }) => evaluation);
  const data = { file: basename(options.file), sha256: hash, rows: table.numRows };
  const { digest } = await saveRecommender(options.output, model, {
    data,
    scores,
    split: held.name,
    seed: context.seed,
  });
  if (options.json) {
    const { estimator, task, facts, feedback, training } = model;
    const facts2 = { model: options.output, digest, estimator, task, feedback, facts, quarantined: quarantine.length };
    return shell.print(JSON.stringify({ ...facts2, training, split: held.name, scores }));
  }
  shell.print(`${name}: recommendation of ${options.item} to ${options.user} (${model.feedback} feedback)`);
  shell.print(`${factsInWords(model)}. ${model.training.verdict}\n`);
  if (judged) shell.print(`${scoresTable(found)}\n\n${heldInWords(held, scores[0]!)}`);
  const warning = worseThanPopularity(model, scores);
  if (warning) shell.print(warning);
  shell.print(
    `\nThe model is ${options.output}; it has learnt from all rows. Next: lanewise recommend ${options.output} --users all`,
  );
}

/** `lanewise evaluate --task recommendation` and `compare`: recommenders on the same held-out rows. */
export async function compareRecommenders(
  shell: Shell,
  path: string,
  options: RecommendationOptions,
  names: readonly string[] | undefined,
): Promise<void> {
  await using engine = await engineOf(options, shell);
  const { table } = await readData(path, { engine }, shell);
  const columns = interactionColumnsOf(table, options);
  const held = split(table, columns, options);
  if (!held.test) throw new LanewiseError('usage', 'Expected rows to test on but --split none holds none out');
  const asked =
    names ??
    recommenders
      .filter(({ feedback }) => options.target !== undefined || feedback !== 'explicit')
      .map(({ name }) => name);
  const all = [...new Set([...asked, 'popularity'])];
  for (const name of all) recommenderNamed(name);
  const { comparison, models } = await judge(shell, engine, all, table, held, columns, options);
  const { candidates, failed, metric, metricLabel, reason } = comparison;
  for (const { name, error } of failed) shell.note(`note: ${name} could not be fitted: ${error}`);
  if (options.json) {
    const ranking = candidates.map(({ name, fitSeconds: seconds, evaluation, againstBest }) => {
      return { model: name, seconds, ...evaluation, ...(againstBest && { againstBest }) };
    });
    const { recommended } = comparison;
    return shell.print(
      JSON.stringify({ task: 'recommendation', split: held.name, metric, ranking, failed, recommended, reason }),
    );
  }
  const facts = factsInWords(models.get(candidates[0]!.name) as FittedRecommender);
  shell.print(`recommendation of ${options.item} to ${options.user}, ${held.name}, by ${metricLabel}. ${facts}\n`);
  shell.print(scoresTable(candidates));
  shell.print(`\n${heldInWords(held, candidates[0]!.evaluation)}`);
  shell.print(reason);
}

function factsInWords({ facts }: FittedRecommender): string {
  const counts = [
    `${formatCount(facts.pairs)} pairs of ${formatCount(facts.users)} users and ${formatCount(facts.items)} items`,
  ];
  for (const { reason, rows } of facts.leftOut) counts.push(`${formatCount(rows)} rows left out (${reason})`);
  return counts.join('; ');
}

function heldInWords(held: Held, { users, usersWithout, unknownUsers, unknownItems }: RecommenderEvaluation): string {
  const notes = [
    ...(usersWithout > 0 ? [`${formatCount(usersWithout)} test users had nothing to find`] : []),
    ...(unknownUsers > 0 ? [`${formatCount(unknownUsers)} were unknown in training`] : []),
    ...(unknownItems > 0 ? [`${formatCount(unknownItems)} items to find were unknown in training`] : []),
  ];
  return `${held.name}: ${formatCount(users)} users scored${notes.length > 0 ? `; ${notes.join(', ')}` : ''}.`;
}

function scoresTable(judged: readonly RecommenderCandidate[]): string {
  const k = judged[0]!.evaluation.k;
  const rated = judged.some(({ evaluation }) => evaluation.ratings);
  const head = ['model', ...shown.map(([, label]) => `${label}@${k}`), '95 % of NDCG', 'coverage', 'novelty'];
  const rows = judged.map(({ name, fitSeconds, evaluation: { metrics, coverage, novelty, ratings } }) => [
    name,
    ...shown.map(([key]) => formatNumber(metrics[key].value)),
    `${formatNumber(metrics.ndcg.low)} … ${formatNumber(metrics.ndcg.high)}`,
    formatNumber(coverage),
    formatNumber(novelty),
    ...(rated ? [ratings ? formatNumber(ratings.rmse) : ''] : []),
    formatSeconds(fitSeconds),
  ]);
  return textTable(
    [...head, ...(rated ? ['RMSE'] : []), 'fit'],
    rows,
    head
      .map((_, i) => i)
      .slice(1)
      .concat([head.length, head.length + 1]),
  );
}
