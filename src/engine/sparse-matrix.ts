import { LanewiseError } from '../errors.js';
import type { Scope } from './arena.js';
import type { Engine, Task } from './engine.js';

/** A sparse matrix by compressed rows, as plain arrays: entries of row i are offsets[i] … offsets[i + 1] − 1. */
export interface SparseRows {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly offsets: Int32Array;
  /** The column of each entry, ascending within a row. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/** Entries a task: what threads share out. Rows belong to one task whole, so no sum depends on it. */
const TASK_ENTRIES = 32_768;
const BYTES = 8;

/**
 * A sparse matrix in the engine's memory, with its transpose beside it, so that products with either run by rows: each
 * sum has one order, whatever the threads.
 */
export class SparseMatrix implements Disposable {
  readonly engine: Engine;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly entryCount: number;
  readonly #scope: Scope;
  readonly #rows: SparseRows;
  #transpose: SparseRows | undefined;

  constructor(engine: Engine, rows: SparseRows) {
    checkRows(rows);
    this.engine = engine;
    this.rowCount = rows.rowCount;
    this.columnCount = rows.columnCount;
    this.entryCount = rows.values.length;
    this.#scope = engine.arena.scope();
    this.#rows = this.#place(rows);
  }

  /**
   * X·dense. `dense` holds outputCount numbers a column of X, one column of X after the other; so does the result, a row of
   * X after the other.
   */
  async multiply(dense: Float64Array, outputCount = 1, signal?: AbortSignal): Promise<Float64Array> {
    return this.#product(this.#rows, dense, outputCount, signal);
  }

  /** Xᵀ·dense, of outputCount numbers a row of X; the result has as many a column of X. */
  async multiplyTransposed(dense: Float64Array, outputCount = 1, signal?: AbortSignal): Promise<Float64Array> {
    return this.#product(this.#transposed(), dense, outputCount, signal);
  }

  /** By column: the sum of its values, and of their squares. */
  columnMoments(): { sums: Float64Array; squares: Float64Array } {
    return this.#moments(this.#transposed());
  }

  /** By row: the Euclidean length. */
  rowNorms(): Float64Array {
    return this.#moments(this.#rows).squares.map(Math.sqrt);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #place({ rowCount, columnCount, offsets, indices, values }: SparseRows): SparseRows {
    const scope = this.#scope;
    return {
      rowCount,
      columnCount,
      offsets: scope.copy('i32', offsets),
      indices: scope.copy('i32', indices),
      values: scope.copy('f64', values),
    };
  }

  #transposed(): SparseRows {
    this.#transpose ??= this.#place(transposeRows(this.#rows));
    return this.#transpose;
  }

  async #product(
    matrix: SparseRows,
    dense: Float64Array,
    outputCount: number,
    signal: AbortSignal | undefined,
  ): Promise<Float64Array> {
    const { rowCount, columnCount, offsets, indices, values } = matrix;
    using scope = this.engine.arena.scope();
    const from = scope.copy('f64', dense);
    const out = scope.allocate('f64', rowCount * outputCount);
    const tasks = rangesOf(matrix, outputCount).map(([start, end]): Task => {
      const first = offsets.byteOffset + 4 * start;
      const into = out.byteOffset + BYTES * start * outputCount;
      const buffers = [first, indices.byteOffset, values.byteOffset, from.byteOffset, into];
      return {
        kernel: 'sparse_multiply_f64',
        values: [...buffers, end - start, values.length, columnCount, outputCount],
      };
    });
    await this.engine.run(tasks, signal);
    return out.slice();
  }

  #moments({ rowCount, offsets, values }: SparseRows): { sums: Float64Array; squares: Float64Array } {
    using scope = this.engine.arena.scope();
    const [sums, squares] = [scope.allocate('f64', rowCount), scope.allocate('f64', rowCount)];
    const { byteOffset: first } = offsets;
    const { sparse_moments_f64 } = this.engine.kernels;
    sparse_moments_f64(first, values.byteOffset, sums.byteOffset, squares.byteOffset, rowCount, values.length);
    return { sums: sums.slice(), squares: squares.slice() };
  }
}

/** Neighbouring rows of about as many entries each. */
function rangesOf({ rowCount, offsets }: SparseRows, outputCount: number): (readonly [start: number, end: number])[] {
  const most = Math.max(1, Math.floor(TASK_ENTRIES / outputCount));
  const ranges: (readonly [number, number])[] = [];
  let start = 0;
  for (let row = 0; row < rowCount; row++) {
    // A row costs something even where it has no entries.
    const cost = offsets[row + 1]! - offsets[start]! + (row + 1 - start);
    if (cost < most && row + 1 < rowCount) continue;
    ranges.push([start, row + 1]);
    start = row + 1;
  }
  return ranges;
}

/** The transpose: rows become columns, and entries of a column keep the order of the rows. */
export function transposeRows({ rowCount, columnCount, offsets, indices, values }: SparseRows): SparseRows {
  const places = new Int32Array(columnCount + 1);
  for (let e = 0; e < indices.length; e++) places[indices[e]! + 1]!++;
  for (let column = 0; column < columnCount; column++) places[column + 1]! += places[column]!;
  const turned = { indices: new Int32Array(indices.length), values: new Float64Array(values.length) };
  const next = places.slice();
  for (let row = 0; row < rowCount; row++) {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
      const place = next[indices[e]!]!++;
      turned.indices[place] = row;
      turned.values[place] = values[e]!;
    }
  }
  return { rowCount: columnCount, columnCount: rowCount, offsets: places, ...turned };
}

/** @throws LanewiseError `internal`: kernels read where the indices say. */
function checkRows({ rowCount, columnCount, offsets, indices, values }: SparseRows): void {
  let sound = offsets.length === rowCount + 1 && offsets[0] === 0 && offsets[rowCount] === values.length;
  sound &&= indices.length === values.length;
  for (let row = 0; row < rowCount && sound; row++) sound = offsets[row]! <= offsets[row + 1]!;
  for (let e = 0; e < indices.length && sound; e++) sound = indices[e]! >= 0 && indices[e]! < columnCount;
  if (!sound) {
    const shape = `${rowCount} × ${columnCount} with ${values.length} entries`;
    throw new LanewiseError('internal', `Expected a sparse matrix of ${shape} whose offsets and indices lie within it`);
  }
}
