import type { Engine, Task } from '../../engine/engine.js';
import { type MemoryRows, runOnRows } from '../../engine/trees/row-store.js';
import { ArenaBlock } from '../../engine/trees/trees.js';
import { Breather } from '../../engine/turn.js';
import { listsOf } from '../../evaluate/lists.js';
import { normalizeTask } from './kernel-losses.js';
import { idealsOf, RankedLists } from './lists.js';
import type { BoostingLoss, Derivatives, HostLoss, KernelLoss, ListLoss, RowBlock } from './loss.js';
import { MeasuredRows } from './measured-rows.js';
import type { ResidualColumns } from './renewal.js';
import { type Scales, scalesFor } from './scales.js';

/** Rows of one task. */
const BLOCK_ROWS = 16_384;
/** Rows on which the training loss of a round is reported, spread evenly; all of them where there are fewer. */
export const LOSS_ROWS = 10_000;

/** What a loss is computed from. Rows index the binned data, `targets`, `weights` and `groups`. */
export interface LossData {
  readonly rowCount: number;
  /** Of every row, target after target. Ranking: gains. */
  readonly targets: Float64Array;
  readonly weights?: Float64Array;
  /** Ranking: the list of each row. */
  readonly groups?: Float64Array;
  /** Ascending. */
  readonly training: Uint32Array;
  /** Ascending; may be empty. */
  readonly validation: Uint32Array;
}

/** The raw predictions of every row, and what a loss makes of them: derivatives before a round, mean losses after it. */
export class LossState implements Disposable {
  readonly loss: BoostingLoss;
  readonly base: Float64Array;
  readonly scales: Scales;
  readonly #engine: Engine;
  readonly #data: LossData;
  readonly #rows: MemoryRows;
  readonly #raw: ArenaBlock<'f64'>;
  readonly #owned: Disposable[] = [];
  readonly #targets: number;
  readonly #weights: number;
  readonly #normalizers: number;
  readonly #validationRows: ArenaBlock<'u32'>;
  readonly #measured: { training: Measured; validation: Measured | undefined };
  readonly #lists: RankedLists | undefined;
  readonly #delta: DeltaOfRound | undefined;

  /** `yardstick`: Huber's deltas that losses are measured by, where they were found before. */
  constructor(
    engine: Engine,
    data: LossData,
    loss: BoostingLoss,
    rows: MemoryRows,
    base: Float64Array | undefined,
    yardstick?: Float64Array,
  ) {
    this.#engine = engine;
    this.#data = data;
    this.loss = loss;
    this.#rows = rows;
    const { targets, weights, training, validation, rowCount } = data;
    this.base = base ?? loss.base({ engine, targets, weights, rows: training, spare: rows.spare });
    this.scales = scalesOf(data, loss.link);
    this.#raw = this.#own('f64', loss.outputs * rowCount);
    this.base.forEach((value, output) => {
      this.#raw.values.fill(value, output * rowCount, (output + 1) * rowCount);
    });
    this.#targets = this.#place(targets);
    this.#weights = weights ? this.#place(weights) : 0;
    this.#normalizers = loss.link === 'softmax' ? this.#own('f64', rowCount).offset : 0;
    this.#validationRows = this.#own('u32', validation.length);
    this.#validationRows.values.set(validation);
    rows.gradients.values.fill(0);
    rows.hessians.values.fill(0);
    if (loss.kind === 'lists') {
      this.#lists = this.#keep(rankedLists(engine, data, training, loss.truncation));
      this.#measured = this.#measuredLists(loss);
      return;
    }
    const level = loss.renewal?.deltaLevel;
    if (level !== undefined) {
      this.#delta = this.#keep(new DeltaOfRound(engine, rows, data, level));
      this.#delta.first = yardstick;
    }
    this.#measured = this.#measuredRows(loss);
  }

  /** Byte offset of an output's raw predictions, one f64 a row. */
  rawOf(output: number): number {
    return this.#raw.offset + 8 * output * this.#data.rowCount;
  }

