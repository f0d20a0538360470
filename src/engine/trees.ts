import { type ArrayOf, type Dtype, dtypes } from '../kernels/contract.js';
import {
  GRADIENT_LEVELS,
  GROUP_FEATURES,
  HESSIAN_LEVELS,
  HISTOGRAM_SCRATCH,
  HISTOGRAM_STRIDE,
  ROW_BYTES,
} from '../kernels/tree-building.js';
import { countCopy } from './adopt.js';
import type { Arena } from './arena.js';
import type { Engine, Task } from './engine.js';
import type { RandomKey } from './random.js';
import { Breather } from './turn.js';

/** Rows of one task: at most this many, so that the event loop turns often and compiled code tiers up early. */
const BLOCK_ROWS = 65_536;
/** Row·features below which sharing a histogram out costs more than it saves. */
const SHARED_WORK = 400_000;
/** Rows below which anything else is done on this thread. */
const SHARED_ROWS = 50_000;

/** A block of the arena whose view outlives the growth of an unshared memory, which detaches views. */
export class ArenaBlock<D extends Dtype> implements Disposable {
  readonly offset: number;
  readonly length: number;
  readonly #arena: Arena;
  readonly #dtype: D;
  #view: ArrayOf<D>;

  constructor(arena: Arena, dtype: D, length: number) {
    this.#arena = arena;
    this.#dtype = dtype;
    this.#view = arena.allocate(dtype, length);
    this.offset = this.#view.byteOffset;
    this.length = length;
  }

  get values(): ArrayOf<D> {
    if (this.#view.length !== this.length) {
      const array = dtypes[this.#dtype].array;
      this.#view = new array(this.#arena.memory.buffer, this.offset, this.length) as ArrayOf<D>;
    }
    return this.#view;
  }

  [Symbol.dispose](): void {
    this.#arena.free({ byteOffset: this.offset });
  }
}

/** A column to bin: NaN is missing, edges ascend (at most 254). */
export interface ColumnToBin {
  readonly name: string;
  readonly values: Float64Array;
  readonly edges: Float64Array;
  /** true: the values were computed for this, so putting them into the memory is no copy of anyone's column. */
  readonly derived?: boolean;
}

/** Binned features, row-major in groups of 14; row r of the table is row `firstRow + r` here. */
export class BinnedRows implements Disposable {
  readonly rowCount: number;
  readonly featureCount: number;
  readonly groupCount: number;
  readonly #engine: Engine;
  readonly #bins: ArenaBlock<'u8'>;

  constructor(engine: Engine, rowCount: number, featureCount: number) {
    this.#engine = engine;
    this.rowCount = rowCount;
    this.featureCount = featureCount;
    this.groupCount = Math.ceil(featureCount / GROUP_FEATURES);
    this.#bins = new ArenaBlock(engine.arena, 'u8', this.groupCount * rowCount * ROW_BYTES);
    this.#bins.values.fill(0);
  }

  /** Byte offset of a group's rows. */
  groupOffset(group: number): number {
    return this.#bins.offset + group * this.rowCount * ROW_BYTES;
  }

  /** Features in a group. */
  groupFeatures(group: number): number {
    return Math.min(GROUP_FEATURES, this.featureCount - group * GROUP_FEATURES);
  }

  /** The bin of one value, for tests and small work. */
  binAt(row: number, feature: number): number {
    const [group, slot] = [Math.floor(feature / GROUP_FEATURES), feature % GROUP_FEATURES];
    return this.#bins.values[(group * this.rowCount + row) * ROW_BYTES + slot]!;
  }

  /** Bins columns of equal length into rows firstRow … */
  async encode(columns: readonly ColumnToBin[], firstRow: number, signal?: AbortSignal): Promise<void> {
    for (let feature = 0; feature < columns.length; feature++) {
      await this.#encodeColumn(columns[feature]!, feature, firstRow, signal);
    }
  }

