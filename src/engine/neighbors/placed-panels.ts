import { throwIfCancelled } from '../../errors.js';
import { PANEL, panelCount } from '../../kernels/distance.js';
import { metricCode } from '../../kernels/metric-distance.js';
import { metricPanels } from '../../kernels/metrics.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { turnEventLoop } from '../turn.js';
import type { DistanceBlocks } from './distance-blocks.js';
import { type MetricSpace, PLACED_VALUES } from './metric-space.js';
import type { Points } from './points.js';

/** Coordinates that a task looks at: some ten milliseconds. */
const TASK_VALUES = 33_554_432;
const TASK_QUERIES = 128;
/** Bytes that a batch of queries and its answers may take in the engine's memory. */
const BATCH_BYTES = 33_554_432;

/** The kernels that take panels. What they have in common comes first and last: see `src/kernels/metrics.ts`. */
type PanelKernel = 'metric_block_f64' | 'metric_nearest_f64' | 'metric_count_f64' | 'metric_within_f64';

/** Queries of one task: rows [start, start + count) of the batch. */
export interface QueryRows {
  readonly start: number;
  readonly count: number;
}

/** Points in the engine's memory as panels of eight, for every kernel of src/kernels/metrics.ts. */
export class PlacedPanels implements DistanceBlocks {
  readonly points: Points;
  readonly line: number;
  readonly groups = 1;
  readonly space: MetricSpace;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #panels: Float64Array;
  readonly #lengths: Float64Array | undefined;
  readonly #columns: Float64Array | undefined;

  private constructor(engine: Engine, points: Points, space: MetricSpace) {
    this.points = points;
    this.space = space;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    this.line = panelCount(points.count) * PANEL;
    this.#panels = this.#scope.allocate('f64', this.line * space.placedDimension);
    if (space.metric === 'cosine') this.#lengths = this.#scope.zeros('f64', this.line);
    if (space.columns) this.#columns = this.#scope.copy('f64', space.columns);
  }

  static async place(engine: Engine, points: Points, space: MetricSpace, signal?: AbortSignal): Promise<PlacedPanels> {
    const placed = await space.place(points, 'the points', signal);
    const made = new PlacedPanels(engine, points, space);
    try {
      await made.#fill(placed, signal);
      return made;
    } catch (error) {
      made[Symbol.dispose]();
      throw error;
    }
  }

  async #fill(placed: Float64Array, signal?: AbortSignal): Promise<void> {
    const { placedDimension: width } = this.space;
    const step = PANEL * Math.max(1, Math.floor(PLACED_VALUES / PANEL / width));
    for (let start = 0; start < this.points.count; start += step) {
      const block = placed.subarray(start * width, Math.min(this.points.count, start + step) * width);
      this.#panels.set(metricPanels(block, width), start * width);
      this.#lengths?.set(this.space.lengths(block)!, start);
      if (start + step >= this.points.count) break;
      await turnEventLoop();
      throwIfCancelled(signal);
    }
  }

  /** Queries that are placed and answered at a time, where each answer takes so many bytes. */
  batchRows(bytesEach: number): number {
    return Math.max(1, Math.floor(BATCH_BYTES / (8 * this.space.placedDimension + bytesEach)));
  }

  /** Stretches of a batch's queries, a task each. */
  rowsOfTasks(queryCount: number): QueryRows[] {
    const pairs = Math.max(1, this.points.count * this.space.placedDimension);
    const share = 2 * Math.ceil(queryCount / (32 * this.#engine.threads));
    const rows = 4 * Math.max(1, Math.min(TASK_QUERIES / 4, Math.floor(TASK_VALUES / pairs / 4), share));
    const tasks: QueryRows[] = [];
    for (let start = 0; start < queryCount; start += rows) {
      tasks.push({ start, count: Math.min(rows, queryCount - start) });
    }
    return tasks;
  }

  async tasks(scope: Scope, queries: Points, out: Float64Array, signal?: AbortSignal): Promise<Task[][]> {
    const asked = await this.queries(scope, queries, signal);
    const rows = this.rowsOfTasks(queries.count);
    return [rows.map((row) => asked.call('metric_block_f64', row, [out.byteOffset + 8 * row.start * this.line], []))];
  }

  /** Queries in the engine's memory, and calls of kernels on them and the points. */
  async queries(scope: Scope, queries: Points, signal?: AbortSignal): Promise<PlacedQueries> {
    const placed = await this.space.place(queries, 'the queries', signal);
    const lengths = this.space.lengths(placed);
    const { placedDimension: width, metric } = this.space;
    const values = scope.copy('f64', placed);
    const placedLengths = lengths && scope.copy('f64', lengths);
    const offset = (array: Float64Array | undefined) => array?.byteOffset ?? 0;
    return {
      call: (kernel, { start, count }, own, behind) => ({
        kernel,
        values: [
          values.byteOffset + 8 * start * width,
          this.#panels.byteOffset,
          placedLengths ? placedLengths.byteOffset + 8 * start : 0,
          offset(this.#lengths),
          offset(this.#columns),
          ...own,
          count,
          this.points.count,
          width,
          metricCode(metric),
          ...behind,
        ],
      }),
    };
  }

  run(tasks: readonly Task[], signal?: AbortSignal): Promise<number[]> {
    return this.#engine.run(tasks, signal);
  }

  scope(): Scope {
    return this.#engine.arena.scope();
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

export interface PlacedQueries {
  /** A call on some of the queries: offsets of the kernel's own buffers, and its own scalars. */
  call(kernel: PanelKernel, rows: QueryRows, own: readonly number[], behind: readonly number[]): Task;
}
