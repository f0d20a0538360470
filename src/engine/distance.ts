import { candidatePanels, candidateRows, candidateUnit, PANEL, panelCount } from '../kernels/distance.js';
import type { Registers } from '../scoring/interpreter.js';
import { scoreNeighbors } from '../scoring/neighbors.js';
import type { NeighborsOperation } from '../scoring/program.js';
import type { Scope } from './arena.js';
import type { Engine, Task } from './engine.js';
import { BLOCK_ROWS, mergePartials } from './linear-algebra.js';
import { NeighborIndex } from './neighbors/neighbor-index.js';
import { turnEventLoop } from './turn.js';

export { NeighborIndex };

/** Points of equal length, one after the other. */
export interface Points {
  /** count × dimension, row-major. */
  readonly values: Float64Array;
  readonly count: number;
  readonly dimension: number;
}

/** Rows that are turned from columns into points at a time, so that both stay in the cache. */
const TURN_ROWS = 512;

/** Columns as points, one a row. */
export function pointsOf(columns: readonly Float64Array[]): Points {
  const dimension = columns.length;
  const count = columns[0]!.length;
  const values = new Float64Array(count * dimension);
  for (let start = 0; start < count; start += TURN_ROWS) {
    const end = Math.min(count, start + TURN_ROWS);
    for (let j = 0; j < dimension; j++) {
      const column = columns[j]!;
      for (let row = start; row < end; row++) values[row * dimension + j] = column[row]!;
    }
  }
  return { values, count, dimension };
}

