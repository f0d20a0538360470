import { Breather } from '../turn.js';
import {
  add,
  type DoubleDouble,
  divide,
  multiply,
  negate,
  ONE,
  squareRoot,
  subtract,
  toNumber,
  type Vectors,
  ZERO,
} from './double-double.js';

/** A column that the columns before it give, to rounding. */
export interface Dependence {
  readonly column: number;
  /** column ≈ Σ factors[i] · independent[i]. */
  readonly factors: readonly number[];
}

/** Q·R of the independent columns, in their order; the others as combinations of them. */
export interface Factorization {
  readonly independent: readonly number[];
  readonly dependent: readonly Dependence[];
  /** upper[i]: column i's entries in R (of a dependent column: its entries in the rows of those before it). */
  readonly upper: readonly (readonly DoubleDouble[])[];
  /** Qᵀ · vector, in place. */
  readonly reflect: (vector: number, signal?: AbortSignal) => Promise<void>;
}

interface Reflector {
  readonly vector: number;
  readonly from: number;
  /** 2 / |v|² */
  readonly factor: DoubleDouble;
}

/**
 * Householder's QR of the first `count` vectors, in place, each column reflected by those before it and then, where
 * anything is left of it that rounding does not explain, made a reflector itself (Golub and Van Loan, Matrix
 * Computations, 5.2.1; columns that depend on earlier ones are set aside as LINPACK's dqrdc2 of R does).
 * @param noise by column, the rounding error that every element may have: a rest of this size is taken for nothing
 * @param unit the norm of a column of ones, weighted as the columns are
 */
export async function householder(
  vectors: Vectors,
  count: number,
  { noise, unit, signal }: { noise: Float64Array; unit: number; signal?: AbortSignal },
): Promise<Factorization> {
  const breather = new Breather();
  const reflectors: Reflector[] = [];
  const independent: number[] = [];
  const dependent: Dependence[] = [];
  const upper: DoubleDouble[][] = [];
  // A column of which so much is left needs no closer look.
  const plenty = 2 ** 20 * unit * noise.reduce((most, value) => Math.max(most, value), 0);
  const reflect = async (vector: number, stop = signal) => {
    for (const { vector: v, from, factor } of reflectors) {
      const share = multiply(factor, vectors.dot(v, vector, from));
      vectors.addMultiple(negate(share), v, vector, from);
      await breather.breathe(stop);
    }
  };
  for (let column = 0; column < count; column++) {
    await reflect(column);
    const from = independent.length;
    const above = Array.from({ length: Math.min(from, vectors.length) }, (_, i) => vectors.get(column, i));
    const square = from < vectors.length ? vectors.dot(column, column, from) : ZERO;
    const rest = squareRoot(square);
    upper.push(above);
    if (!(rest.high > plenty)) {
      const factors = combine(independent, upper, above);
      const explained = factors.reduce((sum, value, i) => sum + Math.abs(value) * noise[independent[i]!]!, 0);
      if (!(rest.high > 8 * (noise[column]! + explained) * unit)) {
        dependent.push({ column, factors });
        continue;
      }
    }
    const first = vectors.get(column, from);
    const diagonal = first.high > 0 ? negate(rest) : rest;
    vectors.set(column, from, subtract(first, diagonal));
    // |v|² = 2·(|x|² + |x₀|·|x|)
    const half = add(square, multiply(rest, first.high < 0 ? negate(first) : first));
    reflectors.push({ vector: column, from, factor: divide(ONE, half) });
    above.push(diagonal);
    independent.push(column);
  }
  return { independent, dependent, upper, reflect };
}

/** R⁻¹ · right, to the accuracy of doubles: by how much of each column another one is made up. */
function combine(
  independent: readonly number[],
  upper: readonly (readonly DoubleDouble[])[],
  right: readonly DoubleDouble[],
): number[] {
  const x = right.map(toNumber);
  for (let i = x.length - 1; i >= 0; i--) {
    const column = upper[independent[i]!]!;
    const value = (x[i] = x[i]! / toNumber(column[i]!));
    for (let k = 0; k < i; k++) x[k]! -= toNumber(column[k]!) * value;
  }
  return x;
}

/** Solves R·x = right for the independent columns. */
export function solveUpper(
  { independent, upper }: Pick<Factorization, 'independent' | 'upper'>,
  right: readonly DoubleDouble[],
): DoubleDouble[] {
  const x = [...right];
  for (let i = independent.length - 1; i >= 0; i--) {
    const column = upper[independent[i]!]!;
    const value = (x[i] = divide(x[i]!, column[i]!));
    for (let k = 0; k < i; k++) x[k] = subtract(x[k]!, multiply(column[k]!, value));
  }
  return x;
}
