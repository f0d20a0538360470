import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { flipSigns, svd } from '../../engine/linear-algebra.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters, defineParameters, type Parameters } from '../../parameters.js';
import type { Context, Source, Transformer, TransformerContext } from '../../table/interfaces.js';
import type { TransformerEntry } from '../../table/transformer.js';
import { type Components, FittedDecomposition, type Numbers, noComponents, numbersOf, sumOf } from './components.js';

const declarations = defineParameters({
  nComponents: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'how many components; null: as many as the first batch has rows or columns, whichever is less',
  },
  whiten: { type: 'boolean', default: false, meaning: 'scores are divided by their deviations, so that all are 1' },
  batchSize: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'rows a batch; null: five times the columns',
  },
});

export type IncrementalPCAParameters = Parameters<typeof declarations>;

/**
 * Principal components by batches of rows, of which one is in memory at a time: each is joined to what is known of those before
 * (Ross, Lim, Lin, Yang, "Incremental learning for robust visual tracking", 2008). Close to PCA, equal to it where all
 * components are kept. Signs as of PCA. Scores are incremental_pca_1, …
 */
export class IncrementalPCA implements Transformer {
  readonly name = 'incremental-pca';
  readonly parameters: IncrementalPCAParameters;

  constructor(parameters: Partial<IncrementalPCAParameters> = {}) {
    this.parameters = checkParameters('IncrementalPCA', declarations, parameters);
  }

  /** Missing and infinite values count as the mean. @param context its `columns`, by default all features */
  async fit(table: Table, context: Partial<TransformerContext> = {}): Promise<FittedDecomposition> {
    const numbers = numbersOf(table, context.columns, true);
    if (numbers.values.length === 0 || table.numRows < 2) return this.#finish(numbers, noComponents(table.numRows));
    const batches = this.#start(numbers.values.length, context.engine ?? (await defaultEngine()), context);
    await batches.add(numbers.values);
    return this.#finish(numbers, await batches.end());
  }

  /**
   * Learns from rows that need not fit into memory, in batches of batchSize rows wherever the source's tables end.
   * @param context its `columns`, by default all features, which must be numbers or booleans
   * @throws LanewiseError `data` for a missing or infinite value: what would stand in its place is not known yet; and where
   * there are fewer than two rows
   */
  async fitStream(
    source: Source,
    context: Context & { readonly columns?: readonly string[] } = {},
  ): Promise<FittedDecomposition> {
    const engine = context.engine ?? (await defaultEngine());
    let batches: Batches | undefined;
    let numbers: Numbers | undefined;
    for await (const table of source.batches(context)) {
      if (table.numRows === 0) continue;
      const read = numbersOf(table, numbers?.columns.map(({ name }) => name) ?? context.columns, true);
      refuseUnusable(source, read, numbers);
      numbers ??= read;
      batches ??= this.#start(read.values.length, engine, context);
      await batches.add(read.values);
      const total = source.rowCount ?? batches.rowCount;
      context.onProgress?.({ what: 'row', done: batches.rowCount, total });
    }
    if (!batches || !numbers || batches.rowCount < 2) {
      throw new LanewiseError('data', `Expected at least two rows of numbers in ${source.description}`);
    }
    return this.#finish({ ...numbers, fills: batches.means }, await batches.end());
  }

  #start(width: number, engine: Engine, { signal }: Context): Batches {
    const { nComponents, batchSize } = this.parameters;
    return new Batches(engine, width, nComponents ?? undefined, batchSize ?? 5 * width, signal);
  }

  #finish(numbers: Numbers, found: Components): FittedDecomposition {
    const { nComponents, whiten } = this.parameters;
    return new FittedDecomposition(this.name, numbers, found, whiten, nComponents ?? undefined);
  }
}

export const incrementalPca: TransformerEntry = {
  name: 'incremental-pca',
  meaning: 'numbers become their principal components, found by batches of rows',
  declarations,
  create: (parameters = {}) => new IncrementalPCA(parameters),
};

function refuseUnusable(source: Source, read: Numbers, before: Numbers | undefined): void {
  if (read.values.length === 0 || (before && before.values.length !== read.values.length)) {
    throw new LanewiseError('data', `Expected the same columns of numbers in all of ${source.description}`);
  }
  if (read.replaced === 0) return;
  throw new LanewiseError(
    'data',
    `Expected finite numbers in ${source.description} but ${read.replaced} are missing or infinite`,
    { hint: 'Fill or drop them first (impute), or take PCA on a table, where they count as the mean.' },
  );
}

