/**
 * XGBoost rounds a value to f32 and goes left where it is below the threshold; Lanewise compares in f64 and goes left where it
 * is not above. Rounding is monotone, so each f32 threshold has one f64 threshold that parts all f64 values in the same way.
 */

const bits = new DataView(new ArrayBuffer(8));

/** The nearest f32 below, of an f32; of −Infinity itself. */
export function previousF32(value: number): number {
  if (value === -Infinity) return value;
  if (value === 0) return -(2 ** -149);
  bits.setFloat32(0, value);
  bits.setInt32(0, bits.getInt32(0) + (value > 0 ? -1 : 1));
  return bits.getFloat32(0);
}

/** The nearest f32 above, of an f32; of Infinity itself. */
export function nextF32(value: number): number {
  return -previousF32(-value);
}

/** The nearest f64 below, of a finite f64. */
export function previousF64(value: number): number {
  if (value === 0) return -(2 ** -1074);
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return bits.getFloat64(0);
}

/** The greatest f64 whose f32 is below the f32 `threshold`; undefined for −Infinity, below which nothing is. */
export function thresholdFromF32(threshold: number): number | undefined {
  if (threshold === -Infinity) return undefined;
  const below = previousF32(threshold);
  if (below === -Infinity) return below;
  // Halfway, exact in f64, rounds to the even one of the two; beyond the greatest f32 the step goes on as if there were more.
  const upper = threshold === Infinity ? 2 ** 128 : threshold;
  const halfway = below / 2 + upper / 2;
  return Math.fround(halfway) < threshold ? halfway : previousF64(halfway);
}

/**
 * The f32 threshold of XGBoost's that parts all f32 values as `≤ threshold` does in f64. Other values may change sides: those
 * between the f64 threshold and `thresholdFromF32` of the answer.
 */
export function thresholdToF32(threshold: number): number {
  const rounded = Math.fround(threshold);
  return rounded <= threshold ? nextF32(rounded) : rounded;
}
