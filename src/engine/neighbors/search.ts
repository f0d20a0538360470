import type { MetricName } from '../../kernels/metric-distance.js';
import type { Neighbors, Points } from './points.js';

/**
 * How far two points x and y are apart. `Points` hold finite numbers but for gower and nan-euclidean, where NaN is missing.
 *
 * - `euclidean`: √Σ(x−y)²; `sqeuclidean`: Σ(x−y)²; `manhattan`: Σ|x−y|; `chebyshev`: max |x−y|
 * - `cosine`: 1 − x·y/√(|x|²·|y|²), in [0, 2]. A zero vector has no direction: it lies at distance 1 from every point, other
 *   zero vectors and itself included (scikit-learn's convention).
 * - `dot`: a similarity. The larger product is the nearer; the distance is −x·y, and a radius of −s asks for products ≥ s.
 * - `hamming`: the share of coordinates that are unequal
 * - `jaccard`: on booleans, where what is not 0 is true: the share of coordinates true in exactly one among those true in at
 *   least one; 0 where none is
 * - `haversine`: the angle between two places on the sphere, in radians, of [latitude, longitude] in radians, as
 *   scikit-learn's; times 6371.0088 it is kilometres on the Earth. It is the arc over the chord between unit vectors: exact
 *   to 4e-16 radians, which is 3 nanometres on the Earth
 * - `gower`: the weighted mean over columns of |x−y|/range (at most 1) of numbers and of (x ≠ y) of category codes, over the
 *   columns where both are there (Gower, "A General Coefficient of Similarity and Some of Its Properties", 1971). Two points
 *   without a common column are at distance Infinity
 * - `nan-euclidean`: √(columns/common columns · Σ(x−y)² over common columns), as scikit-learn's; Infinity where there is none
 */
export type DistanceMetric = MetricName;

/** The columns of gower. */
export interface GowerOptions {
  /** By column: numbers or category codes. */
  readonly kinds: readonly ('numeric' | 'categorical')[];
  /** By column, largest less smallest value; default: of the points that are there. Those of categories are not looked at. */
  readonly ranges?: ArrayLike<number>;
  /** By column, at least 0; default: 1. */
  readonly weights?: ArrayLike<number>;
}

export type SearchAlgorithm = 'brute' | 'kd-tree';

export interface SearchOptions {
  /** Default: `euclidean`. */
  readonly metric?: DistanceMetric;
  /** `auto`, the default, takes what is likely the fastest. Every algorithm gives the same answer. */
  readonly algorithm?: 'auto' | SearchAlgorithm;
  readonly gower?: GowerOptions;
  readonly signal?: AbortSignal;
}

export interface QueryOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { what: string; done: number; total: number }) => void;
  /** true: the queries are the points themselves, and row i never lists point i (duplicates of it it does). */
  readonly excludeSelf?: boolean;
}

export interface CountOptions extends QueryOptions {
  /** An integer from 1: higher counts are told as this, where that ends the search sooner or not. Default: they are all told. */
  readonly enough?: number;
}

/** What lies within a radius: of query i from `offsets[i]` to `offsets[i + 1]`, indices ascending. */
export interface Within {
  /** count + 1. */
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** Points to search among, laid out once, asked as often as wanted. Give the memory back with `using`. */
export interface NeighborSearch extends Disposable {
  readonly points: Points;
  readonly metric: DistanceMetric;
  readonly algorithm: SearchAlgorithm;
  /**
   * The k nearest points of every query: true distances (euclidean: the root), nearest first, the lower index first among
   * equals (euclidean and haversine: equals before the root is taken); Infinity and −1 where fewer than k points lie at a
   * finite distance.
   * @throws LanewiseError `usage` for k < 1 or another number of coordinates, `data` for NaN and infinite numbers
   */
  nearest(queries: Points, k: number, options?: QueryOptions): Promise<Neighbors>;
  /**
   * The points within `radius` (distance ≤ radius) of every query.
   * @throws LanewiseError as `nearest`; `data` where there are more than 2^31 − 1 of them
   */
  within(queries: Points, radius: number, options?: QueryOptions): Promise<Within>;
  /** How many points lie within `radius` of every query. */
  countWithin(queries: Points, radius: number, options?: CountOptions): Promise<Int32Array>;
}
