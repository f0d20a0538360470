import type { Engine, Task } from '../../../engine/engine.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import type { HostLoss, KernelLoss } from '../loss.js';

const BLOCK_ROWS = 65_536;
const TILE = 256;

/** The weighted mean loss of rows that are added one by one: the sums of `MeasuredRows`, with room for one block. */
export class StreamedMean implements Disposable {
  readonly #engine: Engine;
  readonly #loss: KernelLoss | HostLoss;
  readonly #raw: ArenaBlock<'f64'>;
  readonly #targets: ArenaBlock<'f64'>;
  readonly #weights: ArenaBlock<'f64'> | undefined;
  readonly #tile: ArenaBlock<'f64'>;
  readonly #room: number;
  readonly #targetCount: number;
  readonly #deltas: Float64Array | undefined;
  /** By output, the sum of each block: those of an output are added up before the next one's. */
  readonly #sums: number[][];
  #rows = 0;
  #flushed = 0;
  #total = 0;

  /** `most`: rows that will be added at most. `deltas`: Huber's, by target. */
  constructor(
    engine: Engine,
    loss: KernelLoss | HostLoss,
    {
      targets,
      weighted,
      most,
      deltas,
    }: { targets: number; weighted: boolean; most: number; deltas: Float64Array | undefined },
  ) {
    this.#engine = engine;
    this.#loss = loss;
    this.#targetCount = targets;
    this.#deltas = deltas;
    // Classes make up one loss; targets have one each.
    this.#sums = Array.from({ length: targets }, () => []);
    this.#room = Math.min(BLOCK_ROWS, most);
    const block = (length: number) => new ArenaBlock(engine.arena, 'f64', length);
    this.#raw = block(loss.outputs * this.#room);
    this.#targets = block(targets * this.#room);
    this.#weights = weighted ? block(this.#room) : undefined;
    this.#tile = block(TILE);
  }

  /** Adds rows of a window, in the order of all rows. */
  async add(
    rows: Uint32Array,
    {
      raw,
      targets,
      weights,
    }: { raw: readonly Float64Array[]; targets: readonly Float64Array[]; weights: Float64Array | undefined },
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
      targets.forEach((values, target) => {
        put(this.#targets.values, values, target * this.#room + at);
      });
      if (weights && this.#weights) put(this.#weights.values, weights, at);
      for (const row of some) this.#total += weights ? weights[row]! : 1;
      this.#rows += some.length;
      from += some.length;
      if (this.#rows === this.#room) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const loss = this.#loss;
    if (loss.kind === 'host') {
      const first = (column: ArenaBlock<'f64'>) => column.values.subarray(0, this.#rows);
      const views = { raw: first(this.#raw), targets: first(this.#targets), firstRow: this.#flushed };
      this.#sums[0]!.push(loss.value({ ...views, weights: this.#weights && first(this.#weights) }));
    } else await this.#runKernels(loss);
    this.#flushed += this.#rows;
    this.#rows = 0;
  }

  async #runKernels(loss: KernelLoss): Promise<void> {
    const block = {
      raw: this.#raw.offset,
      stride: this.#room,
      targets: this.#targets.offset,
      targetStride: this.#targetCount > 1 ? this.#room : 0,
      weights: this.#weights?.offset ?? 0,
      normalizers: 0,
      rows: this.#rows,
    };
    for (const [output, sums] of this.#sums.entries()) {
      const task: Task = loss.value(block, output, this.#tile.offset, this.#deltas?.[output] ?? 0);
      sums.push(...(await this.#engine.run([task])));
    }
  }

  async mean(): Promise<number> {
    if (this.#rows > 0) await this.#flush();
    const sum = this.#sums.flat().reduce((all, part) => all + part, 0);
    return this.#total > 0 ? sum / (this.#total * this.#targetCount) : 0;
  }

  [Symbol.dispose](): void {
    for (const block of [this.#raw, this.#targets, this.#weights, this.#tile]) block?.[Symbol.dispose]();
  }
}
