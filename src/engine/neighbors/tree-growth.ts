import { type LinkageMetric, linkageMetrics } from '../../kernels/linkage.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { coordinatesOf } from './coordinates.js';
import type { Points } from './points.js';

/** A step of fewer terms than this is done at once, on this thread: handing it over would cost more. */
const SHARED_TERMS = 1 << 19;
/** A tree of fewer points outside is not worth making smaller. */
const LEAST_COMPACTED = 1024;

export interface GrowthOptions {
  readonly metric: LinkageMetric;
  /** Core distances, one a point: no distance to a point is less. */
  readonly cores?: Float64Array;
}

/**
 * Points that come inside one after the other, and how far those outside are from the inside (Prim, 1957). Memory grows with
 * the points alone: distances are computed when a point comes inside, and not kept.
 */
export class TreeGrowth implements Disposable {
  readonly count: number;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #dimension: number;
  readonly #metric: number;
  readonly #coordinates: Float64Array;
  readonly #cores: Float64Array | undefined;
  readonly #reached: Float64Array;
  readonly #sources: Int32Array;
  /** Which point lies at each place, and at which place each point; places of those inside go when the rest moves up. */
  #names: Int32Array;
  readonly #places: Int32Array;
  #width: number;
  #outside: number;

  constructor(engine: Engine, points: Points, { metric, cores }: GrowthOptions) {
    this.count = points.count;
    this.#engine = engine;
    this.#dimension = points.dimension;
    this.#metric = linkageMetrics.indexOf(metric);
    this.#scope = engine.arena.scope();
    this.#coordinates = this.#scope.allocate('f64', points.values.length);
    coordinatesOf(points, metric, this.#coordinates);
    this.#cores = cores && this.#scope.copy('f64', cores);
    this.#reached = this.#scope.allocate('f64', points.count).fill(Number.POSITIVE_INFINITY);
    this.#sources = this.#scope.allocate('i32', points.count).fill(-1);
    this.#names = Int32Array.from({ length: points.count }, (_, index) => index);
    this.#places = this.#names.slice();
    this.#width = points.count;
    this.#outside = points.count;
  }

  /** How far a point outside is, and over which point inside; Infinity and −1 where it was not reached. */
  reached(point: number): { distance: number; source: number } {
    const place = this.#places[point]!;
    return { distance: this.#reached[place]!, source: this.#sources[place]! };
  }

  /** The point comes inside. */
  take(point: number): void {
    this.#reached[this.#places[point]!] = Number.NaN;
    this.#outside--;
  }

  /**
   * Reaches what is outside over a point that has just come inside: within `limit`, and no nearer than `core`.
   * @returns the nearest point outside, the first of equals; −1 where none is reached
   */
  async reachOver(point: number, { core = 0, limit = Number.POSITIVE_INFINITY } = {}): Promise<number> {
    if (this.#outside === 0) return -1;
    const place = this.#places[point]!;
    const [width, dimension] = [this.#width, this.#dimension];
    const parts = width * dimension < SHARED_TERMS ? 1 : this.#engine.threads;
    const tasks = Array.from({ length: parts }, (_, part): Task => {
      const [start, end] = [Math.floor((part * width) / parts), Math.floor(((part + 1) * width) / parts)];
      const buffers = [
        this.#coordinates.byteOffset,
        this.#cores?.byteOffset ?? 0,
        this.#reached.byteOffset,
        this.#sources.byteOffset,
      ];
      const values = [...buffers, width, dimension, this.#metric, place, point, core, limit, start, end];
      return { kernel: 'grow_tree_f64', values };
    });
    const nearest =
      parts === 1
        ? [this.#engine.kernels.grow_tree_f64(...(tasks[0]!.values as Parameters<Engine['kernels']['grow_tree_f64']>))]
        : await this.#engine.run(tasks);
    let best = -1;
    for (const found of nearest) {
      if (found >= 0 && (best < 0 || this.#reached[found]! < this.#reached[best]!)) best = found;
    }
    const name = best < 0 ? -1 : this.#names[best]!;
    if (2 * this.#outside <= width && width > LEAST_COMPACTED) this.#compact();
    return name;
  }

  /** Those outside move up, in their order. */
  #compact(): void {
    const kept = Int32Array.from({ length: this.#width }, (_, place) => place).filter(
      (place) => !Number.isNaN(this.#reached[place]!),
    );
    for (let j = 0; j < this.#dimension; j++) {
      for (let to = 0; to < kept.length; to++) {
        this.#coordinates[j * kept.length + to] = this.#coordinates[j * this.#width + kept[to]!]!;
      }
    }
    kept.forEach((place, to) => {
      this.#reached[to] = this.#reached[place]!;
      this.#sources[to] = this.#sources[place]!;
      if (this.#cores) this.#cores[to] = this.#cores[place]!;
      this.#places[this.#names[place]!] = to;
    });
    this.#names = Int32Array.from(kept, (place) => this.#names[place]!);
    this.#width = kept.length;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
