import { invalid, LanewiseError, throwIfCancelled, unknownName } from '../../errors.js';
import { placeCoordinates, placedDimension } from '../../kernels/metric-coordinates.js';
import { finishedDistance, metricNames } from '../../kernels/metric-distance.js';
import { squaredLengths } from '../../kernels/metrics.js';
import { turnEventLoop } from '../turn.js';
import type { Points } from './points.js';
import type { DistanceMetric, GowerOptions } from './search.js';

/** Coordinates that are checked and placed between two turns of the event loop. */
export const PLACED_VALUES = 262_144;

const HALF_TURN = 1.5707963267948966;

/** A metric and what it wants to know of its columns: checks points, and brings them into the form of the kernels. */
export class MetricSpace {
  readonly metric: DistanceMetric;
  /** Coordinates of a point as they are given … */
  readonly dimension: number;
  /** … and as kernels see them. */
  readonly placedDimension: number;
  /** Gower's ranges (0: categories) and weights. */
  readonly columns: Float64Array | undefined;

  private constructor(metric: DistanceMetric, dimension: number, columns?: Float64Array) {
    this.metric = metric;
    this.dimension = dimension;
    this.placedDimension = placedDimension(metric, dimension);
    this.columns = columns;
  }

  /** @throws LanewiseError `usage` for a metric that there is not, or that has no use for such points */
  static of(metric: DistanceMetric, gower: GowerOptions | undefined, points: readonly Points[]): MetricSpace {
    if (!metricNames.includes(metric)) throw unknownName('metric', metric, metricNames);
    const { dimension } = points[0]!;
    for (const { values, count, dimension: own } of points) {
      if (own !== dimension) throw invalid('the points', `${dimension} coordinates each`, own);
      if (values.length !== count * own) throw invalid('the points', `${count * own} values`, values.length);
    }
    if (!(dimension >= 1)) throw invalid('the points', 'at least one coordinate', dimension);
    if (metric === 'haversine' && dimension !== 2) {
      throw invalid('haversine', 'two coordinates, latitude and longitude in radians,', dimension);
    }
    if (metric !== 'gower') return new MetricSpace(metric, dimension);
    return new MetricSpace(metric, dimension, gowerColumns(gower, dimension, points));
  }

  /**
   * Looks at every coordinate. `what` they belong to stands in errors.
   * @throws LanewiseError `data` naming the first that the metric cannot take
   */
  async check(points: Points, what: string, signal?: AbortSignal): Promise<void> {
    await this.#walk(points, what, signal, () => {});
  }

