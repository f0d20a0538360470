import { LanewiseError, throwIfCancelled } from '../../errors.js';
import {
  GRADIENT_LEVELS,
  HESSIAN_LEVELS,
  HISTOGRAM_SCRATCH,
  HISTOGRAM_STRIDE,
  MISSING_BIN,
} from '../../kernels/tree-building.js';
import { CATEGORY_SCRATCH, SET_WORDS } from '../../kernels/tree-splitting.js';
import type { Engine, Task } from '../engine.js';
import type { RandomKey } from '../random.js';
import { columnGoesLeft, splitHistogram } from './bundles.js';
import type { RowPart, RowStore, RowWindow, Uses } from './row-store.js';
import { type StartedTree, TreeGrowing, type TreeLimits } from './tree-growing.js';
import { ArenaBlock, placeOf } from './trees.js';

/** Rows of one task over rows: at most this many, so that the event loop turns often and compiled code tiers up early. */
const BLOCK_ROWS = 16_384;
/** Row·features below which sharing a histogram out costs more than it saves. */
const SHARED_WORK = 400_000;
/** Rows below which anything else is done on this thread. */
const SHARED_ROWS = 50_000;
/** Shares a thread that leaves are summed and added in: not all are alike. */
const LEAF_SHARES = 4;
/** Groups a thread from which histograms are shared out by groups though these do not go round evenly. */
const GROUPS_A_THREAD = 4;
/** Fractions of a level that rounding tells apart. */
const FRACTIONS = 65_536;

/** What the quantised numbers of a tree are worth. */
export interface Units {
  readonly gradient: number;
  readonly hessian: number;
}

/** What a split must leave on each side, and how the values of leaves are shrunk. */
export interface SplitLimits {
  readonly l1: number;
  readonly l2: number;
  /** Largest absolute value of a leaf; 0: no limit. */
  readonly maxDeltaStep: number;
  readonly minHessian: number;
  readonly minSamples: number;
}

/** What sets of categories are held to: LightGBM's parameters (Ke et al., NeurIPS 2017). */
export interface CategoryRules {
  /** Added to the hessian of a category by which it is sorted; categories of fewer rows stand in no set. */
  readonly smooth: number;
  /** Added to l2 where a set is chosen from a sorted order. */
  readonly l2: number;
  /** Most categories of a set. */
  readonly maxThreshold: number;
  /** Least rows that each step along the order adds. */
  readonly minPerGroup: number;
  /** With so few categories each is tried against the rest, without smoothing. */
  readonly maxToOnehot: number;
}

/** What holds in one node alone. */
export interface NodeLimits {
  /** Bounds of the values below it, from monotone constraints: −∞ and ∞ where there are none. */
  readonly lower: number;
  readonly upper: number;
  /** By feature, 0: it may not be split by it; absent: it may by each. */
  readonly allowed?: Uint8Array;
}

const UNLIMITED: NodeLimits = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };

/** The rows of a node: a range in every segment. */
export interface NodeRows {
  /** Where its ranges stand in the workspace's table. */
  readonly slot: number;
  /** Rows that are learnt from. */
  readonly count: number;
}

/** A node to part, ahead of its turn. */
export interface Parting {
  readonly node: NodeRows;
  readonly feature: number;
  /** By bin: 0 or 1. */
  readonly goesLeft: Uint8Array;
  /** Histogram to build of one child; −1: none. */
  readonly histogram: number;
  /** Which child: 0 is the left one. */
  readonly child: 0 | 1;
}

/** Puts the rows of [from, to) of a window into the order at `from`: those learnt from, then those that only follow. */
export type PutRows = (
  order: Uint32Array,
  window: RowWindow,
  from: number,
  to: number,
) => [middle: number, end: number];

const uses = (read: readonly RowPart[], write: readonly RowPart[] = []): Uses => ({ read, write });
const LARGEST = uses(['gradients', 'hessians']);
const QUANTISE = uses(['gradients', 'hessians'], ['packed']);
const BEGIN = uses(['roles'], ['order']);
const HISTOGRAM = uses(['bins', 'packed', 'order']);
const PARTITION = uses(['bins', 'order'], ['order']);
const PART_AHEAD = uses(['bins', 'packed', 'order'], ['order']);
const RESTORE = uses(['order'], ['order']);
const LEAF_SUMS = uses(['order', 'gradients', 'hessians']);
const LEAF_ADD = uses(['order', 'raw'], ['raw']);

/** Nothing to wait for, where what was asked is done. */
export type Waiting = Promise<unknown> | undefined;

/**
 * The memory in which one boosted tree after the other is grown: histograms, and which rows each node has. It asks the
 * store for one window of rows after the other, so that rows may lie in memory or in a file.
 */
