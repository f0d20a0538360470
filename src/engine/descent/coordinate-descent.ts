import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { type DesignMatrix, LinearProblem } from '../linear-algebra.js';

/** Penalties of ½·|y − x·u|² + Σ l1·|u| + ½·Σ l2·u², one a column of the design. */
export interface CoordinatePenalties {
  readonly l1: Float64Array;
  readonly l2: Float64Array;
  /** true: coefficients are held at 0 or above. */
  readonly positive: boolean;
}

/**
 * Least squares as coordinate descent sees it: x, y and the coefficients u, in the engine's memory. Two ways of keeping
 * what a visit needs: the residual y − x·u, or xᵀ·x and the correlations xᵀ·(y − x·u).
 */
export interface CoordinateDescent extends Disposable {
  readonly engine: Engine;
  /** Does `gramOf` cost next to nothing? */
  readonly hasGram: boolean;
  readonly columnCount: number;
  /** x·x of each column. */
  readonly squares: Float64Array;
  /** y·y */
  readonly targetSquares: number;
  /** u; written by `start` and `visit`. */
  readonly coefficients: Float64Array;
  /** xᵀ·(y − x·u): of every column after `correlate` with all of them. */
  readonly correlations: Float64Array;
  /** Puts u where it is wished, afresh from the data: what rounding had added up is gone. */
  start(coefficients: Float64Array): void;
  penalize(penalties: CoordinatePenalties): void;
  /**
   * Passes over the columns, at most `passes`, until none has moved by more than `limit` (x·x·change²).
   * @returns the passes made
   */
  visit(columns: Int32Array, limit: number, passes: number, signal?: AbortSignal): Promise<number>;
  /** Brings the correlations of these columns up to date. */
  correlate(columns: Int32Array, signal?: AbortSignal): Promise<void>;
  /** Inner products of these columns with each other, row-major. */
  gramOf(columns: Int32Array): Float64Array;
  /** |y − x·u|² */
  residualSquares(): number;
  /** y·(y − x·u) */
  residualTarget(): number;
}

/** Columns up to which xᵀ·x is formed, where rows are not fewer: it costs memory and, once, rows·columns²/2 products. */
const GRAM_COLUMNS = 512;
/** Products of a kernel call: a few milliseconds at most. */
const CALL_PRODUCTS = 2 ** 21;

/** The way that costs less: xᵀ·x where columns are few and rows are not, else residuals. */
export function coordinateDescent(
  design: DesignMatrix,
  target: Float64Array,
  signal?: AbortSignal,
): Promise<CoordinateDescent> | CoordinateDescent {
  const { columnCount, rowCount } = design;
  const formed = columnCount <= GRAM_COLUMNS && columnCount <= rowCount;
  return formed ? GramDescent.of(design, target, signal) : new ResidualDescent(design, target);
}

/** What both ways keep. */
class State {
  readonly engine: Engine;
  readonly scope: Scope;
  readonly coefficients: Float64Array;
  readonly correlations: Float64Array;
  readonly l1: Float64Array;
  readonly l2: Float64Array;
  readonly indices: Int32Array;
  positive = false;

  constructor(engine: Engine, columnCount: number) {
    this.engine = engine;
    this.scope = engine.arena.scope();
    this.coefficients = this.scope.zeros('f64', columnCount);
    this.correlations = this.scope.zeros('f64', columnCount);
    this.l1 = this.scope.zeros('f64', columnCount);
    this.l2 = this.scope.zeros('f64', columnCount);
    this.indices = this.scope.allocate('i32', columnCount);
  }

  penalize({ l1, l2, positive }: CoordinatePenalties): void {
    this.l1.set(l1);
    this.l2.set(l2);
    this.positive = positive;
  }

  dot(a: Float64Array, b: Float64Array): number {
    return this.engine.kernels.dot_f64(a.byteOffset, b.byteOffset, a.length);
  }
}

/** Visits cost as many products as there are rows, whatever the number of columns. */
export class ResidualDescent implements CoordinateDescent {
  readonly hasGram = false;
  readonly columnCount: number;
  readonly squares: Float64Array;
  readonly targetSquares: number;
  readonly #state: State;
  readonly #design: DesignMatrix;
  readonly #target: Float64Array;
  readonly #residual: Float64Array;