  /** Points as kernels see them, checked. */
  async place(points: Points, what: string, signal?: AbortSignal): Promise<Float64Array> {
    const placed = new Float64Array(points.count * this.placedDimension);
    await this.#walk(points, what, signal, (values, start, end) => {
      const target = placed.subarray(start * this.placedDimension, end * this.placedDimension);
      placeCoordinates(this.metric, values, this.dimension, target);
    });
    return placed;
  }

  /** Blocks of checked points, one after the other; between them the event loop turns. */
  async #walk(
    points: Points,
    what: string,
    signal: AbortSignal | undefined,
    use: (values: Float64Array, start: number, end: number) => void,
  ): Promise<void> {
    const step = Math.max(1, Math.floor(PLACED_VALUES / this.dimension));
    for (let start = 0; start < points.count; start += step) {
      const end = Math.min(points.count, start + step);
      const values = points.values.subarray(start * this.dimension, end * this.dimension);
      this.#check(values, start, what);
      use(values, start, end);
      if (end === points.count) break;
      await turnEventLoop();
      throwIfCancelled(signal);
    }
  }

  /** Squared lengths of placed points, where the metric asks for them. */
  lengths(placed: Float64Array): Float64Array | undefined {
    return this.metric === 'cosine' ? squaredLengths(placed, this.placedDimension) : undefined;
  }

  /** The largest reduced distance whose distance is at most `radius`. */
  limit(radius: number): number {
    if (Number.isNaN(radius)) throw invalid('radius', 'a number', radius);
    if (finishedDistance(this.metric, 4) === 4) return Math.min(radius, Number.MAX_VALUE);
    if (radius < 0) return -1;
    // Doubles from 0 on are ordered as their bits are.
    const bits = new BigInt64Array(1);
    const value = new Float64Array(bits.buffer);
    value[0] = Number.MAX_VALUE;
    let [low, high] = [0n, bits[0]! + 1n];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      bits[0] = middle;
      if (finishedDistance(this.metric, value[0]) <= radius) low = middle;
      else high = middle;
    }
    bits[0] = low;
    return value[0];
  }

  #check(values: Float64Array, firstRow: number, what: string): void {
    const { metric, dimension } = this;
    const gaps = metric === 'gower' || metric === 'nan-euclidean';
    for (let i = allFinite(values) ? values.length : 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value) || (gaps && Number.isNaN(value))) continue;
      const row = firstRow + Math.floor(i / dimension);
      throw new LanewiseError(
        'data',
        `Expected finite coordinates for the metric ${metric} but received ${value} in row ${row}, coordinate ${i % dimension}, of ${what}`,
        { hint: 'Impute or drop such rows first; gower and nan-euclidean take NaN for missing.' },
      );
    }
    if (metric !== 'haversine') return;
    for (let i = 0; i < values.length; i += 2) {
      if (Math.abs(values[i]!) <= HALF_TURN) continue;
      throw new LanewiseError(
        'data',
        `Expected latitudes in [−π/2, π/2] for the metric haversine but received ${values[i]} in row ${firstRow + i / 2} of ${what}`,
        { hint: 'Coordinates are [latitude, longitude] in radians: multiply degrees by π/180.' },
      );
    }
  }
}

function gowerColumns(options: GowerOptions | undefined, dimension: number, points: readonly Points[]): Float64Array {
  const { kinds, ranges, weights } = options ?? {};
  if (!kinds || kinds.length !== dimension) {
    throw invalid('gower.kinds', `"numeric" or "categorical" for each of ${dimension} columns`, kinds?.length);
  }
  for (const [name, list] of Object.entries({ ranges, weights })) {
    if (list && list.length !== dimension) throw invalid(`gower.${name}`, `${dimension} numbers`, list.length);
  }
  const columns = new Float64Array(2 * dimension);
  kinds.forEach((kind, j) => {
    if (kind !== 'numeric' && kind !== 'categorical') throw invalid('gower.kinds', '"numeric" or "categorical"', kind);
    const range = kind === 'categorical' ? 0 : (ranges?.[j] ?? rangeOf(points, j));
    const weight = weights?.[j] ?? 1;
    if (!(range >= 0 && range < Number.POSITIVE_INFINITY))
      throw invalid('gower.ranges', 'finite numbers from 0', range);
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw invalid('gower.weights', 'finite numbers from 0', weight);
    columns[j] = range;
    columns[dimension + j] = weight;
  });
  return columns;
}

/** Largest less smallest value of a column; 0 where all are equal or missing. */
function rangeOf(points: readonly Points[], column: number): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values, dimension } of points) {
    for (let at = column; at < values.length; at += dimension) {
      const value = values[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return high > low ? high - low : 0;
}

/** Gower's columns as options; undefined where there are none. */
export function gowerOfColumns(columns: Float64Array): GowerOptions | undefined {
  if (columns.length === 0) return undefined;
  const ranges = columns.subarray(0, columns.length / 2);
  // A number that is everywhere the same is told apart as a category is: equal or not.
  const kinds = Array.from(ranges, (range) => (range > 0 ? 'numeric' : 'categorical') as 'numeric' | 'categorical');
  return { kinds, ranges, weights: columns.subarray(columns.length / 2) };
}

/** Four at a time: x − x is 0 for what is finite, and NaN for all else. */
function allFinite(values: Float64Array): boolean {
  const even = values.length - (values.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < even; i += 4) {
    a += values[i]! - values[i]!;
    b += values[i + 1]! - values[i + 1]!;
    c += values[i + 2]! - values[i + 2]!;
    d += values[i + 3]! - values[i + 3]!;
  }
  for (let i = even; i < values.length; i++) a += values[i]! - values[i]!;
  return a + b + c + d === 0;
}
