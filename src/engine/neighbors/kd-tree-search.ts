import { invalid, LanewiseError } from '../../errors.js';
import { firstOf, joinSets } from '../../kernels/disjoint-sets.js';
import { type KdTree, TREE_SCRATCH, treeMetrics } from '../../kernels/kd-tree.js';
import { finishedDistance, metricCode } from '../../kernels/metric-distance.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { Breather } from '../turn.js';
import { ANSWERED_AT_ONCE, checkQueries, FOUND_AT_ONCE, offsetsOf, partOf } from './batches.js';
import { placeKdTree } from './kd-tree.js';
import type { MetricSpace } from './metric-space.js';
import type { Neighbors, Points } from './points.js';
import type { CountOptions, DistanceMetric, NeighborSearch, QueryOptions, Within } from './search.js';

/** Queries a task: at least enough to be worth handing over, at most some milliseconds. */
const LEAST_ROWS = 16;
const MOST_ROWS = 512;
/** Leaves whose points one task joins with others: some thousands of points. */
const JOINED_LEAVES = 512;
/** More points than there are. */
const ALL = 2_147_483_647;

type TreeKernel = 'kd_tree_nearest_f64' | 'kd_tree_count_f64' | 'kd_tree_within_f64';

/** Queries walk down a k-d tree (src/kernels/kd-tree.ts) and look only into leaves whose box is near enough. */
export class KdTreeSearch implements NeighborSearch {
  readonly algorithm = 'kd-tree';
  readonly points: Points;
  readonly metric: DistanceMetric;
  readonly #engine: Engine;
  readonly #space: MetricSpace;
  readonly #scope: Scope;
  readonly #tree: KdTree;

  private constructor(engine: Engine, points: Points, space: MetricSpace, scope: Scope, tree: KdTree) {
    this.#engine = engine;
    this.points = points;
    this.metric = space.metric;
    this.#space = space;
    this.#scope = scope;
    this.#tree = tree;
  }

