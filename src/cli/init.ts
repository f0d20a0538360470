import { existsSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { formatOf, readSource } from '../collect/files-node.js';
import { LanewiseError } from '../errors.js';
import { profileTable } from '../explore/profile.js';
import { columnsOf } from '../table/schema.js';
import { chooseTask } from '../workflow/task.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, readData } from './command.js';

interface InitOptions extends CommonOptions {
  readonly target: string;
  readonly output: string;
}

const command: CommandFile = {
  configure: (init) =>
    init
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .requiredOption('--target <column>', 'the column to predict')
      .option('--output <file>', 'the workflow file to write', 'workflow.yaml'),
  run: async (shell, options: InitOptions, path) => {
    const { target, output, seed } = options;
    if (existsSync(output)) {
      throw new LanewiseError('file', `Expected a new file at ${output} but there is one already`, {
        file: output,
        hint: 'Choose another name with --output.',
      });
    }
    await using engine = await engineOf(options, shell);
    const { table } = await readData(path!, { target, engine }, shell);
    const { task, reason } = chooseTask(table, target);
    const profile = await profileTable(table, {
      target,
      task,
      seed,
      engine,
      signal: shell.signal,
      onProgress: shell.onProgress,
    });
    const ignore = suggestIgnored(profile.alerts, target);
    const time = columnsOf(table).find(({ name, kind }) => kind === 'timestamp' && !ignore.includes(name))?.name;
    const { bytes } = await readSource(path!);
    const source = { [formatOf(path!, bytes)]: relative(dirname(resolve(output)), resolve(path!)) };
    await writeWhole(output, workflowText({ source, target, ignore, ...(time && { time }) }, reason, task));
    if (options.json) return shell.print(JSON.stringify({ workflow: output, target, task, ignore, time }));
    shell.print(`${output} is written for ${basename(path!)}: ${task} of ${target} (${reason}).`);
    if (ignore.length > 0) shell.print(`It ignores ${ignore.join(', ')}: look whether you agree.`);
    shell.print(`Next: lanewise run ${output}`);
  },
};

export default command;

/** Columns that give the target away or tell every row apart. */
function suggestIgnored(alerts: readonly { kind: string; columns: readonly string[] }[], target: string): string[] {
  const suspect = alerts.filter(({ kind }) => kind === 'suspected-leakage' || kind === 'identifier');
  return [...new Set(suspect.flatMap(({ columns }) => columns))].filter((name) => name !== target);
}

function workflowText(settings: object, reason: string, task: string): string {
  return `# A ${task}: ${reason}. Everything that is not here has a default, which the run's record spells out.\n${stringify(settings, { flowCollectionPadding: true, collectionStyle: 'any' })}`;
}
