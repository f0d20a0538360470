import type { Engine, Task } from '../engine.js';
import type { RandomKey } from '../random.js';
import type { RowStore, RowWindow, Uses } from './row-store.js';
import { ArenaBlock } from './trees.js';

/** Rows of one task. */
const BLOCK_ROWS = 65_536;
/** A row is drawn where its random word is below its share of this. */
export const SAMPLE_LIMIT = 2 ** 32;
/** Gradients are told apart to one part in 128. */
export const SIZE_SHIFT = 16;
export const SIZE_BUCKETS = 2 ** (31 - SIZE_SHIFT);

const SIZES: Uses = { read: ['gradients', 'hessians'], write: [] };
const WEIGHING: Uses = { read: ['gradients', 'hessians'], write: ['gradients', 'hessians'] };
const NOTHING: Uses = { read: [], write: [] };

/** Rows to learn a tree from, and rows that only follow it; both ascending. Views that the next draw overwrites. */
export interface Bag {
  readonly training: Uint32Array;
  readonly following: Uint32Array;
}

/** Which rows gradient-based sampling keeps. */
export interface OneSide {
  /** Rows of a size in a higher bucket are kept as they are. */
  readonly bucket: number;
  /** Share of the others that is drawn, and what they are then multiplied by. */
  readonly share: number;
  readonly factor: number;
}

/** Which rows one-side sampling keeps, of so many whose sizes were counted by bucket. */
export function oneSideOf(counts: Int32Array, rows: number, topRate: number, otherRate: number): OneSide {
  let [bucket, top] = [SIZE_BUCKETS - 1, 0];
  while (bucket >= 0 && top + counts[bucket]! <= topRate * rows) top += counts[bucket--]!;
  const share = rows > top ? Math.min(1, ((topRate + otherRate) * rows - top) / (rows - top)) : 1;
  return { bucket, share, factor: 1 / share };
}

/**
 * Draws the rows of a tree. A row is drawn or not by its own random word of (key, row), so that the order of work, windows
 * and threads do not matter.
 */
export class RowSampler implements Disposable {
  readonly #engine: Engine;
  readonly #store: RowStore;
  readonly #training: Uint32Array;
  readonly #validation: Uint32Array;
  readonly #drawn: Uint32Array;
  readonly #following: Uint32Array;
  /** For each block of a batch: random words, rows, rows put aside. */
  readonly #scratch: ArenaBlock<'u32'>;
  readonly #counts: ArenaBlock<'i32'>;

  /** Rows to draw from, and rows that always follow; both ascending. */
  constructor(engine: Engine, store: RowStore, training: Uint32Array, validation: Uint32Array) {
    this.#engine = engine;
    this.#store = store;
    this.#training = training;
    this.#validation = validation;
    this.#drawn = new Uint32Array(training.length);
    this.#following = new Uint32Array(training.length + validation.length);
    this.#scratch = new ArenaBlock(engine.arena, 'u32', engine.threads * 3 * BLOCK_ROWS);
    this.#counts = new ArenaBlock(engine.arena, 'i32', SIZE_BUCKETS);
  }

  /** Each row with the same chance (bagging without replacement: Friedman, Stochastic gradient boosting, 2002). */
  async draw(share: number, key: RandomKey, signal?: AbortSignal): Promise<Bag> {
    return await this.#drawBy(undefined, share, key, signal);
  }

  /**
   * Gradient-based one-side sampling (Ke et al., LightGBM, NeurIPS 2017): the `topRate` of rows with the largest
   * |gradient · hessian|, and of the others so many that they are `otherRate` of all, with gradients and hessians
   * multiplied by what makes up for those left out. Sizes are told apart by buckets; a bucket that does not fit into
   * the `topRate` whole is drawn from with the others.
   */
  async drawOneSide(topRate: number, otherRate: number, key: RandomKey, signal?: AbortSignal): Promise<Bag> {
    const oneSide = oneSideOf(await this.#countSizes(), this.#training.length, topRate, otherRate);
    return await this.#drawBy(oneSide, oneSide.share, key, signal);
  }

  async #countSizes(): Promise<Int32Array> {
    this.#counts.values.fill(0);
    for (let w = 0; w < this.#store.windowCount; w++) {
      const window = await this.#store.open(w, SIZES);
      for (const block of this.#blocksOf(window)) {
        const place = this.#place(0);
        const rows = this.#copyRows(block, place.rows);
        const offsets = [window.gradients + 4 * block.start, window.hessians + 4 * block.start, place.rowsOffset];
        const firstRow = window.firstRow + block.start;
        const values = [...offsets, this.#counts.offset, SIZE_SHIFT, firstRow, block.rowCount, rows];
        this.#engine.runHere([{ kernel: 'gradient_sizes_count_f32', values }]);
      }
    }
    return this.#counts.values;
  }

  async #drawBy(oneSide: OneSide | undefined, share: number, key: RandomKey, signal?: AbortSignal): Promise<Bag> {
    const ends = { drawn: 0, following: 0 };
    for (let w = 0; w < this.#store.windowCount; w++) {
      const window = await this.#store.open(w, oneSide ? WEIGHING : NOTHING);
      const blocks = this.#blocksOf(window);
      for (let first = 0; first < blocks.length; first += this.#engine.threads) {
        await this.#drawBatch(
          window,
          blocks.slice(first, first + this.#engine.threads),
          oneSide,
          share,
          key,
          ends,
          signal,
        );
      }
    }
    return {
      training: this.#drawn.subarray(0, ends.drawn),
      following: this.#following.subarray(0, ends.following),
    };
  }

