import type { Scope } from './arena.js';
import { BLOCK_ROWS, mergePartials } from './block-sums.js';
import type { DesignMatrix } from './design-matrix.js';
import type { Task } from './engine.js';

const BYTES = 8;

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
