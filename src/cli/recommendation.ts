import { basename } from 'node:path';
import type { Table } from 'apache-arrow';
import { saveRecommender } from '../deploy/recommender-artefact.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { evaluateRecommender, leaveOneOut, type RecommenderEvaluation } from '../evaluate/recommendation/index.js';
import { holdOut, latestHoldOut } from '../evaluate/splitter.js';
import type { FittedRecommender } from '../models/recommendation/index.js';
import { recommenderNamed, recommenders } from '../models/recommendation/index.js';
import type { ParameterValue } from '../parameters.js';
import { takeRows } from '../table/columns.js';
import { formatCount, formatNumber, formatSeconds } from '../table/format.js';
import type { Progress } from '../table/interfaces.js';
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
  readonly split?: 'leave-one-out' | 'random' | 'latest' | 'none';
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
      ).choices(['leave-one-out', 'random', 'latest', 'none']),
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
function columnsOf(table: Table, { user, item, target, weight, time }: RecommendationOptions): InteractionColumns {
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

interface Held {
  readonly train: Table;
  readonly test: Table | undefined;
  readonly name: string;
}

function split(table: Table, columns: InteractionColumns, options: RecommendationOptions): Held {
  const kind = options.split ?? (options.target === undefined ? 'leave-one-out' : 'random');
  if (kind === 'none') return { train: table, test: undefined, name: 'nothing held out' };
  const { user, item, time } = columns;
  if (kind === 'latest' && time === undefined) {
    throw new LanewiseError('usage', 'Expected a column for --time with --split latest but received none');
  }
  const splitter =
    kind === 'random'
      ? holdOut({ testFraction: TEST_FRACTION })
      : kind === 'latest'
        ? latestHoldOut({ time: time!, testFraction: TEST_FRACTION })
        : leaveOneOut({ user: user!, item: item!, ...(time !== undefined && { time }) });
  const [fold] = splitter.split(table, { seed: options.seed ?? 0 });
  return { train: takeRows(table, fold!.train), test: takeRows(table, fold!.test), name: splitter.name };
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

interface Judged {
  readonly name: string;
  readonly model: FittedRecommender;
  readonly seconds: number;
  readonly evaluation: RecommenderEvaluation;
}

async function judge(
  shell: Shell,
  engine: Engine,
  name: string,
  held: Held,
  columns: InteractionColumns,
  options: RecommendationOptions,
  onProgress: (progress: Progress) => void = shell.onProgress,
): Promise<Judged> {
  const context = { engine, seed: options.seed ?? 0, signal: shell.signal };
  const begin = performance.now();
  const model = await fitNamed(name, held.train, columns, options, { ...context, onProgress });
  const seconds = (performance.now() - begin) / 1000;
  const { k, relevantFrom } = options;
  const evaluation = await evaluateRecommender(model, held.test!, {
    ...context,
    ...(k !== undefined && { k }),
    ...(relevantFrom !== undefined && { relevantFrom }),
  });
  return { name, model, seconds, evaluation };
}

function fitNamed(
  name: string,
  table: Table,
  columns: InteractionColumns,
  options: RecommendationOptions,
  context: object,
): Promise<FittedRecommender> {
  const entry = recommenderNamed(name);
  const parameters = name === (options.model ?? defaultName(options)) ? options.param : undefined;
  const { weight: _, ...rest } = columns;
  // Ratings are predicted as they are; weights are for those who only order.
  const given = entry.feedback === 'implicit' || columns.rating === undefined ? columns : rest;
  return entry.create(parameters).fit(table, { ...given, ...context }) as Promise<FittedRecommender>;
}

function defaultName({ target }: RecommendationOptions): string {
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
  const name = options.model ?? defaultName(options);
  recommenderNamed(name);
  const { table, hash, quarantine } = await readData(options.file, { engine }, shell);
  const columns = columnsOf(table, options);
  const held = split(table, columns, options);
  const judged = held.test && [await judge(shell, engine, name, held, columns, options, onProgress)];
  if (judged && name !== 'popularity') judged.push(await judge(shell, engine, 'popularity', held, columns, options));
  const context = { engine, seed: options.seed ?? 0, signal: shell.signal, onProgress };
  const model = await fitNamed(name, table, columns, options, {
    ...context,
    ...(timeBudget !== undefined && { timeBudget }),
  });
  const scores = judged?.map(({ evaluation }) => evaluation) ?? [];
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
  if (judged) shell.print(`${scoresTable(judged)}\n\n${heldInWords(held, judged[0]!.evaluation)}`);
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
  const columns = columnsOf(table, options);
  const held = split(table, columns, options);
  if (!held.test) throw new LanewiseError('usage', 'Expected rows to test on but --split none holds none out');
  const asked =
    names ??
    recommenders
      .filter(({ feedback }) => options.target !== undefined || feedback !== 'explicit')
      .map(({ name }) => name);
  const all = [...new Set([...asked, 'popularity'])];
  for (const name of all) recommenderNamed(name);
  const judged: Judged[] = [];
  for (const name of all) judged.push(await judge(shell, engine, name, held, columns, options));
  judged.sort((a, b) => b.evaluation.metrics.ndcg.value - a.evaluation.metrics.ndcg.value);
  if (options.json) {
    const ranking = judged.map(({ name, seconds, evaluation }) => ({ model: name, seconds, ...evaluation }));
    return shell.print(JSON.stringify({ task: 'recommendation', split: held.name, ranking }));
  }
  shell.print(
    `recommendation of ${options.item} to ${options.user}, ${held.name}. ${factsInWords(judged[0]!.model)}\n`,
  );
  shell.print(scoresTable(judged));
  shell.print(`\n${heldInWords(held, judged[0]!.evaluation)}`);
  const best = judged[0]!;
  const baseline = judged.find(({ name }) => name === 'popularity')!;
  const [top, low] = [best.evaluation.metrics.ndcg, baseline.evaluation.metrics.ndcg];
  if (best === baseline) shell.print('Take popularity: nothing else orders better here.');
  else {
    const apart = top.low > low.high ? '' : ', though the intervals overlap';
    shell.print(
      `Take ${best.name}: NDCG ${formatNumber(top.value)} where popularity has ${formatNumber(low.value)}${apart}.`,
    );
  }
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

function scoresTable(judged: readonly Judged[]): string {
  const k = judged[0]!.evaluation.k;
  const rated = judged.some(({ evaluation }) => evaluation.ratings);
  const head = ['model', ...shown.map(([, label]) => `${label}@${k}`), '95 % of NDCG', 'coverage', 'novelty'];
  const rows = judged.map(({ name, seconds, evaluation: { metrics, coverage, novelty, ratings } }) => [
    name,
    ...shown.map(([key]) => formatNumber(metrics[key].value)),
    `${formatNumber(metrics.ndcg.low)} … ${formatNumber(metrics.ndcg.high)}`,
    formatNumber(coverage),
    formatNumber(novelty),
    ...(rated ? [ratings ? formatNumber(ratings.rmse) : ''] : []),
    formatSeconds(seconds),
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
