import { LanewiseError } from '../errors.js';
import { metricNamed } from '../evaluate/metrics.js';
import { type ColumnDrift, type MonitorReport, monitor, type ReferenceProfile } from '../monitor/index.js';
import { formatNumber, formatShare } from '../table/format.js';
import { columnsOf } from '../table/schema.js';
import { openModel } from '../workflow/open-model.js';
import { type CommandFile, type CommonOptions, engineOf, readData } from './command.js';
import { textTable } from './table.js';

interface MonitorCommandOptions extends CommonOptions {
  readonly model: string;
  readonly registry?: string;
  readonly target?: string;
  readonly time?: string;
}

const command: CommandFile = {
  configure: (monitorCommand) =>
    monitorCommand
      .argument('<DATA>', 'a CSV, Parquet or Arrow file of new rows; with the target where it is known by now')
      .requiredOption('--model <model>', 'the folder of an artefact, or name@alias of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .option('--target <column>', "where the truth stands; default: the model's target")
      .option('--time <column>', 'when a row came in: shows the error over time'),
  run: async (shell, options: MonitorCommandOptions, path) => {
    const { model, reference } = await openModel(options.model, options.registry);
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
