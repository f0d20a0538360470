import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { defaultSplitter, metricNamed, scoreModel } from '../evaluate/index.js';
import {
  compareRecommenders,
  listScorer,
  pairedScores,
  recommendationSplitter,
} from '../evaluate/recommendation/index.js';
import { columnsFor, recommenderNamed } from '../models/recommendation/index.js';
import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import { defaultModel, defaultRecipe } from '../prepare/index.js';
import { takeRows } from '../table/columns.js';
import { formatNumber, formatSeconds } from '../table/format.js';
import type { TaskKind } from '../table/interfaces.js';
import {
  type GateResult,
  gate,
  type ParameterSet,
  type SpaceOverrides,
  spaceOf,
  type TuneResult,
  tune,
  tuneRecommender,
} from '../tune/index.js';
import { holdOutRows } from '../workflow/held-out.js';
import { chooseTask } from '../workflow/task.js';
import { type CommandFile, engineOf, integer, list, Option, parameter, readData } from './command.js';
import {
  addRecommendationOptions,
  defaultRecommender,
  interactionColumnsOf,
  type RecommendationOptions,
  requireTarget,
} from './recommendation.js';
import type { Shell } from './shell.js';
import { textTable } from './table.js';

interface TuneCommandOptions extends RecommendationOptions {
  readonly task?: TaskKind;
  readonly group?: string;
  readonly drop?: string[];
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly trials: number;
  readonly foldsCount: number;
  readonly sampler: 'random' | 'grid';
  readonly journal?: string;
}

const TEST_FRACTION = 0.2;

const command: CommandFile = {
  configure: (command) => {
    command
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .option('--target <column>', 'the column to predict; recommendation: that of the ratings')
      .addOption(
        new Option('--task <task>', 'default: by the target').choices([
          'classification',
          'regression',
          'ranking',
          'recommendation',
        ]),
      )
      .option(
        '--model <name>',
        'which model; default: gradient-boosting; recommendation: als of ratings, else implicit-als',
      )
      .option('--param <name=value>', 'a parameter that is fixed, as often as there are any', parameter)
      .option('--metric <name>', "what decides: scikit-learn's scorer name; recommendation: ndcg, map, mrr, recall, …")
      .addOption(new Option('--trials <n>', 'trials in all').argParser(integer('--trials', 1, 10_000)).default(20))
      .addOption(
        new Option('--folds-count <n>', 'folds of a trial').argParser(integer('--folds-count', 1, 50)).default(3),
      )
      .addOption(
        new Option('--sampler <name>', 'how parameters are drawn').choices(['random', 'grid']).default('random'),
      )
      .option('--journal <file>', 'keeps the trials here, so that a search that was stopped goes on')
      .option('--group <column>', 'rows of one value belong together: no split cuts them')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list);
    addRecommendationOptions(command);
  },
  run: async (shell, options: TuneCommandOptions, path) => {
    await using engine = await engineOf(options, shell);
    const found =
      options.task === 'recommendation'
        ? await searchRecommender(shell, engine, options, path!)
        : await searchModel(shell, engine, options, path!);
    if (options.json) return shell.print(JSON.stringify(found));
    printFound(found, shell.print);
  },
};

export default command;

interface Found {
  readonly model: string;
  /** What the gate's scores are means over. */
  readonly scored: 'rows' | 'users';
  readonly tuning: TuneResult;
  /** Default against tuned parameters on rows that no trial has seen. */
  readonly gate: GateResult;
}

/** Searches on four fifths of the rows; the last fifth says what it was worth. */
async function searchModel(shell: Shell, engine: Engine, options: TuneCommandOptions, path: string): Promise<Found> {
  requireTarget(options.target);
  const { target, group, drop, seed = 0, trials, sampler, metric, journal, foldsCount, param = {} } = options;
  if (foldsCount < 2) throw new LanewiseError('usage', 'Expected at least 2 folds for --folds-count but received 1');
  const { table } = await readData(path, { target, group, ignore: drop, engine }, shell);
  const { task } = chooseTask(table, target, options.task);
  const model = options.model ?? defaultModel(table, task, target);
  const fold = holdOutRows(table, target, task, TEST_FRACTION, seed);
  if (!fold) throw new LanewiseError('data', `Expected more rows to tune on but received ${table.numRows}`);
  const [train, test] = [takeRows(table, fold.train), takeRows(table, fold.test)];
  const recipeOf = (parameters: ParameterSet) =>
    defaultRecipe(train, { target, task, model, parameters: { ...parameters, ...param } });
  const context = { engine, seed, signal: shell.signal };
  const tuning = await tune(recipeOf, train, {
    space: fixed(recipeOf({}).declarations, param),
    ...context,
    target,
    trials,
    sampler,
    ...(metric !== undefined && { metric }),
    ...(journal !== undefined && { journal }),
    splitter: defaultSplitter(task, foldsCount, group),
    onProgress: shell.onProgress,
  });
  const scored = async (parameters: ParameterSet) => {
    const fitted = await recipeOf(parameters).fit(train, { ...context, target });
    return (await scoreModel(fitted, test, target, context)).scored;
  };
  const decision = await gate(
    { name: 'default', scored: await scored({}) },
    { name: 'tuned', scored: await scored(chosen(tuning)) },
    { metric: metricNamed(tuning.metric), seed },
  );
  return { model, scored: 'rows', tuning, gate: decision };
}

