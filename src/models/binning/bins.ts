import type { ColumnToBin } from '../../engine/trees/trees.js';
import { numbersOf, type RegisterColumn } from '../../table/columns.js';

/** How the values of a feature become bins, and bins become thresholds or sets of categories. */
export interface FeatureBins {
  readonly name: string;
  readonly categorical: boolean;
  /** Numeric: thresholds between the bins; value ≤ edges[b] ⇔ bin ≤ b. Categorical: b + ½, over `binOfCode`. */
  readonly edges: Float64Array;
  /** Bins that are not "missing"; 0 where the feature has no value at all. */
  readonly binCount: number;
  /** Categorical: the bin of each code; NaN for the rare ones of too many, which share the bin of missing values. */
  readonly binOfCode?: Float64Array;
}

/** The column as the binning kernel reads it: categories as bins, labels never seen as missing. */
export function columnToBin(column: RegisterColumn, bins: FeatureBins): ColumnToBin {
  const { name, edges } = bins;
  if (column.type !== 'category') return { name, edges, values: numbersOf(column) };
  return { name, edges, values: binnedCategories(column, bins), derived: true };
}

/** The bin of each category, or, where they are numbers by their codes, the code; NaN for labels never seen. */
export function binnedCategories({ values, labels }: RegisterColumn, bins: FeatureBins): Float64Array {
  const count = labels?.length ?? 0;
  const binned = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) binned[row] = binnedCategory(values[row]!, count, bins);
  return binned;
}

/** The same of one of so many labels. */
export function binnedCategory(code: number, labelCount: number, { binOfCode }: FeatureBins): number {
  if (!(code < labelCount)) return Number.NaN;
  return binOfCode ? binOfCode[code]! : code;
}
