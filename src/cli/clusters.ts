import { basename } from 'node:path';
import { packageVersion } from '../deploy/version.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { type ClusterProfile, profileClusters } from '../explore/clusters/cluster-profile.js';
import { renderClusterPage } from '../explore/page/cluster-page.js';
import type { ParameterValue } from '../parameters.js';
import { defaultRecipe } from '../prepare/index.js';
import { readRegister, selectColumns } from '../table/columns.js';
import { formatCount, formatNumber, formatShare } from '../table/format.js';
import type { Collected } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { outcomeOf } from '../training/verdict.js';
import { fileRows } from '../workflow/data.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, integer, list, parameter, readData } from './command.js';
import type { Shell } from './shell.js';
import { textTable } from './table.js';
import { taskWithoutTarget } from './train-more.js';

interface ClustersCommandOptions extends CommonOptions {
  readonly labels?: string;
  readonly model?: string;
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly drop?: string[];
  readonly rows?: number;
  readonly output?: string;
}

const command: CommandFile = {
  configure: (clusters) =>
    clusters
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .option(
        '--labels <column>',
        'the column that says of which cluster a row is (-1: noise); default: clusters are sought',
      )
      .option('--model <name>', 'what seeks them (default: k-means)')
      .option(
        '--param <name=value>',
        'a parameter of the model, as often as there are any; values as in JSON',
        parameter,
      )
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option(
        '--rows <n>',
        'name so many rows nearest to the middle of each cluster (default: 0)',
        integer('--rows', 0, 1000),
      )
      .option('--output <page.html>', 'write the page here'),
  run: async (shell, options: ClustersCommandOptions, path) => {
    const { drop, seed, output, json } = options;
    await using engine = await engineOf(options, shell);
    const collected = await readData(path!, { ignore: drop, engine }, shell);
    const { labels, names, how } = options.labels
      ? labelsOf(collected, options.labels)
      : await seekClusters(collected, options, engine, shell);
    const others = columnsOf(collected.table).filter(({ name }) => name !== options.labels);
    const table = selectColumns(
      collected.table,
      others.map(({ name }) => name),
    );
    const { signal, onProgress } = shell;
    const given = { engine, seed, names, representatives: options.rows, signal, onProgress };
    const profile = inFile(await profileClusters(table, labels, given), collected);
    if (output)
      await writeWhole(output, renderClusterPage(profile, { source: basename(path!), version: packageVersion }));
    if (json) return shell.print(JSON.stringify({ ...profile, how, ...(output && { page: output }) }));
    print(profile, how, shell.print);
    shell.print(output ? `\nThe page is ${output}.` : '\nAdd --output page.html for pictures and all figures.');
  },
};

export default command;

interface Labels {
  readonly labels: ArrayLike<number>;
  readonly names?: readonly string[];
  readonly how: string;
}

/** The clusters that a column names: numbers as they are, texts by their place among its labels, none as noise. */
function labelsOf({ table }: Collected, name: string): Labels {
  const { type, values, labels } = readRegister(table, name);
  if (type === 'timestamp') {
    throw new LanewiseError('data', `Expected numbers or texts in ${name} but it holds moments`, { column: name });
  }
  const names = type === 'boolean' ? [`not ${name}`, name] : labels;
  const known = values.map((value) => (Number.isNaN(value) ? -1 : value));
  return { labels: known, how: `by the column ${name}`, ...(names && { names }) };
}

async function seekClusters(
  { table }: Collected,
  { model: name = 'k-means', param, seed }: ClustersCommandOptions,
  engine: Engine,
  shell: Shell,
): Promise<Labels> {
  if (taskWithoutTarget(name) !== 'clustering') {
    throw new LanewiseError('usage', `Expected a clustering for --model but received ${name}`, {
      hint: 'k-means is one; lanewise train --help says more.',
    });
  }
  const recipe = defaultRecipe(table, { task: 'clustering', model: name, parameters: param });
  const { signal, onProgress } = shell;
  const fitted = await recipe.fit(table, { engine, seed, signal, onProgress });
  const how = `${name}: ${outcomeOf(fitted.training)}`;
  if (fitted.labels?.length === table.numRows) return { labels: fitted.labels, how };
  const predicted = await fitted.predict(table, { engine, signal });
  return { labels: readRegister(predicted, 'prediction').values, how };
}

/** Rows as the file counts them, those that could not be read included. */
function inFile(profile: ClusterProfile, collected: Collected): ClusterProfile {
  const { indices } = fileRows(collected);
  const clusters = profile.clusters.map(({ representatives, ...cluster }) =>
    representatives ? { ...cluster, representatives: representatives.map((row) => indices[row]!) } : cluster,
  );
  return { ...profile, clusters };
}

function print(
  { clusters, rows, silhouette, limits }: ClusterProfile,
  how: string,
  line: (text: string) => void,
): void {
  line(`${formatCount(rows)} rows, ${how}\n`);
  const cells = clusters.map(({ name, rows: own, share, silhouette: near }) => [
    name,
    formatCount(own),
    formatShare(share),
    near === undefined ? '' : formatNumber(near, 2),
  ]);
  line(textTable(['cluster', 'rows', 'share', 'silhouette'], cells, [1, 2, 3]));
  if (silhouette !== undefined) line(`\nsilhouette of all: ${formatNumber(silhouette, 2)}`);
  line('');
  for (const { sentence, representatives } of clusters) {
    const near = representatives
      ? ` Nearest to the middle: rows ${representatives.map((row) => row + 1).join(', ')}.`
      : '';
    line(`· ${sentence}.${near}`);
  }
  for (const limit of limits) line(`note: ${limit}`);
}
