import { throwIfCancelled } from '../errors.js';
import { execute, type Registers } from '../scoring/interpreter.js';
import type { LinearOperation } from '../scoring/program.js';
import type { Scope } from './arena.js';
import type { Engine, Task } from './engine.js';
import { turnEventLoop } from './turn.js';

/** Rows a block: the unit that threads share out. A function of the row index alone, so sums have one order. */
export const BLOCK_ROWS = 16_384;

const BYTES = 8;

/** Sums partial results pairwise, neighbours first, whoever computed them: the one tree. partials[0] receives the sum. */
export function mergePartials(partials: readonly Float64Array[]): Float64Array {
  for (let distance = 1; distance < partials.length; distance *= 2) {
    for (let i = 0; i + distance < partials.length; i += 2 * distance) {
      const [into, from] = [partials[i]!, partials[i + distance]!];
      for (let k = 0; k < into.length; k++) into[k]! += from[k]!;
    }
  }
  return partials[0]!;
}

/** Centre and unit of each column. */
export interface Scaling {
  readonly shifts: Float64Array;
  readonly scales: Float64Array;
}

/** The sum of values, in blocks that merge in the one tree. */
export function blockSum(length: number, term: (index: number) => number): number {
  const partials: Float64Array[] = [];
  for (let start = 0; start < length || start === 0; start += BLOCK_ROWS) {
    let sum = 0;
    const end = Math.min(length, start + BLOCK_ROWS);
    for (let i = start; i < end; i++) sum += term(i);
    partials.push(Float64Array.of(sum));
  }
  return mergePartials(partials)[0]!;
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
        if (!options.scaling) measure(scaling, j, column, weights, total, options.centred);
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

function measure(
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

export type LinearLossName = 'squared' | 'logistic' | 'softmax';

/** The summed loss of a linear model on a design matrix: its value, gradient and curvature, block by block, on all threads. */
export class LinearProblem implements Disposable {
  readonly design: DesignMatrix;
  readonly loss: LinearLossName;
  /** Rows of coefficients: the classes of softmax, else 1. */
  readonly outputCount: number;
  /** outputCount × (columnCount + 1): the coefficients and the intercept of each output. */
  readonly dimension: number;
  readonly #target: Float64Array;
  readonly #weights: Float64Array | undefined;
  readonly #coefficients: Float64Array;
  readonly #curvature: Float64Array | undefined;
  readonly #partials: Float64Array[] = [];
  readonly #margins: Float64Array[] = [];
  readonly #grams: Float64Array[] = [];
  readonly #scope: Scope;

  constructor(
    design: DesignMatrix,
    loss: LinearLossName,
    target: Float64Array,
    options: { weights?: Float64Array; classCount?: number; curvature?: boolean } = {},
  ) {
    const { rowCount, columnCount, engine } = design;
    this.design = design;
    this.loss = loss;
    this.outputCount = loss === 'softmax' ? options.classCount! : 1;
    this.dimension = this.outputCount * (columnCount + 1);
    this.#scope = engine.arena.scope();
    this.#target = this.#scope.copy('f64', target);
    this.#weights = options.weights && this.#scope.copy('f64', options.weights);
    this.#coefficients = this.#scope.allocate('f64', this.dimension);
    this.#curvature = options.curvature ? this.#scope.allocate('f64', rowCount) : undefined;
    const blocks = Math.max(1, Math.ceil(rowCount / BLOCK_ROWS));
    for (let block = 0; block < blocks; block++) {
      this.#partials.push(this.#scope.allocate('f64', this.dimension));
      this.#margins.push(this.#scope.allocate('f64', 256 * (this.outputCount + 1)));
    }
  }

  /** The summed loss and its gradient; with `curvature`, also the rows' second derivatives, which `hessian` uses. */
  async evaluate(coefficients: Float64Array, signal?: AbortSignal): Promise<{ loss: number; gradient: Float64Array }> {
    this.#coefficients.set(coefficients);
    const losses = await this.design.engine.run(this.#tasks(), signal);
    const loss = mergePartials(losses.map((value) => Float64Array.of(value)))[0]!;
    return { loss, gradient: mergePartials(this.#partials).slice() };
  }

  /**
   * xᵀ·W·x, row-major. W: the rows' weights, or their curvature as of the last `evaluate`. With `intercept`, the column of
   * ones is the last of x.
   */
  async gram(weighting: 'weights' | 'curvature', intercept: boolean, signal?: AbortSignal): Promise<Float64Array> {
    const { rowCount, columnCount, values, engine } = this.design;
    const columns = columnCount + (intercept ? 1 : 0);
    const weights = weighting === 'curvature' ? this.#curvature! : this.#weights;
    if (this.#grams.length === 0) {
      for (let block = 0; block < this.#partials.length; block++) {
        this.#grams.push(this.#scope.allocate('f64', (columnCount + 1) * (columnCount + 1)));
      }
    }
    const tasks = this.#grams.map((gram, block): Task => {
      const start = block * BLOCK_ROWS;
      const rows = Math.min(BLOCK_ROWS, rowCount - start);
      const at = weights ? weights.byteOffset + start * BYTES : 0;
      const x = values.byteOffset + start * BYTES;
      const scratch = this.#margins[block]!.byteOffset;
      return { kernel: 'gram_f64', values: [x, at, gram.byteOffset, scratch, rows, columns, rowCount] };
    });
    await engine.run(tasks, signal);
    return mergePartials(this.#grams.map((gram) => gram.subarray(0, columns * columns))).slice();
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #tasks(): Task[] {
    const { rowCount, columnCount, values } = this.design;
    return this.#partials.map((partial, block): Task => {
      const start = block * BLOCK_ROWS;
      const offset = start * BYTES;
      const rows = Math.min(BLOCK_ROWS, rowCount - start);
      const head = [
        values.byteOffset + offset,
        this.#target.byteOffset + offset,
        this.#weights ? this.#weights.byteOffset + offset : 0,
        this.#coefficients.byteOffset,
        partial.byteOffset,
      ];
      const margins = this.#margins[block]!.byteOffset;
      const shape = [rows, columnCount, rowCount];
      if (this.loss === 'squared') return { kernel: 'gradient_squared_f64', values: [...head, margins, ...shape] };
      if (this.loss === 'softmax') {
        return { kernel: 'gradient_softmax_f64', values: [...head, margins, ...shape, this.outputCount] };
      }
      const curvature = this.#curvature ? this.#curvature.byteOffset + offset : 0;
      return { kernel: 'gradient_logistic_f64', values: [...head, curvature, margins, ...shape] };
    });
  }
}

/** Below so many multiplications the interpreter is as fast: nothing has to be copied for it. */
const MIN_PRODUCTS = 4096;

/** A linear operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreLinearOn(
  engine: Engine,
  operation: LinearOperation,
  registers: Registers,
  rowCount: number,
): void {
  const { inputs, outputs, coefficients, intercepts } = operation;
  const count = inputs.length;
  if (count * outputs.length * rowCount < MIN_PRODUCTS) return execute(operation, registers, rowCount);
  using scope = engine.arena.scope();
  const matrix = scope.allocate('f64', count * rowCount);
  const factors = scope.allocate('f64', count + 1);
  const scores = scope.allocate('f64', rowCount);
  inputs.forEach((register, j) => {
    matrix.set(registers[register]!.subarray(0, rowCount), j * rowCount);
  });
  outputs.forEach((register, k) => {
    factors.set(coefficients.subarray(k * count, (k + 1) * count));
    factors[count] = intercepts[k]!;
    const { byteOffset: out } = scores;
    engine.kernels.linear_scores_f64(matrix.byteOffset, factors.byteOffset, out, rowCount, count, rowCount);
    registers[register]!.set(scores);
  });
}

/** A lower triangular factor L of a symmetric positive definite matrix L·Lᵀ, row-major. */
export interface Cholesky {
  readonly lower: Float64Array;
  readonly size: number;
}

/**
 * Factorises; undefined where a pivot falls below `tolerance` of its diagonal, that is, where the matrix is singular to
 * working precision.
 */
export async function cholesky(
  engine: Engine,
  matrix: Float64Array,
  size: number,
  options: { tolerance?: number; signal?: AbortSignal } = {},
): Promise<Cholesky | undefined> {
  const { tolerance = 1e-13, signal } = options;
  using scope = engine.arena.scope();
  const lower = scope.zeros('f64', size * size);
  const line = size * BYTES;
  for (let i = 0; i < size; i++) {
    const row = lower.byteOffset + i * line;
    for (let j = 0; j <= i; j++) {
      const inner = j === 0 ? 0 : engine.kernels.dot_f64(row, lower.byteOffset + j * line, j);
      const rest = matrix[i * size + j]! - inner;
      if (j < i) lower[i * size + j] = rest / lower[j * size + j]!;
      else {
        if (!(rest > tolerance * matrix[i * size + i]!)) return undefined;
        lower[i * size + i] = Math.sqrt(rest);
      }
    }
    if (i % 64 === 63) {
      throwIfCancelled(signal);
      await turnEventLoop();
    }
  }
  return { lower: lower.slice(), size };
}

/** Solves L·Lᵀ·x = b. */
export function choleskySolve({ lower, size }: Cholesky, b: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    let sum = x[i]!;
    for (let j = 0; j < i; j++) sum -= lower[i * size + j]! * x[j]!;
    x[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    const value = (x[i] = x[i]! / lower[i * size + i]!);
    for (let j = 0; j < i; j++) x[j]! -= lower[i * size + j]! * value;
  }
  return x;
}

/**
 * Eigenvalues and eigenvectors (columns, row-major) of a symmetric matrix by Jacobi's cyclic rotations: slow, and
 * accurate for small eigenvalues, which is what singular systems need.
 */
async function symmetricEigen(
  matrix: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotated = rotate(a, vectors, size, p, q) || rotated;
      if (p % 16 === 15) {
        throwIfCancelled(signal);
        await turnEventLoop();
      }
    }
    if (!rotated) break;
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): boolean {
  const off = a[p * size + q]!;
  const [app, aqq] = [a[p * size + p]!, a[q * size + q]!];
  if (Math.abs(off) <= 1e-17 * Math.sqrt(Math.abs(app * aqq)) || off === 0) return false;
  const theta = (aqq - app) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) {
    const [akp, akq] = [a[k * size + p]!, a[k * size + q]!];
    a[k * size + p] = c * akp - s * akq;
    a[k * size + q] = s * akp + c * akq;
  }
  for (let k = 0; k < size; k++) {
    const [apk, aqk] = [a[p * size + k]!, a[q * size + k]!];
    a[p * size + k] = c * apk - s * aqk;
    a[q * size + k] = s * apk + c * aqk;
    const [vkp, vkq] = [vectors[k * size + p]!, vectors[k * size + q]!];
    vectors[k * size + p] = c * vkp - s * vkq;
    vectors[k * size + q] = s * vkp + c * vkq;
  }
  return true;
}

/** The shortest of the least-squares solutions of a symmetric positive semidefinite system: directions of no weight stay 0. */
export async function solveSemidefinite(
  matrix: Float64Array,
  size: number,
  b: Float64Array,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { values, vectors } = await symmetricEigen(matrix, size, signal);
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  const x = new Float64Array(size);
  for (let e = 0; e < size; e++) {
    if (values[e]! <= 1e-12 * largest) continue;
    let share = 0;
    for (let i = 0; i < size; i++) share += vectors[i * size + e]! * b[i]!;
    share /= values[e]!;
    for (let i = 0; i < size; i++) x[i]! += share * vectors[i * size + e]!;
  }
  return x;
}
