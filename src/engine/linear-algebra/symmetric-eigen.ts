import { throwIfCancelled } from '../../errors.js';
import { turnEventLoop } from '../turn.js';

/**
 * Eigenvalues and eigenvectors (columns, row-major) of a symmetric matrix by Jacobi's cyclic rotations: slow, and
 * accurate for small eigenvalues, which is what singular systems need.
 */
export async function symmetricEigen(
  matrix: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotated = rotate(a, vectors, size, p, q) || rotated;
      if (p % 16 === 15) {
        throwIfCancelled(signal);
        await turnEventLoop();
      }
    }
    if (!rotated) break;
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): boolean {
  const off = a[p * size + q]!;
  const [app, aqq] = [a[p * size + p]!, a[q * size + q]!];
  if (Math.abs(off) <= 1e-17 * Math.sqrt(Math.abs(app * aqq)) || off === 0) return false;
  const theta = (aqq - app) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) {
    const [akp, akq] = [a[k * size + p]!, a[k * size + q]!];
    a[k * size + p] = c * akp - s * akq;
    a[k * size + q] = s * akp + c * akq;
  }
  for (let k = 0; k < size; k++) {
    const [apk, aqk] = [a[p * size + k]!, a[q * size + k]!];
    a[p * size + k] = c * apk - s * aqk;
    a[q * size + k] = s * apk + c * aqk;
    const [vkp, vkq] = [vectors[k * size + p]!, vectors[k * size + q]!];
    vectors[k * size + p] = c * vkp - s * vkq;
    vectors[k * size + q] = s * vkp + c * vkq;
  }
  return true;
}

/** The shortest of the least-squares solutions of a symmetric positive semidefinite system: directions of no weight stay 0. */
export async function solveSemidefinite(
  matrix: Float64Array,
  size: number,
  b: Float64Array,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { values, vectors } = await symmetricEigen(matrix, size, signal);
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  const x = new Float64Array(size);
  for (let e = 0; e < size; e++) {
    if (values[e]! <= 1e-12 * largest) continue;
    let share = 0;
    for (let i = 0; i < size; i++) share += vectors[i * size + e]! * b[i]!;
    share /= values[e]!;
    for (let i = 0; i < size; i++) x[i]! += share * vectors[i * size + e]!;
  }
  return x;
}
