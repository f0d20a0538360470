import { LEAF_BLOCK_ROWS } from '../../kernels/tree-building.js';
import type { Engine, Task } from '../engine.js';
import { treeThreads } from './tree-threads.js';
import { ArenaBlock, ArenaPart, type BinnedRows, type GroupLayout } from './trees.js';

/** Rows of a segment at most: what a thread needs to part one stays in its second-level cache. */
const SEGMENT_ROWS = 8 * LEAF_BLOCK_ROWS;

/** Segments of a thread, where there are several: the last is seldom full. */
const SEGMENTS_A_THREAD = 8;

/**
 * Rows that are in memory at once, with what boosting knows of each: a stretch of the global row index. Rows of a window
 * are counted from its first; offsets are bytes of the engine's memory.
 */
export interface RowWindow {
  /** Global index of the first row: a multiple of `segmentRows`. */
  readonly firstRow: number;
  readonly rowCount: number;
  /** Binned features: group g's rows lie at bins + g · groupBytes. */
  readonly bins: number;
  readonly groupBytes: number;
  /** One f32 a row each. */
  readonly gradients: number;
  readonly hessians: number;
  /** Quantised gradient, hessian and count: two i32 a row. */
  readonly packed: number;
  /** One u32 a row: a permutation of each segment's rows in which those of a node are neighbours, ascending. */
  readonly order: number;
}

/** What boosting knows of rows: their bins, what a tree is grown from, and what the losses are computed from. */
export type RowPart =
  | 'bins'
  | 'gradients'
  | 'hessians'
  | 'packed'
  | 'order'
  | 'targets'
  | 'weights'
  | 'roles'
  | 'raw'
  | 'normalizers'
  | 'dropped'
  | 'groups';

/** What one pass over the windows needs, so that a file is read and written no more than that. */
export interface Uses {
  readonly read: readonly RowPart[];
  readonly write: readonly RowPart[];
}

/**
 * Where the rows of a boosting run lie: all in memory, or in a file from which one window after the other is loaded. What
 * is computed does not depend on the windows, nor on the segments: histograms are whole numbers, parting keeps the order
 * of rows, and segments begin at blocks of the leaf sums.
 */
export interface RowStore extends Disposable {
  readonly rowCount: number;
  readonly layout: GroupLayout;
  readonly windowCount: number;
  /** Threads that grow trees from these rows: see `treeThreads`. */
  readonly threads: number;
  /** Rows of every segment but the last: a multiple of LEAF_BLOCK_ROWS. */
  readonly segmentRows: number;
  /**
   * Brings what a pass uses of a window into memory; what was written to the one before is kept. At once, where it is
   * there already.
   */
  open(window: number, uses: Uses): RowWindow | Promise<RowWindow>;
}

/** Runs calls over rows of a store on as many threads as grow its trees. */
export function runOnRows(
  engine: Engine,
  { threads }: RowStore,
  tasks: readonly Task[],
  signal?: AbortSignal,
): Promise<unknown> | undefined {
  return threads < engine.threads ? engine.runHere(tasks) : engine.run(tasks, signal);
}

/** As `runOnRows`, with what each call returned. */
export function resultsOnRows(
  engine: Engine,
  { threads }: RowStore,
  tasks: readonly Task[],
  signal?: AbortSignal,
): Promise<number[]> {
  return threads < engine.threads ? engine.runAlone(tasks, signal) : engine.run(tasks, signal);
}

/** How many rows a segment has: so few that every thread has several, and all about as many rows as the others. */
export function segmentRowsFor(rowCount: number, threads: number): number {
  const blocks = Math.max(1, Math.ceil(rowCount / LEAF_BLOCK_ROWS));
  const least = Math.ceil(rowCount / SEGMENT_ROWS);
  const segments = Math.max(least, threads === 1 ? 1 : SEGMENTS_A_THREAD * threads);
  return Math.ceil(blocks / segments) * LEAF_BLOCK_ROWS;
}

/** Byte offsets of memory that is free between trees. */
export interface SpareRoom {
  /** Two f64 a row: free from a tree's last histogram on, and before the next derivatives. */
  readonly values: number;
  readonly scratch: number;
  /** One u32 a row: free between trees, when no row has a place in one. */
  readonly places: number;
  /** The first of them as an array. */
  valuesIn(): Float64Array;
}

function float64Of({ values }: ArenaBlock<'i32'>): Float64Array {
  return new Float64Array(values.buffer, values.byteOffset, values.length / 2);
}

/** All rows in the engine's memory: one window. */
export class MemoryRows implements RowStore {
  readonly rowCount: number;
  readonly layout: GroupLayout;
  readonly windowCount = 1;
  readonly threads: number;
  readonly segmentRows: number;
  readonly gradients: ArenaPart<'f32'>;
  readonly hessians: ArenaPart<'f32'>;
  readonly order: ArenaBlock<'u32'>;
  /** Room that no one else needs from a tree's last histogram to the next derivatives, as renewed leaves want it. */
  readonly spare: SpareRoom;
  readonly #derivatives: ArenaBlock<'f32'>;
  readonly #packed: ArenaBlock<'i32'>;
  readonly #window: RowWindow;

  /** `lane`: one of several sets of gradients and orders of the same rows, whose trees one thread each grows. */
  constructor({ arena, threads }: Engine, data: BinnedRows, lane = false) {
    const { rowCount, layout } = data;
    this.rowCount = rowCount;
    this.layout = layout;
    this.threads = lane ? 1 : treeThreads(threads, rowCount, layout.columnCount);
    this.segmentRows = segmentRowsFor(rowCount, this.threads);
    // One behind the other, each on a cache line: together 8 bytes a row.
    const aligned = Math.ceil(rowCount / 16) * 16;
    this.#derivatives = new ArenaBlock(arena, 'f32', 2 * aligned);
    this.gradients = new ArenaPart(this.#derivatives, 0, rowCount);
    this.hessians = new ArenaPart(this.#derivatives, aligned, rowCount);
    this.order = new ArenaBlock(arena, 'u32', rowCount);
    this.#packed = new ArenaBlock(arena, 'i32', 2 * rowCount);
    this.spare = {
      values: this.#packed.offset,
      scratch: this.#derivatives.offset,
      places: this.order.offset,
      valuesIn: () => float64Of(this.#packed),
    };
    this.#window = {
      firstRow: 0,
      rowCount,
      bins: data.groupOffset(0),
      groupBytes: rowCount * layout.rowBytes,
      gradients: this.gradients.offset,
      hessians: this.hessians.offset,
      packed: this.#packed.offset,
      order: this.order.offset,
    };
  }

  open(): RowWindow {
    return this.#window;
  }

  [Symbol.dispose](): void {
    for (const block of [this.#derivatives, this.order, this.#packed]) block[Symbol.dispose]();
  }
}