  async #encodeColumn(column: ColumnToBin, feature: number, firstRow: number, signal?: AbortSignal): Promise<void> {
    const { arena } = this.#engine;
    const rows = column.values.length;
    const [group, slot] = [Math.floor(feature / GROUP_FEATURES), feature % GROUP_FEATURES];
    using scope = arena.scope();
    const inPlace = rows > 0 && arena.holds(column.values);
    if (!inPlace && rows > 0 && !column.derived)
      countCopy(this.#engine, column.values.byteLength, `column "${column.name}"`);
    const values = inPlace ? column.values : scope.copy('f64', column.values);
    const edges = scope.copy('f64', column.edges);
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    const cells = scope.allocate('u8', Math.max(1, blocks) * CELL_BYTES).byteOffset;
    const tasks: Task[] = Array.from({ length: blocks }, (_, block) => {
      const start = block * BLOCK_ROWS;
      const out = this.groupOffset(group) + (firstRow + start) * ROW_BYTES;
      const count = Math.min(BLOCK_ROWS, rows - start);
      const offsets = [values.byteOffset + 8 * start, 0, edges.byteOffset, out, cells + block * CELL_BYTES];
      return { kernel: 'bins_encode_f64', values: [...offsets, 0, column.edges.length, slot, count] };
    });
    await this.#engine.run(tasks, signal);
  }

  [Symbol.dispose](): void {
    this.#bins[Symbol.dispose]();
  }
}

const CELL_BYTES = 4_096;

/** What the quantised numbers of a tree are worth. */
export interface Units {
  readonly gradient: number;
  readonly hessian: number;
}

/** What a split must leave on each side. */
export interface SplitLimits {
  readonly l2: number;
  readonly minHessian: number;
  readonly minSamples: number;
}

/**
 * The memory in which one boosted tree after the other is grown: gradients, row order, histograms. Rows are addressed by
 * their place in `order`, a permutation in which every node's rows are neighbours, ascending.
 */
export class TreeWorkspace implements Disposable {
  readonly data: BinnedRows;
  readonly gradients: ArenaBlock<'f64'>;
  readonly hessians: ArenaBlock<'f64'>;
  /** Row indices; a node is a range of it. */
  readonly order: ArenaBlock<'u32'>;
  /** Best gain and split of each feature after `scan`. */
  readonly gains: ArenaBlock<'f64'>;
  readonly splits: ArenaBlock<'i32'>;
  readonly histogramCount: number;
  readonly #engine: Engine;
  readonly #packed: ArenaBlock<'i32'>;
  readonly #parted: ArenaBlock<'u32'>;
  readonly #goesLeft: ArenaBlock<'u8'>;
  readonly #binCounts: ArenaBlock<'i32'>;
  readonly #leafSums: ArenaBlock<'f64'>;
  readonly #scratch: ArenaBlock<'u8'>;
  readonly #histograms: ArenaBlock<'f64'>;
  readonly #partials: ArenaBlock<'f64'> | undefined;
  readonly #stripes: number;
  /** Bytes between two histograms of the pool. */
  readonly #histogramLength: number;

  /** `binCounts`: bins of each numeric feature, 0 for features that `scan` leaves out. */
  constructor(
    engine: Engine,
    data: BinnedRows,
    binCounts: ArrayLike<number>,
    sizes: { histograms: number; leaves: number },
  ) {
    const { arena, threads } = engine;
    const { rowCount, groupCount, featureCount } = data;
    this.#engine = engine;
    this.data = data;
    this.gradients = new ArenaBlock(arena, 'f64', rowCount);
    this.hessians = new ArenaBlock(arena, 'f64', rowCount);
    this.order = new ArenaBlock(arena, 'u32', rowCount);
    this.gains = new ArenaBlock(arena, 'f64', featureCount);
    this.splits = new ArenaBlock(arena, 'i32', featureCount);
    this.#packed = new ArenaBlock(arena, 'i32', 2 * rowCount);
    this.#parted = new ArenaBlock(arena, 'u32', rowCount);
    this.#goesLeft = new ArenaBlock(arena, 'u8', 256);
    this.#binCounts = new ArenaBlock(arena, 'i32', featureCount);
    this.#binCounts.values.set(binCounts);
    this.#leafSums = new ArenaBlock(arena, 'f64', 2 * sizes.leaves);
    // Whole groups are shared out where they go round evenly, stripes of rows otherwise.
    this.#stripes = threads > 1 && groupCount % threads !== 0 ? threads : 1;
    this.#scratch = new ArenaBlock(arena, 'u8', groupCount * this.#stripes * HISTOGRAM_SCRATCH);
    this.#histogramLength = featureCount * HISTOGRAM_STRIDE;
    this.histogramCount = sizes.histograms;
    this.#histograms = new ArenaBlock(arena, 'f64', sizes.histograms * this.#histogramLength);
    this.#partials =
      this.#stripes > 1 ? new ArenaBlock(arena, 'f64', (this.#stripes - 1) * this.#histogramLength) : undefined;
  }