export class TreeWorkspace implements Disposable {
  readonly rows: RowStore;
  /** Best gain and split of each feature after `scan`. */
  readonly gains: ArenaBlock<'f64'>;
  readonly splits: ArenaBlock<'i32'>;
  /** Of each categorical feature after `scanCategories`: best gain, and the bins that go left, a bit each (SET_WORDS words). */
  readonly setGains: ArenaBlock<'f64'>;
  readonly sets: ArenaBlock<'u32'>;
  readonly histogramCount: number;
  readonly #engine: Engine;
  readonly #goesLeft: ArenaBlock<'u8'>;
  readonly #allowed: ArenaBlock<'u8'>;
  readonly #monotone: ArenaBlock<'i8'> | undefined;
  readonly #binCounts: ArenaBlock<'i32'>;
  /** Categories of each categorical feature. */
  readonly #categoryCounts: ArenaBlock<'i32'>;
  readonly #categoryScratch: ArenaBlock<'f64'>;
  /** Bins of every feature: histograms are cleared, added and subtracted no further. */
  readonly #liveBins: ArenaBlock<'i32'>;
  readonly #leafSums: ArenaBlock<'f64'>;
  readonly #leafSlots: ArenaBlock<'i32'>;
  readonly #leafValues: ArenaBlock<'f64'>;
  readonly #scratch: ArenaBlock<'u8'>;
  readonly #parted: ArenaBlock<'u32'>;
  readonly #histograms: ArenaBlock<'f64'>;
  readonly #partials: ArenaBlock<'f64'> | undefined;
  /** Where features are bundled: the histograms of all features, of the node that was scanned last. */
  readonly #split: ArenaBlock<'f64'> | undefined;
  /** By window and node: start and end in each segment of the rows learnt from, then of those that only follow. */
  readonly #ranges: ArenaBlock<'i32'>;
  /** Histograms are shared out by groups, else by segments, whose sums are merged. */
  readonly #byGroups: boolean;
  /** How many parts segments are shared out in. */
  readonly #stripes: number;
  /** Numbers of a histogram. */
  readonly #histogramLength: number;
  /** Segments of a window at most. */
  readonly #segments: number;
  readonly #maxNodes: number;
  /** For trees that are grown in one piece. */
  #growing: TreeGrowing | undefined;
  #nodes = 0;
  #follows = false;
  #everyRow = false;

  /**
   * `binCounts`: bins of each numeric feature, 0 for features that `scan` leaves out; `sizes.categories`: those of each
   * categorical one, 0 for features that `scanCategories` leaves out (all where absent); `sizes.bins`: of all features (255
   * where absent). `monotone`: 1 or −1 where predictions may only rise or fall with a feature, else 0.
   */
  constructor(
    engine: Engine,
    rows: RowStore,
    binCounts: ArrayLike<number>,
    sizes: {
      histograms: number;
      leaves: number;
      nodes?: number;
      bins?: readonly number[];
      categories?: readonly number[];
    },
    monotone?: Int8Array,
  ) {
    const { arena } = engine;
    const { threads } = rows;
    const { groupCount, featureCount, columnCount, bundles } = rows.layout;
    this.#engine = engine;
    this.rows = rows;
    this.#segments = Math.ceil(rows.rowCount / rows.windowCount / rows.segmentRows) || 1;
    this.#maxNodes = sizes.nodes ?? 2 * sizes.leaves;
    this.#ranges = new ArenaBlock(arena, 'i32', rows.windowCount * this.#maxNodes * this.#slotLength);
    this.gains = new ArenaBlock(arena, 'f64', featureCount);
    this.splits = new ArenaBlock(arena, 'i32', featureCount);
    this.setGains = new ArenaBlock(arena, 'f64', featureCount);
    this.setGains.values.fill(Number.NEGATIVE_INFINITY);
    this.sets = new ArenaBlock(arena, 'u32', SET_WORDS * featureCount);
    this.#categoryCounts = new ArenaBlock(arena, 'i32', featureCount);
    this.#categoryCounts.values.fill(0);
    if (sizes.categories) this.#categoryCounts.values.set(sizes.categories);
    this.#categoryScratch = new ArenaBlock(arena, 'f64', CATEGORY_SCRATCH);
    this.#parted = new ArenaBlock(arena, 'u32', 2 * Math.min(threads, this.#segments) * this.#partedLength);
    this.#goesLeft = new ArenaBlock(arena, 'u8', 256);
    this.#allowed = new ArenaBlock(arena, 'u8', featureCount);
    this.#monotone = monotone?.some(Boolean) ? new ArenaBlock(arena, 'i8', featureCount) : undefined;
    this.#monotone?.values.set(monotone!);
    this.#binCounts = new ArenaBlock(arena, 'i32', featureCount);
    this.#binCounts.values.set(binCounts);
    this.#liveBins = new ArenaBlock(arena, 'i32', columnCount);
    this.#liveBins.values.fill(MISSING_BIN);
    const bins = bundles?.columnBins ?? sizes.bins;
    if (bins) this.#liveBins.values.set(bins);
    this.#leafSums = new ArenaBlock(arena, 'f64', 2 * sizes.leaves);
    this.#leafSlots = new ArenaBlock(arena, 'i32', sizes.leaves);
    this.#leafValues = new ArenaBlock(arena, 'f64', sizes.leaves);
    this.#byGroups = groupCount % threads === 0 || groupCount >= GROUPS_A_THREAD * threads;
    this.#stripes = this.#byGroups ? 1 : Math.min(threads, this.#segments);
    this.#scratch = new ArenaBlock(arena, 'u8', threads * HISTOGRAM_SCRATCH);
    this.#histogramLength = columnCount * HISTOGRAM_STRIDE;
    this.#split = bundles && new ArenaBlock(arena, 'f64', featureCount * HISTOGRAM_STRIDE);
    this.#split?.values.fill(0);
    this.histogramCount = sizes.histograms;
    this.#histograms = new ArenaBlock(arena, 'f64', sizes.histograms * this.#histogramLength);
    // Bins that a feature does not have are never written.
    this.#histograms.values.fill(0);
    this.#partials =
      this.#stripes > 1 ? new ArenaBlock(arena, 'f64', (this.#stripes - 1) * this.#histogramLength) : undefined;
  }

