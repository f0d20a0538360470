import { throwIfCancelled } from '../errors.js';
import type { Scope } from './arena.js';
import { measureColumn, type Scaling } from './descent/design-matrix.js';
import type { Engine } from './engine.js';
import { turnEventLoop } from './turn.js';

/** Numbers of a row are padded to a multiple of this. */
const LANES = 8;
/** Values copied between two turns of the event loop. */
const SLICE_VALUES = 2 ** 21;

/** The means and deviations of columns, weighted. */
export async function standardScaling(
  columns: readonly Float64Array[],
  options: { weights?: Float64Array; centred: boolean; signal?: AbortSignal },
): Promise<Scaling> {
  const { weights, centred, signal } = options;
  const scaling = { shifts: new Float64Array(columns.length), scales: new Float64Array(columns.length).fill(1) };
  const total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : columns[0]!.length;
  for (const [j, column] of columns.entries()) {
    measureColumn(scaling, j, column, weights, total, centred);
    throwIfCancelled(signal);
    if (column.length * columns.length > SLICE_VALUES) await turnEventLoop();
  }
  return scaling;
}

/**
 * Rows one after the other in the engine's memory, each padded with zeros to a multiple of eight numbers: what is learnt
 * from row by row. Behind the columns there may be one more, of a constant.
 */
export class RowMatrix implements Disposable {
  readonly engine: Engine;
  readonly values: Float64Array;
  readonly rowCount: number;
  /** The constant included. */
  readonly columnCount: number;
  /** Numbers a row. */
  readonly width: number;
  readonly #scope: Scope;

  private constructor(engine: Engine, rowCount: number, columnCount: number) {
    this.engine = engine;
    this.rowCount = rowCount;
    this.columnCount = columnCount;
    this.width = LANES * Math.max(1, Math.ceil(columnCount / LANES));
    this.#scope = engine.arena.scope();
    this.values = this.#scope.zeros('f64', rowCount * this.width);
  }

  /** Columns less their shifts, by their scales. */
  static async of(
    engine: Engine,
    columns: readonly Float64Array[],
    options: { scaling: Scaling; constant?: number; signal?: AbortSignal },
  ): Promise<RowMatrix> {
    const { scaling, constant, signal } = options;
    const rowCount = columns[0]!.length;
    const matrix = new RowMatrix(engine, rowCount, columns.length + (constant === undefined ? 0 : 1));
    try {
      const { values, width } = matrix;
      // Some rows of all columns at a time: they stay in the cache until they are whole.
      const step = Math.max(1, Math.min(512, Math.floor(SLICE_VALUES / width)));
      let sinceTurn = 0;
      for (let start = 0; start < rowCount; start += step) {
        const end = Math.min(rowCount, start + step);
        columns.forEach((column, j) => {
          const [shift, scale] = [scaling.shifts[j]!, scaling.scales[j]!];
          for (let row = start; row < end; row++) values[row * width + j] = (column[row]! - shift) / scale;
        });
        if (constant !== undefined) {
          for (let row = start; row < end; row++) values[row * width + columns.length] = constant;
        }
        sinceTurn += (end - start) * width;
        if (sinceTurn < SLICE_VALUES) continue;
        sinceTurn = 0;
        throwIfCancelled(signal);
        await turnEventLoop();
      }
      return matrix;
    } catch (error) {
      matrix[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
