import type { Scope } from '../arena.js';
import { BLOCK_ROWS, blockSum, mergePartials } from '../block-sums.js';
import type { Task } from '../engine.js';
import type { SparseMatrix } from '../sparse-matrix.js';
import type { SmoothProblem } from './linear-problem.js';

const BYTES = 8;

/**
 * The summed logistic or multinomial loss of a linear model on a sparse matrix: margins X·w and gradients Xᵀ·slopes on the
 * matrix's products, the losses of rows on the kernel of dense designs, which is handed the margins as its columns. Two
 * classes have one output: the margin of the second, that of the first being 0.
 */
export class SparseProblem implements SmoothProblem, Disposable {
  readonly design: SparseMatrix;
  readonly outputCount: number;
  readonly dimension: number;
  readonly #target: Float64Array;
  readonly #weights: Float64Array | undefined;
  /** Output by output, a row after the other. */
  readonly #margins: Float64Array;
  /** Of the last evaluation: block by block, class by class, a row after the other. */
  readonly #shares: Float64Array;
  readonly #classes: number;
  readonly #selection: Float64Array;
  readonly #blocks: readonly Block[];
  readonly #scope: Scope;

  constructor(
    design: SparseMatrix,
    target: Float64Array,
    options: { readonly classCount: number; readonly weights?: Float64Array },
  ) {
    const { rowCount, columnCount, engine } = design;
    const { classCount } = options;
    this.design = design;
    this.#classes = classCount;
    this.outputCount = classCount === 2 ? 1 : classCount;
    this.dimension = this.outputCount * (columnCount + 1);
    const scope = (this.#scope = engine.arena.scope());
    this.#target = scope.copy('f64', target);
    this.#weights = options.weights && scope.copy('f64', options.weights);
    this.#margins = scope.allocate('f64', rowCount * this.outputCount);
    this.#shares = scope.allocate('f64', rowCount * classCount);
    this.#selection = scope.copy('f64', selectionOf(classCount, this.outputCount));
    const blocks: Block[] = [];
    const size = classCount * (this.outputCount + 1);
    for (let start = 0; start < rowCount || start === 0; start += BLOCK_ROWS) {
      blocks.push({
        start,
        rows: Math.min(BLOCK_ROWS, rowCount - start),
        gradient: scope.allocate('f64', size),
        scratch: scope.allocate('f64', (classCount + 1) * 256 + 32 * (size + 1)),
      });
    }
    this.#blocks = blocks;
  }

  async evaluate(coefficients: Float64Array, signal?: AbortSignal): Promise<{ loss: number; gradient: Float64Array }> {
    this.#margins.set(await this.#marginsOf(coefficients, signal));
    const tasks = this.#blocks.map((block) => this.#task(block));
    const losses = await this.design.engine.run(tasks, signal);
    const loss = mergePartials(losses.map((value) => Float64Array.of(value)))[0]!;
    return { loss, gradient: await this.#transposed(this.#slopes(), signal) };
  }

  /** The Hessian of the summed loss, as of the last evaluation, times a vector. */
  async hessianTimes(direction: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    const steps = await this.#marginsOf(direction, signal);
    return this.#transposed(this.#bends(steps), signal);
  }

  /** Is each row's own class the likeliest, as of the last evaluation? */
  parts(): boolean {
    let right = true;
    this.#eachRow((row, shares, stride) => {
      const own = this.#shares[shares + this.#target[row]! * stride]!;
      for (let k = 0; k < this.#classes; k++) {
        if (k !== this.#target[row] && this.#shares[shares + k * stride]! >= own) right = false;
      }
    });
    return right;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  /** Output by output. */
  async #marginsOf(coefficients: Float64Array, signal: AbortSignal | undefined): Promise<Float64Array> {
    const { columnCount, rowCount } = this.design;
    const width = this.outputCount;
    const dense = new Float64Array(columnCount * width);
    for (let k = 0; k < width; k++) {
      const first = k * (columnCount + 1);
      for (let j = 0; j < columnCount; j++) dense[j * width + k] = coefficients[first + j]!;
    }
    const products = await this.design.multiply(dense, width, signal);
    const margins = new Float64Array(products.length);
    for (let k = 0; k < width; k++) {
      const intercept = coefficients[k * (columnCount + 1) + columnCount]!;
      for (let row = 0; row < rowCount; row++) margins[k * rowCount + row] = products[row * width + k]! + intercept;
    }
    return margins;
  }

  #task({ start, rows, gradient, scratch }: Block): Task {
    const offset = start * BYTES;
    return {
      kernel: 'gradient_softmax_f64',
      values: [
        this.#margins.byteOffset + offset,
        this.#target.byteOffset + offset,
        this.#weights ? this.#weights.byteOffset + offset : 0,
        this.#selection.byteOffset,
        gradient.byteOffset,
        this.#shares.byteOffset + offset * this.#classes,
        scratch.byteOffset,
        rows,
        this.outputCount,
        this.design.rowCount,
        this.#classes,
      ],
    };
  }

