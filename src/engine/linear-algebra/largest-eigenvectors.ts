import { LanewiseError } from '../../errors.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';
import { stream } from '../random.js';
import { type SymmetricEigen, symmetricEigen } from './symmetric-eigen.js';

/** A symmetric matrix that is known by what it does to vectors. */
export interface SymmetricOperator {
  readonly size: number;
  /** out = matrix · vectors; both hold `count` vectors of `size`, one after the other, in the engine's memory. */
  multiply(vectors: Float64Array, out: Float64Array, count: number, signal?: AbortSignal): Promise<void>;
}

export interface LargestOptions {
  /** Eigenvalues that are wanted, the largest first. */
  readonly count: number;
  readonly seed: number;
  /** Each |A·v − λ·v| is no larger than this, for unit vectors v. Default 1e-9. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

/** Vectors of the basis before it begins anew from the best. */
const MOST_VECTORS = 160;
const MOST_PRODUCTS = 4000;

/**
 * The largest eigenvalues of a symmetric matrix, with unit eigenvectors: block Lanczos with full orthogonalisation, begun anew
 * from the best vectors where the basis is full (Stathopoulos and Saad, 1998). Blocks find eigenvalues that stand there
 * several times over. The same seed gives the same bits.
 * @throws LanewiseError `data` where the vectors do not converge
 */
export async function largestEigenvectors(
  engine: Engine,
  operator: SymmetricOperator,
  { count, seed, tolerance = 1e-9, signal }: LargestOptions,
): Promise<SymmetricEigen> {
  const { size } = operator;
  using scope = engine.arena.scope();
  const block = Math.min(size, count + 2);
  const most = Math.min(size, Math.max(MOST_VECTORS, 4 * block));
  const basis = new Basis(engine, scope, operator, most, seed);
  await basis.extend(undefined, block, signal);
  let products = block;
  while (products < MOST_PRODUCTS) {
    const { values, vectors, residuals } = await basis.best(count, signal);
    if (Math.max(...residuals) <= tolerance || basis.count === size) return { values, vectors };
    if (basis.count + block > most) await basis.restart(Math.min(most - block, 2 * block), signal);
    await basis.extend('next', block, signal);
    products += block;
  }
  throw new LanewiseError('data', `Expected eigenvectors within ${tolerance} after ${MOST_PRODUCTS} products`);
}

/** Orthonormal vectors Q, and A·Q. */
class Basis {
  count = 0;
  readonly #engine: Engine;
  readonly #operator: SymmetricOperator;
  readonly #vectors: Float64Array;
  readonly #images: Float64Array;
  readonly #spare: Float64Array;
  readonly #small: Float64Array;
  readonly #random: ReturnType<typeof stream>;
  /** Vectors of the last extension: their images go on. */
  #last = 0;
  #lastStart = 0;
  readonly #most: number;

  constructor(engine: Engine, scope: Scope, operator: SymmetricOperator, most: number, seed: number) {
    this.#engine = engine;
    this.#operator = operator;
    this.#most = most;
    this.#vectors = scope.allocate('f64', most * operator.size);
    this.#images = scope.allocate('f64', most * operator.size);
    this.#spare = scope.allocate('f64', most * operator.size);
    this.#small = scope.allocate('f64', most * most);
    this.#random = stream(seed, 'eigenvectors');
  }

