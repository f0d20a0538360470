import { LanewiseError } from '../errors.js';
import { productForms, productScratch } from '../kernels/matrix-product.js';
import type { Scope } from './arena.js';
import type { Engine, Task } from './engine.js';

/** A row-major matrix, or a part of one, in the engine's memory. */
export type MatrixValues = Float64Array | Float32Array;

/** c: rows × columns. plain: a·b; left: aᵀ·b, a stored depth × rows; right: a·bᵀ, b stored columns × depth. */
export interface ProductShape {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly form?: keyof typeof productForms;
  /** Elements between rows as they are stored; default: as many as a row has. */
  readonly aStride?: number;
  readonly bStride?: number;
  readonly cStride?: number;
}

/** What becomes of c: overwritten, added to, or taken from. */
export type ProductUpdate = 'set' | 'add' | 'subtract';
const updates = { set: 0, add: 1, subtract: -1 } as const;

/** Below so many operations, handing over costs more than it brings. */
const MIN_SHARED = 1e6;
/** Operations a task at most, so that the event loop turns in time. */
const MAX_TASK = 1e8;
/** Rows and columns a task: multiples of every instruction set's tile. */
const ROW_GRAIN = 24;
const COLUMN_GRAIN = 64;

interface Part {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
  readonly scratch: number;
}

/**
 * Matrix products of one shape, cut by blocks of rows or of columns and computed on all threads; memory for the tasks is
 * kept from one product to the next. The bits are those of one call: src/kernels/matrix-product.ts has the order of the sums.
 */
export class MatrixProduct implements Disposable {
  readonly #engine: Engine;
  readonly #dtype: 'f32' | 'f64';
  readonly #shape: Required<ProductShape>;
  readonly #parts: readonly Part[];
  readonly #scope: Scope;

  constructor(engine: Engine, dtype: 'f32' | 'f64', shape: ProductShape) {
    const { rows, columns, depth, form = 'plain' } = shape;
    this.#engine = engine;
    this.#dtype = dtype;
    this.#shape = {
      aStride: form === 'left' ? rows : depth,
      bStride: form === 'right' ? depth : columns,
      cStride: columns,
      form,
      ...shape,
    };
    this.#scope = engine.arena.scope();
    this.#parts = this.#cut();
  }

  /** The calls, for a batch of the caller's own. They may run in any order, on any thread. */
  tasks(a: MatrixValues, b: MatrixValues, c: MatrixValues, update: ProductUpdate = 'set'): Task[] {
    const { depth, form, aStride, bStride, cStride } = this.#shape;
    const bytes = this.#dtype === 'f64' ? 8 : 4;
    for (const matrix of [a, b, c]) {
      if (matrix.BYTES_PER_ELEMENT !== bytes || !this.#engine.arena.holds(matrix)) {
        throw new LanewiseError('internal', `Expected ${this.#dtype} matrices in the engine's memory for a product`);
      }
    }
    return this.#parts.map(({ row, rows, column, columns, scratch }): Task => {
      const left = a.byteOffset + bytes * row * (form === 'left' ? 1 : aStride);
      const right = b.byteOffset + bytes * column * (form === 'right' ? bStride : 1);
      const out = c.byteOffset + bytes * (row * cStride + column);
      const numbers = [rows, columns, depth, aStride, bStride, cStride, productForms[form], updates[update]];
      return { kernel: `matrix_product_${this.#dtype}`, values: [left, right, out, scratch, ...numbers] };
    });
  }

  /** On all threads; small products at once. */
  async run(a: MatrixValues, b: MatrixValues, c: MatrixValues, update?: ProductUpdate, signal?: AbortSignal) {
    await this.#engine.run(this.tasks(a, b, c, update), signal);
  }

  /** On this thread, at once. */
  runHere(a: MatrixValues, b: MatrixValues, c: MatrixValues, update?: ProductUpdate): void {
    this.#engine.runHere(this.tasks(a, b, c, update));
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #cut(): Part[] {
    const { rows, columns, depth } = this.#shape;
    if (rows === 0 || columns === 0) return [];
    const work = 2 * rows * columns * depth;
    const threads = this.#engine.threads;
    const wanted = work < MIN_SHARED ? 1 : Math.max(threads > 1 ? 2 * threads : 1, Math.ceil(work / MAX_TASK));
    const byRows = rows >= columns;
    const [extent, grain] = byRows ? [rows, ROW_GRAIN] : [columns, COLUMN_GRAIN];
    const step = grain * Math.max(1, Math.ceil(extent / wanted / grain));
    const parts: Part[] = [];
    for (let start = 0; start < extent; start += step) {
      const size = Math.min(step, extent - start);
      const part = byRows
        ? { row: start, rows: size, column: 0, columns }
        : { row: 0, rows, column: start, columns: size };
      const scratch = this.#scope.allocate(this.#dtype, productScratch(part.columns, depth)).byteOffset;
      parts.push({ ...part, scratch });
    }
    return parts;
  }
}

/** One product; for many of the same shape, keep a `MatrixProduct`. */
export async function multiplyMatrices(
  engine: Engine,
  shape: ProductShape,
  a: MatrixValues,
  b: MatrixValues,
  c: MatrixValues,
  options: { update?: ProductUpdate; signal?: AbortSignal } = {},
): Promise<void> {
  using product = new MatrixProduct(engine, c.BYTES_PER_ELEMENT === 8 ? 'f64' : 'f32', shape);
  await product.run(a, b, c, options.update, options.signal);
}
