import {
  CODE_PANEL,
  codeCenter,
  codeScale,
  codeScratch,
  codeWidth,
  largestCode,
  openFarPoints,
  radiusScratch,
  roundingError,
} from '../../kernels/quantized-distance.js';
import type { Scope } from '../arena.js';
import type { Neighbors, Points } from '../distance.js';
import type { Engine, Task } from '../engine.js';

/** Points that are coded in one task: a multiple of a panel's. */
const CODED_ROWS = 4096;
/** Queries a task: their codes stay in the first-level cache while points pass by. A multiple of every tile's height. */
const QUERY_ROWS = 120;
const TILE_ROWS = 12;
/** Products a task, at most: about half a second. */
const TASK_PRODUCTS = 2 ** 36;
/** Where more than one point in so many lies too far out for its codes to say anything, codes are no use. */
const FAR_SHARE = 1 / 64;
/** A query whose codes are off by more than so many times what rounding takes is no query for codes. */
const FAR_QUERY = 8;

type CodeKernel = 'nearest_codes_i16' | 'count_codes_i16' | 'within_codes_i16';

/** The codes of points (src/kernels/quantized-distance.ts) in the engine's memory, and the search for neighbours by them. */
export class CodedPoints {
  readonly points: Points;
  readonly #engine: Engine;
  readonly #values: Float64Array;
  readonly #center: Float64Array;
  readonly #scale: number;
  readonly #panels: Int16Array;
  readonly #starts: Int32Array;
  readonly #errors: Float64Array;
  #error = 0;
  /** Calls that make the codes; `ready` comes after them. */
  readonly coding: readonly Task[];

  /** `values` are the points' in the engine's memory, where they stay. */
  constructor(engine: Engine, scope: Scope, points: Points, values: Float64Array) {
    const { count, dimension } = points;
    const padded = Math.ceil(count / CODE_PANEL) * CODE_PANEL;
    this.points = points;
    this.#engine = engine;
    this.#values = values;
    this.#center = scope.copy('f64', codeCenter(points.values, dimension));
    this.#scale = codeScale(points.values, dimension, this.#center);
    this.#panels = scope.allocate('i16', padded * codeWidth(dimension));
    this.#starts = scope.allocate('i32', padded);
    this.#errors = scope.allocate('f64', count);
    this.coding = this.#code(values, count, CODE_PANEL, this.#panels, this.#starts, this.#errors);
  }

  /** To be called when the codes are there. false: the points lie so unevenly that codes do not help. */
  ready(): boolean {
    const { error, far } = openFarPoints(this.#starts, this.#errors, this.points.dimension);
    this.#error = error;
    return far <= FAR_SHARE * this.points.count;
  }

  #code(
    values: Float64Array,
    count: number,
    panel: number,
    codes: Int16Array,
    starts: Int32Array,
    errors: Float64Array,
  ): Task[] {
    const { dimension } = this.points;
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += CODED_ROWS) {
      const offsets = [
        values.byteOffset + 8 * start * dimension,
        this.#center.byteOffset,
        codes.byteOffset + 2 * start * codeWidth(dimension),
        starts.byteOffset + 4 * start,
        errors.byteOffset + 8 * start,
      ];
      const shape = [Math.min(CODED_ROWS, count - start), dimension, panel, this.#scale, largestCode(dimension)];
      tasks.push({ kernel: 'quantize_points_i16', values: [...offsets, ...shape] });
    }
    return tasks;
  }