  /** Before the trees of a round: what the derivatives by all outputs need of the predictions so far. */
  async beginRound(signal?: AbortSignal): Promise<void> {
    if (this.#normalizers > 0) {
      const tasks = this.#blocks().map((block) => normalizeTask(block, this.loss.outputs));
      await runOnRows(this.#engine, this.#rows, tasks, signal);
    }
    await this.#delta?.update(this.#raw.offset, this.#targets, signal);
  }

  /**
   * Writes gradients and hessians by an output, or by one after the other into `stores`; those of validation rows are 0, so
   * that they count for nothing.
   */
  async derive(first: number, signal?: AbortSignal, stores: readonly MemoryRows[] = [this.#rows]): Promise<void> {
    const { loss } = this;
    if (loss.kind === 'lists') {
      await this.#lists!.derive(this.#columns(), this.#to(0), loss, signal);
      return;
    }
    if (loss.kind === 'host') await this.#deriveHere(loss, signal);
    else {
      const blocks = this.#blocks();
      const tasks = stores.flatMap((to, index) => {
        const output = first + index;
        const delta = this.#delta?.now[output] ?? 0;
        return blocks.map((block, i) => loss.derivatives(block, output, this.#to(i * BLOCK_ROWS, to), delta));
      });
      if (stores.length > 1) await this.#engine.run(tasks, signal);
      else await runOnRows(this.#engine, this.#rows, tasks, signal);
    }
    const { length, offset } = this.#validationRows;
    if (length === 0) return;
    const clear = stores.map(({ gradients, hessians }): Task => {
      const values = [offset, gradients.offset, hessians.offset, this.#data.rowCount, length];
      return { kernel: 'derivatives_clear_f32', values };
    });
    await this.#engine.run(clear, signal);
  }

  async #deriveHere(loss: HostLoss, signal?: AbortSignal): Promise<void> {
    const breather = new Breather();
    const { rowCount, targets, weights } = this.#data;
    for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
      const end = Math.min(rowCount, start + BLOCK_ROWS);
      const views = {
        raw: this.#raw.values.subarray(start, end),
        targets: targets.subarray(start, end),
        weights: weights?.subarray(start, end),
        firstRow: start,
      };
      const { gradients, hessians } = this.#rows;
      loss.derivatives(
        views,
        gradients.values.subarray(start, end),
        hessians.values.subarray(start, end),
        this.#to(start),
      );
      await breather.breathe(signal);
    }
  }

  /** The mean loss of (some of) the rows that are learnt from. */
  trainingLoss(signal?: AbortSignal): Promise<number> {
    return this.#measured.training.mean(signal);
  }

  /** The mean loss of the validation rows; undefined where there are none. */
  async validationLoss(signal?: AbortSignal): Promise<number | undefined> {
    return this.#measured.validation?.mean(signal);
  }

  /** Huber's deltas that losses are measured by, target by target: those before the first round. */
  get yardstick(): Float64Array | undefined {
    return this.#delta?.first;
  }

  /** What the leaves of an output's tree are renewed from. */
  residualsOf(output: number): ResidualColumns {
    const { targets, rowCount } = this.#data;
    const own = targets.length > rowCount ? 8 * output * rowCount : 0;
    const columns = { raw: this.rawOf(output), targets: this.#targets + own, weights: this.#weights };
    return { ...columns, delta: this.#delta?.now[output] ?? 0 };
  }

  #measuredRows(loss: KernelLoss | HostLoss): { training: Measured; validation: Measured | undefined } {
    const { rowCount, targets, weights, training, validation } = this.#data;
    const { outputs } = loss;
    const measure = (some: Uint32Array): Measured => {
      const rows = this.#keep(
        new MeasuredRows(this.#engine, this.#rows, some, { targets, weights, rowCount, outputs }),
      );
      const raw = { offset: this.#raw.offset, stride: rowCount };
      // The yardstick stays: a delta that follows the residuals would make every round look better.
      return { mean: (signal) => rows.mean(loss, raw, this.#delta?.first, signal) };
    };
    return {
      training: measure(spread(training, LOSS_ROWS)),
      validation: validation.length > 0 ? measure(validation) : undefined,
    };
  }

  #measuredLists(loss: ListLoss): { training: Measured; validation: Measured | undefined } {
    const { training, validation } = this.#data;
    const measure = (lists: RankedLists): Measured => ({
      mean: async (signal) => 1 - (await lists.ndcg(this.#columns(), loss.evalAt, signal)),
    });
    const of = (rows: Uint32Array) => this.#keep(rankedLists(this.#engine, this.#data, rows, loss.evalAt));
    return {
      training: measure(of(training)),
      validation: validation.length > 0 ? measure(of(validation)) : undefined,
    };
  }

  #blocks(): RowBlock[] {
    const { rowCount, targets } = this.#data;
    return Array.from({ length: Math.ceil(rowCount / BLOCK_ROWS) }, (_, block) => {
      const bytes = 8 * block * BLOCK_ROWS;
      return {
        raw: this.#raw.offset + bytes,
        stride: rowCount,
        targets: this.#targets + bytes,
        targetStride: targets.length > rowCount ? rowCount : 0,
        weights: this.#weights > 0 ? this.#weights + bytes : 0,
        normalizers: this.#normalizers > 0 ? this.#normalizers + bytes : 0,
        rows: Math.min(BLOCK_ROWS, rowCount - block * BLOCK_ROWS),
      };
    });
  }

  #to(firstRow: number, { gradients, hessians } = this.#rows): Derivatives {
    return {
      gradients: gradients.offset + 4 * firstRow,
      hessians: hessians.offset + 4 * firstRow,
      ...this.scales,
    };
  }

  #columns() {
    const { rowCount } = this.#data;
    return { raw: this.#raw.offset, gains: this.#targets, weights: this.#weights, rowCount };
  }

  #own<D extends 'f64' | 'u32'>(dtype: D, length: number): ArenaBlock<D> {
    return this.#keep(new ArenaBlock(this.#engine.arena, dtype, length));
  }

  #keep<T extends Disposable>(part: T): T {
    this.#owned.push(part);
    return part;
  }

  /** The byte offset of a column, which is copied where it lies elsewhere. */
  #place(values: Float64Array): number {
    if (this.#engine.arena.holds(values)) return values.byteOffset;
    const block = this.#own('f64', values.length);
    block.values.set(values);
    return block.offset;
  }

  [Symbol.dispose](): void {
    for (const part of this.#owned) part[Symbol.dispose]();
  }
}

interface Measured {
  mean(signal?: AbortSignal): Promise<number>;
}

/** Huber's delta of each target: a quantile of the |residuals| of the rows that are learnt from, anew before each round. */
class DeltaOfRound implements Disposable {
  now = new Float64Array(0);
  first: Float64Array | undefined;
  readonly #engine: Engine;
  readonly #rows: MemoryRows;
  readonly #data: LossData;
  readonly #level: number;
  readonly #weights: ArenaBlock<'f64'> | undefined;

  constructor(engine: Engine, rows: MemoryRows, data: LossData, level: number) {
    const { training, weights } = data;
    this.#engine = engine;
    this.#rows = rows;
    this.#data = data;
    this.#level = level;
    this.#weights = weights && new ArenaBlock(engine.arena, 'f64', training.length);
    if (weights) this.#weights!.values.set(Float64Array.from(training, (row) => weights[row]!));
  }

  /** Byte offsets of the first target and what is predicted of it. */
  async update(raw: number, targets: number, signal?: AbortSignal): Promise<void> {
    const { spare, order } = this.#rows;
    const { training, rowCount } = this.#data;
    const count = training.length;
    order.values.set(training);
    this.now = new Float64Array(this.#data.targets.length / rowCount);
    for (let target = 0; target < this.now.length; target++) {
      const bytes = 8 * target * rowCount;
      const gather = [raw + bytes, targets + bytes, spare.places, spare.values, 1, rowCount, count];
      await this.#engine.run([{ kernel: 'values_gather_f64', values: gather }], signal);
      const select = [spare.values, this.#weights?.offset ?? 0, spare.scratch, this.#level, count];
      this.now[target] = (await this.#engine.run([{ kernel: 'quantile_select_f64', values: select }], signal))[0]!;
    }
    this.first ??= this.now;
  }

  [Symbol.dispose](): void {
    this.#weights?.[Symbol.dispose]();
  }
}

function rankedLists(engine: Engine, data: LossData, rows: Uint32Array, within: number): RankedLists {
  const lists = listsOf(Float64Array.from(rows, (row) => data.groups![row]!)).map((list) =>
    list.map((place) => rows[place]!),
  );
  return new RankedLists(engine, lists, data.weights, idealsOf(lists, data.targets, within));
}

function scalesOf({ targets, weights, training, rowCount }: LossData, link: BoostingLoss['link']): Scales {
  let [largestTarget, largestWeight] = [0, weights ? 0 : 1];
  for (let i = 0; i < training.length; i++) {
    const row = training[i]!;
    for (let at = row; at < targets.length; at += rowCount) {
      const size = Math.abs(targets[at]!);
      if (size > largestTarget) largestTarget = size;
    }
    if (weights && weights[row]! > largestWeight) largestWeight = weights[row]!;
  }
  return scalesFor(link, largestTarget, largestWeight);
}

/** At most `most` of the rows, evenly spread. */
function spread(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows;
  return Uint32Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]!);
}
