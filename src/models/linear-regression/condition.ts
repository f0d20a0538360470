import type { DoubleDoubleVectors } from '../../engine/linear-algebra/double-double.js';

/** Beyond so many terms its cost, their number cubed some times over, is not worth the number. */
const MOST_TERMS = 128;

/**
 * Largest over smallest singular value of the inverse factor, by one-sided Jacobi rotations (Hestenes 1958), which find
 * small ones as accurately as large ones where the columns' sizes are what differs. NaN for more than 128 terms.
 */
export function conditionNumber(rows: DoubleDoubleVectors, rank: number): number {
  if (rank > MOST_TERMS) return Number.NaN;
  // The columns to be made orthogonal: one a term.
  const vectors = Array.from({ length: rank }, (_, term) =>
    Float64Array.from({ length: rank }, (_, i) => rows.high[term * rows.length + i]!),
  );
  for (let sweep = 0; sweep < 40; sweep++) {
    let rotated = false;
    for (let p = 0; p < rank - 1; p++) {
      for (let q = p + 1; q < rank; q++) rotated = orthogonalise(vectors[p]!, vectors[q]!) || rotated;
    }
    if (!rotated) break;
  }
  const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  return Math.max(...lengths) / Math.min(...lengths);
}

function orthogonalise(a: Float64Array, b: Float64Array): boolean {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (!(Math.abs(ab) > 1e-15 * Math.sqrt(aa) * Math.sqrt(bb))) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = c * t;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    a[i] = c * x - s * y;
    b[i] = s * x + c * y;
  }
  return true;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
