import { Option } from 'commander';
import { readTable } from '../collect/index.js';
import { LanewiseError } from '../errors.js';
import { type CrossValidation, crossValidate, outOfFoldTable, type ScoreSummary } from '../evaluate/cross-validate.js';
import { metricNamed } from '../evaluate/metrics.js';
import { givenFolds } from '../evaluate/splitter.js';
import type { ParameterValue } from '../parameters.js';
import { defaultModel, defaultRecipe } from '../prepare/index.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '../table/columns.js';
import { formatNumber, formatSeconds } from '../table/format.js';
import type { Collected, Splitter, TaskKind } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { fileRows } from '../workflow/data.js';
import { chooseTask } from '../workflow/task.js';
import { writeTable } from '../workflow/write-table.js';
import { type CommandFile, engineOf, list, parameter, readData } from './command.js';
import {
  addRecommendationOptions,
  compareRecommenders,
  type RecommendationOptions,
  requireTarget,
} from './recommendation.js';
import { textTable } from './table.js';

interface EvaluateOptions extends Omit<RecommendationOptions, 'target'> {
  readonly target: string;
  readonly task?: TaskKind;
  readonly group?: string;
  readonly model?: string;
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly folds?: string;
  readonly drop?: string[];
  readonly predictions?: string;
}

const command: CommandFile = {
  configure: (evaluate) => {
    evaluate
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
      .option('--model <name>', 'which model; default: gradient-boosting, or linear where there are only texts')
      .option(
        '--param <name=value>',
        'a parameter of the model, as often as there are any; values as in JSON',
        parameter,
      )
      .option('--folds <file>', 'a CSV with one column `fold`, a line a data row; default: 5 folds at random')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--predictions <file>', 'write the out-of-fold predictions here (CSV or Arrow)');
    addRecommendationOptions(evaluate);
  },
  run: async (shell, options: EvaluateOptions, path) => {
    if (options.task === 'recommendation') {
      return await compareRecommenders(
        shell,
        path!,
        options,
        options.model === undefined ? undefined : [options.model],
      );
    }
    requireTarget(options.target);
    const { target, drop, seed, json } = options;
    await using engine = await engineOf(options, shell);
    const { signal, onProgress } = shell;
    const collected = await readData(path!, { target, group: options.group, ignore: drop, engine }, shell);
    const { task, reason } = chooseTask(collected.table, target, options.task);
    const splitter = options.folds ? await readFolds(options.folds, path!, collected) : undefined;
    const model = options.model ?? defaultModel(collected.table, task, target);
    const recipe = defaultRecipe(collected.table, { target, task, model, parameters: options.param });
    const result = await crossValidate(recipe, collected.table, { target, splitter, seed, engine, signal, onProgress });
    if (options.predictions) await writeTable(options.predictions, predictionsOf(result, collected));
    if (json) return shell.print(JSON.stringify(report(result)));
    shell.print(
      `${model} on ${path}: ${task} of ${target} (${reason}), ${result.splitter}, ${formatSeconds(result.seconds)}\n`,
    );
    const rows = Object.entries(result.metrics).map(([name, summary]) => metricRow(name, summary));
    shell.print(textTable(['score', 'mean over the folds', 'standard deviation'], rows, [1, 2]));
    if (options.predictions) shell.print(`\nThe out-of-fold predictions are in ${options.predictions}.`);
  },
};

export default command;

function report(result: CrossValidation): object {
  const { estimator, task, target, classes, splitter, metrics, excludedRows, seconds } = result;
  return {
    model: estimator,
    task,
    target,
    ...(classes && { classes }),
    splitter,
    metrics,
    excludedRows: excludedRows.length,
    seconds,
  };
}

/** Errors as they are, not negated: people read them so. */
function metricRow(name: string, { mean, std }: ScoreSummary): string[] {
  const { label, natural } = metricNamed(name);
  return [label, formatNumber(natural(mean)), formatNumber(std)];
}

/** The folds file, as the fold of each row of the table. @throws LanewiseError where its lines are not the data's rows. */
async function readFolds(path: string, dataPath: string, collected: Collected): Promise<Splitter> {
  const { table } = await readTable(path);
  const names = columnsOf(table).map(({ name }) => name);
  if (!names.includes('fold')) {
    const message = `Expected a column "fold" in ${path} but it has ${names.slice(0, 8).join(', ')}`;
    throw new LanewiseError('data', message, {
      file: path,
      hint: 'Its header is `fold`; each line below is the fold of a data row.',
    });
  }
  const { indices, total } = fileRows(collected);
  if (table.numRows !== total) {
    const message = `Expected a fold for each of the ${total} data rows of ${dataPath} but ${path} has ${table.numRows}`;
    throw new LanewiseError('data', message, { file: path });
  }
  const folds = readRegister(table, 'fold').values;
  return givenFolds(Float64Array.from(indices, (index) => folds[index]!));
}

/** One line a data row of the file: `row` counts from 0, quarantined rows included, which have no prediction. */
function predictionsOf(result: CrossValidation, collected: Collected) {
  const outOfFold = outOfFoldTable(result);
  const { indices, total } = fileRows(collected);
  const places = readRegister(outOfFold, 'row').values;
  const columns = columnsOf(outOfFold)
    .filter(({ name }) => name !== 'row' && name !== 'target')
    .map(({ name }): RegisterColumn => {
      const register = readRegister(outOfFold, name);
      const values = new Float64Array(total).fill(Number.NaN);
      places.forEach((row, i) => {
        values[indices[row]!] = register.values[i]!;
      });
      return { ...register, values };
    });
  const row = Float64Array.from({ length: total }, (_, i) => i);
  return tableFromRegisters([{ name: 'row', type: 'number', values: row }, ...columns]);
}