  /** @throws LanewiseError `unsupported` for metrics that a box says nothing about */
  static async place(engine: Engine, points: Points, space: MetricSpace, signal?: AbortSignal): Promise<KdTreeSearch> {
    if (!treeMetrics.includes(space.metric)) {
      throw new LanewiseError(
        'unsupported',
        `Expected the metric ${treeMetrics.join(', ')} for a k-d tree but received ${space.metric}`,
        { hint: "Search with the algorithm 'brute', or leave the choice to 'auto'." },
      );
    }
    const values = await space.place(points, 'the points', signal);
    const scope = engine.arena.scope();
    try {
      const tree = await placeKdTree(engine, scope, values, points.dimension, signal);
      return new KdTreeSearch(engine, points, space, scope, tree);
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  async nearest(queries: Points, k: number, options: QueryOptions = {}): Promise<Neighbors> {
    if (!Number.isInteger(k) || k < 1) throw invalid('k', 'an integer from 1', k);
    checkQueries(this.points, queries, options);
    const distances = new Float64Array(queries.count * k);
    const indices = new Int32Array(queries.count * k);
    const batch = Math.max(1, Math.floor(ANSWERED_AT_ONCE / (k + queries.dimension)));
    for (let start = 0; start < queries.count; start += batch) {
      const part = partOf(queries, start, batch);
      using scope = this.#engine.arena.scope();
      const found = scope.allocate('f64', part.count * k);
      const places = scope.allocate('i32', part.count * k);
      const own = (row: number) => [found.byteOffset + 8 * row * k, places.byteOffset + 4 * row * k];
      await this.#run('kd_tree_nearest_f64', scope, part, start, options, own, [k]);
      this.#finish(found, distances.subarray(start * k));
      indices.set(places, start * k);
      options.onProgress?.({ what: 'queries', done: start + part.count, total: queries.count });
    }
    return { distances, indices };
  }

  async countWithin(queries: Points, radius: number, options: CountOptions = {}): Promise<Int32Array> {
    const { enough = ALL } = options;
    const limit = this.#space.limit(radius);
    checkQueries(this.points, queries, options);
    const counts = new Int32Array(queries.count);
    const batch = Math.max(1, Math.floor(ANSWERED_AT_ONCE / queries.dimension));
    for (let start = 0; start < queries.count; start += batch) {
      const part = partOf(queries, start, batch);
      using scope = this.#engine.arena.scope();
      const found = scope.allocate('i32', part.count);
      const own = (row: number) => [found.byteOffset + 4 * row];
      await this.#run('kd_tree_count_f64', scope, part, start, options, own, [limit, enough]);
      counts.set(found, start);
      options.onProgress?.({ what: 'queries', done: start + part.count, total: queries.count });
    }
    return counts;
  }

  async within(queries: Points, radius: number, options: QueryOptions = {}): Promise<Within> {
    const { onProgress, ...quiet } = options;
    const limit = this.#space.limit(radius);
    const offsets = offsetsOf(await this.countWithin(queries, radius, quiet));
    const indices = new Int32Array(offsets[queries.count]!);
    const distances = new Float64Array(indices.length);
    const most = Math.max(1, Math.floor(ANSWERED_AT_ONCE / queries.dimension));
    for (let start = 0; start < queries.count; ) {
      let end = start + 1;
      while (end < queries.count && end - start < most && offsets[end + 1]! - offsets[start]! <= FOUND_AT_ONCE) end++;
      const part = partOf(queries, start, end - start);
      const before = offsets[start]!;
      const total = offsets[end]! - before;
      using scope = this.#engine.arena.scope();
      const found = scope.allocate('f64', total);
      const places = scope.allocate('i32', total);
      const begins = scope.copy(
        'i32',
        offsets.slice(start, end).map((offset) => offset - before),
      );
      // Offsets count from the batch's first, for every task alike.
      const own = (row: number) => [begins.byteOffset + 4 * row, places.byteOffset, found.byteOffset];
      await this.#run('kd_tree_within_f64', scope, part, start, options, own, [limit, total]);
      this.#finish(found, distances.subarray(before));
      indices.set(places, before);
      onProgress?.({ what: 'queries', done: end, total: queries.count });
      start = end;
    }
    return { offsets, indices, distances };
  }

  /**
   * Sets of dense points, joined wherever two lie within `radius` of each other: by point the first of its set; −1: not
   * dense. Each thread joins the points of leaves of its own, passing over parts of the tree that it knows to be of the same set.
   */
  async joinWithin(dense: ArrayLike<number>, radius: number, signal?: AbortSignal): Promise<Int32Array> {
    const { count, dimension } = this.points;
    const { panels, order, boxes, leaves, depth } = this.#tree;
    const limit = this.#space.limit(radius);
    using scope = this.#engine.arena.scope();
    const slots = Array.from({ length: Math.min(this.#engine.threads, Math.ceil(2 ** depth / JOINED_LEAVES)) }, () => {
      const parents = scope.allocate('i32', count);
      for (let i = 0; i < count; i++) parents[i] = dense[i] ? i : -1;
      return {
        parents,
        groups: scope.allocate('i32', 2 ** (depth + 1) - 1),
        scratch: scope.allocate('f64', TREE_SCRATCH + dimension),
      };
    });
    for (let start = 0; start < 2 ** depth; start += slots.length * JOINED_LEAVES) {
      const tasks = slots.map(({ parents, groups, scratch }, slot): Task => {
        const from = Math.min(2 ** depth, start + slot * JOINED_LEAVES);
        const values = [panels, order, boxes, leaves, parents, groups, scratch].map(({ byteOffset }) => byteOffset);
        const shape = [count, order.length / 8, dimension, depth, metricCode(this.metric), limit];
        return {
          kernel: 'kd_tree_join_f64',
          values: [...values, ...shape, from, Math.min(2 ** depth, from + JOINED_LEAVES)],
        };
      });
      await this.#engine.run(tasks, signal);
    }
    const [first, ...others] = slots.map(({ parents }) => parents);
    const breather = new Breather();
    for (const parents of others) {
      for (let i = 0; i < count; i++) if (parents[i]! >= 0 && parents[i] !== i) joinSets(first!, i, parents[i]!);
      await breather.breathe(signal);
    }
    return first!.map((parent, i) => (parent < 0 ? -1 : firstOf(first!, i)));
  }

  /** Runs a kernel on all queries of a batch. `own`: its buffers from a row on; `behind`: its last scalars. */
  async #run(
    kernel: TreeKernel,
    scope: Scope,
    queries: Points,
    first: number,
    { signal, excludeSelf }: QueryOptions,
    own: (row: number) => number[],
    behind: readonly number[],
  ): Promise<void> {
    const { count, dimension } = queries;
    const { panels, order, boxes, leaves, depth } = this.#tree;
    const values = scope.copy('f64', await this.#space.place(queries, 'the queries', signal));
    const rows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.ceil(count / this.#engine.threads / 4)));
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += rows) {
      tasks.push({
        kernel,
        values: [
          values.byteOffset + 8 * start * dimension,
          panels.byteOffset,
          order.byteOffset,
          boxes.byteOffset,
          leaves.byteOffset,
          ...own(start),
          scope.allocate('f64', TREE_SCRATCH).byteOffset,
          Math.min(rows, count - start),
          order.length / 8,
          dimension,
          depth,
          metricCode(this.metric),
          excludeSelf ? first + start : -1,
          ...behind,
        ],
      });
    }
    await this.#engine.run(tasks, signal);
  }

  #finish(reduced: Float64Array, target: Float64Array): void {
    for (let i = 0; i < reduced.length; i++) target[i] = finishedDistance(this.metric, reduced[i]!);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