  /** Adds up to `block` directions: random ones, or what A makes of those added last. */
  async extend(from: 'next' | undefined, block: number, signal?: AbortSignal): Promise<void> {
    const { size } = this.#operator;
    const width = Math.min(block, this.#most - this.count);
    for (let b = 0; b < width; b++) {
      const to = this.#vector(this.#vectors, this.count);
      if (from && b < this.#last) to.set(this.#vector(this.#images, this.#lastStart + b));
      else for (let i = 0; i < size; i++) to[i] = this.#random.normal();
      for (let attempt = 0; !(await this.#orthonormalize(this.count, signal)) && attempt < 3; attempt++) {
        for (let i = 0; i < size; i++) to[i] = this.#random.normal();
      }
      this.count++;
    }
    const first = (this.count - width) * size;
    const [added, images] = [this.#vectors.subarray(first), this.#images.subarray(first)];
    await this.#operator.multiply(added, images, width, signal);
    this.#last = width;
    this.#lastStart = this.count - width;
  }

  /** Takes from vector k what lies along those before, twice, and brings it to length 1; false where nothing is left. */
  async #orthonormalize(k: number, signal?: AbortSignal): Promise<boolean> {
    const { size } = this.#operator;
    const vector = this.#vector(this.#vectors, k);
    const before = lengthOf(vector);
    for (let pass = 0; pass < 2 && k > 0; pass++) {
      const along = this.#small.subarray(0, k);
      await multiplyMatrices(
        this.#engine,
        { rows: 1, columns: k, depth: size, form: 'right' },
        vector,
        this.#vectors,
        along,
        { signal },
      );
      await multiplyMatrices(this.#engine, { rows: 1, columns: size, depth: k }, along, this.#vectors, this.#spare, {
        signal,
      });
      for (let i = 0; i < size; i++) vector[i] = vector[i]! - this.#spare[i]!;
    }
    const length = lengthOf(vector);
    if (!(length > 1e-10 * before) || length === 0) return false;
    for (let i = 0; i < size; i++) vector[i] = vector[i]! / length;
    return true;
  }

  /** The best approximations within the basis (Rayleigh and Ritz), and how far A takes each from a multiple of itself. */
  async best(wanted: number, signal?: AbortSignal): Promise<SymmetricEigen & { residuals: number[] }> {
    const { size } = this.#operator;
    const { values, turned, images } = await this.#ritz(wanted, signal);
    const residuals = Array.from({ length: wanted }, (_, e) => {
      let square = 0;
      for (let i = e * size; i < (e + 1) * size; i++) square += (images[i]! - values[e]! * turned[i]!) ** 2;
      return Math.sqrt(square);
    });
    return { values: values.slice(0, wanted), vectors: turned.slice(0, wanted * size), residuals };
  }

  /** Keeps the best vectors alone. */
  async restart(kept: number, signal?: AbortSignal): Promise<void> {
    const { size } = this.#operator;
    const { turned, images } = await this.#ritz(kept, signal);
    this.#vectors.set(turned.subarray(0, kept * size));
    this.#images.set(images.subarray(0, kept * size));
    this.count = kept;
    this.#lastStart = 0;
    this.#last = kept;
  }

  async #ritz(wanted: number, signal?: AbortSignal) {
    const { size } = this.#operator;
    const { count } = this;
    const square = this.#small.subarray(0, count * count);
    await multiplyMatrices(
      this.#engine,
      { rows: count, columns: count, depth: size, form: 'right' },
      this.#vectors,
      this.#images,
      square,
      { signal },
    );
    // Equal up to rounding to begin with.
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < i; k++) {
        const mean = (square[i * count + k]! + square[k * count + i]!) / 2;
        square[i * count + k] = mean;
        square[k * count + i] = mean;
      }
    }
    const { values, vectors } = await symmetricEigen(this.#engine, square, count, signal);
    this.#small.set(vectors.subarray(0, wanted * count));
    const turn = { rows: wanted, columns: size, depth: count };
    await multiplyMatrices(this.#engine, turn, this.#small, this.#vectors, this.#spare, { signal });
    const turned = this.#spare.slice(0, wanted * size);
    await multiplyMatrices(this.#engine, turn, this.#small, this.#images, this.#spare, { signal });
    return { values, turned, images: this.#spare.slice(0, wanted * size) };
  }

  #vector(vectors: Float64Array, k: number): Float64Array {
    const { size } = this.#operator;
    return vectors.subarray(k * size, (k + 1) * size);
  }
}

function lengthOf(vector: Float64Array): number {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += vector[i]! * vector[i]!;
  return Math.sqrt(square);
}
