import type { Engine } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';

/** Reflections that are applied together, by matrix products. */
export const BLOCK = 32;

/**
 * Householder reflections H₀·H₁·… of vectors of rowCount elements. Vector k is column k of `packed`, from row k on; its first
 * element is 1, whatever stands there. Blocks of them are applied as products (Schreiber, Van Loan, "A storage-efficient WY
 * representation for products of Householder transformations", 1989).
 */
export class Reflections {
  readonly packed: Float64Array;
  readonly rowCount: number;
  readonly factors: Float64Array;
  readonly #engine: Engine;

  /** @param packed in the engine's memory @param factors one a reflection: H = I − factor·v·vᵀ */
  constructor(engine: Engine, packed: Float64Array, rowCount: number, factors: Float64Array) {
    this.#engine = engine;
    this.packed = packed;
    this.rowCount = rowCount;
    this.factors = factors;
  }

  get count(): number {
    return this.factors.length;
  }

  /** H₀·H₁·…·B, or its transpose times B, of columns of rowCount elements that lie one after the other. */
  async apply(columns: Float64Array, count: number, transposed: boolean, signal?: AbortSignal): Promise<Float64Array> {
    using scope = this.#engine.arena.scope();
    const out = scope.copy('f64', columns);
    const blocks = Math.ceil(this.count / BLOCK);
    for (let step = 0; step < blocks; step++) {
      const start = BLOCK * (transposed ? step : blocks - 1 - step);
      await this.applyBlock(start, Math.min(this.count, start + BLOCK), out, count, transposed, signal);
    }
    return out.slice();
  }

  /** Reflections [start, end) as I − V·T·Vᵀ, or its transpose, on columns: C ← C − V·T'·(Vᵀ·C). */
  async applyBlock(
    start: number,
    end: number,
    columns: Float64Array,
    count: number,
    transposed: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    using scope = this.#engine.arena.scope();
    const [m, width, rows] = [this.rowCount, end - start, this.rowCount - start];
    const v = scope.zeros('f64', width * rows);
    for (let k = 0; k < width; k++) {
      const from = (start + k) * m + start + k;
      v.set(this.packed.subarray(from, (start + k + 1) * m), k * rows + k);
      v[k * (rows + 1)] = 1;
    }
    const t = scope.zeros('f64', width * width);
    const inner = scope.allocate('f64', width * width);
    const engine = this.#engine;
    await multiplyMatrices(engine, { rows: width, columns: width, depth: rows, form: 'right' }, v, v, inner, {
      signal,
    });
    fillTriangle(t, inner, this.factors.subarray(start, end));
    const part = columns.subarray(start);
    const [products, turned] = [scope.allocate('f64', count * width), scope.allocate('f64', count * width)];
    const first = { rows: count, columns: width, depth: rows, form: 'right', aStride: m, bStride: rows } as const;
    await multiplyMatrices(engine, first, part, v, products, { signal });
    const second = { rows: count, columns: width, depth: width, form: transposed ? 'plain' : 'right' } as const;
    await multiplyMatrices(engine, second, products, t, turned, { signal });
    const third = { rows: count, columns: rows, depth: width, cStride: m };
    await multiplyMatrices(engine, third, turned, v, part, { update: 'subtract', signal });
  }
}

/** T of the block: upper triangular, from the products of the vectors and the reflections' factors. */
function fillTriangle(t: Float64Array, inner: Float64Array, factors: Float64Array): void {
  const width = factors.length;
  for (let k = 0; k < width; k++) {
    t[k * width + k] = factors[k]!;
    for (let i = 0; i < k; i++) {
      let sum = 0;
      for (let l = i; l < k; l++) sum += t[i * width + l]! * inner[l * width + k]!;
      t[i * width + k] = -factors[k]! * sum;
    }
  }
}