  /**
   * Quantises the gradients and hessians of every row, on the scale of the largest.
   * @throws LanewiseError `data` where one of them is beyond f32.
   */
  async quantise(key: RandomKey, signal?: AbortSignal): Promise<Units> {
    const largest = { gradient: 0, hessian: 0 };
    const { kernels } = this.#engine;
    await this.#overWindows(LARGEST, (window) => {
      largest.gradient = Math.max(largest.gradient, kernels.absolute_largest_f32(window.gradients, window.rowCount));
      largest.hessian = Math.max(largest.hessian, kernels.absolute_largest_f32(window.hessians, window.rowCount));
      return undefined;
    });
    refuseOverflow(largest.gradient + largest.hessian);
    const gradientScale = scaleOf(GRADIENT_LEVELS, largest.gradient);
    const hessianScale = scaleOf(HESSIAN_LEVELS, largest.hessian);
    await this.#overWindows(QUANTISE, (window) => {
      const tasks: Task[] = [];
      for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, window.rowCount - start);
        const offsets = [window.gradients + 4 * start, window.hessians + 4 * start, window.packed + 8 * start];
        const scales = [gradientScale, hessianScale, key.keyLow, key.keyHigh];
        tasks.push({
          kernel: 'gradients_quantise_f32',
          values: [...offsets, ...scales, window.firstRow + start, rows],
        });
      }
      return window.rowCount < SHARED_ROWS ? this.#engine.runHere(tasks) : this.#engine.run(tasks, signal);
    });
    return {
      gradient: gradientScale > 0 ? largest.gradient / GRADIENT_LEVELS : 0,
      hessian: hessianScale > 0 ? largest.hessian / HESSIAN_LEVELS : 0,
    };
  }

  /**
   * Begins a tree and returns its root. Rows to learn from and rows that only follow (both ascending, none twice); the
   * others are left alone.
   */
  async begin(training: Uint32Array, following: Uint32Array): Promise<NodeRows> {
    return this.beginWith(training.length, following.length > 0, (order, { firstRow }, from, to) => {
      const middle = putRows(order, from, training, firstRow, to);
      return [middle, putRows(order, middle, following, firstRow, to, from)];
    });
  }

  /** As `begin`, of rows that someone else puts into their places. */
  async beginWith(count: number, follows: boolean, put: PutRows): Promise<NodeRows> {
    this.#nodes = 1;
    this.#follows = follows;
    this.#everyRow = count === this.rows.rowCount;
    await this.#overWindows(BEGIN, (window, index) => {
      const { memory } = this.#engine.arena;
      const order = new Uint32Array(memory.buffer, window.order, window.rowCount);
      const ranges = this.#rangesOf(index, 0);
      ranges.fill(0);
      let segment = 0;
      for (let start = 0; start < window.rowCount; start += this.rows.segmentRows) {
        const [middle, end] = put(order, window, start, Math.min(window.rowCount, start + this.rows.segmentRows));
        ranges.set([start, middle], 2 * segment);
        ranges.set([middle, end], 2 * (this.#segments + segment));
        segment++;
      }
      return undefined;
    });
    return { slot: 0, count };
  }

  /** Builds histogram `index` of a node's rows. */
  buildHistogram(index: number, node: NodeRows, signal?: AbortSignal): Waiting {
    const shared = this.rows.threads > 1 && node.count * this.rows.layout.columnCount > SHARED_WORK;
    const build = this.#overWindows(HISTOGRAM, (window, w) => {
      const tasks = this.#histogramTasks(this.#histogramOffset(index), window, w, node, shared);
      return shared ? this.#engine.runNow(tasks, signal) : this.#engine.runHere(tasks);
    });
    if (!shared || this.#stripes === 1) return build;
    return after(build, () => this.#mergePartials(index));
  }

  /**
   * A tree to be grown from its root in one piece: of rows in memory, where no node has limits of its own. Node n's rows are
   * those of slot n.
   */
  startTree(units: Units, limits: TreeLimits, allowed: Uint8Array | undefined): StartedTree {
    this.#growing ??= this.#growingOf(limits);
    return this.#growing.start(units, {
      follows: this.#follows,
      everyRow: this.#everyRow,
      ...(allowed && { allowed }),
    });
  }

  #growingOf(limits: TreeLimits): TreeGrowing {
    const window = this.rows.open(0, HISTOGRAM) as RowWindow;
    const categorical = this.#categoryCounts.values.some((count) => count > 0);
    const room = {
      ranges: this.#ranges.offset,
      histograms: this.#histograms.offset,
      liveBins: this.#liveBins.offset,
      binCounts: this.#binCounts.offset,
      categoryCounts: categorical ? this.#categoryCounts.offset : 0,
      maxNodes: this.#maxNodes,
      histogramCount: this.histogramCount,
      segments: this.#segments,
    };
    return new TreeGrowing(this.#engine, this.rows, window, room, limits);
  }

  #mergePartials(index: number): void {
    for (let stripe = 1; stripe < this.#stripes; stripe++) {
      const part = this.#partials!.offset + (stripe - 1) * this.#histogramLength * 8;
      this.#engine.kernels.histogram_add_f64(
        this.#histogramOffset(index),
        part,
        this.#liveBins.offset,
        this.rows.layout.columnCount,
      );
    }
  }

  /** `apart`: the partial sums are of this window alone. */
  #histogramTasks(
    histogram: number,
    window: RowWindow,
    index: number,
    node: NodeRows,
    shared: boolean,
    apart = false,
  ): Task[] {
    const { groupCount, groupColumns, columnCount, rowBytes } = this.rows.layout;
    const task = (part: number, sums: number, fresh: boolean, segments: Stretch, groups: Stretch): Task => {
      const [from, to] = segments;
      const first = groups[0] * groupColumns;
      const columns = Math.min(columnCount, groups[1] * groupColumns) - first;
      const offsets = [
        window.bins + groups[0] * window.groupBytes,
        window.packed,
        this.#everyRow && node.slot === 0 ? 0 : window.order,
        this.#rangesOffset(index, node.slot) + 8 * from,
        sums + first * HISTOGRAM_STRIDE * 8,
        this.#liveBins.offset + 4 * first,
        this.#scratch.offset + part * HISTOGRAM_SCRATCH,
      ];
      const sizes = [window.rowCount, rowBytes, window.groupBytes, groupColumns, columns, to - from, fresh ? 1 : 0];
      return { kernel: 'histogram_build_u8', values: [...offsets, ...sizes] };
    };
    // Windows after the first add to what is there.
    const fresh = index === 0;
    if (this.#byGroups) {
      const parts = shared ? this.rows.threads : 1;
      return Array.from({ length: parts }, (_, part) => {
        return task(part, histogram, fresh, [0, this.#segments], shareOf(groupCount, part, parts));
      });
    }
    const stripes = shared ? this.#stripes : 1;
    return Array.from({ length: stripes }, (_, stripe) => {
      const sums = stripe === 0 ? histogram : this.#partials!.offset + (stripe - 1) * this.#histogramLength * 8;
      return task(stripe, sums, fresh || (apart && stripe > 0), shareOf(this.#segments, stripe, stripes), [
        0,
        groupCount,
      ]);
    });
  }

  /** Histogram `sibling` ← parent − child; `sibling` may be the parent's own. */
  subtractHistogram(parent: number, child: number, sibling: number): void {
    this.#engine.kernels.histogram_subtract_f64(
      this.#histogramOffset(parent),
      this.#histogramOffset(child),
      this.#histogramOffset(sibling),
      this.#liveBins.offset,
      this.rows.layout.columnCount,
    );
  }

  /**
   * The numbers of the features of histogram `index`, which was scanned last, HISTOGRAM_STRIDE a feature, from `scannedStart`
   * on. A view a node would cost as much as what is read of it.
   */
  get scanned(): Float64Array {
    return (this.#split ?? this.#histograms).values;
  }

  scannedStart(index: number): number {
    return this.#split ? 0 : index * this.#histogramLength;
  }

  /** The numbers of histogram `index`: HISTOGRAM_STRIDE a column. */
  histogram(index: number): Float64Array {
    const start = index * this.#histogramLength;
    return this.#histograms.values.subarray(start, start + this.#histogramLength);
  }

  /** Fills `gains` and `splits` for the numeric features of histogram `index`. */
  scan(index: number, units: Units, limits: SplitLimits, node: NodeLimits = UNLIMITED): void {
    if (node.allowed) this.#allowed.values.set(node.allowed);
    if (this.#split) splitHistogram(this.rows.layout.bundles!, this.histogram(index), this.#split.values);
    this.#engine.kernels.split_scan_f64(
      this.#split?.offset ?? this.#histogramOffset(index),
      this.#binCounts.offset,
      node.allowed ? this.#allowed.offset : 0,
      this.#monotone?.offset ?? 0,
      this.gains.offset,
      this.splits.offset,
      units.gradient,
      units.hessian,
      limits.l1,
      limits.l2,
      limits.maxDeltaStep,
      limits.minHessian,
      limits.minSamples,
      node.lower,
      node.upper,
      this.rows.layout.featureCount,
    );
  }

  /** Fills `setGains` and `sets` for the categorical features of histogram `index`, which was scanned last. */
  scanCategories(
    index: number,
    units: Units,
    limits: SplitLimits & { readonly categories: CategoryRules },
    node: NodeLimits = UNLIMITED,
  ): void {
    const { smooth, l2, maxThreshold, minPerGroup, maxToOnehot } = limits.categories;
    this.#engine.kernels.category_scan_f64(
      this.#split?.offset ?? this.#histogramOffset(index),
      this.#categoryCounts.offset,
      node.allowed ? this.#allowed.offset : 0,
      this.setGains.offset,
      this.sets.offset,
      this.#categoryScratch.offset,
      units.gradient,
      units.hessian,
      limits.l1,
      limits.l2,
      limits.maxDeltaStep,
      limits.minHessian,
      limits.minSamples,
      node.lower,
      node.upper,
      smooth,
      l2,
      maxThreshold,
      minPerGroup,
      maxToOnehot,
      this.rows.layout.featureCount,
    );
  }

  /** Parts a node by a feature's bins (goesLeft[bin] is 0 or 1) into its left and right child. */
  partition(
    node: NodeRows,
    feature: number,
    goesLeft: Uint8Array,
    signal?: AbortSignal,
  ): [NodeRows, NodeRows] | Promise<[NodeRows, NodeRows]> {
    this.#goesLeft.values.set(this.#columnGoesLeft(feature, goesLeft));
    const left = this.#nodes;
    this.#nodes += 2;
    const share = node.count >= SHARED_ROWS ? Math.min(this.rows.threads, this.#segments) : 1;
    const parted = this.#overWindows(PARTITION, (window, w) => {
      const tasks = this.#partTasks(window, w, node.slot, left, feature, share);
      return share > 1 ? this.#engine.runNow(tasks, signal) : this.#engine.runHere(tasks);
    });
    const children = (): [NodeRows, NodeRows] => {
      const count = this.#countOf(left);
      return [
        { slot: left, count },
        { slot: left + 1, count: node.count - count },
      ];
    };
    return parted ? parted.then(children) : children();
  }

  #columnGoesLeft(feature: number, goesLeft: Uint8Array): Uint8Array {
    const { bundles } = this.rows.layout;
    return bundles ? columnGoesLeft(bundles.features[feature]!, goesLeft) : goesLeft;
  }

  /** Are the rows brought into memory window after window, so that every pass over them costs? */
  get inWindows(): boolean {
    return this.rows.windowCount > 1;
  }

  /** Nodes that can still be parted in this tree. */
  get nodesLeft(): number {
    return Math.floor((this.#maxNodes - this.#nodes) / 2);
  }

  /**
   * Parts several nodes, and builds the histogram of one child of each, in one pass over the rows: what is written to a
   * file is read once for all of them.
   */
  async partAhead(partings: readonly Parting[], signal?: AbortSignal): Promise<[NodeRows, NodeRows][]> {
    const first = this.#nodes;
    this.#nodes += 2 * partings.length;
    await this.#overWindows(PART_AHEAD, async (window, w) => {
      for (const [index, parting] of partings.entries())
        await this.#partInWindow(window, w, parting, first + 2 * index);
      throwIfCancelled(signal);
    });
    return partings.map(({ node }, index) => {
      const slot = first + 2 * index;
      const count = this.#countOf(slot);
      return [
        { slot, count },
        { slot: slot + 1, count: node.count - count },
      ];
    });
  }

  /**
   * Brings the rows of nodes that were parted in vain back into ascending order, which leaf sums are made in. `left`: the
   * child whose rows stand first.
   */
  async restore(parted: readonly { readonly node: NodeRows; readonly left: NodeRows }[]): Promise<void> {
    const spare = new Uint32Array(this.rows.segmentRows);
    await this.#overWindows(RESTORE, (window, w) => {
      const order = new Uint32Array(this.#engine.arena.memory.buffer, window.order, window.rowCount);
      for (const { node, left } of parted) {
        const [whole, first] = [this.#rangesOf(w, node.slot), this.#rangesOf(w, left.slot)];
        for (let at = 0; at < 2 * this.#segments; at += 2) {
          mergeRuns(order.subarray(whole[at], whole[at + 1]), first[at + 1]! - first[at]!, spare);
        }
      }
      return undefined;
    });
  }

  async #partInWindow(window: RowWindow, w: number, parting: Parting, left: number): Promise<void> {
    const { node, feature, goesLeft, histogram, child } = parting;
    this.#goesLeft.values.set(this.#columnGoesLeft(feature, goesLeft));
    const share = node.count >= SHARED_ROWS ? Math.min(this.rows.threads, this.#segments) : 1;
    const parts = this.#partTasks(window, w, node.slot, left, feature, share);
    await (share > 1 ? this.#engine.runNow(parts) : this.#engine.runHere(parts));
    if (histogram < 0) return;
    const shared = this.rows.threads > 1 && node.count * this.rows.layout.columnCount > SHARED_WORK;
    const rows = { slot: left + child, count: node.count };
    const builds = this.#histogramTasks(this.#histogramOffset(histogram), window, w, rows, shared, true);
    await (shared ? this.#engine.runNow(builds) : this.#engine.runHere(builds));
    if (shared && this.#stripes > 1) this.#mergePartials(histogram);
  }

  #partTasks(window: RowWindow, w: number, slot: number, left: number, feature: number, share: number): Task[] {
    const { layout, segmentRows } = this.rows;
    const [group, place] = placeOf(layout, feature);
    const tasks: Task[] = [];
    for (let part = 0; part < share; part++) {
      for (const [from, to] of this.#stretches(...shareOf(this.#segments, part, share))) {
        const offsets = [
          window.bins + group * window.groupBytes,
          this.#goesLeft.offset,
          window.order,
          this.#rangesOffset(w, slot) + 8 * from,
          this.#rangesOffset(w, left) + 8 * from,
          this.#rangesOffset(w, left + 1) + 8 * from,
          // A place for each task: whoever runs them may do so at once.
          this.#parted.offset + 4 * tasks.length * this.#partedLength,
        ];
        const sizes = [window.rowCount, layout.rowBytes, place, Math.min(segmentRows, window.rowCount), to - from];
        tasks.push({ kernel: 'rows_partition_u8', values: [...offsets, ...sizes] });
      }
    }
    return tasks;
  }

  /** Unquantised sums of some nodes: gradient and hessian of each. */
  async leafSums(nodes: readonly NodeRows[], signal?: AbortSignal): Promise<Float64Array> {
    this.#leafSums.values.fill(0);
    this.#putSlots(nodes);
    await this.#overWindows(LEAF_SUMS, (window, w) =>
      this.#spread(this.#leafSumTasks(window, w, nodes.length), signal),
    );
    return this.leafSumsFound(nodes.length);
  }

  /** The calls after which `leafSumsFound` has the sums of some nodes: of rows in memory. */
  leafSumTasks(nodes: readonly NodeRows[]): Task[] {
    this.#leafSums.values.fill(0);
    this.#putSlots(nodes);
    return this.#leafSumTasks(this.rows.open(0, LEAF_SUMS) as RowWindow, 0, nodes.length);
  }

  leafSumsFound(count: number): Float64Array {
    return this.#leafSums.values.slice(0, 2 * count);
  }

  #leafSumTasks(window: RowWindow, w: number, count: number): Task[] {
    // A leaf's segments are summed in order: several threads take some leaves each.
    const parts = this.spreads ? Math.min(count, LEAF_SHARES * this.rows.threads) : 1;
    return Array.from({ length: parts }, (_, part): Task => {
      const [from, to] = shareOf(count, part, parts);
      const sums = this.#leafSums.offset + 16 * from;
      const offsets = [...this.#slotsFrom(window, w, from), window.gradients, window.hessians, sums];
      return {
        kernel: 'leaf_sums_f32',
        values: [...offsets, ...this.#slotSizes(window, 0, this.#segments), to - from],
      };
    });
  }

  /**
   * Adds values[i] to the predictions of the rows of nodes[i], those that only follow included. `predictions`: where those
   * of a window's first row lie.
   */
  async addToLeaves(
    nodes: readonly NodeRows[],
    values: ArrayLike<number>,
    predictions: (window: RowWindow) => number,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#putSlots(nodes);
    this.#leafValues.values.set(values);
    await this.#overWindows(LEAF_ADD, (window, w) => {
      return this.#spread(this.#leafAddTasks(window, w, nodes.length, predictions(window)), signal);
    });
  }

  /** The calls that do what `addToLeaves` does, of rows in memory whose predictions begin at `predictions`. */
  leafAddTasks(nodes: readonly NodeRows[], values: ArrayLike<number>, predictions: number): Task[] {
    this.#putSlots(nodes);
    this.#leafValues.values.set(values);
    return this.#leafAddTasks(this.rows.open(0, LEAF_ADD) as RowWindow, 0, nodes.length, predictions);
  }

  #leafAddTasks(window: RowWindow, w: number, count: number, predictions: number): Task[] {
    const stretches = this.#follows ? 2 * this.#segments : this.#segments;
    const parts = this.spreads ? Math.min(stretches, LEAF_SHARES * this.rows.threads) : 1;
    return Array.from({ length: parts }, (_, part): Task => {
      const [from, to] = shareOf(stretches, part, parts);
      const offsets = [...this.#slotsFrom(window, w, 0), this.#leafValues.offset, predictions];
      return { kernel: 'leaf_add_f64', values: [...offsets, ...this.#slotSizes(window, from, to - from), count] };
    });
  }

  #putSlots(nodes: readonly NodeRows[]): void {
    const slots = this.#leafSlots.values;
    for (let leaf = 0; leaf < nodes.length; leaf++) slots[leaf] = nodes[leaf]!.slot;
  }

  /** Byte offsets of the order, of the window's ranges, and of the slots of leaves from `leaf` on. */
  #slotsFrom(window: RowWindow, w: number, leaf: number): number[] {
    return [window.order, this.#rangesOffset(w, 0), this.#leafSlots.offset + 4 * leaf];
  }

  #slotSizes(window: RowWindow, firstRange: number, rangeCount: number): number[] {
    return [window.rowCount, this.#slotLength, this.#maxNodes, firstRange, rangeCount];
  }

  /**
   * Calls `visit` with the rows of some nodes that are learnt from, counted from their window's first: window by window,
   * node by node, segment by segment, ascending. `parts`: what else is read of the rows.
   */
  async visitRows(
    nodes: readonly NodeRows[],
    visit: (node: number, rows: Uint32Array, window: RowWindow) => void,
    ...parts: readonly RowPart[]
  ): Promise<void> {
    await this.visitWindows(nodes, uses(['order', ...parts]), (window, stretches) => {
      stretches.forEach((ofNode, node) => {
        for (const rows of ofNode) visit(node, rows, window);
      });
      return undefined;
    });
  }

  /**
   * Calls `work` with one window after the other and, node by node, their rows in it that are learnt from: those of each
   * segment, counted from the window's first, ascending. `uses` must read the order.
   */
  async visitWindows(
    nodes: readonly NodeRows[],
    uses: Uses,
    work: (window: RowWindow, stretches: readonly Uint32Array[][]) => Waiting,
  ): Promise<void> {
    await this.#overWindows(uses, (window, w) => {
      const order = new Uint32Array(this.#engine.arena.memory.buffer, window.order, window.rowCount);
      const stretches = nodes.map(({ slot }) => {
        const ranges = this.#rangesOf(w, slot);
        return Array.from({ length: this.#segments }, (_, segment) =>
          order.subarray(ranges[2 * segment], ranges[2 * segment + 1]),
        );
      });
      return work(window, stretches);
    });
  }

  /** In the pool where there are rows enough, else here. */
  #spread(tasks: readonly Task[], signal?: AbortSignal): Waiting {
    return this.spreads ? this.#engine.runNow(tasks, signal) : this.#engine.runHere(tasks);
  }

  /** Are there rows enough that calls over them are worth sharing out? */
  get spreads(): boolean {
    return this.rows.threads > 1 && this.rows.rowCount >= SHARED_ROWS;
  }

  /** Works through the windows; without a promise while there is nothing to wait for. */
  #overWindows(uses: Uses, work: (window: RowWindow, index: number) => Waiting, from = 0): Waiting {
    for (let index = from; index < this.rows.windowCount; index++) {
      const window = this.rows.open(index, uses);
      const pending = window instanceof Promise ? window.then((opened) => work(opened, index)) : work(window, index);
      if (pending) return pending.then(() => this.#overWindows(uses, work, index + 1));
    }
    return undefined;
  }

  /** A node's ranges of some segments: of the rows learnt from, and of those that follow. */
  #stretches(from: number, to: number): Stretch[] {
    return this.#follows
      ? [
          [from, to],
          [this.#segments + from, this.#segments + to],
        ]
      : [[from, to]];
  }

  get #slotLength(): number {
    return 4 * this.#segments;
  }

  get #partedLength(): number {
    return this.rows.segmentRows + 16;
  }

  #rangesOffset(window: number, slot: number): number {
    return this.#ranges.offset + 4 * (window * this.#maxNodes + slot) * this.#slotLength;
  }

  #rangesOf(window: number, slot: number): Int32Array {
    const start = (window * this.#maxNodes + slot) * this.#slotLength;
    return this.#ranges.values.subarray(start, start + this.#slotLength);
  }

  #countOf(slot: number): number {
    const ranges = this.#ranges.values;
    let count = 0;
    for (let window = 0; window < this.rows.windowCount; window++) {
      const start = (window * this.#maxNodes + slot) * this.#slotLength;
      for (let i = start; i < start + 2 * this.#segments; i += 2) count += ranges[i + 1]! - ranges[i]!;
    }
    return count;
  }

  #histogramOffset(index: number): number {
    return this.#histograms.offset + index * this.#histogramLength * 8;
  }

  [Symbol.dispose](): void {
    const hidden = [
      this.#liveBins,
      this.#parted,
      this.#goesLeft,
      this.#allowed,
      this.#monotone,
      this.#binCounts,
      this.#categoryCounts,
      this.#categoryScratch,
      this.#split,
      this.#leafSums,
      this.#leafSlots,
      this.#leafValues,
      this.#scratch,
      this.#ranges,
      this.#growing,
    ];
    for (const block of [
      this.gains,
      this.splits,
      this.setGains,
      this.sets,
      ...hidden,
      this.#histograms,
      this.#partials,
    ]) {
      block?.[Symbol.dispose]();
    }
  }
}

