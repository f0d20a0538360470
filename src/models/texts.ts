import type { SparseRows } from '../engine/sparse-matrix.js';
import { Breather } from '../engine/turn.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { TermsOperation } from '../scoring/program.js';
import { TermReader, termCount } from '../scoring/terms.js';
import type { RegisterColumn } from '../table/columns.js';
import type { Model } from '../table/interfaces.js';

/** A column without its values. */
export type FeatureShape = Omit<RegisterColumn, 'values'>;

/** Features as models that take both see them: numbers first, then the terms of each text. */
export interface MixedFeatures<C extends FeatureShape = FeatureShape> {
  /** In the table's order: the inputs of the model's program. */
  readonly columns: readonly C[];
  readonly dense: readonly C[];
  readonly texts: readonly C[];
  /** Numbers and terms in all. */
  readonly count: number;
}

export function mixedFeatures<C extends FeatureShape>(columns: readonly C[]): MixedFeatures<C> {
  const dense = columns.filter(({ type }) => type !== 'text');
  const texts = columns.filter(({ type }) => type === 'text');
  const terms = texts.reduce((sum, { reading }) => sum + termCount(reading!), 0);
  return { columns, dense, texts, count: dense.length + terms };
}

/**
 * The terms of texts as a sparse matrix, one text's columns behind the other's: the vectors that the scoring program reads
 * from the same texts.
 */
export async function sparseRowsOf(
  texts: readonly RegisterColumn[],
  rowCount: number,
  signal?: AbortSignal,
): Promise<SparseRows> {
  const parts: Vectors[] = [];
  for (const text of texts) parts.push(await vectorsOf(text, signal));
  const offsets = new Int32Array(rowCount + 1);
  for (let row = 0; row < rowCount; row++) {
    offsets[row + 1] = parts.reduce((sum, part) => sum + part.entriesOf(row), offsets[row]!);
  }
  const [indices, values] = [new Int32Array(offsets[rowCount]!), new Float64Array(offsets[rowCount]!)];
  let first = 0;
  const next = offsets.slice(0, rowCount);
  for (const part of parts) {
    for (let row = 0; row < rowCount; row++) next[row] = part.write(row, indices, values, next[row]!, first);
    first += part.width;
  }
  return { rowCount, columnCount: first, offsets, indices, values };
}

/** The vector of every distinct text of a column, each read once. */
class Vectors {
  readonly width: number;
  readonly #codes: Float64Array;
  readonly #starts: Int32Array;
  readonly #indices: number[];
  readonly #values: number[];

  constructor(width: number, codes: Float64Array, starts: Int32Array, indices: number[], values: number[]) {
    this.width = width;
    this.#codes = codes;
    this.#starts = starts;
    this.#indices = indices;
    this.#values = values;
  }

  entriesOf(row: number): number {
    const code = this.#codes[row]!;
    return Number.isNaN(code) ? 0 : this.#starts[code + 1]! - this.#starts[code]!;
  }

  /** Writes a row's entries from `at` on, their columns `first` later, and returns the place behind them. */
  write(row: number, indices: Int32Array, values: Float64Array, at: number, first: number): number {
    const code = this.#codes[row]!;
    if (Number.isNaN(code)) return at;
    for (let e = this.#starts[code]!; e < this.#starts[code + 1]!; e++, at++) {
      indices[at] = first + this.#indices[e]!;
      values[at] = this.#values[e]!;
    }
    return at;
  }
}

async function vectorsOf({ reading, labels = [], values: codes }: RegisterColumn, signal?: AbortSignal) {
  const reader = new TermReader(reading!);
  const breather = new Breather();
  const starts = new Int32Array(labels.length + 1);
  const [indices, values]: [number[], number[]] = [[], []];
  for (const [code, text] of labels.entries()) {
    reader.read(text);
    for (let e = 0; e < reader.count; e++) {
      indices.push(reader.indices[e]!);
      values.push(reader.values[e]!);
    }
    starts[code + 1] = indices.length;
    if (code % 64 === 63) await breather.breathe(signal);
  }
  return new Vectors(termCount(reading!), codes, starts, indices, values);
}

