import type { Engine } from '../../engine/engine.js';
import { scatterOf } from '../../engine/linear-algebra/scatter.js';
import { cholesky, choleskySolve, type Scaling } from '../../engine/linear-algebra.js';
import type { Solution } from './solve.js';

/** From here on, reading the rows again costs more than all the rest. */
const MANY_ROWS = 65_536;
/** Pivots of columns of unit deviation: above, no more than three digits are lost. */
const WELL_CONDITIONED = 1e-3;

/**
 * Least squares with an intercept, of many rows, from the scatter of columns and target alone, which reads them once. Undefined
 * where that could lose digits (columns nearly collinear or constant, a fit nearly exact) or a value is missing.
 */
export async function solveByScatter(
  engine: Engine,
  columns: readonly Float64Array[],
  target: Float64Array,
  alpha: number,
  signal?: AbortSignal,
): Promise<(Solution & { readonly scaling: Scaling; readonly mean: number }) | undefined> {
  const [rows, count] = [target.length, columns.length];
  if (rows < MANY_ROWS || rows < 10 * count) return undefined;
  const { means, products } = await scatterOf(engine, [...columns, target], signal);
  const size = count + 1;
  const scales = Float64Array.from(columns, (_, j) => Math.sqrt(products[j * (size + 1)]! / rows));
  if (!scales.every((scale, j) => scale > 1e-8 * Math.abs(means[j]!) && scale > 1e-100 && scale < 1e100))
    return undefined;
  const unpenalized = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) unpenalized[i * count + j] = products[i * size + j]! / scales[i]! / scales[j]!;
  }
  const gram = unpenalized.slice();
  for (let j = 0; j < count; j++) gram[j * (count + 1)]! += alpha / (scales[j]! * scales[j]!);
  const factor = await cholesky(engine, gram, count, { tolerance: WELL_CONDITIONED, signal });
  if (!factor) return undefined;
  const right = scales.map((scale, j) => products[j * size + count]! / scale);
  const coefficients = choleskySolve(factor, right);
  const whole = products[size * size - 1]!;
  let left = whole;
  for (let i = 0; i < count; i++) {
    let inner = 0;
    for (let j = 0; j < count; j++) inner += unpenalized[i * count + j]! * coefficients[j]!;
    left += coefficients[i]! * (inner - 2 * right[i]!);
  }
  if (!(left > 1e-6 * whole)) return undefined;
  const scaling = { shifts: means.slice(0, count), scales };
  return { coefficients, singular: false, loss: left / 2 / rows, scaling, mean: means[count]! };
}
