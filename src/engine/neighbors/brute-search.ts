import { invalid } from '../../errors.js';
import { finishedDistance } from '../../kernels/metric-distance.js';
import type { Engine } from '../engine.js';
import { ANSWERED_AT_ONCE, checkQueries, FOUND_AT_ONCE, offsetsOf, partOf } from './batches.js';
import type { MetricSpace } from './metric-space.js';
import { NeighborIndex } from './neighbor-index.js';
import { PlacedPanels } from './placed-panels.js';
import type { Neighbors, Points } from './points.js';
import { ProductCandidates } from './product-candidates.js';
import type { CountOptions, DistanceMetric, NeighborSearch, QueryOptions, Within } from './search.js';

/** Numbers of scratch that the kernels' calls want. */
const SCRATCH = 2048;

/** Every query meets every point. */
export class BruteSearch implements NeighborSearch {
  readonly algorithm = 'brute';
  readonly points: Points;
  readonly metric: DistanceMetric;
  readonly #engine: Engine;
  readonly #space: MetricSpace;
  /** By L2 the nearest are found among candidates (src/kernels/distance.ts), */
  #index: NeighborIndex | undefined;
  /** so are those by cosine and dot, where it pays; */
  #products: ProductCandidates | undefined;
  /** all else is found by the metric itself. */
  #panels: Promise<PlacedPanels> | undefined;

  private constructor(engine: Engine, points: Points, space: MetricSpace) {
    this.#engine = engine;
    this.points = points;
    this.metric = space.metric;
    this.#space = space;
  }

  static async place(engine: Engine, points: Points, space: MetricSpace, signal?: AbortSignal): Promise<BruteSearch> {
    const search = new BruteSearch(engine, points, space);
    const { metric, placedDimension } = space;
    if (metric === 'cosine' || metric === 'dot') {
      const placed = await space.place(points, 'the points', signal);
      search.#products = await ProductCandidates.of(engine, metric, placed, placedDimension, signal);
    } else if (search.#byCandidates) await space.check(points, 'the points', signal);
    else await search.#placed(signal);
    return search;
  }

  get #byCandidates(): boolean {
    return this.metric === 'euclidean' || this.metric === 'sqeuclidean';
  }

