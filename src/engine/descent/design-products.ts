import type { Scope } from '../arena.js';
import { BLOCK_ROWS, mergePartials } from '../block-sums.js';
import type { Task } from '../engine.js';
import { gramMatrix } from '../linear-algebra/gram.js';
import type { DesignMatrix } from './design-matrix.js';

const BYTES = 8;

interface Block {
  readonly start: number;
  readonly rows: number;
  readonly product: Float64Array;
  readonly scratch: Float64Array;
}

/** Products with a design matrix and its column of ones, for methods that weigh rows anew at every step. */
export class DesignProducts implements Disposable {
  readonly design: DesignMatrix;
  readonly #blocks: Block[] = [];
  /** A number a row: weights, or scores. */
  readonly #rows: Float64Array;
  readonly #coefficients: Float64Array;
  readonly #scope: Scope;

  constructor(design: DesignMatrix) {
    const { rowCount, columnCount, engine } = design;
    const size = columnCount + 1;
    this.design = design;
    this.#scope = engine.arena.scope();
    this.#rows = this.#scope.allocate('f64', rowCount);
    this.#coefficients = this.#scope.allocate('f64', size);
    for (let start = 0; start < rowCount || start === 0; start += BLOCK_ROWS) {
      this.#blocks.push({
        start,
        rows: Math.min(BLOCK_ROWS, rowCount - start),
        product: this.#scope.allocate('f64', size),
        scratch: this.#scope.allocate('f64', 640 + 32 * columnCount),
      });
    }
  }

  /** x·coefficients, the intercept's last; valid until the next call. */
  async scores(coefficients: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    this.#coefficients.set(coefficients);
    const { columnCount, rowCount } = this.design;
    await this.#run(signal, (block) => ({
      kernel: 'linear_scores_f64',
      values: [this.#x(block), this.#coefficients.byteOffset, this.#rowsOf(block), block.rows, columnCount, rowCount],
    }));
    return this.#rows;
  }

  /** xᵀ·v of a number a row, the sum of v last. */
  async transposed(v: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    this.#rows.set(v);
    // The Hessian's product with the intercept's direction, along which every score is 1.
    this.#coefficients.fill(0);
    this.#coefficients[this.design.columnCount] = 1;
    const { columnCount, rowCount } = this.design;
    await this.#run(signal, (block) => ({
      kernel: 'hessian_linear_f64',
      values: [
        ...[this.#x(block), this.#rowsOf(block), this.#coefficients.byteOffset, block.product.byteOffset],
        ...[block.scratch.byteOffset, block.rows, columnCount, rowCount],
      ],
    }));
    return mergePartials(this.#blocks.map(({ product }) => product)).slice();
  }

  /** xᵀ·diag(weights)·x, row-major, the column of ones last. */
  gram(weights: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    this.#rows.set(weights);
    const { columnCount, rowCount, values, engine } = this.design;
    return gramMatrix(engine, values, rowCount, columnCount + 1, { weights: this.#rows, signal });
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #run(signal: AbortSignal | undefined, task: (block: Block) => Task): Promise<number[]> {
    return this.design.engine.run(this.#blocks.map(task), signal);
  }

  #x({ start }: Block): number {
    return this.design.values.byteOffset + start * BYTES;
  }

  #rowsOf({ start }: Block): number {
    return this.#rows.byteOffset + start * BYTES;
  }
}
