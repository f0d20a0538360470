import { centerLine, offerCenters } from '../../kernels/k-means.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import type { Frame, Points } from '../neighbors/points.js';

/** Gives small batches of points to centres, one batch after the other, on this thread. */
export class BatchAssigner implements Disposable {
  /** capacity × dimension: where the points of the next batch are put. */
  readonly values: Float64Array;
  readonly labels: Int32Array;
  /** Squared distances to the centres. */
  readonly distances: Float64Array;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #frame: Frame;
  readonly #dimension: number;
  readonly #memory: Readonly<
    Record<'rows' | 'lengths' | 'bounds' | 'uppers' | 'lowers' | 'center' | 'zeros' | 'scratch', number>
  >;

  constructor(engine: Engine, frame: Frame, capacity: number, dimension: number, clusterCount: number) {
    this.#engine = engine;
    this.#frame = frame;
    this.#dimension = dimension;
    const scope = engine.arena.scope();
    this.#scope = scope;
    this.values = scope.allocate('f64', capacity * dimension);
    this.labels = scope.allocate('i32', capacity);
    this.distances = scope.allocate('f64', capacity);
    this.#memory = {
      rows: scope.allocate('f32', capacity * dimension).byteOffset,
      lengths: scope.allocate('f32', capacity).byteOffset,
      bounds: scope.allocate('f64', capacity).byteOffset,
      uppers: scope.allocate('f32', capacity).byteOffset,
      lowers: scope.allocate('f32', capacity).byteOffset,
      center: scope.copy('f64', frame.center).byteOffset,
      zeros: scope.allocate('f32', centerLine(clusterCount)).fill(0).byteOffset,
      scratch: scope.allocate('f32', 8 * centerLine(clusterCount)).byteOffset,
    };
  }

  /** Fills `labels` and `distances` of the first `count` points of `values`. */
  assign(count: number, centers: Points): void {
    const { kernels } = this.#engine;
    const { center, unit } = this.#frame;
    const memory = this.#memory;
    const dimension = this.#dimension;
    using scope = this.#engine.arena.scope();
    const offered = offerCenters(centers.values, dimension, center, unit);
    const middles = scope.copy('f64', centers.values).byteOffset;
    const panels = scope.copy('f32', offered.panels).byteOffset;
    const panelBounds = scope.copy('f32', offered.bounds).byteOffset;
    const points = this.values.byteOffset;
    this.labels.fill(-1, 0, count);
    this.#engine.stats.kernelCalls += 3;
    const { rows, lengths, bounds, uppers, lowers, zeros, scratch } = memory;
    kernels.candidate_rows_f64(points, memory.center, rows, lengths, bounds, count, dimension, unit);
    const labels = this.labels.byteOffset;
    const k = centers.count;
    // biome-ignore format: the kernel's arguments, in its order
    kernels.assign_hamerly_f64(
      points, middles, rows, bounds, panels, panelBounds, zeros, zeros, labels, uppers, lowers, scratch,
      count, k, dimension, unit, offered.slack,
    );
    kernels.label_distances_f64(points, middles, labels, this.distances.byteOffset, count, k, dimension);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