  /** Quantises the gradients and hessians of every row, on the scale of the largest. */
  async quantise(key: RandomKey, signal?: AbortSignal): Promise<Units> {
    const largestGradient = await this.#largest(this.gradients, signal);
    const largestHessian = await this.#largest(this.hessians, signal);
    const gradientScale = largestGradient > 0 ? GRADIENT_LEVELS / largestGradient : 0;
    const hessianScale = largestHessian > 0 ? HESSIAN_LEVELS / largestHessian : 0;
    const tasks: Task[] = [];
    for (let start = 0; start < this.data.rowCount; start += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, this.data.rowCount - start);
      const offsets = [
        this.gradients.offset + 8 * start,
        this.hessians.offset + 8 * start,
        this.#packed.offset + 8 * start,
      ];
      const values = [...offsets, gradientScale, hessianScale, key.keyLow, key.keyHigh, start, rows];
      tasks.push({ kernel: 'gradients_quantise_f64', values });
    }
    await this.#engine.run(tasks, signal);
    return { gradient: largestGradient / GRADIENT_LEVELS, hessian: largestHessian / HESSIAN_LEVELS };
  }

  /** Builds histogram `index` of the rows at order[start … end). `everyRow`: they are all rows, in order. */
  async buildHistogram(
    index: number,
    start: number,
    end: number,
    everyRow: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    const histogram = this.#histogramOffset(index);
    this.histogram(index).fill(0);
    const tasks = (stripes: number) => this.#histogramTasks(histogram, start, end, everyRow, stripes);
    const shared = this.#engine.threads > 1 && (end - start) * this.data.featureCount > SHARED_WORK;
    if (!shared) {
      for (const task of tasks(1)) await this.#engine.run([task], signal);
      return;
    }
    if (this.#stripes > 1) this.#partials!.values.fill(0);
    await this.#engine.run(tasks(this.#stripes), signal);
    for (let stripe = 1; stripe < this.#stripes; stripe++) {
      const part = this.#partials!.offset + (stripe - 1) * this.#histogramLength * 8;
      this.#engine.kernels.histogram_add_f64(histogram, part, this.#histogramLength);
    }
  }

  #histogramTasks(histogram: number, start: number, end: number, everyRow: boolean, stripes: number): Task[] {
    const tasks: Task[] = [];
    for (let stripe = 0; stripe < stripes; stripe++) {
      const from = start + Math.floor(((end - start) * stripe) / stripes);
      const to = start + Math.floor(((end - start) * (stripe + 1)) / stripes);
      const sums = stripe === 0 ? histogram : this.#partials!.offset + (stripe - 1) * this.#histogramLength * 8;
      for (let group = 0; group < this.data.groupCount; group++) {
        const skip = everyRow ? from : 0;
        const offsets = [
          this.data.groupOffset(group) + skip * ROW_BYTES,
          this.#packed.offset + skip * 8,
          everyRow ? 0 : this.order.offset + 4 * from,
          sums + group * GROUP_FEATURES * HISTOGRAM_STRIDE * 8,
          this.#scratch.offset + (stripe * this.data.groupCount + group) * HISTOGRAM_SCRATCH,
        ];
        const values = [...offsets, this.data.rowCount - skip, this.data.groupFeatures(group), to - from];
        tasks.push({ kernel: 'histogram_build_u8', values });
      }
    }
    return tasks;
  }