  constructor(design: DesignMatrix, target: Float64Array) {
    const { engine, columnCount, rowCount } = design;
    this.columnCount = columnCount;
    this.#design = design;
    this.#state = new State(engine, columnCount);
    const { scope } = this.#state;
    this.#target = scope.copy('f64', target);
    this.#residual = scope.copy('f64', target);
    this.squares = scope.allocate('f64', columnCount);
    for (let j = 0; j < columnCount; j++) {
      const column = design.values.subarray(j * rowCount, (j + 1) * rowCount);
      this.squares[j] = this.#state.dot(column, column);
    }
    this.targetSquares = this.#state.dot(this.#target, this.#target);
  }

  get engine(): Engine {
    return this.#state.engine;
  }

  get coefficients(): Float64Array {
    return this.#state.coefficients;
  }

  get correlations(): Float64Array {
    return this.#state.correlations;
  }

  start(coefficients: Float64Array): void {
    const { engine } = this.#state;
    const { rowCount, values } = this.#design;
    this.coefficients.set(coefficients);
    this.#residual.set(this.#target);
    coefficients.forEach((value, j) => {
      const column = values.byteOffset + 8 * j * rowCount;
      if (value !== 0) engine.kernels.axpy_f64(column, this.#residual.byteOffset, -value, rowCount);
    });
  }

  penalize(penalties: CoordinatePenalties): void {
    this.#state.penalize(penalties);
  }

  async visit(columns: Int32Array, limit: number, passes: number, signal?: AbortSignal): Promise<number> {
    const { engine, indices } = this.#state;
    indices.set(columns);
    const step = Math.max(1, Math.floor(CALL_PRODUCTS / (2 * this.#design.rowCount)));
    for (let pass = 1; pass <= passes; pass++) {
      let largest = 0;
      for (let start = 0; start < columns.length; start += step) {
        const task = this.#visit(start, Math.min(step, columns.length - start));
        const [moved] = await engine.run([task], signal);
        if (moved! > largest) largest = moved!;
      }
      if (!(largest > limit)) return pass;
    }
    return passes;
  }

  async correlate(columns: Int32Array, signal?: AbortSignal): Promise<void> {
    const { engine, indices, correlations } = this.#state;
    const { rowCount, values } = this.#design;
    indices.set(columns);
    const step = Math.max(1, Math.floor(CALL_PRODUCTS / rowCount));
    const tasks: Task[] = [];
    for (let start = 0; start < columns.length; start += step) {
      const count = Math.min(step, columns.length - start);
      const buffers = [values, this.#residual, correlations].map(({ byteOffset }) => byteOffset);
      const shape = [rowCount, this.columnCount, rowCount, count];
      tasks.push({
        kernel: 'coordinate_correlations_f64',
        values: [...buffers, indices.byteOffset + 4 * start, ...shape],
      });
    }
    await engine.run(tasks, signal);
  }

  gramOf(columns: Int32Array): Float64Array {
    const { kernels } = this.#state.engine;
    const { rowCount, values } = this.#design;
    const gram = new Float64Array(columns.length * columns.length);
    const at = (k: number) => values.byteOffset + 8 * columns[k]! * rowCount;
    for (let i = 0; i < columns.length; i++) {
      for (let k = 0; k <= i; k++) {
        const product = kernels.dot_f64(at(i), at(k), rowCount);
        gram[i * columns.length + k] = gram[k * columns.length + i] = product;
      }
    }
    return gram;
  }

  residualSquares(): number {
    return this.#state.dot(this.#residual, this.#residual);
  }

  residualTarget(): number {
    return this.#state.dot(this.#target, this.#residual);
  }

  [Symbol.dispose](): void {
    this.#state.scope[Symbol.dispose]();
  }

  #visit(start: number, count: number): Task {
    const { coefficients, l1, l2, indices, positive } = this.#state;
    const { rowCount, values } = this.#design;
    const buffers = [values, this.#residual, coefficients, l1, l2, this.squares].map(({ byteOffset }) => byteOffset);
    const shape = [rowCount, this.columnCount, rowCount, count, positive ? 1 : 0];
    return { kernel: 'coordinate_residual_f64', values: [...buffers, indices.byteOffset + 4 * start, ...shape] };
  }
}

/** Visits cost as many products as there are columns, whatever the number of rows. */
export class GramDescent implements CoordinateDescent {
  readonly hasGram = true;
  readonly columnCount: number;
  readonly squares: Float64Array;
  readonly targetSquares: number;
  readonly #state: State;
  readonly #gram: Float64Array;
  /** xᵀ·y */
  readonly #start: Float64Array;

  private constructor(engine: Engine, gram: Float64Array, start: Float64Array, targetSquares: number) {
    this.columnCount = start.length;
    this.#state = new State(engine, start.length);
    this.#gram = this.#state.scope.copy('f64', gram);
    this.#start = start;
    this.targetSquares = targetSquares;
    this.squares = start.map((_, j) => gram[j * start.length + j]!);
    this.correlations.set(start);
  }

  static async of(design: DesignMatrix, target: Float64Array, signal?: AbortSignal): Promise<GramDescent> {
    using problem = new LinearProblem(design, 'squared', target);
    const gram = await problem.gram('weights', false, signal);
    const { loss, gradient } = await problem.evaluate(new Float64Array(problem.dimension), signal);
    // + 0: no −0
    const start = gradient.subarray(0, design.columnCount).map((value) => -value + 0);
    return new GramDescent(design.engine, gram, start, 2 * loss);
  }

  get engine(): Engine {
    return this.#state.engine;
  }

  get coefficients(): Float64Array {
    return this.#state.coefficients;
  }

  get correlations(): Float64Array {
    return this.#state.correlations;
  }

  start(coefficients: Float64Array): void {
    const { engine, correlations } = this.#state;
    const line = 8 * this.columnCount;
    this.coefficients.set(coefficients);
    correlations.set(this.#start);
    coefficients.forEach((value, j) => {
      if (value === 0) return;
      engine.kernels.axpy_f64(this.#gram.byteOffset + j * line, correlations.byteOffset, -value, this.columnCount);
    });
  }

  penalize(penalties: CoordinatePenalties): void {
    this.#state.penalize(penalties);
  }

  async visit(columns: Int32Array, limit: number, passes: number, signal?: AbortSignal): Promise<number> {
    const { engine, coefficients, correlations, l1, l2, indices, positive } = this.#state;
    indices.set(columns);
    const buffers = [this.#gram, correlations, coefficients, l1, l2, indices].map(({ byteOffset }) => byteOffset);
    const most = Math.max(1, Math.floor(CALL_PRODUCTS / (columns.length * this.columnCount)));
    let done = 0;
    while (done < passes) {
      const wanted = Math.min(most, passes - done);
      const shape = [this.columnCount, columns.length, positive ? 1 : 0, limit, wanted];
      const [made] = await engine.run([{ kernel: 'coordinate_gram_f64', values: [...buffers, ...shape] }], signal);
      done += made!;
      if (made! < wanted) break;
    }
    return done;
  }

  /** They follow every visit. */
  async correlate(): Promise<void> {}

  gramOf(columns: Int32Array): Float64Array {
    const size = columns.length;
    const gram = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      const row = columns[i]! * this.columnCount;
      for (let k = 0; k < size; k++) gram[i * size + k] = this.#gram[row + columns[k]!]!;
    }
    return gram;
  }

  residualSquares(): number {
    const { coefficients, correlations } = this.#state;
    let sum = this.targetSquares;
    for (let j = 0; j < this.columnCount; j++) sum -= coefficients[j]! * (this.#start[j]! + correlations[j]!);
    return Math.max(0, sum);
  }

  residualTarget(): number {
    let sum = this.targetSquares;
    for (let j = 0; j < this.columnCount; j++) sum -= this.coefficients[j]! * this.#start[j]!;
    return sum;
  }

  [Symbol.dispose](): void {
    this.#state.scope[Symbol.dispose]();
  }
}
