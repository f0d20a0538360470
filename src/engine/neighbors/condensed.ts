import { LanewiseError } from '../../errors.js';
import { condensedIndex, type Linkage, type LinkageMetric, linkageMetrics, linkages } from '../../kernels/linkage.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { Breather } from '../turn.js';
import { coordinatesOf } from './coordinates.js';
import type { ChainedClusters } from './merge-chain.js';
import type { Points } from './points.js';

/** Distances that one task computes: enough to share out, few enough for the event loop to turn between. */
const TASK_TERMS = 1 << 22;
/** Tasks that are handed over at a time, between which progress is told. */
const BATCH = 32;

export interface CondensedOptions {
  readonly metric: LinkageMetric;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bytes of the distances of all pairs of `count` points. */
export function condensedBytes(count: number): number {
  return 4 * count * (count - 1);
}

/** Can the engine's memory hold all distances? The points themselves, and whatever else lies there, need a little of it too. */
export function condensedFits(engine: Engine, count: number): boolean {
  const { memoryLimit } = engine.describe();
  return condensedBytes(count) <= memoryLimit - memoryLimit / 16;
}

/**
 * Says beforehand what all distances of `count` points would take.
 * @throws LanewiseError `engine` with the sizes where the engine's memory cannot hold them.
 */
export function requireCondensedRoom(engine: Engine, count: number, what: string): void {
  if (condensedFits(engine, count)) return;
  const needed = condensedBytes(count);
  const { memoryLimit } = engine.describe();
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new LanewiseError(
    'engine',
    `Expected room for the ${(needed / 8).toLocaleString('en')} distances of ${count.toLocaleString('en')} rows for ${what}, ` +
      `which take ${gibibytes(needed)}, but the engine's memory ends at ${gibibytes(memoryLimit)}`,
    {
      hint: 'Cluster a sample of the rows, or use linkage ward or single, hdbscan or k-means, whose memory grows with the rows alone.',
    },
  );
}

/** The distances of all pairs i < k of points, row by row, in the scope's memory (src/kernels/linkage.ts). */
export async function condensedDistances(
  engine: Engine,
  scope: Scope,
  points: Points,
  { metric, signal, onProgress }: CondensedOptions,
): Promise<Float64Array> {
  const { count, dimension } = points;
  const matrix = scope.allocate('f64', (count * (count - 1)) / 2);
  using inner = engine.arena.scope();
  const coordinates = inner.allocate('f64', count * dimension);
  coordinatesOf(points, metric, coordinates);
  const code = linkageMetrics.indexOf(metric);
  const tasks: Task[] = [];
  let at = matrix.byteOffset;
  for (let start = 0; start < count; ) {
    const rows = Math.max(1, Math.floor(TASK_TERMS / ((count - start) * Math.max(1, dimension))));
    const end = Math.min(count, start + rows);
    tasks.push({
      kernel: 'condense_distances_f64',
      values: [coordinates.byteOffset, at, count, dimension, code, start, end],
    });
    at += 4 * (end - start) * (2 * count - start - end - 1);
    start = end;
  }
  for (let first = 0; first < tasks.length; first += BATCH) {
    await engine.run(tasks.slice(first, first + BATCH), signal);
    onProgress?.(Math.min(tasks.length, first + BATCH), tasks.length);
  }
  return matrix;
}

/** Clusters by the distances of all pairs, which are overwritten. */
export class CondensedClusters implements ChainedClusters {
  readonly #engine: Engine;
  readonly #matrix: Float64Array;
  readonly #sizes: Int32Array;
  readonly #linkage: number;
  #places: number;

  constructor(engine: Engine, scope: Scope, matrix: Float64Array, count: number, linkage: Linkage) {
    this.#engine = engine;
    this.#matrix = matrix;
    this.#sizes = scope.allocate('i32', count).fill(1);
    this.#linkage = linkages.indexOf(linkage);
    this.#places = count;
  }

  lives(place: number): boolean {
    return this.#sizes[place] !== 0;
  }

  nearest(place: number, previous: number): number {
    const [matrix, sizes] = [this.#matrix.byteOffset, this.#sizes.byteOffset];
    return this.#engine.kernels.nearest_condensed_f64(matrix, sizes, this.#places, place, previous);
  }

  merge(first: number, second: number): number {
    const [matrix, sizes] = [this.#matrix, this.#sizes];
    const distance = matrix[condensedIndex(this.#places, first, second)]!;
    const buffers = [matrix.byteOffset, sizes.byteOffset] as const;
    this.#engine.kernels.merge_condensed_f64(...buffers, this.#places, first, second, this.#linkage);
    sizes[second] = sizes[second]! + sizes[first]!;
    sizes[first] = 0;
    return distance;
  }

  async compact(breather: Breather, signal: AbortSignal | undefined): Promise<Int32Array> {
    const [matrix, places] = [this.#matrix, this.#places];
    const living = Int32Array.from({ length: places }, (_, place) => place).filter((place) => this.lives(place));
    let to = 0;
    for (let i = 0; i < living.length; i++) {
      const base = condensedIndex(places, living[i]!, 0);
      for (let k = i + 1; k < living.length; k++) matrix[to++] = matrix[base + living[k]!]!;
      await breather.breathe(signal);
    }
    living.forEach((place, index) => {
      this.#sizes[index] = this.#sizes[place]!;
    });
    this.#places = living.length;
    return living;
  }
}
