import { type LinearLoss, linearLosses } from '../../kernels/linear-losses.js';
import type { Scope } from '../arena.js';
import { BLOCK_ROWS, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';
import { gramMatrix } from '../linear-algebra/gram.js';
import type { DesignMatrix } from './design-matrix.js';

const BYTES = 8;

/** A loss by its name, and its parameters: see `linearLosses`. */
export type LinearLossName = LinearLoss | 'softmax';

export interface LinearProblemOptions {
  readonly weights?: Float64Array;
  /** Of softmax. */
  readonly classCount?: number;
  /** true: every evaluation keeps the rows' second derivatives, for `gram`, `hessian` and `hessianTimes`. */
  readonly curvature?: boolean;
  /** The loss's parameters. */
  readonly a?: number;
  readonly b?: number;
}

/** The summed loss of a linear model: what solvers ask of it, whatever its features lie in. */
export interface SmoothProblem {
  readonly design: { readonly engine: Engine; readonly columnCount: number };
  /** Rows of coefficients: the classes of softmax, else 1. */
  readonly outputCount: number;
  /** outputCount × (columnCount + 1): the coefficients and the intercept of each output. */
  readonly dimension: number;
  evaluate(coefficients: Float64Array, signal?: AbortSignal): Promise<{ loss: number; gradient: Float64Array }>;
  hessianTimes(direction: Float64Array, signal?: AbortSignal): Promise<Float64Array>;
  /** Row-major, in the order of the coefficients; absent where it would be too large to be of use. */
  hessian?(signal?: AbortSignal): Promise<Float64Array>;
}

/** The summed loss of a linear model on a design matrix: its value, gradient and curvature, block by block, on all threads. */
export class LinearProblem implements SmoothProblem, Disposable {
  readonly design: DesignMatrix;
  readonly loss: LinearLossName;
  /** Rows of coefficients: the classes of softmax, else 1. */
  readonly outputCount: number;
  /** outputCount × (columnCount + 1): the coefficients and the intercept of each output. */
  readonly dimension: number;
  readonly #target: Float64Array;
  readonly #weights: Float64Array | undefined;
  readonly #coefficients: Float64Array;
  /** A row's second derivative; of softmax, block by block, its probabilities, class by class. */
  readonly #curvature: Float64Array | undefined;
  readonly #parameters: readonly [number, number];
  readonly #blocks: Block[] = [];
  readonly #scope: Scope;
  /** Weights of the rows that a Hessian makes on its way. */
  #products: Float64Array | undefined;

  constructor(design: DesignMatrix, loss: LinearLossName, target: Float64Array, options: LinearProblemOptions = {}) {
    const { rowCount, columnCount, engine } = design;
    const softmax = loss === 'softmax';
    this.design = design;
    this.loss = loss;
    this.outputCount = softmax ? options.classCount! : 1;
    this.dimension = this.outputCount * (columnCount + 1);
    this.#parameters = [options.a ?? 0, options.b ?? 0];
    this.#scope = engine.arena.scope();
    this.#target = this.#scope.copy('f64', target);
    this.#weights = options.weights && this.#scope.copy('f64', options.weights);
    this.#coefficients = this.#scope.allocate('f64', this.dimension);
    this.#curvature = options.curvature ? this.#scope.allocate('f64', rowCount * this.outputCount) : undefined;
    const scratch = softmax ? (this.outputCount + 1) * 256 + 32 * (this.dimension + 1) : 640 + 32 * columnCount;
    for (let start = 0; start < rowCount || start === 0; start += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, rowCount - start);
      const gradient = this.#scope.allocate('f64', this.dimension);
      this.#blocks.push({ start, rows, gradient, scratch: this.#scope.allocate('f64', scratch) });
    }
  }

  /** The summed loss and its gradient; with `curvature`, also the rows' second derivatives. */
  async evaluate(coefficients: Float64Array, signal?: AbortSignal): Promise<{ loss: number; gradient: Float64Array }> {
    this.#coefficients.set(coefficients);
    const losses = await this.design.engine.run(
      this.#blocks.map((block) => this.#gradientTask(block)),
      signal,
    );
    const loss = mergePartials(losses.map((value) => Float64Array.of(value)))[0]!;
    return { loss, gradient: mergePartials(this.#blocks.map(({ gradient }) => gradient)).slice() };
  }

  /** The Hessian of the summed loss, as of the last evaluation, times a vector. */
  async hessianTimes(direction: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    this.#coefficients.set(direction);
    const tasks = this.#blocks.map((block): Task => {
      const values = [this.#curvatureOf(block), this.#coefficients.byteOffset, block.gradient.byteOffset];
      const tail = [block.scratch.byteOffset, ...this.#shape(block)];
      if (this.loss !== 'softmax')
        return { kernel: 'hessian_linear_f64', values: [this.#x(block), ...values, ...tail] };
      const head = [this.#x(block), this.#weightsOf(block)];
      return { kernel: 'hessian_softmax_f64', values: [...head, ...values, ...tail, this.outputCount] };
    });
    await this.design.engine.run(tasks, signal);
    return mergePartials(this.#blocks.map(({ gradient }) => gradient)).slice();
  }

  /**
   * xᵀ·W·x, row-major. W: the rows' weights, or their curvature as of the last `evaluate`. With `intercept`, the column of
   * ones is the last of x.
   */
  gram(weighting: 'weights' | 'curvature', intercept: boolean, signal?: AbortSignal): Promise<Float64Array> {
    const weights = weighting === 'curvature' ? this.#curvature! : this.#weights;
    return this.#gramOf(weights, intercept, signal);
  }

  /**
   * The Hessian of the summed loss as of the last evaluation, row-major, in the order of the coefficients: of one output,
   * the Gram matrix of the curvature; of softmax, one for every pair of classes.
   */
  async hessian(signal?: AbortSignal): Promise<Float64Array> {
    if (this.loss !== 'softmax') return this.gram('curvature', true, signal);
    const [classes, size] = [this.outputCount, this.design.columnCount + 1];
    const hessian = new Float64Array(this.dimension * this.dimension);
    this.#products ??= this.#scope.allocate('f64', this.design.rowCount);
    for (let k = 0; k < classes; k++) {
      for (let l = 0; l <= k; l++) {
        this.#weighPair(this.#products, k, l);
        const part = await this.#gramOf(this.#products, true, signal);
        for (let i = 0; i < size; i++) {
          const line = part.subarray(i * size, (i + 1) * size);
          hessian.set(line, (k * size + i) * this.dimension + l * size);
          hessian.set(line, (l * size + i) * this.dimension + k * size);
        }
      }
    }
    return hessian;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  /** The weight of each row in the block of the Hessian that belongs to two classes: w·p_k·(δ − p_l). */
  #weighPair(out: Float64Array, k: number, l: number): void {
    const shares = this.#curvature!;
    for (const { start, rows } of this.#blocks) {
      const [first, second] = [start * this.outputCount + k * rows, start * this.outputCount + l * rows];
      for (let i = 0; i < rows; i++) {
        const weight = this.#weights ? this.#weights[start + i]! : 1;
        out[start + i] = weight * shares[first + i]! * ((k === l ? 1 : 0) - shares[second + i]!);
      }
    }
  }

  #gramOf(weights: Float64Array | undefined, intercept: boolean, signal?: AbortSignal): Promise<Float64Array> {
    const { rowCount, columnCount, values, engine } = this.design;
    return gramMatrix(engine, values, rowCount, columnCount + (intercept ? 1 : 0), { weights, signal });
  }

  #gradientTask(block: Block): Task {
    const head = [
      this.#x(block),
      this.#target.byteOffset + block.start * BYTES,
      this.#weightsOf(block),
      this.#coefficients.byteOffset,
      block.gradient.byteOffset,
      this.#curvatureOf(block),
      block.scratch.byteOffset,
    ];
    if (this.loss === 'softmax') {
      return { kernel: 'gradient_softmax_f64', values: [...head, ...this.#shape(block), this.outputCount] };
    }
    const loss = [linearLosses[this.loss], ...this.#parameters];
    return { kernel: 'gradient_linear_f64', values: [...head, ...loss, ...this.#shape(block)] };
  }

  #x({ start }: Block): number {
    return this.design.values.byteOffset + start * BYTES;
  }

  #weightsOf({ start }: Block): number {
    return this.#weights ? this.#weights.byteOffset + start * BYTES : 0;
  }

  #curvatureOf({ start }: Block): number {
    return this.#curvature ? this.#curvature.byteOffset + start * this.outputCount * BYTES : 0;
  }

  #shape({ rows }: Block): number[] {
    return [rows, this.design.columnCount, this.design.rowCount];
  }
}

/** Rows that one call takes, its gradient and its scratch. */
interface Block {
  readonly start: number;
  readonly rows: number;
  readonly gradient: Float64Array;
  readonly scratch: Float64Array;
}
