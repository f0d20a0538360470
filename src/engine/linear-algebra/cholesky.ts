import { throwIfCancelled } from '../../errors.js';
import type { Engine } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';
import { turnEventLoop } from '../turn.js';
import { solveTriangular } from './triangular.js';

/** Rows that are factorised one after the other; above, half of them at a time, by matrix products. */
const BASE = 48;
/** Rows of a stripe of the symmetric product: what lies right of its diagonal block is not computed. */
const STRIPE = 192;

/** A lower triangular factor L of a symmetric positive definite matrix L·Lᵀ, row-major. */
export interface Cholesky {
  readonly lower: Float64Array;
  readonly size: number;
}

/**
 * Factorises; undefined where a pivot falls below `tolerance` of its diagonal, that is, where the matrix is singular to
 * working precision. Halves are factorised and taken from one another by matrix products (Elmroth, Gustavson, "Applying
 * recursion to serial and parallel QR factorization", 2000, for Cholesky).
 */
export async function cholesky(
  engine: Engine,
  matrix: Float64Array,
  size: number,
  options: { tolerance?: number; signal?: AbortSignal } = {},
): Promise<Cholesky | undefined> {
  using scope = engine.arena.scope();
  const values = scope.copy('f64', matrix);
  const diagonal = Float64Array.from({ length: size }, (_, i) => matrix[i * (size + 1)]!);
  const work = { engine, values, size, diagonal, tolerance: options.tolerance ?? 1e-13, signal: options.signal };
  if (!(await factorize(work, 0, size))) return undefined;
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) lower.set(values.subarray(i * size, i * size + i + 1), i * size);
  return { lower, size };
}

interface Work {
  readonly engine: Engine;
  readonly values: Float64Array;
  readonly size: number;
  /** The diagonal of the matrix that was given: what a pivot is held against. */
  readonly diagonal: Float64Array;
  readonly tolerance: number;
  readonly signal: AbortSignal | undefined;
}

/** Rows and columns [from, to): whether every pivot is usable. */
async function factorize(work: Work, from: number, to: number): Promise<boolean> {
  if (to - from <= BASE) {
    throwIfCancelled(work.signal);
    if (work.size > 4 * BASE) await turnEventLoop();
    return factorizeBase(work, from, to);
  }
  const { engine, values, size, signal } = work;
  const middle = from + BASE * Math.ceil((to - from) / 2 / BASE);
  if (!(await factorize(work, from, middle))) return false;
  const triangle = {
    values: values.subarray(from * (size + 1)),
    size: middle - from,
    stride: size,
    shape: 'lower',
  } as const;
  const below = values.subarray(middle * size + from);
  await solveTriangular(engine, triangle, below, to - middle, { stride: size, signal });
  for (let i = middle; i < to; i += STRIPE) {
    const end = Math.min(to, i + STRIPE);
    const shape = {
      rows: end - i,
      columns: end - middle,
      depth: middle - from,
      form: 'right',
      aStride: size,
      bStride: size,
      cStride: size,
    } as const;
    const [stripe, out] = [values.subarray(i * size + from), values.subarray(i * size + middle)];
    await multiplyMatrices(engine, shape, stripe, below, out, { update: 'subtract', signal });
  }
  return factorize(work, middle, to);
}

function factorizeBase({ values, size, diagonal, tolerance }: Work, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const row = values.subarray(i * size, i * size + size);
    for (let j = from; j <= i; j++) {
      const other = values.subarray(j * size, j * size + size);
      let rest = row[j]!;
      for (let k = from; k < j; k++) rest -= row[k]! * other[k]!;
      if (j < i) row[j] = rest / other[j]!;
      else {
        if (!(rest > tolerance * diagonal[i]!)) return false;
        row[i] = Math.sqrt(rest);
      }
    }
  }
  return true;
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

/** Solves L·Lᵀ·x = b for `count` right sides that lie as rows; the solutions lie as rows too. */
export async function choleskySolveMany(
  engine: Engine,
  { lower, size }: Cholesky,
  rights: Float64Array,
  count: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  using scope = engine.arena.scope();
  const triangle = { values: scope.copy('f64', lower), size, shape: 'lower' } as const;
  const x = scope.copy('f64', rights);
  await solveTriangular(engine, triangle, x, count, { signal });
  await solveTriangular(engine, triangle, x, count, { transposed: true, signal });
  return x.slice();
}
