import { throwIfCancelled } from '../../errors.js';
import type { Engine } from '../engine.js';
import { turnEventLoop } from '../turn.js';

const BYTES = 8;

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
