import { standardScaling } from '../../engine/row-matrix.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Model } from '../../table/interfaces.js';
import { importancesOf } from '../linear/coefficients.js';

/** Shares in the coefficients of scaled columns, over all outputs; nothing where no coefficient works. */
export async function spreadImportances(
  columns: readonly RegisterColumn[],
  coefficients: Float64Array,
  weights: Float64Array | undefined,
  signal?: AbortSignal,
): Promise<Pick<Model, 'importances'>> {
  const values = columns.map((column) => column.values);
  const { scales } = await standardScaling(values, { weights, centred: true, signal });
  const worth = coefficients.map((value, k) => value * scales[k % columns.length]!);
  return worth.some((value) => value !== 0) ? { importances: importancesOf(columns, worth) } : {};
}
