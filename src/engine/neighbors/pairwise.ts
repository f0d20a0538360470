import { invalid } from '../../errors.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { DistanceBlocks } from './distance-blocks.js';
import { MetricSpace } from './metric-space.js';
import { PlacedPanels } from './placed-panels.js';
import type { Points } from './points.js';
import { ProductDistances } from './product-distances.js';
import type { DistanceMetric, GowerOptions, QueryOptions } from './search.js';

export interface PairwiseOptions extends Omit<QueryOptions, 'excludeSelf'> {
  readonly gower?: GowerOptions;
  /** Where the distances are written, a.count × b.count (scipy's name); default: a new array, whose first touch costs time. */
  readonly out?: Float64Array;
}

/** Bytes of distances that are computed at a time, while those before them are copied out. */
const BLOCK_BYTES = 8_388_608;

/**
 * Distances of every point of `a` to every point of `b`, a.count × b.count, row-major; see `DistanceMetric`. The ranges of
 * gower are, where not given, those of both together. On an engine of `numerics: 'fast'` euclidean, sqeuclidean, cosine and dot
 * of eight coordinates and more come from products of matrices: see `ProductDistances` for how near they are.
 * @throws LanewiseError `usage` for points of different dimensions and an `out` of another length, `data` for NaN and infinite numbers
 */
export async function pairwiseDistances(
  engine: Engine,
  a: Points,
  b: Points,
  metric: DistanceMetric,
  { gower, out, signal, onProgress }: PairwiseOptions = {},
): Promise<Float64Array> {
  const space = MetricSpace.of(metric, gower, [a, b]);
  if (out && out.length !== a.count * b.count) throw invalid('out', `${a.count} × ${b.count} values`, out.length);
  const way = ProductDistances.fits(engine, space) ? ProductDistances : PlacedPanels;
  using blocks: DistanceBlocks = await way.place(engine, b, space, signal);
  const all = out ?? new Float64Array(a.count * b.count);
  const step = Math.max(1, Math.min(a.count, Math.floor(BLOCK_BYTES / 8 / Math.max(1, blocks.line))));
  using row = new BlockRow(engine, blocks, step, signal);
  for (let start = 0; start < a.count; start += step) {
    const count = Math.min(step, a.count - start);
    const values = a.values.subarray(start * a.dimension, (start + count) * a.dimension);
    const target = all.subarray(start * b.count, (start + count) * b.count);
    await row.begin({ values, count, dimension: a.dimension }, target, b.count);
    onProgress?.({ what: 'rows', done: start + count, total: a.count });
  }
  await row.end();
  return all;
}

/** A block that is being computed. */
interface BegunBlock {
  readonly scope: Scope;
  /** Groups of calls that are to come. */
  readonly groups: (readonly Task[])[];
  copy(): void;
}

/**
 * Blocks on their way, one after the other: while the first calls of one are made, the later ones of that before it are made
 * too, and this thread copies out the one before that.
 */
class BlockRow implements Disposable {
  readonly #engine: Engine;
  readonly #blocks: DistanceBlocks;
  readonly #signal: AbortSignal | undefined;
  readonly #room: Scope;
  readonly #buffers: Float64Array[];
  readonly #begun: BegunBlock[] = [];
  #next = 0;
  #copying: (() => void) | undefined;

  /** Blocks of `step` queries at most. */
  constructor(engine: Engine, blocks: DistanceBlocks, step: number, signal: AbortSignal | undefined) {
    this.#engine = engine;
    this.#blocks = blocks;
    this.#signal = signal;
    this.#room = engine.arena.scope();
    // One for each group of calls, and one that is copied out.
    this.#buffers = Array.from({ length: blocks.groups + 1 }, () => this.#room.allocate('f64', step * blocks.line));
  }

  /** Takes a block up. Its distances are in `target`, rows of `width`, when `end` is done. */
  async begin(queries: Points, target: Float64Array, width: number): Promise<void> {
    const from = this.#buffers[this.#next]!;
    this.#next = (this.#next + 1) % this.#buffers.length;
    const scope = this.#engine.arena.scope();
    const block: BegunBlock = { scope, groups: [], copy: () => copyRows(from, this.#blocks.line, target, width) };
    this.#begun.push(block);
    block.groups.push(...(await this.#blocks.tasks(scope, queries, from, this.#signal)));
    await this.#turn();
  }

  async end(): Promise<void> {
    while (this.#begun.length > 0) await this.#turn();
    this.#copying?.();
  }

  /** The next group of calls of every block. */
  async #turn(): Promise<void> {
    const tasks = this.#begun.flatMap(({ groups }) => groups.shift() ?? []);
    await this.#engine.run(tasks, this.#signal, this.#copying);
    this.#copying = undefined;
    if (this.#begun[0]!.groups.length > 0) return;
    const { scope, copy } = this.#begun.shift()!;
    scope[Symbol.dispose]();
    this.#copying = copy;
  }

  [Symbol.dispose](): void {
    for (const { scope } of this.#begun) scope[Symbol.dispose]();
    this.#room[Symbol.dispose]();
  }
}

/** Rows of `width` values out of rows of `line`. */
function copyRows(from: Float64Array, line: number, to: Float64Array, width: number): void {
  if (line === width) return to.set(from.subarray(0, to.length));
  for (let at = 0, start = 0; at < to.length; at += width, start += line)
    to.set(from.subarray(start, start + width), at);
}
