import { basename, join } from 'node:path';
import { Option } from 'commander';
import { saveArtefact } from '../deploy/artefact.js';
import { columnRanges } from '../deploy/ranges.js';
import { LanewiseError } from '../errors.js';
import { metricNamed } from '../evaluate/metrics.js';
import { buildReference } from '../monitor/index.js';
import type { ParameterValue } from '../parameters.js';
import { defaultModel, defaultRecipe } from '../prepare/index.js';
import { takeRows } from '../table/columns.js';
import { formatCount, formatNumber } from '../table/format.js';
import type { TaskKind } from '../table/interfaces.js';
import { isSupervised } from '../table/tasks.js';
import { outcomeOf } from '../training/verdict.js';
import { withRoles } from '../workflow/data.js';
import { fitWithValidation, holdOutRows, intervalsOf, judge } from '../workflow/held-out.js';
import { chooseTask } from '../workflow/task.js';
import { type CommandFile, engineOf, list, parameter, readData } from './command.js';
import { addRecommendationOptions, type RecommendationOptions, trainRecommender } from './recommendation.js';
import { textTable } from './table.js';
import { modelOfTask, splitTargets, taskWithoutTarget, trainSeveral, trainWithoutTarget } from './train-more.js';
import { sourceBeyondMemory, trainFromSource } from './train-stream.js';
import { addTrainingOptions, openTraining, type TrainingOptions } from './training-options.js';

interface TrainOptions extends RecommendationOptions, TrainingOptions {
  readonly target?: string;
  readonly task?: TaskKind;
  readonly group?: string;
  readonly model?: string;
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly drop?: string[];
  readonly output?: string;
  readonly memory?: string;
  readonly directory?: string;
}

const TEST_FRACTION = 0.2;
const VALIDATION_FRACTION = 0.15;

const command: CommandFile = {
  configure: (train) => {
    train
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .option(
        '--target <column>',
        'the column to predict, or several, separated by commas; none for clusters and anomalies',
      )
      .option('--model <name>', 'which model; default: gradient-boosting, or linear where there are only texts')
      .option(
        '--param <name=value>',
        'a parameter of the model, as often as there are any; values as in JSON',
        parameter,
      )
      .addOption(
        new Option('--task <task>', 'default: by the target').choices([
          'classification',
          'regression',
          'ranking',
          'clustering',
          'anomaly-detection',
          'recommendation',
        ]),
      )
      .option('--group <column>', 'rows of one value belong together: no split cuts them; --task ranking orders them')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--output <folder>', 'where the artefact goes; default: runs/models/ and the name of the data')
      .option(
        '--memory <size>',
        'train from a file where the table is larger than this: 512MB, 1GB; default: half of all',
      )
      .option('--directory <folder>', 'where that file is made; default: the folder for temporary files');
    addRecommendationOptions(train);
    addTrainingOptions(train);
  },
  run: async (shell, options: TrainOptions, path) => {
    const { drop, seed = 0, json } = options;
    if (options.task === 'recommendation') {
      using training = await openTraining(shell, options);
      const output = options.output ?? join('runs', 'models', stemOf(path!));
      const { onProgress, timeBudget } = training.given;
      return await trainRecommender(shell, { ...options, output, file: path! }, onProgress, timeBudget);
    }
    const named = options.model ?? modelOfTask(options.task);
    const withoutTarget = options.target === undefined ? taskWithoutTarget(named, options.task) : undefined;
    if (options.target === undefined && !withoutTarget) throw missingTarget(named);
    if (options.target !== undefined && options.task && !isSupervised(options.task)) throw needlessTarget(options.task);
    await using engine = await engineOf(options, shell);
    const output = options.output ?? join('runs', 'models', stemOf(path!));
    if (options.target !== undefined) {
      const streamed = { ...options, model: named, target: options.target };
      const source = await sourceBeyondMemory(path!, streamed);
      if (source) return await trainFromSource(shell, engine, source, path!, output, streamed);
    }
    using training = await openTraining(shell, options);
    const context = { engine, seed, signal: shell.signal };
    const {
      table: read,
      quarantine,
      hash,
    } = await readData(path!, { group: options.group, ignore: drop, engine }, shell);
    const targets = options.target === undefined ? [] : splitTargets(read, options.target);
    const table = withRoles(read, { target: targets.length === 1 ? targets[0] : undefined });
    const more = { table, hash, seed, engine, json, output, training, file: path!, testFraction: TEST_FRACTION };
    const asked = { ...more, model: named, parameters: options.param, task: options.task };
    if (withoutTarget) return await trainWithoutTarget(shell, withoutTarget, asked);
    if (targets.length > 1) return await trainSeveral(shell, targets, asked);
    const target = targets[0]!;
    const { task, reason } = chooseTask(table, target, options.task);
    const name = options.model ?? defaultModel(table, task, target);
    const recipe = defaultRecipe(table, { target, task, model: name, parameters: options.param });
    const fold = holdOutRows(table, target, task, TEST_FRACTION, seed);
    const learnt = fold ? takeRows(table, fold.train) : table;
    const model = await fitWithValidation(recipe, learnt, {
      ...context,
      target,
      ...training.given,
      validation: VALIDATION_FRACTION,
    });
    training.end(model.training);
    const judged = fold && (await judge(model, takeRows(table, fold.test), target, context));
    const scores = judged ? await intervalsOf(judged, task, seed, shell.signal, model) : [];
    const artefact = await saveArtefact(output, {
      model,
      ranges: columnRanges(model.program, learnt),
      reference: await buildReference(learnt, {
        ...context,
        target,
        model,
        heldOut: fold && takeRows(table, fold.test),
      }),
      metadata: { data: { file: basename(path!), sha256: hash, rows: learnt.numRows }, scores, seed },
    });
    if (json) {
      return shell.print(
        JSON.stringify({
          model: output,
          digest: artefact.digest,
          estimator: model.estimator,
          task,
          target,
          rows: { train: learnt.numRows, test: fold?.test.length ?? 0, quarantined: quarantine.length },
          training: model.training,
          scores,
        }),
      );
    }
    shell.print(`${name}: ${task} of ${target} (${reason})`);
    shell.print(
      `${formatCount(learnt.numRows)} rows learnt from${fold ? `, ${formatCount(fold.test.length)} held out to test` : '; too few to hold any out'}${quarantine.length ? `, ${quarantine.length} unreadable` : ''}. ${outcomeOf(model.training)}\n`,
    );
    const rows = scores.map(({ metric, score, low, high }) => {
      const { label, natural } = metricNamed(metric);
      const ends = [natural(low), natural(high)].sort((a, b) => a - b);
      return [label, formatNumber(natural(score)), `${formatNumber(ends[0])} … ${formatNumber(ends[1])}`];
    });
    if (rows.length > 0) shell.print(textTable(['on the test rows', 'score', '95 % interval'], rows, [1]));
    shell.print(
      `\nThe model is ${output}. Next: lanewise predict NEW.csv --model ${output}, or lanewise serve --model ${output}`,
    );
  },
};

/** A file's name without its endings. */
function stemOf(path: string): string {
  return basename(path)
    .replace(/(\.gz)?$/, '')
    .replace(/\.[^.]+$/, '');
}

function missingTarget(model: string): LanewiseError {
  return new LanewiseError('usage', `Expected the column that ${model} is to predict but received none`, {
    hint: 'Name it with --target.',
  });
}

function needlessTarget(task: TaskKind): LanewiseError {
  return new LanewiseError('usage', `Expected no --target for ${task}: it learns from the features alone`, {
    hint: 'Leave a column out of them with --drop.',
  });
}

export default command;
