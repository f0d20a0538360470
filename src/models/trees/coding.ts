import { sortNumbers } from '../../engine/sort.js';
import type { ColumnToCode } from '../../engine/trees/codes.js';
import { Breather } from '../../engine/turn.js';
import { quantileEdges } from '../../kernels/tree-binning.js';
import type { RegisterColumn } from '../../table/columns.js';
import { midpoints } from '../binning/edges.js';
import { type BinningOptions, binnedCategories, type FeatureBins, findBins } from '../binning/index.js';

/** Rows up to which every distinct value has a code of its own unless `maxBins` says otherwise. */
const EXACT_ROWS = 50_000;
const EXACT_BINS = 65_535;
const BYTE_BINS = 255;

export interface CodingOptions extends Omit<BinningOptions, 'maxBins'> {
  readonly maxBins: number | null;
}

/**
 * The bins of every feature: of `maxBins` at most, or, null, of every distinct value in up to 50,000 rows (then splits are
 * those of an exact search) and of 255 beyond. Categories have codes of their own, but for the rare ones of more than 255.
 */
export async function findCodes(
  features: readonly RegisterColumn[],
  rows: Uint32Array,
  { maxBins, ...options }: CodingOptions,
  signal?: AbortSignal,
): Promise<FeatureBins[]> {
  const most = maxBins ?? (rows.length <= EXACT_ROWS ? EXACT_BINS : BYTE_BINS);
  const bins = await findBins(features, rows, { ...options, maxBins: Math.min(most, BYTE_BINS) }, signal);
  if (most <= BYTE_BINS || options.binning === 'uniform') return bins;
  const breather = new Breather();
  const found: FeatureBins[] = [];
  for (const [index, column] of features.entries()) {
    // With fewer edges than that, every distinct value has a bin already.
    const few = bins[index]!.categorical || bins[index]!.binCount < BYTE_BINS;
    found.push(few ? bins[index]! : exactBins(column, rows, most));
    await breather.breathe(signal);
  }
  return found;
}

/** A bin for every distinct value, or, of more than `most`, bins of about equal numbers of rows. */
function exactBins({ name, values, labels }: RegisterColumn, rows: Uint32Array, most: number): FeatureBins {
  const below = labels?.length ?? Number.POSITIVE_INFINITY;
  const present = Float64Array.from(rows, (row) => values[row]!).filter(
    (value) => value < below || value === Number.POSITIVE_INFINITY,
  );
  const sorted = sortNumbers(present);
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const edges = distinct.length <= most ? midpoints(distinct) : quantileEdges(sorted, most);
  return { name, categorical: false, edges, binCount: edges.length + 1 };
}

/** A column as trees see it: numbers as they are, categories by the codes of their bins. */
export function columnToCode(column: RegisterColumn, bins: FeatureBins): ColumnToCode {
  const values = column.type === 'category' ? binnedCategories(column, bins) : column.values;
  return { values, edges: bins.edges, categorical: bins.categorical };
}
