import { throwIfCancelled } from '../../errors.js';
import type { Scope } from '../arena.js';
import { BLOCK_ROWS, blockSum, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';
import { turnEventLoop } from '../turn.js';

/** Rows a piece of a sample. */
const PIECE_ROWS = 2048;

/** Centre and unit of each column. */
export interface Scaling {
  readonly shifts: Float64Array;
  readonly scales: Float64Array;
}

/**
 * Columns centred and scaled, one after the other in the engine's memory, with a column of ones behind them: what
 * linear models are solved on. Scaling changes the condition of the problem, not its solution.
 */
export class DesignMatrix implements Disposable {
  readonly engine: Engine;
  readonly values: Float64Array;
  readonly rowCount: number;
  /** Without the column of ones. */
  readonly columnCount: number;
  readonly scaling: Scaling;
  readonly #scope: Scope;

  private constructor(engine: Engine, scope: Scope, rowCount: number, scaling: Scaling) {
    this.engine = engine;
    this.rowCount = rowCount;
    this.columnCount = scaling.shifts.length;
    this.scaling = scaling;
    this.#scope = scope;
    this.values = scope.allocate('f64', rowCount * (this.columnCount + 1));
  }

  /**
   * Columns less their weighted means (0 where not `centred`), by their standard deviations (1 for a constant column), or
   * by a scaling that is given.
   */
  static async of(
    engine: Engine,
    columns: readonly Float64Array[],
    options: { weights?: Float64Array; centred: boolean; scaling?: Scaling; signal?: AbortSignal },
  ): Promise<DesignMatrix> {
    const { weights, signal } = options;
    const rowCount = columns[0]!.length;
    const scaling = options.scaling ?? {
      shifts: new Float64Array(columns.length),
      scales: new Float64Array(columns.length).fill(1),
    };
    const scope = engine.arena.scope();
    try {
      const matrix = new DesignMatrix(engine, scope, rowCount, scaling);
      for (const [j, column] of columns.entries()) {
        matrix.values.set(column, j * rowCount);
        throwIfCancelled(signal);
        if (rowCount * (j + 1) > BLOCK_ROWS) await turnEventLoop();
      }
      if (!options.scaling) await measure(matrix, weights, options.centred, signal);
      await matrix.#standardize(signal);
      matrix.values.subarray(columns.length * rowCount).fill(1);
      return matrix;
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * A matrix of so many of the rows, in pieces that lie evenly apart, as they are scaled here.
   * @returns it, and what takes the same rows of any column
   */
  sample(rowCount: number): { design: DesignMatrix; pick: (column: Float64Array) => Float64Array } {
    const count = Math.max(1, Math.ceil(rowCount / PIECE_ROWS));
    const apart = Math.floor(this.rowCount / count);
    const rows = Math.min(PIECE_ROWS, apart);
    const take = (column: Float64Array, out: Float64Array) => {
      for (let k = 0; k < count; k++) out.set(column.subarray(k * apart, k * apart + rows), k * rows);
      return out;
    };
    const design = new DesignMatrix(this.engine, this.engine.arena.scope(), count * rows, this.scaling);
    for (let j = 0; j <= this.columnCount; j++) {
      const column = this.values.subarray(j * this.rowCount, (j + 1) * this.rowCount);
      take(column, design.values.subarray(j * design.rowCount, (j + 1) * design.rowCount));
    }
    return { design, pick: (column) => take(column, new Float64Array(design.rowCount)) };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  async #standardize(signal?: AbortSignal): Promise<void> {
    const { shifts, scales } = this.scaling;
    const tasks = blocksOf(this).map(({ column, offset, rows }): Task => {
      return { kernel: 'column_standardize_f64', values: [offset, shifts[column]!, scales[column]!, rows] };
    });
    await this.engine.run(tasks, signal);
  }
}

/** The columns' blocks, column after column. */
function blocksOf({ values, rowCount, columnCount }: DesignMatrix) {
  const blocks: { column: number; start: number; rows: number; offset: number }[] = [];
  for (let column = 0; column < columnCount; column++) {
    for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
      const offset = values.byteOffset + 8 * (column * rowCount + start);
      blocks.push({ column, start, rows: Math.min(BLOCK_ROWS, rowCount - start), offset });
    }
  }
  return blocks;
}

/** Weight, mean and squared deviations of two stretches of rows together (Chan, Golub, LeVeque 1983). */
function joinMoments(a: Float64Array, b: Float64Array): void {
  const total = a[0]! + b[0]!;
  if (total === 0) return;
  const difference = b[1]! - a[1]!;
  a[2] = a[2]! + b[2]! + difference * difference * ((a[0]! / total) * b[0]!);
  a[1] = a[1]! + difference * (b[0]! / total);
  a[0] = total;
}

/** Fills in the scaling: means and standard deviations, of blocks merged in the one tree. */
async function measure(
  design: DesignMatrix,
  weights: Float64Array | undefined,
  centred: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { engine, rowCount, columnCount, values } = design;
  using scope = engine.arena.scope();
  const held = weights && scope.copy('f64', weights);
  const blocks = blocksOf(design);
  const moments = scope.allocate('f64', 3 * blocks.length);
  const tiles = scope.allocate('f64', 256 * blocks.length);
  const tasks = blocks.map(({ start, rows, offset }, index): Task => {
    const [out, tile] = [moments.byteOffset + 24 * index, tiles.byteOffset + 2048 * index];
    return { kernel: 'column_moments_f64', values: [offset, held ? held.byteOffset + 8 * start : 0, out, tile, rows] };
  });
  await engine.run(tasks, signal);
  const count = Math.ceil(rowCount / BLOCK_ROWS);
  for (let j = 0; j < columnCount; j++) {
    const partials = Array.from({ length: count }, (_, k) =>
      moments.subarray(3 * (j * count + k), 3 * (j * count + k + 1)),
    );
    mergePartials(partials, joinMoments);
    const column = values.subarray(j * rowCount, (j + 1) * rowCount);
    setScaling(design.scaling, j, column, momentsOf(column, weights, partials[0]!), centred);
  }
}

/** As measured; or, where squares left the range of numbers, in units of the largest value. */
function momentsOf(column: Float64Array, weights: Float64Array | undefined, [total, mean, squares]: Float64Array) {
  const usable = squares! > 0 && Number.isFinite(squares);
  const largest = usable ? 0 : column.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (usable || largest === 0 || !Number.isFinite(largest))
    return { mean: mean!, spread: Math.sqrt(squares! / total!) };
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const middle = blockSum(column.length, (row) => weight(row) * (column[row]! / largest)) / total!;
  const rest = blockSum(column.length, (row) => weight(row) * (column[row]! / largest - middle) ** 2) / total!;
  return { mean: middle * largest, spread: Math.sqrt(rest) * largest };
}

function setScaling(
  { shifts, scales }: Scaling,
  j: number,
  column: Float64Array,
  { mean, spread }: { mean: number; spread: number },
  centred: boolean,
): void {
  shifts[j] = centred ? mean : 0;
  // Rounding leaves a constant column a spread of a few last places: that is no spread.
  const constant = !(spread > 1e-13 * Math.abs(mean));
  scales[j] = constant || !Number.isFinite(spread) ? 1 : spread;
  if (constant && centred) shifts[j] = column[0]!;
}

/** Sets shift and scale of a column that lies anywhere: as `DesignMatrix.of` does, to rounding. */
export function measureColumn(
  scaling: Scaling,
  j: number,
  column: Float64Array,
  weights: Float64Array | undefined,
  total: number,
  centred: boolean,
): void {
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const mean = blockSum(column.length, (row) => weight(row) * column[row]!) / total;
  const squares = blockSum(column.length, (row) => weight(row) * (column[row]! - mean) * (column[row]! - mean));
  setScaling(scaling, j, column, momentsOf(column, weights, Float64Array.of(total, mean, squares)), centred);
}