async function searchRecommender(
  shell: Shell,
  engine: Engine,
  options: TuneCommandOptions,
  path: string,
): Promise<Found> {
  const { seed = 0, trials, sampler, journal, foldsCount, k = 10, relevantFrom, metric = 'ndcg', param = {} } = options;
  const { table } = await readData(path, { engine }, shell);
  if (options.split === 'none')
    throw new LanewiseError('usage', 'Expected rows to test on but --split none holds none out');
  const entry = recommenderNamed(options.model ?? defaultRecommender(options));
  const columns = columnsFor(entry, interactionColumnsOf(table, options));
  const splitter = recommendationSplitter(columns, options.split, TEST_FRACTION);
  const fold = splitter.split(table, { seed })[0]!;
  const recommenderOf = (parameters: ParameterSet) => entry.create({ ...parameters, ...param });
  const scoring = { engine, seed, signal: shell.signal, k, ...(relevantFrom !== undefined && { relevantFrom }) };
  const tuning = await tuneRecommender(recommenderOf, takeRows(table, fold.train), {
    ...scoring,
    columns,
    metric,
    space: fixed(recommenderOf({}).declarations, param),
    trials,
    sampler,
    splitter,
    folds: foldsCount,
    ...(journal !== undefined && { journal }),
    onProgress: shell.onProgress,
  });
  const { comparison } = await compareRecommenders(
    [
      { name: 'default', recommender: recommenderOf({}), columns },
      { name: 'tuned', recommender: recommenderOf(chosen(tuning)), columns },
    ],
    table,
    fold,
    { ...scoring, metric },
  );
  const of = (name: string) => comparison.candidates.find((candidate) => candidate.name === name)!.evaluation;
  const scorer = listScorer(metric, k);
  const [defaults, tuned] = pairedScores(scorer, of('default'), of('tuned'));
  const decision = await gate(
    { name: 'default', scored: defaults },
    { name: 'tuned', scored: tuned },
    { metric: scorer, seed },
  );
  return { model: entry.name, scored: 'users', tuning, gate: decision };
}

/** What is given is not searched: its range is that one value. */
function fixed(declarations: ParameterDeclarations, param: ParameterSet): SpaceOverrides {
  const searched = spaceOf(declarations).map(({ name }) => name);
  const given = Object.entries(param).filter(([name]) => searched.includes(name));
  return Object.fromEntries(given.map(([name, value]) => [name, { choices: [value] }]));
}

/** Of trial 0 nothing is set: the defaults stay what they are. */
function chosen({ best }: TuneResult): ParameterSet {
  return best.trial === 0 ? {} : best.parameters;
}

function printFound({ model, scored, tuning, gate: { reasons, rows } }: Found, print: (line: string) => void): void {
  const { best, defaults, history, metricLabel, splitter, verdict } = tuning;
  const seconds = history.reduce((sum, trial) => sum + trial.seconds, 0);
  print(`${model}: ${history.length} trials by ${metricLabel}, ${splitter}, ${formatSeconds(seconds)}\n`);
  const cell = (value: unknown) => (typeof value === 'number' ? formatNumber(value) : String(value ?? ''));
  const names = Object.keys({ ...defaults.parameters, ...best.parameters });
  const body = names.map((name) => [name, cell(defaults.parameters[name]), cell(best.parameters[name])]);
  print(textTable(['parameter', 'default', `best (trial ${best.trial})`], body, [1, 2]));
  print(`\n${verdict}`);
  print(`On ${rows} ${scored} that no trial has seen: ${reasons.join(' ')}`);
  const set = Object.entries(chosen(tuning)).map(([name, value]) => ` --param ${name}=${JSON.stringify(value)}`);
  if (set.length > 0) print(`Next: lanewise train … --model ${model}${set.join('')}`);
}
