import { Breather } from '../turn.js';
import type { Cholesky } from './cholesky.js';

/** L⁻¹, row-major: the square root of the inverse of L·Lᵀ. */
export async function invertLower({ lower, size }: Cholesky, signal?: AbortSignal): Promise<Float64Array> {
  const breather = new Breather();
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const diagonal = lower[i * size + i]!;
    for (let k = 0; k < i; k++) {
      const share = lower[i * size + k]! / diagonal;
      if (share === 0) continue;
      for (let j = 0; j <= k; j++) inverse[i * size + j]! -= share * inverse[k * size + j]!;
    }
    inverse[i * size + i] = 1 / diagonal;
    await breather.breathe(signal);
  }
  return inverse;
}
