import { LanewiseError } from '../../errors.js';
import type { Engine } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';

/** Unknowns that are solved for one after the other; above, half of them at a time, by matrix products. */
const BASE = 16;

/** A square triangular matrix, row-major. What lies on its other side is not looked at. */
export interface Triangle {
  readonly values: Float64Array;
  readonly size: number;
  /** Elements between rows; default: size. */
  readonly stride?: number;
  readonly shape: 'lower' | 'upper';
}

interface Rights {
  readonly values: Float64Array;
  readonly count: number;
  readonly stride: number;
}

/**
 * Solves T·x = b, or Tᵀ·x = b where `transposed`, for right sides that lie as rows, in place. Both matrices lie in the
 * engine's memory. Halves solve and are taken from one another by matrix products, so the bits do not depend on threads.
 * @throws LanewiseError `data` where an element of the diagonal is 0.
 */
export async function solveTriangular(
  engine: Engine,
  triangle: Triangle,
  rights: Float64Array,
  count: number,
  options: { transposed?: boolean; stride?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { values, size, stride = size, shape } = triangle;
  for (let i = 0; i < size; i++) {
    if (values[i * (stride + 1)] === 0) {
      throw new LanewiseError('data', `Expected a triangle that can be inverted but element ${i} of its diagonal is 0`);
    }
  }
  const { transposed = false, signal } = options;
  const solver = new Solver(engine, values, stride, (shape === 'lower') !== transposed, transposed, signal);
  await solver.solve(0, size, { values: rights, count, stride: options.stride ?? size });
}

class Solver {
  readonly #engine: Engine;
  readonly #values: Float64Array;
  readonly #stride: number;
  /** Does what is solved with, transposed or not, have its elements below the diagonal? */
  readonly #forward: boolean;
  readonly #transposed: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor(
    engine: Engine,
    values: Float64Array,
    stride: number,
    forward: boolean,
    transposed: boolean,
    signal?: AbortSignal,
  ) {
    this.#engine = engine;
    this.#values = values;
    this.#stride = stride;
    this.#forward = forward;
    this.#transposed = transposed;
    this.#signal = signal;
  }

  /** Unknowns [from, to) of every right side. */
  async solve(from: number, to: number, rights: Rights): Promise<void> {
    if (to - from <= BASE) return this.#base(from, to, rights);
    const middle = from + BASE * Math.ceil((to - from) / 2 / BASE);
    const [first, second] = this.#forward ? [from, middle] : [middle, from];
    const ends = this.#forward ? [middle, to] : [to, middle];
    await this.solve(first, ends[0]!, rights);
    await this.#take(first, ends[0]!, second, ends[1]!, rights);
    await this.solve(second, ends[1]!, rights);
  }

  /** What the solved unknowns [from, to) explain is taken from the right sides of [start, end). */
  #take(from: number, to: number, start: number, end: number, { values, count, stride }: Rights): Promise<void> {
    const [row, column] = this.#transposed ? [from, start] : [start, from];
    const shape = {
      rows: count,
      columns: end - start,
      depth: to - from,
      form: this.#transposed ? 'plain' : 'right',
      aStride: stride,
      bStride: this.#stride,
      cStride: stride,
    } as const;
    const part = this.#values.subarray(row * this.#stride + column);
    const options = { update: 'subtract', signal: this.#signal } as const;
    return multiplyMatrices(this.#engine, shape, values.subarray(from), part, values.subarray(start), options);
  }

  #base(from: number, to: number, { values, count, stride }: Rights): void {
    const [matrix, line] = [this.#values, this.#stride];
    const [down, across] = this.#transposed ? [1, line] : [line, 1];
    for (let right = 0; right < count; right++) {
      const x = values.subarray(right * stride, right * stride + to);
      for (let step = 0; step < to - from; step++) {
        const i = this.#forward ? from + step : to - 1 - step;
        const [start, end] = this.#forward ? [from, i] : [i + 1, to];
        let sum = x[i]!;
        for (let j = start; j < end; j++) sum -= matrix[i * down + j * across]! * x[j]!;
        x[i] = sum / matrix[i * (line + 1)]!;
      }
    }
  }
}
