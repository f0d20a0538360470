import type { Engine, Task } from '../../../engine/engine.js';
import { type RandomKey, randomKey } from '../../../engine/random.js';
import { type OneSide, oneSideOf, SAMPLE_LIMIT, SIZE_BUCKETS, SIZE_SHIFT } from '../../../engine/trees/row-sampling.js';
import type { Uses } from '../../../engine/trees/row-store.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import { throwIfCancelled } from '../../../errors.js';
import { checkSampling, type SamplingParameters, samplesRows, seesAllRows } from '../sampling.js';
import { viewsOf } from './spilled-data.js';

/** Rows of one task. */
const BLOCK_ROWS = 65_536;
const DRAW: Uses = { read: ['roles'], write: ['roles'] };
const SIZES: Uses = { read: ['roles', 'gradients', 'hessians'], write: [] };
const WEIGH: Uses = { read: ['roles', 'gradients', 'hessians'], write: ['roles', 'gradients', 'hessians'] };

/**
 * ../sampling.ts on rows in a file: who is drawn is written into the rows' roles. A row is drawn by its own random word, so
 * the windows do not matter.
 */
export class SpilledSampling implements Disposable {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #learnt: number;
  readonly #parameters: SamplingParameters;
  readonly #seed: number;
  /** Random words, rows, and rows put aside, of a block. */
  readonly #scratch: ArenaBlock<'u32'>;
  readonly #counts: ArenaBlock<'i32'>;
  #bag: { readonly index: number; readonly count: number } | undefined;

  constructor(
    engine: Engine,
    rows: SpilledRows,
    learnt: number,
    parameters: SamplingParameters & { readonly seed: number },
  ) {
    checkSampling(parameters);
    this.#engine = engine;
    this.#rows = rows;
    this.#learnt = learnt;
    this.#parameters = parameters;
    this.#seed = parameters.seed;
    const samples = samplesRows(parameters);
    this.#scratch = new ArenaBlock(engine.arena, 'u32', samples ? 3 * BLOCK_ROWS : 0);
    this.#counts = new ArenaBlock(engine.arena, 'i32', samples ? SIZE_BUCKETS : 0);
  }

  /** Draws the rows of a tree (rounds count from 1) and says how many they are. */
  async draw(iteration: number, output: number, signal?: AbortSignal): Promise<number> {
    const parameters = this.#parameters;
    if (!samplesRows(parameters) || seesAllRows(parameters, iteration)) return this.#learnt;
    if (parameters.dataSampleStrategy === 'goss') {
      const { topRate, otherRate } = parameters;
      const oneSide = oneSideOf(await this.#countSizes(signal), this.#learnt, topRate, otherRate);
      const key = randomKey(this.#seed, 'one-side sampling', iteration, output);
      return await this.#drawBy(oneSide, oneSide.share, key, signal);
    }
    const index = Math.floor((iteration - 1) / parameters.baggingFreq);
    if (this.#bag?.index !== index) {
      const key = randomKey(this.#seed, 'bagging', index);
      this.#bag = { index, count: await this.#drawBy(undefined, parameters.subsample, key, signal) };
    }
    return this.#bag.count;
  }

  async #countSizes(signal?: AbortSignal): Promise<Int32Array> {
    this.#counts.values.fill(0);
    await this.#eachBlock(SIZES, signal, (window, start, rowCount) => {
      const rows = this.#putLearnt(window, start, rowCount);
      const offsets = [window.gradients + 4 * start, window.hessians + 4 * start, this.#rowsOffset];
      const values = [...offsets, this.#counts.offset, SIZE_SHIFT, window.firstRow + start, rowCount, rows];
      this.#engine.runHere([{ kernel: 'gradient_sizes_count_f32', values }]);
    });
    return this.#counts.values;
  }

  async #drawBy(
    oneSide: OneSide | undefined,
    share: number,
    { keyLow, keyHigh }: RandomKey,
    signal?: AbortSignal,
  ): Promise<number> {
    let count = 0;
    await this.#eachBlock(oneSide ? WEIGH : DRAW, signal, async (window, start, rowCount) => {
      const firstRow = window.firstRow + start;
      const { offset: words } = this.#scratch;
      this.#engine.runHere([{ kernel: 'random_words_u32', values: [words, keyLow, keyHigh, firstRow, rowCount] }]);
      const rows = this.#putLearnt(window, start, rowCount);
      const gradients = oneSide ? [window.gradients + 4 * start, window.hessians + 4 * start] : [0, 0];
      const rules = [share * SAMPLE_LIMIT, SIZE_SHIFT, oneSide?.bucket ?? 0, oneSide?.factor ?? 1];
      const offsets = [words, ...gradients, this.#rowsOffset, this.#rowsOffset + 4 * BLOCK_ROWS];
      const draw: Task = { kernel: 'rows_sample_u32', values: [...offsets, ...rules, firstRow, rowCount, rows] };
      const drawn = (await this.#engine.run([draw], signal))[0]!;
      const { roles } = viewsOf(this.#engine, window);
      const places = this.#places(rows);
      for (let i = 0; i < rows; i++) roles[places[i]! - window.firstRow] = i < drawn ? Role.learnt : Role.rested;
      count += drawn;
    });
    return count;
  }

  /** The rows of a block that may be drawn, by their numbers among all: how many there are. */
  #putLearnt(window: SpilledWindow, start: number, rowCount: number): number {
    const { roles } = viewsOf(this.#engine, window);
    const places = this.#places(BLOCK_ROWS);
    let rows = 0;
    for (let row = start; row < start + rowCount; row++) {
      if (roles[row] === Role.learnt || roles[row] === Role.rested) places[rows++] = window.firstRow + row;
    }
    return rows;
  }

  #places(count: number): Uint32Array {
    return this.#scratch.values.subarray(BLOCK_ROWS, BLOCK_ROWS + count);
  }

  get #rowsOffset(): number {
    return this.#scratch.offset + 4 * BLOCK_ROWS;
  }

  async #eachBlock(
    uses: Uses,
    signal: AbortSignal | undefined,
    work: (window: SpilledWindow, start: number, rowCount: number) => void | Promise<void>,
  ): Promise<void> {
    for (let index = 0; index < this.#rows.windowCount; index++) {
      const window = await this.#rows.open(index, uses);
      for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
        await work(window, start, Math.min(BLOCK_ROWS, window.rowCount - start));
        throwIfCancelled(signal);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
    this.#counts[Symbol.dispose]();
  }
}
