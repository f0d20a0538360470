import { exportFormats, exportModel } from '../deploy/exchange/export.js';
import { exportArtefact } from '../deploy/wasm.js';
import { formatCount } from '../table/format.js';
import { openModel } from '../workflow/open-model.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, Option, readData } from './command.js';

interface ExportOptions extends CommonOptions {
  readonly format: (typeof exportFormats)[number] | 'wasm';
  readonly output: string;
  readonly registry?: string;
  readonly check?: string;
  readonly lossy?: boolean;
}

const command: CommandFile = {
  configure: (command) =>
    command
      .argument('<MODEL>', 'the folder of an artefact, or name@alias or name@version of a registry')
      .addOption(
        new Option('--format <format>', 'what to write; json is for reading')
          .choices([...exportFormats, 'wasm'])
          .makeOptionMandatory(),
      )
      .requiredOption('--output <file>', 'where the file goes')
      .option('--registry <folder>', 'where names are looked up')
      .option('--check <data>', 'XGBoost: rows that must take the same ways in its f32')
      .option('--lossy', 'XGBoost: write it even if rows take other ways'),
  run: async (shell, options: ExportOptions, path) => {
    const { format, output, json } = options;
    const opened = await openModel(path!, options.registry);
    await using engine = await engineOf(options, shell);
    const rows = options.check ? (await readData(options.check, { engine }, shell)).table : undefined;
    const { bytes, notes } =
      format === 'wasm'
        ? { bytes: await exportArtefact(opened, { name: opened.name, version: opened.version }), notes: [] }
        : exportModel(opened.model, format, { rows, lossy: options.lossy });
    await writeWhole(output, bytes);
    if (json) return shell.print(JSON.stringify({ output, format, bytes: bytes.length, notes }));
    for (const note of notes) shell.note(`note: ${note}`);
    shell.print(`${output}: ${formatCount(bytes.length)} bytes of ${format}.`);
  },
};

export default command;
