import { reducedDistance } from '../../kernels/metric-distance.js';
import { squaredLengths } from '../../kernels/metrics.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import { PLACED_VALUES } from './metric-space.js';
import { NeighborIndex } from './neighbor-index.js';
import type { Neighbors, Points } from './points.js';

/** 2^-53: how far a rounding may be off, relative. */
const ROUNDING = 1.1102230246251565e-16;
/** Fewer points, or coordinates, are faster looked at one by one. */
const LEAST_POINTS = 512;
const LEAST_DIMENSION = 8;

/** Neighbours of the queries that are settled; of the others nothing is known. */
export interface Settled {
  readonly neighbors: Neighbors;
  /** Queries that candidates did not settle. */
  readonly open: readonly number[];
}

/**
 * The nearest by cosine and dot among candidates that are nearest by L2, for which there is a faster search. Cosine: points of
 * length 1 are |u − v|² = 2·(1 − cos) apart. Dot: with one coordinate more, which brings all points to one length M, a point
 * is |q|² + M² − 2·q·p from a query that has 0 there (Bachrach et al., "Speeding Up the Xbox Recommender System Using a
 * Euclidean Transformation for Inner-Product Spaces", RecSys 2014). Both hold up to rounding, which is bounded: a query is
 * settled where the k-th nearest candidate, by the metric itself, is nearer than anything can be that is no candidate.
 */
export class ProductCandidates implements Disposable {
  readonly #metric: 'cosine' | 'dot';
  readonly #placed: Float64Array;
  readonly #lengths: Float64Array;
  readonly #dimension: number;
  readonly #index: NeighborIndex;
  /** Dot: the largest squared length. */
  readonly #largest: number;

  private constructor(
    engine: Engine,
    metric: 'cosine' | 'dot',
    placed: Float64Array,
    lengths: Float64Array,
    dimension: number,
    compared: Points,
  ) {
    this.#metric = metric;
    this.#placed = placed;
    this.#lengths = lengths;
    this.#dimension = dimension;
    this.#largest = largestOf(lengths);
    this.#index = new NeighborIndex(engine, compared);
  }

  /** undefined where candidates would not pay, or say nothing. */
  static async of(
    engine: Engine,
    metric: 'cosine' | 'dot',
    placed: Float64Array,
    dimension: number,
    signal?: AbortSignal,
  ): Promise<ProductCandidates | undefined> {
    const count = placed.length / dimension;
    if (dimension < LEAST_DIMENSION || count < LEAST_POINTS) return undefined;
    const breather = new Breather();
    const step = Math.max(1, Math.floor(PLACED_VALUES / dimension));
    const lengths = new Float64Array(count);
    for (let start = 0; start < count; start += step) {
      const block = placed.subarray(start * dimension, (start + step) * dimension);
      lengths.set(squaredLengths(block, dimension), start);
      await breather.breathe(signal);
    }
    const largest = largestOf(lengths);
    if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return undefined;
    const width = dimension + (metric === 'dot' ? 1 : 0);
    const values = new Float64Array(count * width);
    for (let start = 0; start < count; start += step) {
      const block = placed.subarray(start * dimension, (start + step) * dimension);
      const own = lengths.subarray(start, start + step);
      values.set(metric === 'cosine' ? directions(block, own) : lifted(block, own, largest), start * width);
      await breather.breathe(signal);
    }
    return new ProductCandidates(engine, metric, placed, lengths, dimension, { values, count, dimension: width });
  }

