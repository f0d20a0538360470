import type { Engine, Task } from '../../../engine/engine.js';
import { ArenaBlock } from '../../../engine/trees.js';
import type { KernelLoss } from '../loss.js';

const BLOCK_ROWS = 65_536;
const TILE = 256;

/** The weighted mean loss of rows that are added one by one: the sums of `MeasuredRows`, with room for one block. */
export class StreamedMean implements Disposable {
  readonly #engine: Engine;
  readonly #loss: KernelLoss;
  readonly #raw: ArenaBlock<'f64'>;
  readonly #targets: ArenaBlock<'f64'>;
  readonly #weights: ArenaBlock<'f64'> | undefined;
  readonly #tile: ArenaBlock<'f64'>;
  readonly #room: number;
  #rows = 0;
  #sum = 0;
  #total = 0;

  /** `most`: rows that will be added at most. */
  constructor(engine: Engine, loss: KernelLoss, weighted: boolean, most: number) {
    this.#engine = engine;
    this.#loss = loss;
    this.#room = Math.min(BLOCK_ROWS, most);
    const block = (length: number) => new ArenaBlock(engine.arena, 'f64', length);
    this.#raw = block(loss.outputs * this.#room);
    this.#targets = block(this.#room);
    this.#weights = weighted ? block(this.#room) : undefined;
    this.#tile = block(TILE);
  }

  /** Adds rows of a window, in the order of all rows. */
  async add(
    rows: Uint32Array,
    { raw, targets, weights }: { raw: readonly Float64Array[]; targets: Float64Array; weights?: Float64Array },
  ): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const some = rows.subarray(from, from + this.#room - this.#rows);
      const at = this.#rows;
      const put = (to: Float64Array, values: Float64Array, start: number) => {
        for (let i = 0; i < some.length; i++) to[start + i] = values[some[i]!]!;
      };
      const own = this.#raw.values;
      raw.forEach((values, output) => {
        put(own, values, output * this.#room + at);
      });
      put(this.#targets.values, targets, at);
      if (weights && this.#weights) put(this.#weights.values, weights, at);
      for (const row of some) this.#total += weights ? weights[row]! : 1;
      this.#rows += some.length;
      from += some.length;
      if (this.#rows === this.#room) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const block = {
      raw: this.#raw.offset,
      stride: this.#room,
      targets: this.#targets.offset,
      targetStride: 0,
      weights: this.#weights?.offset ?? 0,
      normalizers: 0,
      rows: this.#rows,
    };
    const task: Task = this.#loss.value(block, 0, this.#tile.offset, 0);
    this.#sum += (await this.#engine.run([task]))[0]!;
    this.#rows = 0;
  }

  async mean(): Promise<number> {
    if (this.#rows > 0) await this.#flush();
    return this.#total > 0 ? this.#sum / this.#total : 0;
  }

  [Symbol.dispose](): void {
    for (const block of [this.#raw, this.#targets, this.#weights, this.#tile]) block?.[Symbol.dispose]();
  }
}
