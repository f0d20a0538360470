/** Sorting and quantiles of columns; nothing here changes its input. */

/** Row indices by ascending value; equal values keep the order of their rows; NaN last. */
export function sortedRows(values: Float64Array): Uint32Array {
  const rows = new Uint32Array(values.length);
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  return rows.sort((a, b) => compare(values[a]!, values[b]!) || a - b);
}

function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** The values that are numbers, ascending. */
export function sortedFinite(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value)).sort();
}

/** The quantile of ascending values with linear interpolation (NumPy's default); NaN where there are none. */
export function quantileOfSorted(sorted: Float64Array, probability: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  const share = position - below;
  if (share === 0 || low === high) return low;
  // NumPy's form: interpolate from the nearer end, so that the result is monotone.
  return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}

export function quantile(values: Float64Array, probability: number): number {
  return quantileOfSorted(sortedFinite(values), probability);
}

export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values), 0.5);
}