  /**
   * @param queries placed, as the points are
   * @param self the index of the first query among the points, none of which finds itself; −1: nowhere
   */
  async nearest(queries: Float64Array, k: number, self: number, signal?: AbortSignal): Promise<Settled> {
    const dimension = this.#dimension;
    const count = queries.length / dimension;
    const wanted = k + (self >= 0 ? 1 : 0);
    const asked = wanted + 8 + (wanted >> 2);
    const neighbors = { distances: new Float64Array(count * k), indices: new Int32Array(count * k) };
    const all = Array.from({ length: count }, (_, i) => i);
    if (asked >= this.#lengths.length) return { neighbors, open: all };
    const lengths = squaredLengths(queries, dimension);
    const found = await this.#index.nearest(this.#askedAs(queries, lengths), asked, signal);
    const breather = new Breather();
    const open: number[] = [];
    const list = new CandidateList(asked);
    for (let i = 0; i < count; i++) {
      list.clear();
      for (let at = i * asked; at < (i + 1) * asked; at++) {
        const index = found.indices[at]!;
        if (index < 0 || (self >= 0 && index === self + i)) continue;
        list.add(index, this.#distance(queries, i, lengths[i]!, index));
      }
      const beyond = this.#leastBeyond(found.distances[i * asked + asked - 1]!, lengths[i]!);
      if (list.count >= k && list.distances[k - 1]! < beyond) {
        neighbors.distances.set(list.distances.subarray(0, k), i * k);
        neighbors.indices.set(list.indices.subarray(0, k), i * k);
      } else open.push(i);
      await breather.breathe(signal);
    }
    return { neighbors, open };
  }

  #distance(queries: Float64Array, i: number, length: number, index: number): number {
    const d = this.#dimension;
    const lengths = length * this.#lengths[index]!;
    return reducedDistance(this.#metric, queries, i * d, this.#placed, index * d, 1, d, lengths);
  }

  /** No point whose squared L2 distance is at least `furthest` has a smaller distance than this; NaN: nothing is known. */
  #leastBeyond(furthest: number, length: number): number {
    const d = this.#dimension;
    if (this.#metric === 'cosine') {
      // A vector without direction is at distance 1 from all, and here it is nearer.
      return length > 0 ? Math.min(1, furthest / 2 - (8 * d + 64) * ROUNDING) : Number.NaN;
    }
    const reach = Math.sqrt(length) + Math.sqrt(this.#largest);
    return 0 - ((length + this.#largest - furthest) / 2 + (4 * d + 32) * ROUNDING * reach * reach);
  }

  #askedAs(queries: Float64Array, lengths: Float64Array): Points {
    const count = lengths.length;
    const dimension = this.#dimension;
    if (this.#metric === 'cosine') return { values: directions(queries, lengths), count, dimension };
    // A query lies where the coordinate that is added is 0: as one of the largest length does.
    const values = new Float64Array(count * (dimension + 1));
    for (let i = 0; i < count; i++) {
      values.set(queries.subarray(i * dimension, (i + 1) * dimension), i * (dimension + 1));
    }
    return { values, count, dimension: dimension + 1 };
  }

  [Symbol.dispose](): void {
    this.#index[Symbol.dispose]();
  }
}

const largestOf = (lengths: Float64Array): number => lengths.reduce((a, b) => Math.max(a, b), 0);

/** Vectors of length 1; one of zeros stays. */
function directions(vectors: Float64Array, squared: Float64Array): Float64Array {
  const dimension = squared.length === 0 ? 0 : vectors.length / squared.length;
  const values = new Float64Array(vectors.length);
  for (let i = 0; i < squared.length; i++) {
    const length = Math.sqrt(squared[i]!);
    if (length === 0) continue;
    for (let j = i * dimension; j < (i + 1) * dimension; j++) values[j] = vectors[j]! / length;
  }
  return values;
}

/** With one coordinate more, which brings all to the squared length `largest`. */
function lifted(vectors: Float64Array, squared: Float64Array, largest: number): Float64Array {
  const dimension = squared.length === 0 ? 0 : vectors.length / squared.length;
  const values = new Float64Array(vectors.length + squared.length);
  for (let i = 0; i < squared.length; i++) {
    values.set(vectors.subarray(i * dimension, (i + 1) * dimension), i * (dimension + 1));
    values[i * (dimension + 1) + dimension] = Math.sqrt(Math.max(0, largest - squared[i]!));
  }
  return values;
}

/** Candidates by their distance, the lower index first among equals. */
class CandidateList {
  readonly distances: Float64Array;
  readonly indices: Int32Array;
  count = 0;

  constructor(length: number) {
    this.distances = new Float64Array(length);
    this.indices = new Int32Array(length);
  }

  clear(): void {
    this.count = 0;
  }

  add(index: number, distance: number): void {
    const { distances, indices } = this;
    let place = this.count++;
    while (
      place > 0 &&
      (distances[place - 1]! > distance || (distances[place - 1] === distance && indices[place - 1]! > index))
    ) {
      distances[place] = distances[place - 1]!;
      indices[place] = indices[place - 1]!;
      place--;
    }
    distances[place] = distance;
    indices[place] = index;
  }
}
