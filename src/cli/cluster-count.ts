import { figureRows, renderClusterCountPage } from '../explore/cluster-count/page.js';
import { selectClusterCount } from '../explore/cluster-count/select.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, list, readData } from './command.js';
import { textTable } from './table.js';

interface ClusterCountCommandOptions extends CommonOptions {
  readonly drop?: string[];
  readonly columns?: string[];
  readonly most?: number;
  readonly output?: string;
}

const command: CommandFile = {
  configure: (count) =>
    count
      .argument('<DATA>', 'a CSV, Parquet or Arrow file')
      .option('--columns <names>', 'columns of numbers to look at, separated by commas; default: all', list)
      .option('--drop <columns>', 'columns to leave out, separated by commas', list)
      .option('--most <number>', 'the most clusters that are tried; default: 10', Number)
      .option('--output <page.html>', 'write the page here'),
  run: async (shell, options: ClusterCountCommandOptions, path) => {
    const { drop, columns, most, output, seed, json } = options;
    await using engine = await engineOf(options, shell);
    const { table, hash } = await readData(path!, { ignore: drop, engine }, shell);
    const found = await selectClusterCount(table, {
      ...(columns && { columns }),
      ...(most !== undefined && { maxClusters: most }),
      ...(seed !== undefined && { seed }),
      engine,
      signal: shell.signal,
      onProgress: shell.onProgress,
    });
    if (output) await writeWhole(output, renderClusterCountPage(found));
    if (json) return shell.print(JSON.stringify({ ...found, source: { path, hash }, ...(output && { page: output }) }));
    shell.print(`${found.sentence}\n`);
    const { head, rows } = figureRows(found);
    shell.print(
      textTable(
        head,
        rows,
        head.map((_, column) => column),
      ),
    );
    shell.print('\n* chosen by this criterion');
    const clusters = found.suggestion ?? 2;
    shell.print(
      output
        ? `\nThe page is ${output}.`
        : `\nAdd --output page.html for pictures. Next: lanewise train ${path} --model k-means --param nClusters=${clusters}`,
    );
  },
};

export default command;
