import type { BundledFeature, Bundles } from '../../engine/trees/bundles.js';
import { type ColumnToBin, usualRange } from '../../engine/trees/trees.js';
import { Breather } from '../../engine/turn.js';
import { numbersOf, type RegisterColumn } from '../../table/columns.js';
import { binnedCategory, columnToBin, type FeatureBins } from './bins.js';

/** Rows by which columns are taken to be sparse or not. */
const LOOKED_AT = 2_048;
/** A column with more rows than this share off its most frequent bin is not worth bundling. */
const MOST_UNUSUAL = 0.3;
/** Bins of a column: 255 is never used in a shared one. */
const COLUMN_BINS = 255;
/** Bundles that a feature is tried in. */
const MOST_TRIED = 64;

/** A feature that few rows have something to say of. */
interface Sparse {
  readonly feature: number;
  readonly usual: number;
  readonly unusualShare: number;
}

interface Bundle {
  readonly members: Sparse[];
  /** Rows in which one of them is not as usual, a bit a row. */
  readonly rows: Uint32Array;
  bins: number;
}

/**
 * Features that can share columns, by all rows that will be binned (`parts`: tables of the same columns, one behind the
 * other); undefined where that saves nothing. Whether features share a column changes no model.
 */
export async function findBundles(
  parts: readonly (readonly RegisterColumn[])[],
  bins: readonly FeatureBins[],
  signal?: AbortSignal,
): Promise<Bundles | undefined> {
  const sparse = bins.flatMap((feature, index) => {
    return sparseFeature(parts[0]![index]!, feature, index) ?? [];
  });
  if (sparse.length < 2) return undefined;
  const breather = new Breather();
  const rowCount = parts.reduce((sum, columns) => sum + columns[0]!.values.length, 0);
  const bundles: Bundle[] = [];
  // Features of many rows first: they are the hardest to place.
  for (const candidate of sparse.sort((a, b) => b.unusualShare - a.unusualShare || a.feature - b.feature)) {
    const rows = unusualRows(
      parts.map((columns) => columnToBin(columns[candidate.feature]!, bins[candidate.feature]!)),
      candidate.usual,
      rowCount,
    );
    const needed = bins[candidate.feature]!.binCount;
    const bundle = bundles
      .slice(-MOST_TRIED)
      .find((open) => open.bins + needed <= COLUMN_BINS && !meet(open.rows, rows));
    if (bundle) {
      for (let word = 0; word < rows.length; word++) bundle.rows[word]! |= rows[word]!;
      bundle.members.push(candidate);
      bundle.bins += needed;
    } else bundles.push({ members: [candidate], rows, bins: 1 + needed });
    await breather.breathe(signal);
  }
  return assemble(
    bins,
    bundles.filter(({ members }) => members.length > 1),
  );
}

/** A feature whose most frequent bin nearly all of some rows have, evenly chosen. */
function sparseFeature(column: RegisterColumn, bins: FeatureBins, feature: number): Sparse | undefined {
  if (bins.binCount < 1) return undefined;
  const values = numbersOf(column);
  const labelCount = column.labels?.length ?? 0;
  const isCategory = column.type === 'category';
  const counts = new Uint32Array(bins.edges.length + 1);
  const looked = Math.min(LOOKED_AT, values.length);
  let [most, usual] = [0, 0];
  for (let i = 0; i < looked; i++) {
    // Not even if all that follow had the most frequent bin.
    if (1 - (most + looked - i) / looked > MOST_UNUSUAL) return undefined;
    const read = values[Math.floor((i * values.length) / looked)]!;
    const value = isCategory ? binnedCategory(read, labelCount, bins) : read;
    if (Number.isNaN(value)) continue;
    const bin = edgesBelow(bins.edges, value);
    counts[bin]!++;
    const count = counts[bin]!;
    if (count > most) [most, usual] = [count, bin];
  }
  const unusualShare = looked > 0 ? 1 - most / looked : 1;
  return unusualShare <= MOST_UNUSUAL ? { feature, usual, unusualShare } : undefined;
}

function edgesBelow(edges: Float64Array, value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A bit for each row whose bin is not the usual one; a missing value has another bin. */
function unusualRows(columns: readonly ColumnToBin[], usual: number, rowCount: number): Uint32Array {
  const rows = new Uint32Array(Math.ceil(rowCount / 32));
  let row = 0;
  for (const { values, edges } of columns) {
    const [above, atMost] = usualRange(edges, usual);
    for (let i = 0; i < values.length; i++, row++) {
      const value = values[i]!;
      if (value <= above || !(value <= atMost)) rows[row >>> 5]! |= 1 << (row & 31);
    }
  }
  return rows;
}

function meet(a: Uint32Array, b: Uint32Array): boolean {
  for (let word = 0; word < a.length; word++) if ((a[word]! & b[word]!) !== 0) return true;
  return false;
}

/** Columns in the order of their first features. */
function assemble(bins: readonly FeatureBins[], bundles: readonly Bundle[]): Bundles | undefined {
  if (bundles.length === 0) return undefined;
  const bundleOf = new Map(
    bundles.flatMap((bundle) => bundle.members.map(({ feature }) => [feature, bundle] as const)),
  );
  const columns = new Map<Bundle, number>();
  const columnBins: number[] = [];
  const features: BundledFeature[] = [];
  bins.forEach(({ binCount }, feature) => {
    const bundle = bundleOf.get(feature);
    if (!bundle) {
      features.push({ column: columnBins.push(binCount) - 1, first: 0, binCount, usual: 0 });
      return;
    }
    let column = columns.get(bundle);
    if (column === undefined) columns.set(bundle, (column = columnBins.push(1) - 1));
    const { usual } = bundle.members.find((member) => member.feature === feature)!;
    features.push({ column, first: columnBins[column]!, binCount, usual });
    columnBins[column]! += binCount;
  });
  return { columnCount: columnBins.length, columnBins, features };
}
