import { InvalidArgumentError, Option } from 'commander';
import { type Candidate, type Comparison, compare } from '../evaluate/compare.js';
import { metricNamed } from '../evaluate/metrics.js';
import { defaultSplitter } from '../evaluate/splitter.js';
import { comparedModels, models } from '../models/index.js';
import { defaultRecipe } from '../prepare/index.js';
import { formatBytes, formatNumber, formatSeconds } from '../table/format.js';
import type { TaskKind } from '../table/interfaces.js';
import { chooseTask } from '../workflow/task.js';
import { type CommandFile, engineOf, list, readData } from './command.js';
import {
  addRecommendationOptions,
  compareRecommenders,
  type RecommendationOptions,
  requireTarget,
} from './recommendation.js';
import { textTable } from './table.js';

interface CompareCommandOptions extends Omit<RecommendationOptions, 'target'> {
  readonly target: string;
  readonly task?: TaskKind;
  readonly group?: string;
  readonly drop?: string[];
  readonly models?: string[];
  readonly foldsCount: number;
  readonly metric?: string;
}

const command: CommandFile = {
  configure: (compareCommand) => {
    compareCommand
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
      .option('--group <column>', 'rows of one value belong together: no split cuts them; --task ranking orders them')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--models <names>', 'which models, separated by commas, or all; default: one or two of each kind', list)
      .addOption(new Option('--folds-count <n>', 'how many folds').default(5).argParser(folds))
      .option('--metric <name>', 'what ranks: a scorer name of scikit-learn');
    addRecommendationOptions(compareCommand);
  },
  run: async (shell, options: CompareCommandOptions, path) => {
    if (options.task === 'recommendation') {
      const all = options.models?.length === 1 && options.models[0] === 'all';
      return await compareRecommenders(shell, path!, options, all ? undefined : options.models);
    }
    requireTarget(options.target);
    const { target, drop, seed, json, metric, foldsCount } = options;
    await using engine = await engineOf(options, shell);
    const { table } = await readData(path!, { target, group: options.group, ignore: drop, engine }, shell);
    const { task, reason } = chooseTask(table, target, options.task);
    const names = namesOf(options.models, task);
    const entries = names.map((model) => ({ name: model, estimator: defaultRecipe(table, { target, task, model }) }));
    const splitter = defaultSplitter(task, foldsCount, options.group);
    const metrics = metric ? [metricNamed(metric, task)] : undefined;
    const { comparison } = await compare(entries, table, {
      target,
      splitter,
      metrics,
      seed,
      engine,
      signal: shell.signal,
      onProgress: shell.onProgress,
    });
    if (json) {
      const { candidates, ...rest } = comparison;
      return shell.print(JSON.stringify({ task, target, ...rest, ranking: candidates }));
    }
    shell.print(
      `${task} of ${target} (${reason}), ${comparison.splitter}, ${comparison.rows} rows${withoutTarget(comparison)}\n`,
    );
    shell.print(comparisonTable(comparison));
    for (const { name, error } of comparison.failed) shell.print(`\n${name} could not be fitted: ${error}`);
    shell.print(`\n${comparison.reason}`);
  },
};

function namesOf(asked: readonly string[] | undefined, task: TaskKind): readonly string[] {
  const all = asked?.length === 1 && asked[0] === 'all';
  if (asked && !all) return asked;
  const entries = all ? models.filter(({ tasks }) => tasks.includes(task)) : comparedModels(task);
  return entries.map(({ name }) => name);
}

export default command;

function folds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2 || value > 50)
    throw new InvalidArgumentError(`Expected an integer in [2, 50] for --folds-count but received "${text}".`);
  return value;
}

/** Rows that nothing can be compared on. */
function withoutTarget({ excludedRows }: Comparison): string {
  return excludedRows > 0 ? ` (${excludedRows} more have no usable target)` : '';
}

/** The ranking for the terminal. */
export function comparisonTable({ candidates, metric, metricLabel }: Comparison): string {
  const { natural } = metricNamed(metric);
  const rows = candidates.map((candidate) => [
    candidate.name,
    formatNumber(natural(candidate.score)),
    interval(candidate, natural),
    candidate.againstBest ? formatNumber(candidate.againstBest.p, 2) : 'best',
    formatSeconds(candidate.fitSeconds),
    `${formatNumber(candidate.latencyMicroseconds, 3)} µs`,
    formatBytes(candidate.modelBytes),
    candidate.interpretability,
  ]);
  return textTable(
    ['model', metricLabel, '95 % interval', 'p against best', 'fit', 'one row', 'size', 'readable'],
    rows,
    [1, 3, 4, 5, 6],
  );
}

function interval({ interval: { low, high } }: Candidate, natural: (score: number) => number): string {
  const [a, b] = [natural(low), natural(high)].sort((x, y) => x - y);
  return `${formatNumber(a)} … ${formatNumber(b)}`;
}
