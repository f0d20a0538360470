import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { applyLeaves, decisionFunction } from '../models/tree-rounds.js';
import { formatCount } from '../table/format.js';
import type { Context, Model } from '../table/interfaces.js';
import { inFileOrder } from '../workflow/data.js';
import { openModel } from '../workflow/open-model.js';
import { toCsv, writeTable } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, readData } from './command.js';

interface PredictOptions extends CommonOptions {
  readonly model: string;
  readonly registry?: string;
  readonly output?: string;
  readonly raw?: boolean;
  readonly leaves?: boolean;
}

const command: CommandFile = {
  configure: (predict) =>
    predict
      .argument('<DATA>', 'a CSV, Parquet or Arrow file with the columns that the model reads')
      .requiredOption('--model <model>', 'the folder of an artefact, or name@alias or name@version of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .option('--raw', 'of models of trees: the sums of the leaves instead of predictions')
      .option('--leaves', 'of models of trees: the leaf that each row reaches in each tree')
      .option('--output <file>', 'write the predictions here (CSV, or Arrow by .arrow); default: standard output'),
  run: async (shell, options: PredictOptions, path) => {
    const { model } = await openModel(options.model, options.registry);
    await using engine = await engineOf(options, shell);
    const collected = await readData(path!, { engine }, shell);
    const { signal, onProgress } = shell;
    const context = { engine, signal, onProgress };
    const predictions = inFileOrder(await wanted(options, model, collected.table, context), collected);
    if (options.output) await writeTable(options.output, predictions);
    if (options.json) {
      return shell.print(
        JSON.stringify({
          rows: predictions.numRows,
          unreadable: collected.quarantine.length,
          columns: predictions.schema.fields.map(({ name }) => name),
          ...(options.output
            ? { output: options.output }
            : { predictions: JSON.parse(JSON.stringify(predictions.toArray())) }),
        }),
      );
    }
    if (!options.output) return shell.print(toCsv(predictions).trimEnd());
    shell.print(`${formatCount(predictions.numRows)} predictions are in ${options.output}.`);
  },
};

function wanted({ raw, leaves }: PredictOptions, model: Model, table: Table, context: Context): Promise<Table> {
  if (raw && leaves) throw new LanewiseError('usage', 'Expected --raw or --leaves but received both');
  if (raw) return decisionFunction(model, table, context);
  return leaves ? applyLeaves(model, table, context) : model.predict(table, context);
}

export default command;
