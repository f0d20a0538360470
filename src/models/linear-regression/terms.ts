import {
  DoubleDoubleVectors,
  exponentOf,
  powerOfTwo,
  squareRoot,
  timesPowerOfTwo,
} from '../../engine/linear-algebra/double-double.js';
import type { RegisterColumn } from '../../table/columns.js';
import { fillUnit, type Unit, unitOf } from '../../table/unit.js';

/** A column of the design: a power of a feature's z; column −1 is the intercept. */
export interface Term {
  readonly column: number;
  readonly power: number;
}

/** What is regressed: terms of columns, on rows of weight above 0. */
export interface Design {
  readonly columns: readonly Float64Array[];
  readonly units: readonly Unit[];
  /** The intercept first, where there is one; then the powers of one column after the other. */
  readonly terms: readonly Term[];
  readonly intercept: boolean;
  readonly rowCount: number;
  /** Above 0; absent where every row weighs 1. */
  readonly weights?: Float64Array;
  /** Rounding of the stored numbers, by term, in its unit. */
  readonly noise: Float64Array;
}

/** The design of powers 1 … degree of each column (booleans have one). `rows` leaves out what weighs nothing. */
export function makeDesign(
  features: readonly RegisterColumn[],
  options: { degree: number; intercept: boolean; weights?: Float64Array; rows?: Uint32Array },
): Design {
  const { degree, intercept, rows } = options;
  const columns = features.map(({ values }) => takeRows(values, rows));
  const weights = options.weights && takeRows(options.weights, rows);
  const units = columns.map((values) => unitOf(values, intercept));
  const terms: Term[] = intercept ? [{ column: -1, power: 0 }] : [];
  features.forEach(({ type }, column) => {
    for (let power = 1; power <= (type === 'boolean' ? 1 : degree); power++) terms.push({ column, power });
  });
  const noise = Float64Array.from(terms, ({ column, power }) => {
    if (column < 0) return 0;
    const { largest, exponent } = units[column]!;
    return 2 ** -53 * power * timesPowerOfTwo(largest, -exponent);
  });
  return { columns, units, terms, intercept, rowCount: columns[0]!.length, weights, noise };
}

export function takeRows(values: Float64Array, rows: Uint32Array | undefined): Float64Array {
  return rows ? Float64Array.from(rows, (row) => values[row]!) : values;
}

/** Weights are taken as shares of this power of two. */
export function weightExponent(weights: Float64Array): number {
  return exponentOf(weights.reduce((most, weight) => Math.max(most, weight), 0));
}

/**
 * The terms of rows [start, end), one vector each, then the target in its unit; every row times the root of its weight
 * (the largest weight counts as about 1).
 * @param vectors where to; made for these rows if absent
 */
export function termVectors(
  { columns, units, terms, weights }: Design,
  target: Float64Array,
  unit: Unit,
  start: number,
  end: number,
  vectors = new DoubleDoubleVectors(terms.length + 2, end - start),
): DoubleDoubleVectors {
  const count = terms.length;
  let plain = 0;
  terms.forEach(({ column, power }, term) => {
    if (column < 0) {
      vectors.high.fill(1, term * vectors.length, (term + 1) * vectors.length);
      vectors.low.fill(0, term * vectors.length, (term + 1) * vectors.length);
    } else if (power === 1) {
      plain = term;
      fillUnit(columns[column]!.subarray(start, end), units[column]!, vectors, term);
    } else vectors.multiply(term - 1, plain, term);
  });
  fillUnit(target.subarray(start, end), unit, vectors, count);
  if (!weights) return vectors;
  const [first, second] = powerOfTwo(-weightExponent(weights));
  for (let i = 0; i < vectors.length; i++) {
    vectors.set(count + 1, i, squareRoot({ high: weights[start + i]! * first * second, low: 0 }));
  }
  for (let vector = 0; vector <= count; vector++) vectors.multiply(vector, count + 1, vector);
  return vectors;
}
