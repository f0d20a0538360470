import { BINS, HISTOGRAM_STRIDE, MISSING_BIN } from '../../kernels/tree-building.js';

/**
 * Features that share a column of bins, because no row has a bin other than the most frequent one in two of them
 * (exclusive feature bundling: Ke et al., LightGBM, NeurIPS 2017, with no conflict allowed). In a shared column, bin 0 says
 * that every feature has its most frequent bin; every other bin of a feature, and its missing values, have one of their own.
 */
export interface Bundles {
  /** Columns of bins, of single features and of bundles. */
  readonly columnCount: number;
  /** By column: its bins; 255 is missing in columns of single features alone. */
  readonly columnBins: readonly number[];
  readonly features: readonly BundledFeature[];
}

export interface BundledFeature {
  readonly column: number;
  /** Its first bin in a shared column; 0: it has the column to itself. */
  readonly first: number;
  readonly binCount: number;
  /** In a shared column: the bin that is not written. */
  readonly usual: number;
}

/** The bin in the shared column of a feature's bin. */
export function bundledBin({ first, usual, binCount }: BundledFeature, bin: number): number {
  if (bin === usual) return 0;
  if (bin === MISSING_BIN) return first + binCount - 1;
  return first + (bin < usual ? bin : bin - 1);
}

/** The bin of a feature, of that of its column. */
export function featureBin(feature: BundledFeature, bin: number): number {
  const { first, usual, binCount } = feature;
  if (first === 0) return bin;
  if (bin < first || bin >= first + binCount) return usual;
  if (bin === first + binCount - 1) return MISSING_BIN;
  return bin - first < usual ? bin - first : bin - first + 1;
}

/** Which bins of its column go left where these of the feature do. */
export function columnGoesLeft(feature: BundledFeature, goesLeft: Uint8Array): Uint8Array {
  if (feature.first === 0) return goesLeft;
  // Every bin of another feature says that this one has its most frequent bin.
  const out = new Uint8Array(BINS).fill(goesLeft[feature.usual]!);
  for (let bin = 0; bin < feature.binCount; bin++) out[bundledBin(feature, bin)] = goesLeft[bin]!;
  out[bundledBin(feature, MISSING_BIN)] = goesLeft[MISSING_BIN]!;
  return out;
}

/**
 * The histograms of all features, of those of the columns. What a shared column does not say of a feature is what is left
 * of the node's sums, which every column adds up to.
 */
export function splitHistogram({ features, columnBins }: Bundles, columns: Float64Array, out: Float64Array): void {
  const shortest = columnBins.indexOf(Math.min(...columnBins));
  for (let index = 0; index < features.length; index++) {
    const { first, column, binCount } = features[index]!;
    if (first === 0) copyPlanes(columns, column * HISTOGRAM_STRIDE, out, index * HISTOGRAM_STRIDE, binCount);
  }
  for (let plane = 0; plane < HISTOGRAM_STRIDE; plane += BINS) {
    const start = shortest * HISTOGRAM_STRIDE + plane;
    // No row of a shared column has the bin of missing values.
    let total = columns[start + MISSING_BIN]!;
    for (let bin = 0; bin < columnBins[shortest]!; bin++) total += columns[start + bin]!;
    for (let index = 0; index < features.length; index++) {
      const feature = features[index]!;
      if (feature.first === 0) continue;
      const from = feature.column * HISTOGRAM_STRIDE + plane;
      splitPlane(feature, columns, from, total, out, index * HISTOGRAM_STRIDE + plane);
    }
  }
}

/** All planes at once: this runs for every node. */
function copyPlanes(columns: Float64Array, from: number, out: Float64Array, to: number, binCount: number): void {
  for (let bin = 0; bin < binCount; bin++) copyBin(columns, from + bin, out, to + bin);
  copyBin(columns, from + MISSING_BIN, out, to + MISSING_BIN);
}

function copyBin(columns: Float64Array, from: number, out: Float64Array, to: number): void {
  out[to] = columns[from]!;
  out[to + BINS] = columns[from + BINS]!;
  out[to + 2 * BINS] = columns[from + 2 * BINS]!;
}

function splitPlane(
  { first, usual, binCount }: BundledFeature,
  columns: Float64Array,
  from: number,
  total: number,
  out: Float64Array,
  to: number,
): void {
  const start = from + first;
  let rest = total;
  for (let i = 0; i < binCount - 1; i++) {
    const sum = columns[start + i]!;
    out[to + (i < usual ? i : i + 1)] = sum;
    rest -= sum;
  }
  const missing = columns[start + binCount - 1]!;
  out[to + MISSING_BIN] = missing;
  out[to + usual] = rest - missing;
}
