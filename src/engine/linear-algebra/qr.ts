import { throwIfCancelled } from '../../errors.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { turnEventLoop } from '../turn.js';
import { BLOCK, Reflections } from './reflections.js';
import { solveTriangular } from './triangular.js';

/** Squares below or above are out of range: lengths are then taken in units of the largest element. */
const [SMALL, LARGE] = [1e-250, 1e250];

/**
 * A = Q·R of a matrix whose columns lie one after the other (rowCount × columnCount), by Householder reflections, blocks of
 * 32 applied as matrix products. With `pivoting`, the longest
 * column that is left comes next (Businger, Golub 1965), one reflection at a time: A·P = Q·R with falling |R_jj|.
 */
export async function qr(
  engine: Engine,
  columns: Float64Array,
  rowCount: number,
  columnCount: number,
  options: { pivoting?: boolean; signal?: AbortSignal } = {},
): Promise<QR> {
  const scope = engine.arena.scope();
  try {
    const factor = new QR(engine, scope, scope.copy('f64', columns), rowCount, columnCount);
    if (options.pivoting) await factor.reflectPivoted(options.signal);
    else await factor.reflect(options.signal);
    return factor;
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

/** The reflections and R, in the engine's memory until disposed of. */
export class QR implements Disposable {
  readonly rowCount: number;
  readonly columnCount: number;
  /** Reflections: min(rowCount, columnCount). */
  readonly count: number;
  /** Column j of A·P is column pivots[j] of A. */
  readonly pivots: Int32Array;
  readonly #engine: Engine;
  readonly #scope: Scope;
  /** Column by column: R on and above the diagonal, the reflections' vectors below, whose first element is 1. */
  readonly #packed: Float64Array;
  readonly #reflections: Reflections;

  constructor(engine: Engine, scope: Scope, packed: Float64Array, rowCount: number, columnCount: number) {
    this.rowCount = rowCount;
    this.columnCount = columnCount;
    this.count = Math.min(rowCount, columnCount);
    this.pivots = Int32Array.from({ length: columnCount }, (_, j) => j);
    this.#engine = engine;
    this.#scope = scope;
    this.#packed = packed;
    this.#reflections = new Reflections(engine, packed, rowCount, new Float64Array(this.count));
  }

  /** R, row-major: min(rowCount, columnCount) × columnCount. */
  get r(): Float64Array {
    const [m, n] = [this.rowCount, this.columnCount];
    return Float64Array.from({ length: this.count * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return i <= j ? this.#packed[j * m + i]! : 0;
    });
  }

  /** The first min(rowCount, columnCount) columns of Q, one after the other. */
  async q(signal?: AbortSignal): Promise<Float64Array> {
    const identity = new Float64Array(this.count * this.rowCount);
    for (let j = 0; j < this.count; j++) identity[j * (this.rowCount + 1)] = 1;
    return this.multiply(identity, this.count, signal);
  }

  /** Q·B of columns of rowCount elements that lie one after the other. */
  multiply(columns: Float64Array, count: number, signal?: AbortSignal): Promise<Float64Array> {
    return this.#reflections.apply(columns, count, false, signal);
  }

  /** Qᵀ·B of columns of rowCount elements that lie one after the other. */
  multiplyTransposed(columns: Float64Array, count: number, signal?: AbortSignal): Promise<Float64Array> {
    return this.#reflections.apply(columns, count, true, signal);
  }

  /**
   * The least-squares solution of A·x = b, A of full column rank, rowCount ≥ columnCount; pivots undone.
   * @throws LanewiseError `data` where R has a 0 on its diagonal.
   */
  async solve(b: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    const n = this.columnCount;
    const projected = await this.multiplyTransposed(b, 1, signal);
    using scope = this.#engine.arena.scope();
    const triangle = { values: scope.copy('f64', this.r), size: n, shape: 'upper' } as const;
    const x = scope.copy('f64', projected.subarray(0, n));
    await solveTriangular(this.#engine, triangle, x, 1, { signal });
    const solution = new Float64Array(n);
    for (let j = 0; j < n; j++) solution[this.pivots[j]!] = x[j]!;
    return solution;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  /** Called once, by `qr`. */
  async reflect(signal?: AbortSignal): Promise<void> {
    for (let start = 0; start < this.count; start += BLOCK) {
      const end = Math.min(this.count, start + BLOCK);
      for (let j = start; j < end; j++) {
        this.#reflectColumn(j);
        this.#applyOne(j, j + 1, end);
        await this.#breathe(signal);
      }
      const rest = this.columnCount - end;
      if (rest > 0) {
        const columns = this.#packed.subarray(end * this.rowCount);
        await this.#reflections.applyBlock(start, end, columns, rest, true, signal);
      }
    }
  }

  /** Called once, by `qr`. */
  async reflectPivoted(signal?: AbortSignal): Promise<void> {
    const n = this.columnCount;
    const lengths = Float64Array.from({ length: n }, (_, j) => this.#length(j, 0));
    const exact = lengths.slice();
    for (let j = 0; j < this.count; j++) {
      let longest = j;
      for (let k = j + 1; k < n; k++) if (lengths[k]! > lengths[longest]!) longest = k;
      this.#swap(j, longest, lengths, exact);
      this.#reflectColumn(j);
      this.#applyOne(j, j + 1, n);
      for (let k = j + 1; k < n; k++) {
        if (lengths[k] === 0) continue;
        const share = this.#packed[k * this.rowCount + j]! / lengths[k]!;
        const left = Math.max(0, 1 - share * share);
        const ratio = lengths[k]! / exact[k]!;
        // What is left of a column must not be a difference of lengths that are nearly the same.
        if (left * ratio * ratio <= 1e-8) lengths[k] = exact[k] = this.#length(k, j + 1);
        else lengths[k] = lengths[k]! * Math.sqrt(left);
      }
      await this.#breathe(signal);
    }
  }

  async #breathe(signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    if (this.rowCount * this.columnCount > 50_000) await turnEventLoop();
  }

  #swap(j: number, k: number, ...alike: Float64Array[]): void {
    if (j === k) return;
    const m = this.rowCount;
    const held = this.#packed.slice(j * m, (j + 1) * m);
    this.#packed.copyWithin(j * m, k * m, (k + 1) * m);
    this.#packed.set(held, k * m);
    for (const values of [this.pivots, ...alike]) [values[j], values[k]] = [values[k]!, values[j]!];
  }

  /** The length of a column from a row on. */
  #length(j: number, from: number): number {
    const at = this.#packed.byteOffset + 8 * (j * this.rowCount + from);
    const square = this.#engine.kernels.dot_f64(at, at, this.rowCount - from);
    if (square > SMALL && square < LARGE) return Math.sqrt(square);
    const column = this.#packed.subarray(j * this.rowCount + from, (j + 1) * this.rowCount);
    let largest = 0;
    for (let i = 0; i < column.length; i++) largest = Math.max(largest, Math.abs(column[i]!));
    if (largest === 0 || !Number.isFinite(largest)) return largest;
    let sum = 0;
    for (let i = 0; i < column.length; i++) sum += (column[i]! / largest) * (column[i]! / largest);
    return largest * Math.sqrt(sum);
  }

  /** Makes column j's reflection, which sends it to its diagonal element. */
  #reflectColumn(j: number): void {
    const column = this.#packed.subarray(j * this.rowCount + j, (j + 1) * this.rowCount);
    const length = this.#length(j, j);
    const head = column[0]!;
    if (length === 0 || column.length === 1) {
      this.#reflections.factors[j] = 0;
      return;
    }
    const diagonal = head > 0 ? -length : length;
    this.#reflections.factors[j] = (diagonal - head) / diagonal;
    const divisor = head - diagonal;
    for (let i = 1; i < column.length; i++) column[i] = column[i]! / divisor;
    column[0] = diagonal;
  }

  /** Applies reflection j to columns [from, to). */
  #applyOne(j: number, from: number, to: number): void {
    const m = this.rowCount;
    const [place, rows, factor] = [j * m + j, m - j, this.#reflections.factors[j]!];
    if (factor === 0) return;
    const diagonal = this.#packed[place]!;
    this.#packed[place] = 1;
    const [base, { dot_f64, axpy_f64 }] = [this.#packed.byteOffset, this.#engine.kernels];
    const vector = base + 8 * place;
    for (let k = from; k < to; k++) {
      const column = base + 8 * (k * m + j);
      axpy_f64(vector, column, -factor * dot_f64(vector, column, rows), rows);
    }
    this.#packed[place] = diagonal;
  }
}
