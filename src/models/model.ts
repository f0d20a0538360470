import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { turnEventLoop } from '../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import type { Program } from '../scoring/program.js';
import { type Row, RowEncoder, RowError } from '../scoring/rows.js';
import { Scorer } from '../scoring/scorer.js';
import { tableFromRegisters } from '../table/columns.js';
import { readInput } from '../table/inputs.js';
import type { Context, Model } from '../table/interfaces.js';
import { runProgramOn } from './execute.js';

/** Rows between two turns of the event loop: a forest of deep trees takes microseconds a row. */
const BLOCK_ROWS = 8_192;

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
    scorer.into(input, output);
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
  const outputs = program.outputs.map(() => new Float64Array(table.numRows));
  for (let start = 0; start < table.numRows; start += BLOCK_ROWS) {
    throwIfCancelled(context.signal);
    const end = Math.min(table.numRows, start + BLOCK_ROWS);
    const block = columns.map((column) => column.subarray(start, end));
    const results = await runProgramOn(engine, program, block, end - start, context.signal);
    results.forEach((values, index) => {
      outputs[index]!.set(values, start);
    });
    await turnEventLoop();
  }
  return tableFromRegisters(
    program.outputs.map(({ name, type, labels }, index) => ({ name, type, labels, values: outputs[index]! })),
  );
}