  /** Queries in memory of their own, to be coded first and then searched for. */
  ask(scope: Scope, queries: Points, k: number): CodedQueries & { result(): Neighbors } {
    const { count } = queries;
    const distances = scope.allocate('f64', count * k);
    const indices = scope.allocate('i32', count * k);
    const asked = this.#place(scope, queries, 'nearest_codes_i16', (start, rows) => [
      [
        distances.byteOffset + 8 * start * k,
        indices.byteOffset + 4 * start * k,
        scope.allocate('i32', rows * codeScratch(k)).byteOffset,
      ],
      [rows, this.points.count, this.points.dimension, k, this.#scale, this.#error],
    ]);
    return { ...asked, result: () => ({ distances: distances.slice(), indices: indices.slice() }) };
  }

  /** Queries whose points within a squared radius are to be counted. `self`: the point that the first query is, or −1. */
  askCounts(scope: Scope, queries: Points, limit: number, self: number): CodedQueries & { result(): Int32Array } {
    const counts = scope.allocate('i32', queries.count);
    const asked = this.#place(scope, queries, 'count_codes_i16', (start, rows) => [
      [counts.byteOffset + 4 * start, scope.allocate('i32', radiusScratch(rows)).byteOffset],
      this.#radiusShape(rows, limit, self < 0 ? -1 : self + start),
    ]);
    return { ...asked, result: () => counts.slice() };
  }

  /** As `askCounts`, to be listed. `offsets`: where each query's begin, and how many there are in all. */
  askWithin(
    scope: Scope,
    queries: Points,
    limit: number,
    self: number,
    offsets: Int32Array,
  ): CodedQueries & { result(): Neighbors } {
    const found = offsets[queries.count]!;
    const begins = scope.copy('i32', offsets);
    const distances = scope.allocate('f64', found);
    const indices = scope.allocate('i32', found);
    const asked = this.#place(scope, queries, 'within_codes_i16', (start, rows) => [
      [
        begins.byteOffset + 4 * start,
        indices.byteOffset,
        distances.byteOffset,
        scope.allocate('i32', radiusScratch(rows)).byteOffset,
      ],
      [...this.#radiusShape(rows, limit, self < 0 ? -1 : self + start), found],
    ]);
    return { ...asked, result: () => ({ distances: distances.slice(), indices: indices.slice() }) };
  }

  #radiusShape(rows: number, limit: number, self: number): number[] {
    return [rows, this.points.count, this.points.dimension, this.#scale, this.#error, limit, self];
  }

  /** Calls of a kernel on all queries; `own`: its buffers and its scalars for so many rows from one on. */
  #place(
    scope: Scope,
    queries: Points,
    kernel: CodeKernel,
    own: (start: number, rows: number) => readonly [number[], number[]],
  ): CodedQueries {
    const { count, dimension } = queries;
    const values = scope.copy('f64', queries.values);
    const codes = scope.allocate('i16', count * codeWidth(dimension));
    const starts = scope.allocate('i32', count);
    const errors = scope.allocate('f64', count);
    const rows = this.#rowsOfTasks(count);
    const searching: Task[] = [];
    for (let start = 0; start < count; start += rows) {
      const [buffers, scalars] = own(start, Math.min(rows, count - start));
      const common = [
        values.byteOffset + 8 * start * dimension,
        this.#values.byteOffset,
        codes.byteOffset + 2 * start * codeWidth(dimension),
        starts.byteOffset + 4 * start,
        errors.byteOffset + 8 * start,
        this.#panels.byteOffset,
        this.#starts.byteOffset,
      ];
      searching.push({ kernel, values: [...common, ...buffers, ...scalars] });
    }
    const farthest = FAR_QUERY * roundingError(dimension);
    return {
      coding: this.#code(values, count, 1, codes, starts, errors),
      searching,
      farQueries: () => indicesWhere(errors, (error) => !(error <= farthest)),
    };
  }

  /** Enough tasks for every thread, of whole tiles. */
  #rowsOfTasks(count: number): number {
    const shared = Math.ceil(count / this.#engine.threads / 3 / TILE_ROWS) * TILE_ROWS;
    const products = TASK_PRODUCTS / Math.max(1, this.points.count * this.points.dimension);
    const most = Math.floor(products / TILE_ROWS) * TILE_ROWS;
    return Math.max(TILE_ROWS, Math.min(QUERY_ROWS, shared, most));
  }
}

export interface CodedQueries {
  readonly coding: readonly Task[];
  readonly searching: readonly Task[];
  /** Which of the coded queries lie so far out that they are better searched for in another way. */
  farQueries(): number[];
}

function indicesWhere(values: Float64Array, holds: (value: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (holds(values[i]!)) found.push(i);
  return found;
}