type Stretch = readonly [from: number, to: number];

/** One of `parts` parts of [0, count), as equal as can be. */
function shareOf(count: number, part: number, parts: number): Stretch {
  return [Math.floor((count * part) / parts), Math.floor((count * (part + 1)) / parts)];
}

function refuseOverflow(largest: number): void {
  if (largest < Number.POSITIVE_INFINITY) return;
  throw new LanewiseError('data', 'Expected gradients of the loss that f32 holds (3.4e38) but some are beyond', {
    hint: 'Targets or weights are too large: divide them by a common factor.',
  });
}

/** Fractions of a level a unit; 0 where the largest is too small for f32 to hold that. */
function scaleOf(levels: number, largest: number): number {
  const scale = largest > 0 ? (levels * FRACTIONS) / largest : 0;
  return Number.isFinite(Math.fround(scale)) ? scale : 0;
}

/** Two ascending runs, of which the first has `middle` numbers, become one. */
function mergeRuns(rows: Uint32Array, middle: number, spare: Uint32Array): void {
  spare.set(rows.subarray(0, middle));
  let [first, second] = [0, middle];
  for (let at = 0; first < middle; at++) {
    const takesSecond = second < rows.length && rows[second]! < spare[first]!;
    rows[at] = takesSecond ? rows[second++]! : spare[first++]!;
  }
}

/** Puts the rows of [from, to) behind `at`, counted from the window's first; returns the end of them. */
function putRows(order: Uint32Array, at: number, rows: Uint32Array, firstRow: number, to: number, from = at): number {
  const [start, end] = [firstBehind(rows, firstRow + from), firstBehind(rows, firstRow + to)];
  order.set(rows.subarray(start, end), at);
  if (firstRow > 0) for (let i = at; i < at + end - start; i++) order[i]! -= firstRow;
  return at + end - start;
}

/** How many of the ascending rows are below a number. */
function firstBehind(rows: Uint32Array, below: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < below) low = middle + 1;
    else high = middle;
  }
  return low;
}

function after(pending: Waiting, work: () => void): Waiting {
  if (pending) return pending.then(work);
  work();
  return undefined;
}
