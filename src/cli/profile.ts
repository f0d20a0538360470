import { basename } from 'node:path';
import { packageVersion } from '../deploy/version.js';
import { renderProfilePage } from '../explore/page/profile-page.js';
import { type ColumnProfile, type Profile, profileTable } from '../explore/profile.js';
import { formatCount, formatNumber, formatShare } from '../table/format.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, list, readData } from './command.js';
import { textTable } from './table.js';

interface ProfileCommandOptions extends CommonOptions {
  readonly target?: string;
  readonly drop?: string[];
  readonly output?: string;
}

const command: CommandFile = {
  configure: (profile) =>
    profile
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .option('--target <column>', 'the column to predict: shows what it goes with')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--output <page.html>', 'write the page here'),
  run: async (shell, options: ProfileCommandOptions, path) => {
    const { target, drop, output, seed, json } = options;
    await using engine = await engineOf(options, shell);
    const { table, quarantine, hash } = await readData(path!, { target, ignore: drop, engine }, shell);
    const profile = await profileTable(table, {
      target,
      seed,
      engine,
      signal: shell.signal,
      onProgress: shell.onProgress,
    });
    if (output)
      await writeWhole(output, renderProfilePage(profile, { source: basename(path!), version: packageVersion }));
    if (json)
      return shell.print(
        JSON.stringify({
          ...profile,
          source: { path, hash, quarantined: quarantine.length },
          ...(output && { page: output }),
        }),
      );
    printProfile(profile, shell.print);
    shell.print(
      output ? `\nThe page is ${output}.` : '\nAdd --output page.html for histograms, scatter plots and correlations.',
    );
  },
};

export default command;

function printProfile(profile: Profile, print: (line: string) => void): void {
  print(
    `${formatCount(profile.rows)} rows, ${profile.columns.length} columns, ${formatCount(profile.missingCells)} missing cells, ${formatCount(profile.duplicates)} duplicate rows\n`,
  );
  const rows = profile.columns.map((column) => [
    column.name,
    column.kind + (column.role === 'feature' ? '' : ` (${column.role})`),
    column.missing ? formatShare(column.missing / column.rows) : '',
    formatCount(column.profile.distinct),
    inShort(column),
  ]);
  print(textTable(['column', 'kind', 'missing', 'distinct', 'in short'], rows, [2, 3]));
  if (profile.alerts.length > 0) print('');
  for (const { severity, message, advice } of profile.alerts)
    print(`${severity === 'warning' ? '!' : '·'} ${message} ${advice}`);
}

function inShort({ profile }: ColumnProfile): string {
  if (profile.kind === 'numeric') {
    const { minimum, maximum, mean, standardDeviation } = profile;
    return `${formatNumber(minimum)} … ${formatNumber(maximum)}, mean ${formatNumber(mean)} ± ${formatNumber(standardDeviation)}`;
  }
  if (profile.kind === 'timestamp') {
    if (Number.isNaN(profile.minimum)) return '';
    return `${new Date(profile.minimum).toISOString().slice(0, 16)} … ${new Date(profile.maximum).toISOString().slice(0, 16)}`;
  }
  return profile.top
    .slice(0, 3)
    .map(({ label, count }) => `${label.slice(0, 20)} (${formatCount(count)})`)
    .join(', ');
}
