import { kernelKinds, kernelOf } from '../../kernels/kernel-functions.js';
import { PANEL_POINTS } from '../../kernels/support-vectors.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { Points } from '../neighbors/points.js';
import { expansionTasks, type KernelFunction, kernelScalars, panelled } from '../scoring/kernel-expansion.js';

/** Where the rows of a kernel matrix come from. Rows are numbered as they were given. */
export interface KernelRows extends Disposable {
  readonly count: number;
  /** K(i, i) of every row. */
  diagonal(): Float64Array;
  /** From here on, position p is row order[p]. */
  place(order: Int32Array): void;
  /** Writes K(row, position) to out for positions [start, end), and perhaps for up to seven around them. */
  fill(row: number, out: Float64Array, start: number, end: number): Promise<unknown> | undefined;
  /** For each of the rows, Σ coefficients[i]·K(row, supports[i]), added in the order of the supports. */
  expand(
    rows: Int32Array,
    supports: Int32Array,
    coefficients: Float64Array,
    signal?: AbortSignal,
  ): Promise<Float64Array>;
}

/** Coordinates from which on a row's points are shared among threads: a tenth of a millisecond's work. */
const SHARED_COORDINATES = 200_000;
/** Points of a task at most. */
const MOST_TASK_POINTS = 65_536;

/** Points under a kernel function: rows are computed when they are asked for. */
export class PointRows implements KernelRows {
  readonly count: number;
  readonly #engine: Engine;
  readonly #points: Points;
  readonly #kernel: KernelFunction;
  readonly #scope: Scope;
  readonly #values: Float64Array;
  readonly #panels: Float64Array;

  constructor(engine: Engine, points: Points, kernel: KernelFunction) {
    this.count = points.count;
    this.#engine = engine;
    this.#points = points;
    this.#kernel = kernel;
    this.#scope = engine.arena.scope();
    this.#values = this.#scope.copy('f64', points.values);
    this.#panels = this.#scope.allocate('f64', panelled(points.count) * points.dimension);
  }

  diagonal(): Float64Array {
    const { kind, gamma, coef0, degree } = this.#kernel;
    const { values, dimension } = this.#points;
    const number = kernelKinds.indexOf(kind);
    return Float64Array.from({ length: this.count }, (_, i) => {
      let sum = 0; // as the kernels add it: a point's distance to itself is 0
      for (let j = 0; j < dimension && kind !== 'rbf'; j++) {
        const x = values[i * dimension + j]!;
        sum = x * x + sum;
      }
      return kernelOf(number, sum, gamma, coef0, degree);
    });
  }

  place(order: Int32Array): void {
    writePanels(this.#points, order, this.#panels);
  }

  fill(row: number, out: Float64Array, start: number, end: number): Promise<unknown> | undefined {
    const { dimension } = this.#points;
    const from = start - (start % PANEL_POINTS);
    const threads = (end - from) * dimension < SHARED_COORDINATES ? 1 : this.#engine.threads;
    const step = Math.min(MOST_TASK_POINTS, panelled(Math.ceil((end - from) / threads)));
    const tasks: Task[] = [];
    for (let at = from; at < end; at += step) {
      const points = Math.min(step, end - at);
      const offsets = [
        this.#panels.byteOffset + 8 * at * dimension,
        this.#values.byteOffset + 8 * row * dimension,
        out.byteOffset + 8 * at,
      ];
      const values = [...offsets, points, 1, dimension, panelled(points), ...kernelScalars(this.#kernel)];
      tasks.push({ kernel: 'kernel_rows_f64', values });
    }
    return tasks.length > threads ? this.#engine.run(tasks) : this.#engine.runNow(tasks);
  }

  async expand(
    rows: Int32Array,
    supports: Int32Array,
    coefficients: Float64Array,
    signal?: AbortSignal,
  ): Promise<Float64Array> {
    const { dimension, values } = this.#points;
    using scope = this.#engine.arena.scope();
    const panels = scope.allocate('f64', panelled(rows.length) * dimension);
    writePanels(this.#points, rows, panels);
    const vectors = scope.allocate('f64', supports.length * dimension);
    supports.forEach((row, i) => {
      vectors.set(values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
    });
    const { tasks, copy } = expansionTasks(scope, {
      panels,
      pointCount: rows.length,
      supports: vectors,
      coefficients: scope.copy('f64', coefficients),
      intercepts: scope.zeros('f64', 1),
      dimension,
      kernel: this.#kernel,
    });
    await this.#engine.run(tasks, signal);
    const sums = new Float64Array(rows.length);
    copy(0, sums);
    return sums;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** Points by number, in panels of eight; the last panel is filled up with 0. */
function writePanels({ values, dimension }: Points, order: Int32Array, panels: Float64Array): void {
  const count = order.length;
  for (let p = 0; p < panelled(count); p++) {
    const at = (p - (p % PANEL_POINTS)) * dimension + (p % PANEL_POINTS);
    const from = p < count ? order[p]! * dimension : -1;
    for (let j = 0; j < dimension; j++) panels[at + j * PANEL_POINTS] = from < 0 ? 0 : values[from + j]!;
  }
}

/** Some rows and columns of a kernel matrix that is there already. */
export class PrecomputedRows implements KernelRows {
  readonly count: number;
  readonly #columns: readonly Float64Array[];
  readonly #rows: Uint32Array;
  #order: Int32Array = new Int32Array(0);

  /**
   * @param columns of the whole matrix, which is symmetric
   * @param rows which of its rows and columns take part
   */
  constructor(columns: readonly Float64Array[], rows: Uint32Array) {
    this.count = rows.length;
    this.#columns = columns;
    this.#rows = rows;
  }

  diagonal(): Float64Array {
    return Float64Array.from(this.#rows, (row) => this.#columns[row]![row]!);
  }

  place(order: Int32Array): void {
    this.#order = order;
  }

  fill(row: number, out: Float64Array, start: number, end: number): undefined {
    const column = this.#columns[this.#rows[row]!]!;
    for (let p = start; p < end; p++) out[p] = column[this.#rows[this.#order[p]!]!]!;
    return undefined;
  }

  async expand(rows: Int32Array, supports: Int32Array, coefficients: Float64Array): Promise<Float64Array> {
    const sums = new Float64Array(rows.length);
    supports.forEach((support, i) => {
      const column = this.#columns[this.#rows[support]!]!;
      for (let r = 0; r < rows.length; r++) {
        sums[r] = coefficients[i]! * column[this.#rows[rows[r]!]!]! + sums[r]!;
      }
    });
    return sums;
  }

  [Symbol.dispose](): void {}
}
