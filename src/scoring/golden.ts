import { LanewiseError } from '../errors.js';
import { runProgram } from './interpreter.js';
import type { Program, ProgramInput } from './program.js';
import { type Row, RowEncoder, RowError } from './rows.js';

/** The span of a numeric or timestamp column, as seen in training. */
export interface ColumnRange {
  readonly min: number;
  readonly max: number;
}

export type ColumnRanges = Readonly<Record<string, ColumnRange>>;

/** A raw value: number, text of a category, boolean, milliseconds of a timestamp, null where missing. */
export type RawValue = number | string | boolean | null;

/**
 * Inputs made up from the schema, and the bits that the model answered when it was saved. Whoever loads the model runs
 * them again: on any machine, in any language, the bits must be these.
 */
export interface GoldenRows {
  readonly rowCount: number;
  readonly inputs: readonly { readonly name: string; readonly values: readonly RawValue[] }[];
  /** Each f64 as sixteen hexadecimal digits, highest first; NaN is 7ff8000000000000. */
  readonly outputs: readonly { readonly name: string; readonly bits: readonly string[] }[];
}

const ROW_COUNT = 32;
/** Terms of a golden text at most. */
const MOST_TERMS = 1_000;
/** The fractional part of the golden ratio: its multiples fill [0, 1) evenly, and every column takes another multiple. */
const GOLDEN = 0.618033988749895;
const fallback: Record<string, ColumnRange> = {
  number: { min: -3, max: 3 },
  timestamp: { min: Date.UTC(2015, 0, 1), max: Date.UTC(2025, 0, 1) },
};

/** Golden rows of a program: all missing, all least, all greatest, all unseen, then an even spread with some missing. */
export function makeGoldenRows(program: Program, ranges: ColumnRanges = {}): GoldenRows {
  const inputs = program.inputs.map((input, column) => {
    const range = Object.hasOwn(ranges, input.name) ? ranges[input.name]! : fallback[input.type];
    const value = input.type === 'text' ? goldenText(program, column) : goldenValue;
    const values = Array.from({ length: ROW_COUNT }, (_, row) => value(input, range, row, column));
    return { name: input.name, values };
  });
  const rows = { rowCount: ROW_COUNT, inputs };
  const outputs = score(program, rows).map((values, index) => ({
    name: program.outputs[index]!.name,
    bits: Array.from(values, bitsOfNumber),
  }));
  return { ...rows, outputs };
}

/** Runs the rows again. @throws LanewiseError `artefact`, naming the output and the row that differ. */
export function verifyGoldenRows(program: Program, golden: unknown): GoldenRows {
  const checked = checkShape(program, golden);
  score(program, checked).forEach((values, index) => {
    const { name, bits } = checked.outputs[index]!;
    values.forEach((value, row) => {
      if (bitsOfNumber(value) !== bits[row]) {
        throw wrong(`golden row ${row + 1} gives ${bitsOfNumber(value)} for ${name}, expected ${bits[row]}`);
      }
    });
  });
  return checked;
}

/** The rows of golden columns, as a row path takes them. */
export function goldenRowObjects(golden: Pick<GoldenRows, 'rowCount' | 'inputs'>): Row[] {
  return Array.from({ length: golden.rowCount }, (_, row) =>
    Object.fromEntries(golden.inputs.map(({ name, values }) => [name, values[row]])),
  );
}

/** An f64 as sixteen hexadecimal digits, every NaN alike. */
export function bitsOfNumber(value: number): string {
  if (Number.isNaN(value)) return '7ff8000000000000';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

function goldenValue(input: ProgramInput, range: ColumnRange | undefined, row: number, column: number): RawValue {
  const spread = (0.5 + (row + 1) * (column + 1) * GOLDEN) % 1;
  const missing = row === 0 || (row > 3 && (row * 7 + column * 3) % 11 === 0);
  if (missing) return null;
  if (input.type === 'boolean') return row === 1 ? false : row === 2 ? true : spread < 0.5;
  if (input.type === 'category') {
    const labels = input.labels!;
    if (row === 3 || labels.length === 0) return unseenLabel(labels);
    return row === 1 ? labels[0]! : row === 2 ? labels.at(-1)! : labels[Math.floor(spread * labels.length)]!;
  }
  const { min, max } = range!;
  if (row === 1) return min + 0;
  if (row === 2) return max + 0;
  const value = min + spread * (max - min);
  return input.type === 'timestamp' || (Number.isInteger(min) && Number.isInteger(max) && row % 2 === 0)
    ? Math.round(value) + 0
    : value;
}

/** Texts of the model's own terms, by input: none, all (up to a bound), ones never seen, then a few at a time. */
function goldenText(program: Program, register: number): typeof goldenValue {
  const operation = program.operations.find((one) => one.op === 'terms' && one.in === register);
  const known = operation?.op === 'terms' ? operation.vocabulary.slice(0, MOST_TERMS) : [];
  const terms = known.length > 0 ? known : ['golden', 'rows', 'of', 'Ünïcode', '42'];
  return (_input, _range, row, column) => {
    if (row === 0 || (row * 7 + column * 3) % 11 === 5) return null;
    if (row === 1) return '';
    if (row === 2) return terms.join(' ');
    if (row === 3) return 'Ἄγνωστα ٤٢ _ unseen';
    const spread = (step: number) => (0.5 + (row + 1) * (column + 1 + step) * GOLDEN) % 1;
    return Array.from({ length: 1 + (row % 7) }, (_, step) => terms[Math.floor(spread(step) * terms.length)]!).join(
      ' ',
    );
  };
}

function unseenLabel(labels: readonly string[]): string {
  let label = 'unseen';
  while (labels.includes(label)) label += '?';
  return label;
}

function score(program: Program, { inputs, rowCount }: Pick<GoldenRows, 'inputs' | 'rowCount'>): Float64Array[] {
  const registers = program.inputs.map(() => new Float64Array(rowCount));
  const encoder = new RowEncoder(program);
  goldenRowObjects({ rowCount, inputs }).forEach((row, at) => {
    try {
      encoder.encode(row, registers, at);
    } catch (error) {
      throw error instanceof RowError ? wrong(`golden row ${at + 1}: ${error.message}`) : error;
    }
  });
  return runProgram(program, registers, rowCount, undefined, encoder.texts);
}

function checkShape(program: Program, value: unknown): GoldenRows {
  const golden = value as GoldenRows;
  const isColumns = (columns: unknown, key: string, names: readonly { name: string }[]) =>
    Array.isArray(columns) &&
    columns.length === names.length &&
    columns.every(
      (column, index) =>
        column?.name === names[index]!.name && Array.isArray(column[key]) && column[key].length === golden.rowCount,
    );
  const sound =
    typeof value === 'object' &&
    value !== null &&
    Number.isInteger(golden.rowCount) &&
    golden.rowCount > 0 &&
    golden.rowCount <= 4096 &&
    isColumns(golden.inputs, 'values', program.inputs) &&
    isColumns(golden.outputs, 'bits', program.outputs);
  if (!sound) throw wrong("its golden rows are not those of the program's inputs and outputs");
  return golden;
}

function wrong(what: string): LanewiseError {
  return new LanewiseError('artefact', `The model does not answer as it did when it was saved: ${what}`, {
    hint: 'The file was changed, or this runtime computes differently; deploy the model again.',
  });
}
