import type { Engine, Task } from '../../engine/engine.js';
import { type RowStore, resultsOnRows } from '../../engine/trees/row-store.js';
import { ArenaBlock } from '../../engine/trees/trees.js';
import { Breather } from '../../engine/turn.js';
import type { HostLoss, KernelLoss, RowBlock, RowViews } from './loss.js';

/** Rows of one task. */
const BLOCK_ROWS = 65_536;
const TILE = 256;

/**
 * Rows on which a loss is measured round after round: their targets and weights side by side, so that of each round only
 * the raw predictions have to be gathered.
 */
export class MeasuredRows implements Disposable {
  readonly #engine: Engine;
  readonly #store: RowStore;
  readonly #count: number;
  readonly #rows: ArenaBlock<'u32'>;
  readonly #raw: ArenaBlock<'f64'>;
  readonly #targets: ArenaBlock<'f64'>;
  readonly #weights: ArenaBlock<'f64'> | undefined;
  readonly #tiles: ArenaBlock<'f64'>;
  readonly #totalWeight: number;
  readonly #targetCount: number;
  readonly #outputs: number;

  /** `targets`: of all rows, target after target. */
  constructor(
    engine: Engine,
    store: RowStore,
    rows: Uint32Array,
    data: { targets: Float64Array; weights: Float64Array | undefined; rowCount: number; outputs: number },
  ) {
    const { arena } = engine;
    const { targets, weights, rowCount, outputs } = data;
    this.#engine = engine;
    this.#store = store;
    this.#count = rows.length;
    this.#outputs = outputs;
    this.#targetCount = targets.length / rowCount;
    this.#rows = new ArenaBlock(arena, 'u32', rows.length);
    this.#rows.values.set(rows);
    this.#raw = new ArenaBlock(arena, 'f64', outputs * rows.length);
    this.#targets = new ArenaBlock(arena, 'f64', this.#targetCount * rows.length);
    const own = this.#targets.values;
    for (let t = 0; t < this.#targetCount; t++) {
      rows.forEach((row, i) => {
        own[t * rows.length + i] = targets[t * rowCount + row]!;
      });
    }
    this.#weights = weights && new ArenaBlock(arena, 'f64', rows.length);
    if (weights) this.#weights!.values.set(Float64Array.from(rows, (row) => weights[row]!));
    this.#totalWeight = weights ? this.#weights!.values.reduce((sum, weight) => sum + weight, 0) : rows.length;
    this.#tiles = new ArenaBlock(arena, 'f64', Math.ceil(rows.length / BLOCK_ROWS) * outputs * TILE);
  }

  /** The weighted mean loss; of several targets, its mean over them. `raw`: where every row's lie. `deltas`: Huber's, by target. */
  async mean(
    loss: KernelLoss | HostLoss,
    raw: { offset: number; stride: number },
    deltas: Float64Array | undefined,
    signal?: AbortSignal,
  ): Promise<number> {
    const gather: Task[] = [];
    for (let output = 0; output < this.#outputs; output++) {
      for (let start = 0; start < this.#count; start += BLOCK_ROWS) {
        const from = raw.offset + 8 * output * raw.stride;
        const to = this.#raw.offset + 8 * (output * this.#count + start);
        const values = [from, 0, this.#rows.offset + 4 * start, to, 0, raw.stride, this.#rowsFrom(start)];
        gather.push({ kernel: 'values_gather_f64', values });
      }
    }
    await resultsOnRows(this.#engine, this.#store, gather, signal);
    const sum = loss.kind === 'kernels' ? await this.#sum(loss, deltas, signal) : await this.#sumHere(loss, signal);
    return this.#totalWeight > 0 ? sum / (this.#totalWeight * this.#targetCount) : 0;
  }

  async #sum(loss: KernelLoss, deltas: Float64Array | undefined, signal?: AbortSignal): Promise<number> {
    const tasks: Task[] = [];
    // Classes make up one loss; targets have one each.
    for (let output = 0; output < (loss.link === 'softmax' ? 1 : this.#outputs); output++) {
      for (let start = 0; start < this.#count; start += BLOCK_ROWS) {
        const tile = this.#tiles.offset + 8 * TILE * tasks.length;
        tasks.push(loss.value(this.#block(start), output, tile, deltas?.[output] ?? 0));
      }
    }
    const sums = await resultsOnRows(this.#engine, this.#store, tasks, signal);
    return sums.reduce((sum, part) => sum + part, 0);
  }

  async #sumHere(loss: HostLoss, signal?: AbortSignal): Promise<number> {
    const breather = new Breather();
    let sum = 0;
    for (let start = 0; start < this.#count; start += BLOCK_ROWS) {
      const end = start + this.#rowsFrom(start);
      const views: RowViews = {
        raw: this.#raw.values.subarray(start, end),
        targets: this.#targets.values.subarray(start, end),
        weights: this.#weights?.values.subarray(start, end),
        firstRow: start,
      };
      sum += loss.value(views);
      await breather.breathe(signal);
    }
    return sum;
  }

  #block(start: number): RowBlock {
    return {
      raw: this.#raw.offset + 8 * start,
      stride: this.#count,
      targets: this.#targets.offset + 8 * start,
      targetStride: this.#targetCount > 1 ? this.#count : 0,
      weights: this.#weights ? this.#weights.offset + 8 * start : 0,
      normalizers: 0,
      rows: this.#rowsFrom(start),
    };
  }

  #rowsFrom(start: number): number {
    return Math.min(BLOCK_ROWS, this.#count - start);
  }

  [Symbol.dispose](): void {
    for (const block of [this.#rows, this.#raw, this.#targets, this.#weights, this.#tiles]) block?.[Symbol.dispose]();
  }
}
