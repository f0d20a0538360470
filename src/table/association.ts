import { laneSum } from '../kernels/sums.js';
import type { RegisterColumn } from './columns.js';
import { countAtMost, sortedPresent } from './statistics.js';

/** Groups of about equal size that a numeric column is cut into before it is compared with a target. */
const GROUPS = 64;

/** Each row's group, and how many groups there are: categories as they are, numbers in quantile groups, missing last. */
export function groupsOf(
  { type, values, labels }: RegisterColumn,
  mostGroups = GROUPS,
): { groups: Int32Array; count: number } {
  const groups = new Int32Array(values.length);
  const edges = type === 'category' ? undefined : quantileEdges(values, mostGroups);
  const count = edges ? edges.length + 1 : labels!.length;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    groups[i] = Number.isNaN(x) ? count : edges ? countAtMost(edges, x) : Math.min(x, count);
  }
  return { groups, count: count + 1 };
}

function quantileEdges(values: Float64Array, groups: number): Float64Array {
  const sorted = sortedPresent(values);
  const edges = new Set<number>();
  for (let k = 1; k < groups && sorted.length > 0; k++) edges.add(sorted[Math.floor((sorted.length * k) / groups)]!);
  edges.delete(sorted[0]!);
  return Float64Array.from(edges);
}

/**
 * η², the square of the correlation ratio: the share in [0, 1] of the numbers' variance that lies between the groups.
 * Rows of no group (−1) or without a finite number aside; NaN where the numbers do not vary.
 */
export function etaSquared(groups: Int32Array, count: number, numbers: Float64Array): number {
  const counted = (row: number) => groups[row]! >= 0 && Number.isFinite(numbers[row]!);
  const rows = laneSum(0, numbers.length, (row) => (counted(row) ? 1 : 0));
  const mean = laneSum(0, numbers.length, (row) => (counted(row) ? numbers[row]! : 0)) / rows;
  const [sums, sizes] = [new Float64Array(count), new Float64Array(count)];
  for (let row = 0; row < numbers.length; row++) {
    if (!counted(row)) continue;
    sizes[groups[row]!]!++;
    sums[groups[row]!]! += numbers[row]! - mean;
  }
  const total = laneSum(0, numbers.length, (row) =>
    counted(row) ? (numbers[row]! - mean) * (numbers[row]! - mean) : 0,
  );
  const between = sums.reduce((sum, value, k) => sum + (sizes[k]! > 0 ? (value * value) / sizes[k]! : 0), 0);
  return total > 0 ? Math.min(1, between / total) : Number.NaN;
}

/** The table of how often group g and class c meet, row-major; rows of no group (−1) or class aside. */
export function contingency(
  groups: Int32Array,
  count: number,
  classes: Float64Array,
  classCount: number,
): Float64Array {
  const table = new Float64Array(count * classCount);
  for (let i = 0; i < classes.length; i++) {
    const c = classes[i]!;
    if (groups[i]! >= 0 && c < classCount) table[groups[i]! * classCount + c]!++;
  }
  return table;
}

/**
 * Goodman and Kruskal's λ: by what share fewer rows are put into a wrong class by each group's most frequent class than
 * by the most frequent of all. 1: the group gives the class away.
 */
export function goodmanKruskal(table: Float64Array, classCount: number): number {
  const classSizes = new Float64Array(classCount);
  let [rows, right] = [0, 0];
  for (let start = 0; start < table.length; start += classCount) {
    let most = 0;
    for (let c = 0; c < classCount; c++) {
      const cell = table[start + c]!;
      classSizes[c]! += cell;
      rows += cell;
      if (cell > most) most = cell;
    }
    right += most;
  }
  const first = classSizes.reduce((a, b) => Math.max(a, b), 0);
  return rows > first ? (right - first) / (rows - first) : 0;
}

/** Pearson's correlation over the rows where both are present and finite; NaN where one of them does not vary. */
export function pearson(x: Float64Array, y: Float64Array): number {
  let [n, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) continue;
    n++;
    sumX += x[i]!;
    sumY += y[i]!;
  }
  const [meanX, meanY] = [sumX / n, sumY / n];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) continue;
    const [a, b] = [x[i]! - meanX, y[i]! - meanY];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  return xx > 0 && yy > 0 ? xy / (Math.sqrt(xx) * Math.sqrt(yy)) : Number.NaN;
}
