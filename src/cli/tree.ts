import { drawnTree, treeSvg, treeText } from '../explain/drawing/index.js';
import { openModel } from '../workflow/open-model.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, integer } from './command.js';

interface TreeOptions extends CommonOptions {
  readonly registry?: string;
  readonly tree: number;
  readonly depth: number;
  readonly output?: string;
}

const command: CommandFile = {
  configure: (tree) =>
    tree
      .argument('<MODEL>', 'the folder of an artefact, or name@alias or name@version of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .option('--tree <n>', 'which tree, from 0', integer('--tree', 0, 1_000_000), 0)
      .option('--depth <n>', 'levels of questions', integer('--depth', 1, 100), 4)
      .option('--output <file>', 'write a picture here (.svg), or the text; default: the text on standard output'),
  run: async (shell, { registry, tree, depth, output, json }: TreeOptions, reference) => {
    const { model } = await openModel(reference!, registry);
    const drawn = drawnTree(model, { tree, depth });
    if (output) await writeWhole(output, output.endsWith('.svg') ? treeSvg(drawn) : `${treeText(drawn)}\n`);
    if (json) return shell.print(JSON.stringify(drawn));
    shell.print(output ? `Tree ${tree} of ${drawn.trees} is in ${output}.` : treeText(drawn));
  },
};

export default command;
