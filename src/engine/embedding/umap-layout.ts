import { pow } from '../../kernels/elementary.js';
import { TABLE_PIECES, tableLength } from '../../kernels/embedding.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { RandomKey } from '../random.js';
import type { SparseGraph } from './sparse-graph.js';

const TASK_ROWS = 256;
/** Squared distances from 2^−32 to 2^32 are told apart. */
const OCTAVES = 32;

/** The curve 1/(1 + a·d^2b) of low-dimensional similarity, and how much repulsion counts. */
export interface LayoutCurve {
  readonly a: number;
  readonly b: number;
  readonly repulsionStrength: number;
}

export interface LayoutOptions {
  readonly curve: LayoutCurve;
  /** Points at random for each neighbour. */
  readonly negatives: number;
  readonly key: RandomKey;
  readonly dimension: number;
}

/**
 * Points that walk to their neighbours, epoch by epoch: `graph` has a row a point, its values how often an epoch visits the
 * neighbour (0 … 1). Where `fixed` is given, rows are new points and neighbours are among the fixed ones.
 */
export class UmapLayout implements Disposable {
  /** rows × dimension; to be set before the first epoch. */
  readonly positions: Float64Array;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #others: Float64Array;
  readonly #follows: boolean;
  readonly #tasks: (epoch: number, step: number) => Task[];

  constructor(engine: Engine, graph: SparseGraph, options: LayoutOptions, fixed?: Float64Array) {
    const { curve, negatives, key, dimension } = options;
    const count = graph.offsets.length - 1;
    const scope = engine.arena.scope();
    this.#engine = engine;
    this.#scope = scope;
    this.#follows = fixed === undefined;
    this.positions = scope.allocate('f64', count * dimension);
    this.#others = fixed ? scope.copy('f64', fixed) : scope.allocate('f64', count * dimension);
    const offsets = scope.copy('i32', graph.offsets);
    const indices = scope.copy('i32', graph.indices);
    const rates = scope.copy('f64', graph.values);
    const table = scope.copy('f64', layoutTable(curve));
    const pointCount = this.#others.length / dimension;
    const starts = Array.from({ length: Math.ceil(count / TASK_ROWS) }, (_, i) => i * TASK_ROWS);
    const words = starts.map(() => scope.allocate('u32', 4).byteOffset);
    this.#tasks = (epoch, step) =>
      starts.map((start, i) => {
        const places = [
          offsets.byteOffset + 4 * start,
          indices.byteOffset,
          rates.byteOffset,
          this.#others.byteOffset,
          table.byteOffset,
          this.positions.byteOffset + 8 * start * dimension,
          words[i]!,
        ];
        const rows = Math.min(TASK_ROWS, count - start);
        const shape = [fixed ? -1 : start, rows, graph.indices.length, pointCount, dimension, OCTAVES];
        const schedule = [epoch, fixed ? 1 : 2, negatives, step, key.keyLow, key.keyHigh];
        return { kernel: 'layout_epoch_f64', values: [...places, ...shape, ...schedule] };
      });
  }

  /** @param epoch from 1 @param step factor of all moves */
  async epoch(epoch: number, step: number, signal?: AbortSignal): Promise<void> {
    if (this.#follows) this.#others.set(this.positions);
    await this.#engine.run(this.#tasks(epoch, step), signal);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** By squared distance: what a neighbour's attraction and another point's repulsion are times the difference. */
function layoutTable({ a, b, repulsionStrength }: LayoutCurve): Float64Array {
  const length = tableLength(OCTAVES);
  const table = new Float64Array(2 * length);
  for (let i = 0; i < length; i++) {
    const octave = Math.floor(i / TABLE_PIECES);
    const square = 2 ** (octave - OCTAVES) * (1 + (i - octave * TABLE_PIECES) / TABLE_PIECES);
    const power = pow(square, b);
    table[i] = (-2 * a * b * power) / (square * (1 + a * power));
    table[length + i] = (2 * repulsionStrength * b) / ((0.001 + square) * (1 + a * power));
  }
  return table;
}