  #placed(signal?: AbortSignal): Promise<PlacedPanels> {
    this.#panels ??= PlacedPanels.place(this.#engine, this.points, this.#space, signal).catch((error: unknown) => {
      this.#panels = undefined;
      throw error;
    });
    return this.#panels;
  }

  async nearest(queries: Points, k: number, options: QueryOptions = {}): Promise<Neighbors> {
    if (!Number.isInteger(k) || k < 1) throw invalid('k', 'an integer from 1', k);
    checkQueries(this.points, queries, options);
    await this.#space.check(queries, 'the queries', options.signal);
    const distances = new Float64Array(queries.count * k);
    const indices = new Int32Array(queries.count * k);
    const batch = Math.max(1, Math.floor(ANSWERED_AT_ONCE / (k + this.#space.placedDimension)));
    for (let start = 0; start < queries.count; start += batch) {
      const part = partOf(queries, start, batch);
      const found = await this.#nearestOf(part, k, start, options);
      distances.set(found.distances, start * k);
      indices.set(found.indices, start * k);
      options.onProgress?.({ what: 'queries', done: start + part.count, total: queries.count });
    }
    return { distances, indices };
  }

  #nearestOf(queries: Points, k: number, first: number, options: QueryOptions): Promise<Neighbors> {
    if (this.#byCandidates) return this.#nearestByCandidates(queries, k, first, options);
    if (this.#products) return this.#nearestByProducts(this.#products, queries, k, first, options);
    return this.#nearestByMetric(queries, k, first, options);
  }

  /** What candidates do not settle is found by the metric. */
  async #nearestByProducts(
    products: ProductCandidates,
    queries: Points,
    k: number,
    first: number,
    options: QueryOptions,
  ): Promise<Neighbors> {
    const { excludeSelf, signal } = options;
    const placed = await this.#space.place(queries, 'the queries', signal);
    const { neighbors, open } = await products.nearest(placed, k, excludeSelf ? first : -1, signal);
    if (open.length === 0) return neighbors;
    const { dimension } = queries;
    const values = new Float64Array(open.length * dimension);
    open.forEach((row, i) => {
      values.set(queries.values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
    });
    const rest = { values, count: open.length, dimension };
    const found = await this.#nearestByMetric(rest, excludeSelf ? k + 1 : k, 0, { signal });
    const own = excludeSelf ? withoutSelf(found, k, (i) => first + open[i]!) : found;
    open.forEach((row, i) => {
      neighbors.distances.set(own.distances.subarray(i * k, (i + 1) * k), row * k);
      neighbors.indices.set(own.indices.subarray(i * k, (i + 1) * k), row * k);
    });
    return neighbors;
  }

  async #nearestByCandidates(queries: Points, k: number, first: number, options: QueryOptions): Promise<Neighbors> {
    this.#index ??= new NeighborIndex(this.#engine, this.points);
    const found = await this.#index.nearest(queries, options.excludeSelf ? k + 1 : k, options.signal);
    if (this.metric === 'euclidean') {
      for (let i = 0; i < found.distances.length; i++) found.distances[i] = Math.sqrt(found.distances[i]!);
    }
    return options.excludeSelf ? withoutSelf(found, k, (i) => first + i) : found;
  }

  async #nearestByMetric(
    queries: Points,
    k: number,
    first: number,
    { signal, excludeSelf }: QueryOptions,
  ): Promise<Neighbors> {
    const panels = await this.#placed(signal);
    using scope = panels.scope();
    const asked = await panels.queries(scope, queries, signal);
    const distances = scope.allocate('f64', queries.count * k);
    const indices = scope.allocate('i32', queries.count * k);
    const tasks = panels.rowsOfTasks(queries.count).map((rows) => {
      const own = [
        distances.byteOffset + 8 * rows.start * k,
        indices.byteOffset + 4 * rows.start * k,
        scope.allocate('f64', SCRATCH).byteOffset,
      ];
      return asked.call('metric_nearest_f64', rows, own, [k, excludeSelf ? first + rows.start : -1]);
    });
    await panels.run(tasks, signal);
    return { distances: distances.slice(), indices: indices.slice() };
  }

  async countWithin(queries: Points, radius: number, options: CountOptions = {}): Promise<Int32Array> {
    const limit = this.#space.limit(radius);
    checkQueries(this.points, queries, options);
    await this.#space.check(queries, 'the queries', options.signal);
    const index = await this.#helpfulCodes();
    const panels = index ? undefined : await this.#placed(options.signal);
    const counts = new Int32Array(queries.count);
    const batch = panels?.batchRows(4) ?? Math.max(1, Math.floor(ANSWERED_AT_ONCE / this.#space.placedDimension));
    for (let start = 0; start < queries.count; start += batch) {
      const part = partOf(queries, start, batch);
      const self = options.excludeSelf ? start : -1;
      const found = index
        ? await index.countWithin(part, limit, self, options.signal)
        : await this.#count(panels!, part, limit, start, options);
      counts.set(found, start);
      options.onProgress?.({ what: 'queries', done: start + part.count, total: queries.count });
    }
    const { enough } = options;
    return enough === undefined ? counts : counts.map((count) => Math.min(enough, count));
  }

  async #count(panels: PlacedPanels, queries: Points, limit: number, first: number, options: QueryOptions) {
    using scope = panels.scope();
    const asked = await panels.queries(scope, queries, options.signal);
    const counts = scope.allocate('i32', queries.count);
    const tasks = panels.rowsOfTasks(queries.count).map((rows) => {
      const own = [counts.byteOffset + 4 * rows.start, scope.allocate('f64', SCRATCH).byteOffset];
      return asked.call('metric_count_f64', rows, own, [limit, options.excludeSelf ? first + rows.start : -1]);
    });
    await panels.run(tasks, options.signal);
    return counts.slice();
  }

  async within(queries: Points, radius: number, options: QueryOptions = {}): Promise<Within> {
    const { onProgress, ...quiet } = options;
    const counts = await this.countWithin(queries, radius, quiet);
    const offsets = offsetsOf(counts);
    const indices = new Int32Array(offsets[queries.count]!);
    const distances = new Float64Array(indices.length);
    const limit = this.#space.limit(radius);
    const index = await this.#helpfulCodes();
    const panels = index ? undefined : await this.#placed(options.signal);
    const most = panels?.batchRows(4) ?? Math.max(1, Math.floor(ANSWERED_AT_ONCE / this.#space.placedDimension));
    for (let start = 0; start < queries.count; ) {
      let end = start + 1;
      while (end < queries.count && end - start < most && offsets[end + 1]! - offsets[start]! <= FOUND_AT_ONCE) end++;
      const part = partOf(queries, start, end - start);
      const found = index
        ? await this.#listWithin(index, part, limit, start, offsets.subarray(start, end + 1), options)
        : await this.#fill(panels!, part, limit, start, offsets.subarray(start, end + 1), options);
      indices.set(found.indices, offsets[start]!);
      distances.set(found.distances, offsets[start]!);
      onProgress?.({ what: 'queries', done: end, total: queries.count });
      start = end;
    }
    return { offsets, indices, distances };
  }

  /** The index for L2, unless its codes say little. */
  async #helpfulCodes(): Promise<NeighborIndex | undefined> {
    if (!this.#byCandidates) return undefined;
    this.#index ??= new NeighborIndex(this.#engine, this.points);
    return (await this.#index.codesHelp()) ? this.#index : undefined;
  }

  async #listWithin(
    index: NeighborIndex,
    queries: Points,
    limit: number,
    first: number,
    offsets: Int32Array,
    { signal, excludeSelf }: QueryOptions,
  ): Promise<Neighbors> {
    const own = offsets.map((offset) => offset - offsets[0]!);
    const found = await index.within(queries, limit, excludeSelf ? first : -1, own, signal);
    for (let i = 0; i < found.distances.length; i++) {
      found.distances[i] = finishedDistance(this.metric, found.distances[i]!);
    }
    return found;
  }

  /** The second pass: as many as were counted, to where they belong. */
  async #fill(
    panels: PlacedPanels,
    queries: Points,
    limit: number,
    first: number,
    offsets: Int32Array,
    { signal, excludeSelf }: QueryOptions,
  ): Promise<{ indices: Int32Array; distances: Float64Array }> {
    using scope = panels.scope();
    const asked = await panels.queries(scope, queries, signal);
    const total = offsets[queries.count]! - offsets[0]!;
    const indices = scope.allocate('i32', total);
    const distances = scope.allocate('f64', total);
    const tasks = panels.rowsOfTasks(queries.count).map((rows) => {
      const { start, count } = rows;
      const before = offsets[start]! - offsets[0]!;
      const places = offsets.slice(start, start + count).map((offset) => offset - offsets[start]!);
      const own = [
        scope.copy('i32', places).byteOffset,
        indices.byteOffset + 4 * before,
        distances.byteOffset + 8 * before,
        scope.allocate('f64', SCRATCH).byteOffset,
      ];
      const found = offsets[start + count]! - offsets[start]!;
      return asked.call('metric_within_f64', rows, own, [limit, excludeSelf ? first + start : -1, found]);
    });
    await panels.run(tasks, signal);
    return { indices: indices.slice(), distances: distances.slice() };
  }

  [Symbol.dispose](): void {
    this.#index?.[Symbol.dispose]();
    this.#index = undefined;
    this.#products?.[Symbol.dispose]();
    this.#products = undefined;
    void this.#panels?.then((panels) => panels[Symbol.dispose]());
    this.#panels = undefined;
  }
}

/** Of k + 1 neighbours, those that are not the query itself. */
function withoutSelf({ distances, indices }: Neighbors, k: number, self: (query: number) => number): Neighbors {
  const count = indices.length / (k + 1);
  const kept = { distances: new Float64Array(count * k), indices: new Int32Array(count * k) };
  for (let i = 0; i < count; i++) {
    let to = i * k;
    for (let from = i * (k + 1); to < (i + 1) * k; from++) {
      if (indices[from] === self(i)) continue;
      kept.distances[to] = distances[from]!;
      kept.indices[to++] = indices[from]!;
    }
  }
  return kept;
}
