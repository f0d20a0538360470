import { basename } from 'node:path';
import type { Table } from 'apache-arrow';
import { Option } from 'commander';
import { packageVersion } from '../deploy/version.js';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { embeddingColors } from '../explore/embedding/colors.js';
import { type Embedding, embeddingTable } from '../explore/embedding/embedding.js';
import { Tsne } from '../explore/embedding/tsne.js';
import { Umap } from '../explore/embedding/umap.js';
import { renderEmbeddingPage, renderEmbeddingPicture } from '../explore/page/embedding-page.js';
import type { ParameterValue } from '../parameters.js';
import { defaultSteps, Pipeline } from '../prepare/index.js';
import { readRegister, selectColumns } from '../table/columns.js';
import { formatCount, formatNumber, formatSeconds } from '../table/format.js';
import { columnsOf } from '../table/schema.js';
import { fileRows, inFileOrder } from '../workflow/data.js';
import { writeTable, writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, list, parameter, readData } from './command.js';
import type { Shell } from './shell.js';

interface EmbedCommandOptions extends CommonOptions {
  readonly method: 'umap' | 't-sne';
  readonly param?: Readonly<Record<string, ParameterValue>>;
  readonly color?: string;
  readonly titles?: string;
  readonly drop?: string[];
  readonly timeBudget?: number;
  readonly coordinates?: string;
  readonly output?: string;
}

const command: CommandFile = {
  configure: (embed) =>
    embed
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .addOption(new Option('--method <name>', 'how rows are placed').choices(['umap', 't-sne']).default('umap'))
      .option(
        '--param <name=value>',
        'a parameter of the method, as often as there are any; values as in JSON',
        parameter,
      )
      .option('--color <column>', 'the column that colours the rows; it has no say in their places')
      .option('--titles <column>', 'the column whose text stands beside a row under the pointer; goes into the page')
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--time-budget <seconds>', 'end after so many seconds with what there is', Number)
      .option('--coordinates <file>', 'write the coordinates here (CSV or Arrow)')
      .option('--output <file>', 'write the page here, or by .svg one picture'),
  run: async (shell, options: EmbedCommandOptions, path) => {
    const { drop, seed, output, coordinates, json } = options;
    await using engine = await engineOf(options, shell);
    const collected = await readData(path!, { ignore: drop, engine }, shell);
    const { table } = collected;
    const colors = options.color === undefined ? undefined : embeddingColors(readRegister(table, options.color));
    const titles = options.titles === undefined ? undefined : textsOf(table, options.titles);
    const started = performance.now();
    const embedding = await place(await prepared(table, options, engine, shell), options, engine, shell);
    const seconds = (performance.now() - started) / 1000;
    const { indices } = fileRows(collected);
    const about = { source: basename(path!), version: packageVersion, colors, titles, seed, rowNumbers: indices };
    const render = output?.endsWith('.svg') ? renderEmbeddingPicture : renderEmbeddingPage;
    if (output) await writeWhole(output, render(embedding, about));
    if (coordinates) await writeTable(coordinates, inFileOrder(embeddingTable(embedding), collected));
    const { method, rows, iterations, verdict, klDivergence, warnings } = embedding;
    for (const { message } of warnings) shell.note(`note: ${message}`);
    if (json) {
      const facts = { method, rows, iterations, verdict, klDivergence, warnings, seconds };
      return shell.print(
        JSON.stringify({ ...facts, ...(output && { page: output }), ...(coordinates && { coordinates }) }),
      );
    }
    const divergence = klDivergence === undefined ? '' : `, divergence ${formatNumber(klDivergence)}`;
    shell.print(`${formatCount(rows)} rows placed by ${method} in ${formatSeconds(seconds)}: ${verdict}${divergence}`);
    if (coordinates) shell.print(`The coordinates are in ${coordinates}.`);
    shell.print(
      output
        ? `The ${output.endsWith('.svg') ? 'picture' : 'page'} is ${output}.`
        : 'Add --output page.html for the picture.',
    );
  },
};

export default command;

/** The columns as complete numbers on one scale, as clusterings have them; what colours and names rows stays out. */
async function prepared(
  table: Table,
  { color, titles, seed }: EmbedCommandOptions,
  engine: Engine,
  shell: Shell,
): Promise<Table> {
  const kept = columnsOf(table).filter(({ name, role }) => name !== color && name !== titles && role === 'feature');
  if (kept.length === 0) {
    throw new LanewiseError('data', 'Expected at least one column to place rows by but none is left', {
      hint: 'The columns of --color, --titles and --drop have no say in the places.',
    });
  }
  const features = selectColumns(
    table,
    kept.map(({ name }) => name),
  );
  const pipeline = new Pipeline(defaultSteps('k-means', features, 'clustering'));
  return (await pipeline.fit(features, { engine, seed, signal: shell.signal })).table;
}

async function place(table: Table, options: EmbedCommandOptions, engine: Engine, shell: Shell): Promise<Embedding> {
  const { method, param = {}, seed, timeBudget } = options;
  const { signal, onProgress } = shell;
  const work = method === 'umap' ? new Umap(param) : new Tsne(param);
  return work.fitTransform(table, { engine, seed, timeBudget, signal, onProgress });
}

function textsOf(table: Table, name: string): string[] {
  const { values, labels } = readRegister(table, name);
  return Array.from(values, (value) => (Number.isNaN(value) ? '' : (labels?.[value] ?? String(value))));
}
