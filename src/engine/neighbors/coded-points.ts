import {
  CODE_PANEL,
  type CodeBits,
  type Coding,
  codeCenter,
  codeScale,
  codeScratch,
  codeWidth,
  largestCode,
  openFarPoints,
  radiusScratch,
  roundingError,
  wholeCenter,
} from '../../kernels/quantized-distance.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { Neighbors, Points } from './points.js';

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

type CodeKernel = 'nearest_codes_i8' | 'nearest_codes_i16' | 'count_codes_i16' | 'within_codes_i16';
type CodeArray = Int16Array | Uint8Array;

/** The codes of points (src/kernels/quantized-distance.ts) in the engine's memory, and the search for neighbours by them. */
export class CodedPoints {
  readonly points: Points;
  readonly #engine: Engine;
  readonly #values: Float64Array;
  readonly #coding: Coding;
  readonly #center: Float64Array;
  readonly #panels: CodeArray;
  readonly #starts: Int32Array;
  readonly #errors: Float64Array;
  #error = 0;
  /** Calls that make the codes; `ready` comes after them. */
  readonly coding: readonly Task[];

  private constructor(
    engine: Engine,
    scope: Scope,
    points: Points,
    values: Float64Array,
    center: Float64Array,
    coding: Coding,
  ) {
    const { count, dimension } = points;
    const padded = Math.ceil(count / CODE_PANEL) * CODE_PANEL;
    this.points = points;
    this.#engine = engine;
    this.#values = values;
    this.#coding = coding;
    this.#center = scope.copy('f64', center);
    this.#panels = allocateCodes(scope, padded * codeWidth(dimension, coding.bits), coding.bits);
    this.#starts = scope.allocate('i32', padded);
    this.#errors = scope.allocate('f64', count);
    this.coding = this.#code(values, count, CODE_PANEL, this.#panels, this.#starts, this.#errors);
  }

  /** Codes of sixteen bits. `values` are the points' in the engine's memory, where they stay. */
  static of(engine: Engine, scope: Scope, points: Points, values: Float64Array): CodedPoints {
    const { dimension } = points;
    const center = codeCenter(points.values, dimension);
    const largest = largestCode(dimension);
    const scale = codeScale(points.values, dimension, center, largest);
    return new CodedPoints(engine, scope, points, values, center, { bits: 16, scale, largest });
  }

  /** Codes of eight bits, where a sample of the points is whole numbers that these hold. */
  static wholeOf(engine: Engine, scope: Scope, points: Points, values: () => Float64Array): CodedPoints | undefined {
    const center = wholeCenter(points.values, points.dimension);
    return center && new CodedPoints(engine, scope, points, values(), center, { bits: 8, scale: 1, largest: 127 });
  }

  /**
   * To be called when the codes are there. false: the points lie so unevenly that codes do not help; those of eight bits
   * help where they are the points themselves.
   */
  ready(): boolean {
    const { error, far } = openFarPoints(this.#starts, this.#errors, this.points.dimension);
    this.#error = error;
    return this.#coding.bits === 8 ? far === 0 && error === 0 : far <= FAR_SHARE * this.points.count;
  }

  #code(
    points: Float64Array,
    count: number,
    panel: number,
    codes: CodeArray,
    starts: Int32Array,
    errors: Float64Array,
  ): Task[] {
    const { dimension } = this.points;
    const { bits, scale, largest } = this.#coding;
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += CODED_ROWS) {
      const offsets = [
        points.byteOffset + 8 * start * dimension,
        this.#center.byteOffset,
        codes.byteOffset + (bits / 8) * start * codeWidth(dimension, bits),
        starts.byteOffset + 4 * start,
        errors.byteOffset + 8 * start,
      ];
      const values = [...offsets, Math.min(CODED_ROWS, count - start), dimension, panel, scale];
      tasks.push(
        bits === 8
          ? { kernel: 'quantize_points_i8', values }
          : { kernel: 'quantize_points_i16', values: [...values, largest] },
      );
    }
    return tasks;
  }

  /** Queries in memory of their own, to be coded first and then searched for. */
  ask(scope: Scope, queries: Points, k: number): CodedQueries & { result(): Neighbors } {
    const { count } = queries;
    const distances = scope.allocate('f64', count * k);
    const indices = scope.allocate('i32', count * k);
    const kernel = this.#coding.bits === 8 ? 'nearest_codes_i8' : 'nearest_codes_i16';
    const asked = this.#place(scope, queries, kernel, (start, rows) => [
      [
        distances.byteOffset + 8 * start * k,
        indices.byteOffset + 4 * start * k,
        scope.allocate('i32', rows * codeScratch(k)).byteOffset,
      ],
      [rows, this.points.count, this.points.dimension, k, this.#coding.scale, this.#error],
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
    return [rows, this.points.count, this.points.dimension, this.#coding.scale, this.#error, limit, self];
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
    const { bits } = this.#coding;
    const rowBytes = (bits / 8) * codeWidth(dimension, bits);
    const codes = allocateCodes(scope, count * codeWidth(dimension, bits), bits);
    const starts = scope.allocate('i32', count);
    const errors = scope.allocate('f64', count);
    const rows = this.#rowsOfTasks(count);
    const searching: Task[] = [];
    for (let start = 0; start < count; start += rows) {
      const [buffers, scalars] = own(start, Math.min(rows, count - start));
      const common = [
        values.byteOffset + 8 * start * dimension,
        this.#values.byteOffset,
        codes.byteOffset + start * rowBytes,
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

const allocateCodes = (scope: Scope, length: number, bits: CodeBits): CodeArray =>
  bits === 8 ? scope.allocate('u8', length) : scope.allocate('i16', length);

function indicesWhere(values: Float64Array, holds: (value: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (holds(values[i]!)) found.push(i);
  return found;
}