  /** Histogram `sibling` ← parent − child; `sibling` may be the parent's own. */
  subtractHistogram(parent: number, child: number, sibling: number): void {
    const [from, what, to] = [parent, child, sibling].map((index) => this.#histogramOffset(index));
    this.#engine.kernels.histogram_subtract_f64(from!, what!, to!, this.#histogramLength);
  }

  /** The numbers of histogram `index`: HISTOGRAM_STRIDE a feature. */
  histogram(index: number): Float64Array {
    const start = index * this.#histogramLength;
    return this.#histograms.values.subarray(start, start + this.#histogramLength);
  }

  /** Fills `gains` and `splits` for the numeric features of histogram `index`. */
  scan(index: number, units: Units, limits: SplitLimits): void {
    this.#engine.kernels.split_scan_f64(
      this.#histogramOffset(index),
      this.#binCounts.offset,
      this.gains.offset,
      this.splits.offset,
      units.gradient,
      units.hessian,
      limits.l2,
      limits.minHessian,
      limits.minSamples,
      this.data.featureCount,
    );
  }

  /** Parts the rows at order[start … end) by a feature's bins (goesLeft[bin] is 0 or 1); returns where the right begins. */
  partition(feature: number, goesLeft: Uint8Array, start: number, end: number): number {
    if (start === end) return start;
    this.#goesLeft.values.set(goesLeft);
    const left = this.#engine.kernels.rows_partition_u8(
      this.data.groupOffset(Math.floor(feature / GROUP_FEATURES)),
      this.#goesLeft.offset,
      this.order.offset + 4 * start,
      this.#parted.offset,
      this.data.rowCount,
      feature % GROUP_FEATURES,
      end - start,
    );
    return start + left;
  }

  /** Unquantised sums of ranges of `order`: gradient and hessian of each. */
  async leafSums(ranges: readonly (readonly [number, number])[], signal?: AbortSignal): Promise<Float64Array> {
    const tasks = ranges.map(([start, end], leaf): Task => {
      const offsets = [this.order.offset + 4 * start, this.gradients.offset, this.hessians.offset];
      return {
        kernel: 'leaf_sums_f64',
        values: [...offsets, this.#leafSums.offset + 16 * leaf, this.data.rowCount, end - start],
      };
    });
    await this.#runTasks(tasks, signal);
    return this.#leafSums.values.slice(0, 2 * ranges.length);
  }

  /** Adds values[leaf] to the predictions of the rows in ranges[leaf]. */
  async addToLeaves(
    ranges: readonly (readonly [number, number])[],
    values: ArrayLike<number>,
    predictions: ArenaBlock<'f64'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const tasks = ranges.map(([start, end], leaf): Task => {
      const offsets = [this.order.offset + 4 * start, predictions.offset];
      return { kernel: 'leaf_add_f64', values: [...offsets, values[leaf]!, this.data.rowCount, end - start] };
    });
    await this.#runTasks(tasks, signal);
  }

  /** In the pool where there are rows enough, else here. */
  async #runTasks(tasks: readonly Task[], signal?: AbortSignal): Promise<void> {
    if (this.data.rowCount >= SHARED_ROWS) await this.#engine.run(tasks, signal);
    else for (const task of tasks) await this.#engine.run([task], signal);
  }

  async #largest(block: ArenaBlock<'f64'>, signal?: AbortSignal): Promise<number> {
    const breather = new Breather();
    let largest = 0;
    for (let start = 0; start < block.length; start += BLOCK_ROWS) {
      const values = block.values;
      const end = Math.min(block.length, start + BLOCK_ROWS);
      for (let row = start; row < end; row++) {
        const size = Math.abs(values[row]!);
        if (size > largest) largest = size;
      }
      await breather.breathe(signal);
    }
    return largest;
  }

  #histogramOffset(index: number): number {
    return this.#histograms.offset + index * this.#histogramLength * 8;
  }

  [Symbol.dispose](): void {
    const { gradients, hessians, order, gains, splits } = this;
    const hidden = [this.#packed, this.#parted, this.#goesLeft, this.#binCounts, this.#leafSums, this.#scratch];
    for (const block of [gradients, hessians, order, gains, splits, ...hidden, this.#histograms, this.#partials]) {
      block?.[Symbol.dispose]();
    }
  }
}