  async #drawBatch(
    window: RowWindow,
    blocks: readonly Block[],
    oneSide: OneSide | undefined,
    share: number,
    key: RandomKey,
    ends: { drawn: number; following: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const words = blocks.map((block, i): Task => {
      const values = [
        this.#place(i).wordsOffset,
        key.keyLow,
        key.keyHigh,
        window.firstRow + block.start,
        block.rowCount,
      ];
      return { kernel: 'random_words_u32', values };
    });
    await this.#engine.run(words, signal);
    const draws = blocks.map((block, i): Task => {
      const place = this.#place(i);
      const rows = this.#copyRows(block, place.rows);
      const gradients = oneSide ? [window.gradients + 4 * block.start, window.hessians + 4 * block.start] : [0, 0];
      const rules = [share * SAMPLE_LIMIT, SIZE_SHIFT, oneSide?.bucket ?? 0, oneSide?.factor ?? 1];
      const offsets = [place.wordsOffset, ...gradients, place.rowsOffset, place.restOffset];
      const values = [...offsets, ...rules, window.firstRow + block.start, block.rowCount, rows];
      return { kernel: 'rows_sample_u32', values };
    });
    const drawn = await this.#engine.run(draws, signal);
    blocks.forEach((block, i) => {
      const { rows } = this.#place(i);
      const count = block.trainingEnd - block.trainingStart;
      this.#drawn.set(rows.subarray(0, drawn[i]), ends.drawn);
      ends.drawn += drawn[i]!;
      const validation = this.#validation.subarray(block.validationStart, block.validationEnd);
      ends.following = mergeInto(this.#following, ends.following, rows.subarray(drawn[i], count), validation);
    });
  }

  /** The stretches of a window that hold any rows. */
  #blocksOf(window: RowWindow): Block[] {
    const blocks: Block[] = [];
    for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
      const rowCount = Math.min(BLOCK_ROWS, window.rowCount - start);
      const [from, to] = [window.firstRow + start, window.firstRow + start + rowCount];
      blocks.push({
        start,
        rowCount,
        trainingStart: firstFrom(this.#training, from),
        trainingEnd: firstFrom(this.#training, to),
        validationStart: firstFrom(this.#validation, from),
        validationEnd: firstFrom(this.#validation, to),
      });
    }
    return blocks;
  }

  #copyRows({ trainingStart, trainingEnd }: Block, rows: Uint32Array): number {
    rows.set(this.#training.subarray(trainingStart, trainingEnd));
    return trainingEnd - trainingStart;
  }

  #place(index: number) {
    const at = index * 3 * BLOCK_ROWS;
    const wordsOffset = this.#scratch.offset + 4 * at;
    return {
      wordsOffset,
      rowsOffset: wordsOffset + 4 * BLOCK_ROWS,
      restOffset: wordsOffset + 8 * BLOCK_ROWS,
      rows: this.#scratch.values.subarray(at + BLOCK_ROWS, at + 2 * BLOCK_ROWS),
    };
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
    this.#counts[Symbol.dispose]();
  }
}

/** A stretch of a window, and which of the rows lie in it. */
interface Block {
  /** Counted from the window's first row. */
  readonly start: number;
  readonly rowCount: number;
  readonly trainingStart: number;
  readonly trainingEnd: number;
  readonly validationStart: number;
  readonly validationEnd: number;
}

/** Merges two ascending lists behind `end` of the target; returns the new end. */
function mergeInto(target: Uint32Array, end: number, a: Uint32Array, b: Uint32Array): number {
  if (b.length === 0) {
    target.set(a, end);
    return end + a.length;
  }
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const next = j === b.length || (i < a.length && a[i]! < b[j]!) ? a[i++]! : b[j++]!;
    target[end++] = next;
  }
  return end;
}

/** How many of the ascending rows lie before a row. */
function firstFrom(rows: Uint32Array, row: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
