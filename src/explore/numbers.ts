import { pow } from '../kernels/elementary.js';
import { laneSum } from '../kernels/sums.js';
import { quantileOfSorted } from '../table/statistics.js';

/** Counts of values between ascending edges: counts[i] lies in [edges[i], edges[i + 1]), the last bin closed. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Values left out because they lie beyond the edges, so that outliers do not flatten the picture. */
  readonly below: number;
  readonly above: number;
}

/** A numeric column in figures. Moments ignore missing and infinite values. */
export interface NumberProfile {
  readonly kind: 'numeric';
  readonly distinct: number;
  readonly infinite: number;
  readonly zeros: number;
  readonly negative: number;
  readonly integers: boolean;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  /** With n − 1 in the denominator. */
  readonly standardDeviation: number;
  /** Third standardised moment, biased as scipy.stats.skew. */
  readonly skewness: number;
  /** Fourth standardised moment less 3, biased as scipy.stats.kurtosis. */
  readonly kurtosis: number;
  /** By linear interpolation, as numpy.quantile. Keys: '0.01' … '0.99'. */
  readonly quantiles: Readonly<Record<string, number>>;
  readonly histogram: Histogram;
}

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** The finite values, ascending. */
export function sortedFinite(values: Float64Array): Float64Array {
  return values.filter((value) => Number.isFinite(value)).sort();
}

/** Everything about a numeric column; NaN counts as missing and appears in none of it. */
export function profileNumbers(values: Float64Array): NumberProfile {
  const sorted = sortedFinite(values);
  const n = sorted.length;
  const mean = laneSum(0, n, (i) => sorted[i]!) / n;
  const moment = (power: number) => laneSum(0, n, (i) => powerOf(sorted[i]! - mean, power)) / n;
  const variance = moment(2);
  const constant = sorted[0] === sorted[n - 1];
  return {
    kind: 'numeric',
    distinct: countDistinct(sorted),
    infinite: values.reduce((count, value) => count + (value === Infinity || value === -Infinity ? 1 : 0), 0),
    zeros: countWhere(sorted, (value) => value === 0),
    negative: countWhere(sorted, (value) => value < 0),
    integers: sorted.every((value) => Number.isInteger(value)),
    minimum: sorted[0] ?? Number.NaN,
    maximum: sorted[n - 1] ?? Number.NaN,
    mean,
    standardDeviation: n > 1 ? Math.sqrt((variance * n) / (n - 1)) : Number.NaN,
    skewness: constant ? 0 : moment(3) / (variance * Math.sqrt(variance)),
    kurtosis: constant ? 0 : moment(4) / (variance * variance) - 3,
    quantiles: Object.fromEntries(QUANTILES.map((q) => [String(q), quantileOfSorted(sorted, q)])),
    histogram: makeHistogram(sorted),
  };
}

/**
 * A histogram with edges at round numbers, about as wide as Freedman and Diaconis ask for, 8 to 40 bins. Where the
 * outer hundredths stretch the range more than threefold, they are counted beyond the edges.
 */
export function makeHistogram(sorted: Float64Array, most = 40): Histogram {
  const n = sorted.length;
  if (n === 0) return { edges: [], counts: [], below: 0, above: 0 };
  const [low, high] = histogramRange(sorted);
  if (low === high)
    return { edges: [low, high], counts: [countWhere(sorted, (value) => value === low)], ...beyond(sorted, low, high) };
  const spread = quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25);
  const ideal = spread > 0 ? (2 * spread) / pow(n, 1 / 3) : (high - low) / 20;
  const bins = Math.max(8, Math.min(most, Math.ceil((high - low) / ideal)));
  let step = roundStep((high - low) / bins);
  if (step < 1 && sorted.every((value) => Number.isInteger(value))) step = 1;
  const first = Math.floor(low / step);
  const last = Math.max(
    first + 1,
    Math.ceil(high / step + (high / step === Math.ceil(high / step) && step === 1 ? 1 : 0)),
  );
  const edges = Array.from({ length: last - first + 1 }, (_, i) => decimal((first + i) * step));
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of sorted) {
    const bin = binOf(edges, value);
    if (bin >= 0) counts[bin]!++;
  }
  return { edges, counts, ...beyond(sorted, edges[0]!, edges.at(-1)!) };
}

/** The bin of a value, or −1 beyond the edges. */
export function binOf(edges: readonly number[], value: number): number {
  const bins = edges.length - 1;
  if (bins < 1 || !(value >= edges[0]! && value <= edges[bins]!)) return -1;
  let [low, high] = [0, bins - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function histogramRange(sorted: Float64Array): [number, number] {
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const [inner, outer] = [quantileOfSorted(sorted, 0.005), quantileOfSorted(sorted, 0.995)];
  const stretched = outer > inner && high - low > 3 * (outer - inner);
  return stretched ? [inner, outer] : [low, high];
}

function beyond(sorted: Float64Array, low: number, high: number): { below: number; above: number } {
  return { below: countWhere(sorted, (value) => value < low), above: countWhere(sorted, (value) => value > high) };
}

/** The nearest 1, 2 or 5 times a power of ten that is not below `width`. */
export function roundStep(width: number): number {
  let power = 1;
  while (power > width) power /= 10;
  while (power * 10 <= width) power *= 10;
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= width * 0.999)!;
}

/** Drops the noise of binary fractions: 0.30000000000000004 becomes 0.3. */
function decimal(value: number): number {
  return Number(value.toPrecision(12));
}

function powerOf(value: number, power: number): number {
  let result = value;
  for (let i = 1; i < power; i++) result *= value;
  return result;
}

function countWhere(values: Float64Array, holds: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) if (holds(value)) count++;
  return count;
}

function countDistinct(sorted: Float64Array): number {
  let count = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) count++;
  return count;
}
