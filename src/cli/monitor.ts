import { isRecommenderArtefact } from '../deploy/index.js';
import { LanewiseError } from '../errors.js';
import { metricNamed } from '../evaluate/metrics.js';
import type { FittedRecommender } from '../models/recommendation/index.js';
import {
  type ColumnDrift,
  type MonitorReport,
  monitor,
  monitorRecommender,
  type PopularityDrift,
  type ReferenceProfile,
} from '../monitor/index.js';
import { formatNumber, formatShare } from '../table/format.js';
import { columnsOf } from '../table/schema.js';
import { openAny } from '../workflow/open-model.js';
import { type CommandFile, type CommonOptions, engineOf, Option, readData } from './command.js';
import type { Shell } from './shell.js';
import { textTable } from './table.js';

interface MonitorCommandOptions extends CommonOptions {
  readonly model: string;
  readonly registry?: string;
  readonly target?: string;
  readonly time?: string;
  readonly relevantFrom?: number;
}

const command: CommandFile = {
  configure: (monitorCommand) =>
    monitorCommand
      .argument('<DATA>', 'a CSV, Parquet or Arrow file of new rows; with the target where it is known by now')
      .requiredOption('--model <model>', 'the folder of an artefact, or name@alias of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .option('--target <column>', "where the truth stands; default: the model's target")
      .option('--time <column>', 'when a row came in: shows the error over time')
      .addOption(
        new Option(
          '--relevant-from <rating>',
          'recommenders: lists should have found what was rated so high',
        ).argParser(Number),
      ),
  run: async (shell, options: MonitorCommandOptions, path) => {
    const opened = await openAny(options.model, options.registry);
    if (isRecommenderArtefact(opened)) return await watchRecommender(shell, options, path!, opened.model);
    const { model, reference } = opened;
    if (!reference) {
      throw new LanewiseError(
        'artefact',
        `Expected a drift reference in ${options.model} but it was saved without one`,
        {
          hint: 'Train it again: lanewise train writes one.',
        },
      );
    }
    await using engine = await engineOf(options, shell);
    const { table } = await readData(path!, { engine }, shell);
    const target = options.target ?? (hasColumn(table, model.target) ? model.target : undefined);
    const { time, seed } = options;
    const report = await monitor(reference as ReferenceProfile, table, {
      model,
      target,
      time,
      seed,
      engine,
      signal: shell.signal,
      onProgress: shell.onProgress,
    });
    if (options.json) return shell.print(JSON.stringify(report));
    printReport(report, shell.print);
  },
};

export default command;

/** The artefact holds who met what: it is its own reference. */
async function watchRecommender(
  shell: Shell,
  options: MonitorCommandOptions,
  path: string,
  model: FittedRecommender,
): Promise<void> {
  await using engine = await engineOf(options, shell);
  const { table } = await readData(path, { engine }, shell);
  const { seed = 0, relevantFrom, json } = options;
  const report = await monitorRecommender(model, table, {
    engine,
    seed,
    signal: shell.signal,
    ...(relevantFrom !== undefined && { relevantFrom }),
  });
  if (json) return shell.print(JSON.stringify(report));
  const { verdict, rows, unknownUsers, unknownItems, seen, recommended, reasons } = report;
  shell.print(`${verdict}: ${rows} rows against ${model.facts.pairs} pairs of training\n`);
  const drift = (what: string, { psi, drift: size, reference, current }: PopularityDrift) => {
    return [what, size, formatNumber(psi), formatShare(reference[0]!), formatShare(current[0]!)];
  };
  const body = [drift('what users meet', seen), drift('what they are recommended', recommended)];
  shell.print(
    textTable(['how popular is', 'drift', 'PSI', 'of the most popular, in training', 'now'], body, [2, 3, 4]),
  );
  const [users, items] = [unknownUsers, unknownItems].map(({ shareOfRows }) => formatShare(shareOfRows));
  shell.print(`\nUnknown users: ${users} of the rows; unknown items: ${items}.\n`);
  for (const reason of reasons) shell.print(reason);
}

type Columns = Parameters<typeof columnsOf>[0];

function hasColumn(table: Columns, name: string | undefined): boolean {
  return columnsOf(table).some((column) => column.name === name);
}

function printReport(report: MonitorReport, print: (line: string) => void): void {
  print(`${report.verdict}: ${report.rows} rows against ${report.referenceRows} of the reference\n`);
  const parts = [
    ...report.columns,
    ...(report.target ? [report.target] : []),
    ...(report.prediction ? [report.prediction] : []),
  ];
  print(
    textTable(
      ['column', 'drift', 'PSI', 'KS or V', 'adjusted p', 'missing', 'unseen'],
      parts.map(driftRow),
      [2, 3, 4, 5, 6],
    ),
  );
  if (report.error) {
    const { metric, metricLabel, score, reference } = report.error;
    const { natural } = metricNamed(metric);
    print(
      `\nRealised ${metricLabel} ${formatNumber(natural(score))}, at deployment ${formatNumber(natural(reference.score))}.`,
    );
  }
  print('');
  for (const reason of report.reasons) print(reason);
}

function driftRow(column: ColumnDrift): string[] {
  const effect = column.ks?.statistic ?? column.chiSquared?.effect;
  return [
    column.name,
    column.drift,
    formatNumber(column.psi),
    formatNumber(effect, 2),
    formatNumber(column.adjustedP, 2),
    formatShare(column.missing),
    formatShare(column.unseen),
  ];
}
