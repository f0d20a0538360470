import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import type { Program, ProgramInput } from '../scoring/program.js';
import { readRegister } from '../table/columns.js';
import { readInput } from '../table/inputs.js';

/** A table's columns as the program's inputs, in their order. */
export function inputColumns(program: Program, table: Table): Float64Array[] {
  if (table.numRows === 0) {
    throw new LanewiseError('data', 'Expected rows to explain but the table has none');
  }
  return program.inputs.map((input) => readInput(table, input));
}

/** Effects of a text are those of its terms, which have no values to compare. @throws LanewiseError `unsupported`. */
export function refuseTexts(inputs: readonly ProgramInput[], what: string): void {
  const text = inputs.find(({ type }) => type === 'text');
  if (!text) return;
  throw new LanewiseError('unsupported', `Expected no texts for ${what} but column "${text.name}" holds texts`, {
    column: text.name,
    hint: 'Permutation importance takes texts, and termWeights(model) lists what each term adds.',
  });
}

/** The weights of rows, or undefined where all count alike. @throws LanewiseError `data` for weights that cannot be. */
export function rowWeights(table: Table, name: string | undefined): Float64Array | undefined {
  if (name === undefined) return undefined;
  const { values } = readRegister(table, name);
  const wrong = values.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong >= 0) {
    const message = `Expected finite weights >= 0 in column "${name}" but received ${values[wrong]}`;
    throw new LanewiseError('data', message, { column: name, row: wrong + 1 });
  }
  if (!values.some((weight) => weight > 0)) {
    throw new LanewiseError('data', `Expected a weight above 0 in column "${name}" but all are 0`, { column: name });
  }
  return values;
}

/** The weighted mean of values; of none, NaN. */
export function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  let [sum, total] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const weight = weights ? weights[row]! : 1;
    if (weight === 0) continue;
    sum += weight * values[row]!;
    total += weight;
  }
  return sum / total;
}