/** Squared L2 distance between two points, added in the order of the dimensions: the form that every answer is held to. */
export function squaredDistance(a: Points, i: number, b: Points, k: number): number {
  const { dimension } = a;
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = a.values[i * dimension + j]! - b.values[k * dimension + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** Where candidates are compared: less the centre, times a power of two. */
export interface Frame {
  readonly center: Float64Array;
  readonly unit: number;
}

/** A frame in which these points lie around the origin, within 1. */
export function frameOf({ values, count, dimension }: Points): Frame {
  const center = new Float64Array(dimension);
  for (let i = 0; i < count; i++) for (let j = 0; j < dimension; j++) center[j]! += values[i * dimension + j]! / count;
  for (let j = 0; j < dimension; j++) if (!Number.isFinite(center[j]!)) center[j] = values[j] ?? 0;
  return { center, unit: candidateUnit(values, dimension, center) };
}

/** Each point's nearest centre (the first of equals; −1 where none lies at a finite distance) and the squared distance. */
export interface Assignment {
  readonly labels: Int32Array;
  readonly distances: Float64Array;
}

export interface Neighbors {
  /** count × k squared distances, nearest first; Infinity where fewer than k lie at a finite distance. */
  readonly distances: Float64Array;
  /** count × k indices of points, the lower first among equals; −1 where there is none. */
  readonly indices: Int32Array;
}

const ASSIGN_ROWS = 2048;
/** Coordinates that are brought into the frame between two turns of the event loop. */
const PLACED_VALUES = 262_144;

/** Points in the engine's memory, ready to be asked about: with their rows in a frame for finding candidates. */
export class PlacedPoints implements Disposable {
  readonly points: Points;
  readonly frame: Frame;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #values: Float64Array;
  readonly #rows: Float32Array;
  readonly #lengths: Float32Array;
  readonly #bounds: Float64Array;
  #assignment: Assignment | undefined;

  private constructor(engine: Engine, points: Points, frame: Frame) {
    this.points = points;
    this.frame = frame;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    this.#values = this.#scope.allocate('f64', points.values.length);
    this.#rows = this.#scope.allocate('f32', points.values.length);
    this.#lengths = this.#scope.allocate('f32', points.count);
    this.#bounds = this.#scope.allocate('f64', points.count);
  }

  /** Copies the points in, by blocks between which the event loop turns. */
  static async place(engine: Engine, points: Points, frame: Frame): Promise<PlacedPoints> {
    const placed = new PlacedPoints(engine, points, frame);
    const { values, count, dimension } = points;
    const step = Math.max(1, Math.floor(PLACED_VALUES / Math.max(1, dimension)));
    for (let start = 0; start < count; start += step) {
      const block = values.subarray(start * dimension, Math.min(count, start + step) * dimension);
      const { rows, lengths, bounds } = candidateRows(block, dimension, frame.center, frame.unit);
      placed.#values.set(block, start * dimension);
      placed.#rows.set(rows, start * dimension);
      placed.#lengths.set(lengths, start);
      placed.#bounds.set(bounds, start);
      if (count > step) await turnEventLoop();
    }
    return placed;
  }

  /** Each point's nearest centre. The arrays are overwritten by the next call. */
  async assign(centers: Points, signal?: AbortSignal): Promise<Assignment> {
    const { count, dimension } = this.points;
    const { unit } = this.frame;
    this.#assignment ??= {
      labels: this.#scope.allocate('i32', count),
      distances: this.#scope.allocate('f64', count),
    };
    const { labels, distances } = this.#assignment;
    using scope = this.#engine.arena.scope();
    const offered = this.#offer(scope, centers);
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += ASSIGN_ROWS) {
      const rows = Math.min(ASSIGN_ROWS, count - start);
      const scratch = scope.allocate('f32', 4 * PANEL * panelCount(centers.count));
      const values = [
        this.#values.byteOffset + 8 * start * dimension,
        offered.values.byteOffset,
        this.#rows.byteOffset + 4 * start * dimension,
        offered.panels.byteOffset,
        this.#bounds.byteOffset + 8 * start,
        offered.bounds.byteOffset,
        labels.byteOffset + 4 * start,
        distances.byteOffset + 8 * start,
        scratch.byteOffset,
      ];
      tasks.push({ kernel: 'assign_points_f64', values: [...values, rows, centers.count, dimension, unit] });
    }
    await this.#engine.run(tasks, signal);
    return this.#assignment;
  }

  /** By cluster of the last assignment: the weighted sum of its points, and their weight. Blocks merge in the one tree. */
  async clusterSums(
    clusterCount: number,
    weights?: Float64Array,
    signal?: AbortSignal,
  ): Promise<{ sums: Float64Array; totals: Float64Array }> {
    const { count, dimension } = this.points;
    using scope = this.#engine.arena.scope();
    const weighted = weights && scope.copy('f64', weights);
    const partials: Float64Array[] = [];
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += BLOCK_ROWS) {
      const partial = scope.allocate('f64', clusterCount * (dimension + 1));
      partials.push(partial);
      const values = [
        this.#values.byteOffset + 8 * start * dimension,
        this.#assignment!.labels.byteOffset + 4 * start,
        weighted ? weighted.byteOffset + 8 * start : 0,
        partial.byteOffset,
      ];
      const rows = Math.min(BLOCK_ROWS, count - start);
      tasks.push({ kernel: 'cluster_sums_f64', values: [...values, rows, dimension, clusterCount] });
    }
    await this.#engine.run(tasks, signal);
    const merged = mergePartials(partials);
    const sums = new Float64Array(clusterCount * dimension);
    const totals = new Float64Array(clusterCount);
    for (let k = 0; k < clusterCount; k++) {
      sums.set(merged.subarray(k * (dimension + 1), k * (dimension + 1) + dimension), k * dimension);
      totals[k] = merged[k * (dimension + 1) + dimension]!;
    }
    return { sums, totals };
  }

  /**
   * Squared distances of every point to a few others, in f32 and in the frame's unit, not below 0: for sampling, where
   * the last places do not matter. distances[other][point].
   */
  async roughDistances(others: Points, signal?: AbortSignal): Promise<Float32Array[]> {
    const { count, dimension } = this.points;
    using scope = this.#engine.arena.scope();
    const offered = this.#offer(scope, others);
    const width = PANEL * panelCount(others.count);
    const out = scope.allocate('f32', count * width);
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += ASSIGN_ROWS) {
      const values = [
        this.#rows.byteOffset + 4 * start * dimension,
        offered.panels.byteOffset,
        this.#lengths.byteOffset + 4 * start,
        offered.lengths.byteOffset,
        out.byteOffset + 4 * start * width,
      ];
      const rows = Math.min(ASSIGN_ROWS, count - start);
      tasks.push({ kernel: 'l2_block_f32', values: [...values, rows, others.count, dimension] });
    }
    await this.#engine.run(tasks, signal);
    return Array.from({ length: others.count }, (_, k) => {
      const distances = new Float32Array(count);
      for (let i = 0; i < count; i++) distances[i] = Math.max(0, out[i * width + k]!);
      return distances;
    });
  }

  #offer(scope: Scope, points: Points) {
    const { center, unit } = this.frame;
    const rows = candidateRows(points.values, points.dimension, center, unit);
    const { panels, panelLengths, panelBounds } = candidatePanels(rows, points.dimension);
    return {
      values: scope.copy('f64', points.values),
      panels: scope.copy('f32', panels),
      lengths: scope.copy('f32', panelLengths),
      bounds: scope.copy('f32', panelBounds),
    };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** Fewer products of rows and points are searched where they lie: laying the points out would cost more. */
