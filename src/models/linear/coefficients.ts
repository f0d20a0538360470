import type { Scaling } from '../../engine/linear-algebra.js';
import type { RegisterColumn } from '../../table/columns.js';

/** From the units of the design matrix to those of the data: outputs × columns coefficients, an intercept an output. */
export function originalUnits(
  scaled: Float64Array,
  scaledIntercepts: Float64Array,
  { shifts, scales }: Scaling,
): { coefficients: Float64Array; intercepts: Float64Array } {
  const count = scales.length;
  const coefficients = scaled.map((value, index) => value / scales[index % count]!);
  const intercepts = scaledIntercepts.map((value, k) => {
    let sum = value;
    for (let j = 0; j < count; j++) sum -= coefficients[k * count + j]! * shifts[j]!;
    return sum;
  });
  return { coefficients, intercepts };
}

/** The share of each feature in the standardised coefficients (absolute, added over the outputs). */
export function importancesOf(columns: readonly RegisterColumn[], scaled: Float64Array): Record<string, number> {
  const shares = new Float64Array(columns.length);
  scaled.forEach((value, index) => {
    shares[index % columns.length]! += Math.abs(value);
  });
  const total = shares.reduce((sum, share) => sum + share, 0);
  return Object.fromEntries(columns.map(({ name }, j) => [name, total > 0 ? shares[j]! / total : 0]));
}
