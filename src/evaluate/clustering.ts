import { stream } from '../engine/random.js';
import { invalid } from '../errors.js';
import { log } from '../kernels/elementary.js';
import type { Scored } from '../table/interfaces.js';
import { defineScorer, type Scorer } from './metric.js';

/**
 * Metrics of clusterings. Those of two labellings (agreement with known groups) are scorers; those of the points
 * themselves are functions of the columns. Labels are whole numbers ≥ 0; negative labels and NaN mean "no cluster", and
 * such rows are left out.
 */

/** Rows of each pair of labels: table[a · columns + b]. */
interface Contingency {
  readonly rows: number;
  readonly columns: number;
  readonly table: Float64Array;
  readonly rowSums: Float64Array;
  readonly columnSums: Float64Array;
  readonly total: number;
}

function contingency(first: ArrayLike<number>, second: ArrayLike<number>, weights?: Float64Array): Contingency {
  const [left, right] = [indexLabels(first), indexLabels(second)];
  const [rows, columns] = [left.count, right.count];
  const table = new Float64Array(rows * columns);
  const [rowSums, columnSums] = [new Float64Array(rows), new Float64Array(columns)];
  let total = 0;
  for (let i = 0; i < first.length; i++) {
    const weight = weights ? weights[i]! : 1;
    table[left.codes[i]! * columns + right.codes[i]!]! += weight;
    rowSums[left.codes[i]!]! += weight;
    columnSums[right.codes[i]!]! += weight;
    total += weight;
  }
  return { rows, columns, table, rowSums, columnSums, total };
}

/** Labels as 0 … count − 1, in order of first sight. */
function indexLabels(labels: ArrayLike<number>): { codes: Uint32Array; count: number } {
  const known = new Map<number, number>();
  const codes = Uint32Array.from(labels, (label) => {
    if (!known.has(label)) known.set(label, known.size);
    return known.get(label)!;
  });
  return { codes, count: known.size };
}

/** Pairs that agree, beyond chance (Hubert and Arabie 1985): 1 for equal groupings, about 0 for random ones. */
export function adjustedRand(first: ArrayLike<number>, second: ArrayLike<number>, weights?: Float64Array): number {
  const { table, rowSums, columnSums, total } = contingency(first, second, weights);
  const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
  const together = squares(table);
  // Pairs of rows, as in scikit-learn's pair confusion matrix: together in both, in one only, in none.
  const both = together - total;
  const onlyFirst = squares(rowSums) - together;
  const onlySecond = squares(columnSums) - together;
  const none = total * total - onlyFirst - onlySecond - together;
  if (onlyFirst === 0 && onlySecond === 0) return 1;
  const divisor = (both + onlyFirst) * (onlyFirst + none) + (both + onlySecond) * (onlySecond + none);
  return (2 * (both * none - onlyFirst * onlySecond)) / divisor;
}

function entropy(sums: Float64Array, total: number): number {
  return -sums.reduce((sum, value) => (value > 0 ? sum + (value / total) * log(value / total) : sum), 0);
}

/** Mutual information over the mean of the two entropies: 0 … 1. */
export function normalizedMutualInformation(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  weights?: Float64Array,
): number {
  const { rows, columns, table, rowSums, columnSums, total } = contingency(first, second, weights);
  if (rows <= 1 && columns <= 1) return 1;
  let information = 0;
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < columns; b++) {
      const joint = table[a * columns + b]!;
      if (joint > 0) information += (joint / total) * log((joint * total) / (rowSums[a]! * columnSums[b]!));
    }
  }
  const normalizer = 0.5 * (entropy(rowSums, total) + entropy(columnSums, total));
  return Math.max(0, information) / Math.max(normalizer, 2.220446049250313e-16);
}

interface Clusters {
  /** Rows that have a cluster. */
  readonly rows: Uint32Array;
  /** Cluster of each of them, 0 … count − 1. */
  readonly codes: Uint32Array;
  readonly count: number;
  readonly sizes: Float64Array;
}

function clustersOf(labels: ArrayLike<number>): Clusters {
  const rows = Uint32Array.from({ length: labels.length }, (_, row) => row).filter((row) => labels[row]! >= 0);
  const { codes, count } = indexLabels(Float64Array.from(rows, (row) => labels[row]!));
  const sizes = new Float64Array(count);
  for (const code of codes) sizes[code]!++;
  if (count < 2 || count >= rows.length) {
    throw invalid('the number of clusters', `2 … ${Math.max(2, rows.length - 1)} (one less than the rows)`, count);
  }
  return { rows, codes, count, sizes };
}

/** Cluster means, row-major. */
function centersOf(columns: readonly Float64Array[], { rows, codes, count, sizes }: Clusters): Float64Array {
  const width = columns.length;
  const centers = new Float64Array(count * width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) centers[codes[i]! * width + j]! += columns[j]![row]!;
  });
  return centers.map((sum, index) => sum / sizes[Math.floor(index / width)]!);
}