  /** By row and output: the derivative of its loss by the margin. */
  #slopes(): Float64Array {
    const width = this.outputCount;
    const slopes = new Float64Array(this.design.rowCount * width);
    this.#eachRow((row, shares, stride) => {
      const weight = this.#weights ? this.#weights[row]! : 1;
      const first = this.#classes - width;
      for (let k = 0; k < width; k++) {
        const own = this.#target[row] === first + k ? 1 : 0;
        slopes[row * width + k] = weight * (this.#shares[shares + (first + k) * stride]! - own);
      }
    });
    return slopes;
  }

  /** By row and output: how its derivatives change with its margins. */
  #bends(steps: Float64Array): Float64Array {
    const { rowCount } = this.design;
    const width = this.outputCount;
    const bends = new Float64Array(rowCount * width);
    this.#eachRow((row, shares, stride) => {
      const weight = this.#weights ? this.#weights[row]! : 1;
      const first = shares + (this.#classes - width) * stride;
      let mean = 0;
      for (let k = 0; k < width; k++) mean += this.#shares[first + k * stride]! * steps[k * rowCount + row]!;
      for (let k = 0; k < width; k++) {
        const share = this.#shares[first + k * stride]!;
        bends[row * width + k] = weight * (share * (steps[k * rowCount + row]! - mean));
      }
    });
    return bends;
  }

  /** `shares` is where the row's first probability lies, `stride` how far apart those of the classes are. */
  #eachRow(visit: (row: number, shares: number, stride: number) => void): void {
    for (const { start, rows } of this.#blocks) {
      for (let i = 0; i < rows; i++) visit(start + i, start * this.#classes + i, rows);
    }
  }

  /** Xᵀ·rows and the sums of rows, in the order of the coefficients. */
  async #transposed(rows: Float64Array, signal: AbortSignal | undefined): Promise<Float64Array> {
    const { columnCount, rowCount } = this.design;
    const width = this.outputCount;
    const products = await this.design.multiplyTransposed(rows, width, signal);
    const gradient = new Float64Array(this.dimension);
    for (let k = 0; k < width; k++) {
      const first = k * (columnCount + 1);
      for (let j = 0; j < columnCount; j++) gradient[first + j] = products[j * width + k]!;
      gradient[first + columnCount] = blockSum(rowCount, (row) => rows[row * width + k]!);
    }
    return gradient;
  }
}

/** Coefficients that make each class's margin its output's, and 0 that of a class without one. */
function selectionOf(classCount: number, outputCount: number): Float64Array {
  const selection = new Float64Array(classCount * (outputCount + 1));
  const first = classCount - outputCount;
  for (let k = 0; k < outputCount; k++) selection[(first + k) * (outputCount + 1) + k] = 1;
  return selection;
}

/** Rows that one call takes, its gradient by margins (of which nobody asks) and its scratch. */
interface Block {
  readonly start: number;
  readonly rows: number;
  readonly gradient: Float64Array;
  readonly scratch: Float64Array;
}