/**
 * Appends a linear function of mixed features to a program whose inputs are `features.columns`: one operation on the
 * numbers, one on each text, added up in this order. Returns the registers of its outputs.
 * @param coefficients features × outputs, row-major, in the order of `MixedFeatures`
 * @param registers of the numbers, where not those of the inputs
 */
export function lowerMixedLinear(
  builder: ProgramBuilder,
  features: MixedFeatures,
  coefficients: Float64Array,
  intercepts: Float64Array,
  registers?: readonly number[],
): number[] {
  const { columns, dense, texts } = features;
  const width = intercepts.length;
  const reserve = () => {
    const first = builder.reserve(width);
    return Array.from({ length: width }, (_, k) => first + k);
  };
  const parts: number[][] = [];
  if (dense.length > 0) {
    const inputs = registers ?? dense.map((column) => columns.indexOf(column));
    const outputs = reserve();
    const turned = new Float64Array(width * dense.length);
    for (let j = 0; j < dense.length; j++) {
      for (let k = 0; k < width; k++) turned[k * dense.length + j] = coefficients[j * width + k]!;
    }
    builder.emit({ op: 'linear', inputs, outputs, coefficients: turned, intercepts });
    parts.push(outputs);
  }
  let first = dense.length;
  texts.forEach((text) => {
    const reading = text.reading!;
    const end = first + termCount(reading);
    const outputs = reserve();
    builder.emit({
      op: 'terms',
      in: columns.indexOf(text),
      outputs,
      ...reading,
      coefficients: coefficients.slice(first * width, end * width),
      intercepts: parts.length === 0 ? intercepts : new Float64Array(width),
    });
    parts.push(outputs);
    first = end;
  });
  return parts.reduce((sums, part) =>
    sums.map((left, k) => builder.add({ op: 'binary', left, right: part[k]!, operator: 'add' })),
  );
}

/**
 * The share of each column in the coefficients, by its features' deviations (absolute, added over features and outputs).
 * @param coefficients output by output, a feature after the other
 */
export function mixedImportances(
  { columns, dense, texts, count }: MixedFeatures,
  coefficients: Float64Array,
  spreads: Float64Array,
): Record<string, number> {
  const owners = [
    ...dense.map(({ name }) => name),
    ...texts.flatMap(({ name, reading }) => new Array<string>(termCount(reading!)).fill(name)),
  ];
  const shares = new Map(columns.map(({ name }) => [name, 0]));
  let total = 0;
  coefficients.forEach((coefficient, i) => {
    const share = Math.abs(coefficient) * spreads[i % count]!;
    shares.set(owners[i % count]!, shares.get(owners[i % count]!)! + share);
    total += share;
  });
  return Object.fromEntries([...shares].map(([name, share]) => [name, total > 0 ? share / total : 0]));
}

/** What a term of a text adds to an output for each unit of its value. */
export interface TermWeight {
  readonly column: string;
  readonly term: string;
  /** One an output of the model's linear function: one, or one a class. */
  readonly weights: readonly number[];
}

/**
 * The terms of a model's texts with what they weigh, in the order of their vocabulary. Hashed terms have no names and are
 * left out.
 */
export function termWeights({ program }: Pick<Model, 'program'>): TermWeight[] {
  const reading = program.operations.filter((operation): operation is TermsOperation => operation.op === 'terms');
  return reading.flatMap(({ in: input, vocabulary, coefficients, outputs }) =>
    vocabulary.map((term, index) => ({
      column: program.inputs[input]!.name,
      term,
      weights: [...coefficients.subarray(index * outputs.length, (index + 1) * outputs.length)],
    })),
  );
}
