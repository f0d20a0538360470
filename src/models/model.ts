import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { Program } from '../scoring/program.js';
import { type Row, RowEncoder, RowError } from '../scoring/rows.js';
import { Scorer } from '../scoring/scorer.js';
import { tableFromRegisters } from '../table/columns.js';
import { readInput, textsOfInputs } from '../table/inputs.js';
import type { Context, Model } from '../table/interfaces.js';
import { runProgramOn } from './execute.js';

/** The model of a program: every estimator's `fit` ends here, and so does loading an artefact. */
export function makeModel(parts: Omit<Model, 'predict' | 'predictSync' | 'scorer'>): Model {
  const { program } = parts;
  let predictRow: ((values: Row) => number | string | null) | undefined;
  return {
    ...parts,
    predict: (table, context) => predictTable(parts, table, context),
    predictSync: (values) => (predictRow ??= rowPredictor(program))(values),
    scorer: () => new Scorer(program),
  };
}

/** One row at a time, on a scorer of its own. */
function rowPredictor(program: Program): (values: Row) => number | string | null {
  const encoder = new RowEncoder(program);
  const scorer = new Scorer(program);
  const input = new Float64Array(program.inputs.length);
  const output = new Float64Array(program.outputs.length);
  const labels = program.outputs[0]!.labels;
  return (values) => {
    try {
      encoder.encodeRow(values, input);
    } catch (error) {
      if (error instanceof RowError) throw new LanewiseError('data', error.message, { column: error.input });
      throw error;
    }
    scorer.into(input, output, encoder.texts);
    const value = output[0]!;
    if (Number.isNaN(value)) return null;
    return labels ? labels[value]! : value;
  };
}

async function predictTable(
  parts: Omit<Model, 'predict' | 'predictSync' | 'scorer'>,
  table: Table,
  context: Context = {},
): Promise<Table> {
  const { program } = parts;
  const engine = context.engine ?? (await defaultEngine());
  const columns = program.inputs.map((input) => readInput(table, input));
  const texts = textsOfInputs(table, program);
  const outputs = await runProgramOn(engine, program, columns, table.numRows, context.signal, texts);
  return tableFromRegisters(
    program.outputs.map(({ name, type, labels }, index) => ({ name, type, labels, values: outputs[index]! })),
  );
}