const MIN_PAIRS = 4096;

const indexes = new WeakMap<Engine, WeakMap<NeighborsOperation, NeighborIndex>>();
/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<NeighborIndex>((index) => index[Symbol.dispose]());

/** A neighbours operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreNeighborsOn(
  engine: Engine,
  operation: NeighborsOperation,
  registers: Registers,
  rowCount: number,
): void {
  const search = neighborSearch(engine, operation, registers, rowCount);
  if (!search) return scoreNeighbors(operation, registers, rowCount);
  search.write(search.index.nearestSync(search.queries, operation.k));
}

/** As `scoreNeighborsOn`, on all threads. */
export async function scoreNeighborsOnThreads(
  engine: Engine,
  operation: NeighborsOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const search = neighborSearch(engine, operation, registers, rowCount);
  if (!search) return scoreNeighbors(operation, registers, rowCount);
  search.write(await search.index.nearest(search.queries, operation.k, signal));
}

function neighborSearch(engine: Engine, operation: NeighborsOperation, registers: Registers, rowCount: number) {
  const inputs = operation.inputs.map((register) => registers[register]!);
  const pointCount = operation.targets.length / operation.outputs.length;
  if (inputs.length === 0 || pointCount * rowCount < MIN_PAIRS || pointCount < operation.k) return undefined;
  const index = indexOf(engine, operation, inputs.length, pointCount);
  const queries = pointsOf(inputs.map((column) => column.subarray(0, rowCount)));
  return { index, queries, write: (found: Neighbors) => writeNeighbors(operation, registers, queries, found) };
}

function indexOf(engine: Engine, operation: NeighborsOperation, dimension: number, count: number): NeighborIndex {
  let ofEngine = indexes.get(engine);
  if (!ofEngine) indexes.set(engine, (ofEngine = new WeakMap()));
  let index = ofEngine.get(operation);
  if (!index) {
    index = new NeighborIndex(engine, { values: operation.points, count, dimension });
    ofEngine.set(operation, index);
    forgotten.register(operation, index);
  }
  return index;
}

/** Turns neighbours into outputs, as `scoreNeighbors` does; rows that kernels have no word on go to it. */
function writeNeighbors(
  operation: NeighborsOperation,
  registers: Registers,
  queries: Points,
  { distances, indices }: Neighbors,
): void {
  const { k, outputs, targets, weights } = operation;
  const width = outputs.length;
  const sums = new Float64Array(width);
  for (let row = 0; row < queries.count; row++) {
    if (!usable(queries, row) || !(distances[row * k + k - 1]! < Number.POSITIVE_INFINITY)) {
      const single = registers.map((column) => column.subarray(row, row + 1));
      scoreNeighbors(operation, single, 1);
      continue;
    }
    const exact = weights === 'distance' && distances[row * k] === 0;
    sums.fill(0);
    let total = 0;
    for (let place = row * k; place < row * k + k; place++) {
      const distance = distances[place]!;
      const weight = weights === 'uniform' ? 1 : exact ? (distance === 0 ? 1 : 0) : 1 / Math.sqrt(distance);
      total += weight;
      for (let j = 0; j < width; j++) sums[j] = sums[j]! + weight * targets[indices[place]! * width + j]!;
    }
    for (let j = 0; j < width; j++) registers[outputs[j]!]![row] = sums[j]! / total;
  }
}

function usable({ values, dimension }: Points, row: number): boolean {
  for (let j = row * dimension; j < (row + 1) * dimension; j++) if (!Number.isFinite(values[j]!)) return false;
  return true;
}