export interface SilhouetteOptions {
  /** Rows beyond this many are sampled; default 2,000, because the work grows with their square. */
  readonly sampleSize?: number;
  readonly seed?: number;
}

/** Rousseeuw 1987: mean over rows of (b − a)/max(a, b), a the mean distance within, b that to the nearest other cluster. */
export function silhouette(
  columns: readonly Float64Array[],
  labels: ArrayLike<number>,
  { sampleSize = 2000, seed = 0 }: SilhouetteOptions = {},
): number {
  const kept = sampleRows(labels.length, sampleSize, seed);
  const clusters = clustersOf(Float64Array.from(kept, (row) => labels[row]!));
  const points = Array.from(clusters.rows, (index) => kept[index]!);
  const { codes, count, sizes } = clusters;
  let total = 0;
  for (let i = 0; i < points.length; i++) {
    const sums = new Float64Array(count);
    for (let j = 0; j < points.length; j++) sums[codes[j]!]! += distance(columns, points[i]!, points[j]!);
    const own = codes[i]!;
    if (sizes[own] === 1) continue; // alone in its cluster: 0 by definition
    const within = sums[own]! / (sizes[own]! - 1);
    let nearest = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) if (k !== own) nearest = Math.min(nearest, sums[k]! / sizes[k]!);
    const wider = Math.max(within, nearest);
    total += wider === 0 ? 0 : (nearest - within) / wider;
  }
  return total / points.length;
}

/** `size` of the rows, keyed by the seed, ascending; all of them where they are no more. */
export function sampleRows(rowCount: number, size: number, seed: number): Uint32Array {
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  if (rowCount <= size) return rows;
  const random = stream(seed, 'sample');
  for (let i = 0; i < size; i++) {
    const other = i + random.integer(rowCount - i);
    [rows[i], rows[other]] = [rows[other]!, rows[i]!];
  }
  return rows.subarray(0, size).sort();
}

function distance(columns: readonly Float64Array[], a: number, b: number): number {
  let sum = 0;
  for (const column of columns) {
    const difference = column[a]! - column[b]!;
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** Davies and Bouldin 1979: mean over clusters of the worst (spread + spread)/distance; lower is better. */
export function daviesBouldin(columns: readonly Float64Array[], labels: ArrayLike<number>): number {
  const clusters = clustersOf(labels);
  const { rows, codes, count, sizes } = clusters;
  const centers = centersOf(columns, clusters);
  const width = columns.length;
  const spreads = new Float64Array(count);
  rows.forEach((row, i) => {
    let sum = 0;
    for (let j = 0; j < width; j++) {
      const difference = columns[j]![row]! - centers[codes[i]! * width + j]!;
      sum += difference * difference;
    }
    spreads[codes[i]!]! += Math.sqrt(sum) / sizes[codes[i]!]!;
  });
  let total = 0;
  for (let a = 0; a < count; a++) {
    let worst = 0;
    for (let b = 0; b < count; b++) {
      if (b === a) continue;
      const apart = Math.sqrt(squaredGap(centers, centers, a, b, width));
      if (apart > 0) worst = Math.max(worst, (spreads[a]! + spreads[b]!) / apart);
    }
    total += worst;
  }
  return total / count;
}

/** Calinski and Harabasz 1974: variance between over variance within the clusters; higher is better. */
export function calinskiHarabasz(columns: readonly Float64Array[], labels: ArrayLike<number>): number {
  const clusters = clustersOf(labels);
  const { rows, codes, count, sizes } = clusters;
  const width = columns.length;
  const centers = centersOf(columns, clusters);
  const mean = Float64Array.from(columns, (column) => rows.reduce((sum, row) => sum + column[row]!, 0) / rows.length);
  let [between, within] = [0, 0];
  for (let k = 0; k < count; k++) between += sizes[k]! * squaredGap(centers, mean, k, 0, width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) {
      const difference = columns[j]![row]! - centers[codes[i]! * width + j]!;
      within += difference * difference;
    }
  });
  if (within === 0) return 1;
  return (between * (rows.length - count)) / (within * (count - 1));
}

function squaredGap(left: Float64Array, right: Float64Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    const difference = left[a * width + j]! - right[b * width + j]!;
    sum += difference * difference;
  }
  return sum;
}

function agreement(
  name: string,
  label: string,
  meaning: string,
  of: (first: ArrayLike<number>, second: ArrayLike<number>, weights?: Float64Array) => number,
): Scorer {
  return defineScorer({
    name,
    label,
    meaning,
    task: 'clustering',
    needs: 'prediction',
    prepare: (scored: Scored) => (weights) => of(scored.target, scored.prediction, weights),
  });
}

export const clusteringScorers: readonly Scorer[] = [
  agreement('adjusted_rand_score', 'Adjusted Rand index', 'Pairs that agree, beyond chance', adjustedRand),
  agreement(
    'normalized_mutual_info_score',
    'Normalised mutual information',
    'Information the clusters have about the known groups, 0 … 1',
    normalizedMutualInformation,
  ),
];