/** Rows by columns as they come, handed on in batches of one size. */
class Batches {
  rowCount = 0;
  readonly means: Float64Array;
  readonly #engine: Engine;
  readonly #width: number;
  readonly #signal: AbortSignal | undefined;
  readonly #batchSize: number;
  #wanted: number | undefined;
  /** The rows that wait, column by column. */
  readonly #waiting: Float64Array[];
  #waitingRows = 0;
  #seen = 0;
  /** Σ (x − mean)² of each column. */
  readonly #squares: Float64Array;
  #components: Float64Array = new Float64Array(0);
  #singularValues: Float64Array = new Float64Array(0);
  #spectrum: Float64Array = new Float64Array(0);

  constructor(engine: Engine, width: number, wanted: number | undefined, batchSize: number, signal?: AbortSignal) {
    this.#engine = engine;
    this.#width = width;
    this.#wanted = wanted;
    this.#signal = signal;
    this.#batchSize = Math.max(batchSize, wanted ?? 1);
    this.means = new Float64Array(width);
    this.#squares = new Float64Array(width);
    this.#waiting = Array.from({ length: width }, () => new Float64Array(2 * this.#batchSize));
  }

  async add(columns: readonly Float64Array[]): Promise<void> {
    const rows = columns[0]!.length;
    this.rowCount += rows;
    for (let start = 0; start < rows; ) {
      // A whole batch waits for another one behind it: what is left at the end must not be too few rows.
      if (this.#waitingRows === 2 * this.#batchSize) await this.#take(this.#batchSize);
      const end = Math.min(rows, start + 2 * this.#batchSize - this.#waitingRows);
      columns.forEach((column, j) => {
        this.#waiting[j]!.set(column.subarray(start, end), this.#waitingRows);
      });
      this.#waitingRows += end - start;
      start = end;
    }
  }

  async end(): Promise<Components> {
    const least = this.#wanted ?? 1;
    while (this.#waitingRows > 0) {
      const rest = this.#waitingRows - this.#batchSize;
      await this.#take(rest > 0 && rest >= least ? this.#batchSize : this.#waitingRows);
    }
    const divisor = this.rowCount - 1;
    const total = sumOf(this.#squares);
    const explainedVariance = this.#singularValues.map((value) => (value * value) / divisor);
    const left = this.#spectrum.subarray(this.#singularValues.length);
    return {
      rowCount: this.rowCount,
      means: this.means.slice(),
      components: this.#components,
      explainedVariance,
      explainedVarianceRatio: this.#singularValues.map((value) => (total > 0 ? (value * value) / total : 0)),
      singularValues: this.#singularValues,
      noiseVariance:
        left.length > 0 ? left.reduce((sum, value) => sum + (value * value) / divisor, 0) / left.length : 0,
      solver: `batches of ${this.#batchSize} rows`,
    };
  }

  /** Joins the first rows that wait to what is known. */
  async #take(rows: number): Promise<void> {
    throwIfCancelled(this.#signal);
    const width = this.#width;
    const known = this.#singularValues.length;
    const height = rows + (known > 0 ? known + 1 : 0);
    const joined = new Float64Array(height * width);
    const seen = this.#seen + rows;
    for (let j = 0; j < width; j++) {
      const column = this.#waiting[j]!;
      const out = joined.subarray(j * height, (j + 1) * height);
      const [mean, squares] = middleOf(column, rows);
      for (let k = 0; k < known; k++) out[k] = this.#singularValues[k]! * this.#components[k * width + j]!;
      for (let i = 0; i < rows; i++) out[known + i] = column[i]! - mean;
      const off = this.means[j]! - mean;
      if (known > 0) out[height - 1] = Math.sqrt((this.#seen / seen) * rows) * off;
      this.#squares[j]! += squares + (this.#seen / seen) * rows * off * off;
      this.means[j]! -= off * (rows / seen);
      column.copyWithin(0, rows, this.#waitingRows);
    }
    this.#waitingRows -= rows;
    this.#seen = seen;
    const found = await svd(this.#engine, joined, height, width, this.#signal);
    flipSigns(found);
    this.#wanted = Math.min(this.#wanted ?? Math.min(rows, width), width);
    const kept = Math.min(this.#wanted, found.values.length);
    this.#spectrum = found.values;
    this.#singularValues = found.values.slice(0, kept);
    this.#components = found.right.slice(0, kept * width);
  }
}

/** Mean of the first rows, and their squared deviations. */
function middleOf(column: Float64Array, rows: number): [number, number] {
  let mean = 0;
  for (let i = 0; i < rows; i++) mean += column[i]! / rows;
  let squares = 0;
  for (let i = 0; i < rows; i++) squares += (column[i]! - mean) * (column[i]! - mean);
  return [mean, squares];
}
