import { throwIfCancelled } from '../errors.js';
import type { Scope } from './arena.js';
import { BLOCK_ROWS, blockSum } from './block-sums.js';
import type { Engine } from './engine.js';
import { turnEventLoop } from './turn.js';

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
      const total = weights ? blockSum(rowCount, (row) => weights[row]!) : rowCount;
      for (const [j, column] of columns.entries()) {
        if (!options.scaling) measureColumn(scaling, j, column, weights, total, options.centred);
        const [shift, scale] = [scaling.shifts[j]!, scaling.scales[j]!];
        const out = matrix.values.subarray(j * rowCount, (j + 1) * rowCount);
        for (let row = 0; row < rowCount; row++) out[row] = (column[row]! - shift) / scale;
        throwIfCancelled(signal);
        if (rowCount * (j + 1) > BLOCK_ROWS) await turnEventLoop();
      }
      matrix.values.subarray(columns.length * rowCount).fill(1);
      return matrix;
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** Sets shift and scale of column j: its mean (0 where not `centred`), its standard deviation (1 where it has none). */
export function measureColumn(
  { shifts, scales }: Scaling,
  j: number,
  column: Float64Array,
  weights: Float64Array | undefined,
  total: number,
  centred: boolean,
): void {
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const mean = blockSum(column.length, (row) => weight(row) * column[row]!) / total;
  const variance =
    blockSum(column.length, (row) => weight(row) * (column[row]! - mean) * (column[row]! - mean)) / total;
  const spread = Math.sqrt(variance);
  shifts[j] = centred ? mean : 0;
  // Rounding leaves a constant column a spread of a few last places: that is no spread.
  const constant = !(spread > 1e-13 * Math.abs(mean));
  scales[j] = constant || !Number.isFinite(spread) ? 1 : spread;
  if (constant && centred) shifts[j] = column[0]!;
}
