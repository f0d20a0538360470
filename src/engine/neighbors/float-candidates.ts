import { candidatePanels, candidateRows } from '../../kernels/distance.js';
import type { Scope } from '../arena.js';
import type { Task } from '../engine.js';
import { type Frame, frameOf, type Neighbors, type Points } from './points.js';

/** Queries a task: their rows stay in the cache while blocks of points pass by. */
const QUERY_ROWS = 128;

/** Points as panels of f32 in a frame of theirs (src/kernels/distance.ts), and the search for neighbours among them. */
export class FloatCandidates {
  readonly points: Points;
  readonly #frame: Frame;
  readonly #values: Float64Array;
  readonly #panels: Float32Array;
  readonly #bounds: Float32Array;

  /** `values` are the points' in the engine's memory, where they stay. */
  constructor(scope: Scope, points: Points, values: Float64Array) {
    this.points = points;
    this.#frame = frameOf(points);
    const rows = candidateRows(points.values, points.dimension, this.#frame.center, this.#frame.unit);
    const { panels, panelBounds } = candidatePanels(rows, points.dimension);
    this.#values = values;
    this.#panels = scope.copy('f32', panels);
    this.#bounds = scope.copy('f32', panelBounds);
  }

  ask(scope: Scope, queries: Points, k: number): { tasks: Task[]; result(): Neighbors } {
    const { dimension, count } = queries;
    const { center, unit } = this.#frame;
    const { rows, bounds } = candidateRows(queries.values, dimension, center, unit);
    const values = scope.copy('f64', queries.values);
    const placedRows = scope.copy('f32', rows);
    const placedBounds = scope.copy('f64', bounds);
    const distances = scope.allocate('f64', count * k);
    const indices = scope.allocate('i32', count * k);
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += QUERY_ROWS) {
      const rowCount = Math.min(QUERY_ROWS, count - start);
      const offsets = [
        values.byteOffset + 8 * start * dimension,
        this.#values.byteOffset,
        placedRows.byteOffset + 4 * start * dimension,
        this.#panels.byteOffset,
        placedBounds.byteOffset + 8 * start,
        this.#bounds.byteOffset,
        distances.byteOffset + 8 * start * k,
        indices.byteOffset + 4 * start * k,
        scope.allocate('f32', rowCount + 8).byteOffset,
      ];
      const shape = [rowCount, this.points.count, dimension, k, unit];
      tasks.push({ kernel: 'nearest_points_f64', values: [...offsets, ...shape] });
    }
    return { tasks, result: () => ({ distances: distances.slice(), indices: indices.slice() }) };
  }
}
