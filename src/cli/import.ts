import { saveArtefact } from '../deploy/artefact.js';
import { importModelFile } from '../deploy/exchange/import.js';
import { formatCount } from '../table/format.js';
import { type CommandFile, type CommonOptions, list, Option } from './command.js';

interface ImportCommandOptions extends CommonOptions {
  readonly output: string;
  readonly target?: string;
  readonly classes?: string[];
  readonly iterations: 'best' | 'all';
}

const command: CommandFile = {
  configure: (command) =>
    command
      .argument('<MODEL>', "LightGBM's model.txt, or XGBoost's .json or .ubj; which one it is, is seen in it")
      .requiredOption('--output <folder>', 'where the artefact goes')
      .option('--target <column>', 'what it predicts; no file says it')
      .option('--classes <labels>', 'labels of the classes in their order, separated by commas; default: 0,1,…', list)
      .addOption(
        new Option('--iterations <which>', 'of XGBoost with early stopping')
          .choices(['best', 'all'])
          .default('best', 'up to the best iteration'),
      ),
  run: async (shell, options: ImportCommandOptions, path) => {
    const { output, target, classes, iterations } = options;
    const imported = await importModelFile(path!, { target, classes, iterations });
    const { model, format, version, objective, trees, notes } = imported;
    const artefact = await saveArtefact(output, { model, metadata: { imported: { format, version, objective } } });
    if (options.json) {
      return shell.print(
        JSON.stringify({
          model: output,
          digest: artefact.digest,
          format,
          version,
          objective,
          task: model.task,
          trees,
          columns: model.program.inputs.map(({ name, type }) => ({ name, type })),
          ...(model.classes && { classes: model.classes }),
          notes,
        }),
      );
    }
    shell.print(
      `${format} (version ${version}), ${objective}: ${formatCount(trees)} trees on ${formatCount(model.program.inputs.length)} columns.`,
    );
    for (const note of notes) shell.note(`note: ${note}`);
    shell.print(`The model is ${output}. Next: lanewise predict DATA.csv --model ${output}`);
  },
};

export default command;
