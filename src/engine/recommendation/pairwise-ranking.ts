import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { permutation, randomKey } from '../random.js';
import type { SparseRows } from '../sparse-matrix.js';
import { Breather } from '../turn.js';
import { fillUniform } from './factors.js';

export interface RankingStep {
  readonly seed: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly regularization: number;
  readonly signal?: AbortSignal;
}

/** Entries of a block of users and items, about: fewer are not worth sharing out. */
const BLOCK_ENTRIES = 4096;
const MOST_BLOCKS = 8;
/** Steps of a task at most: some milliseconds. */
const TASK_STEPS = 32_768;

/**
 * Bayesian personalised ranking on blocks that cannot collide (Gemulla et al., KDD 2011, for stochastic descent). In each
 * epoch users and items are dealt out at random into as many blocks; then, as often as there are blocks, every block of
 * users meets another block of items, and these pairs share no row. So threads may take a pair each, the steps of a pair
 * follow one another, and the bits are the same for every number of threads. The item that an entry is compared with comes
 * from the block of its item, which is another one in every epoch.
 */
export class PairwiseRanking implements Disposable {
  readonly rank: number;
  readonly blocks: number;
  readonly userFactors: Float64Array;
  readonly itemFactors: Float64Array;
  readonly itemBiases: Float64Array;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #rows: SparseRows;
  readonly #entryUsers: Int32Array;
  readonly #users: Int32Array;
  readonly #items: Int32Array;
  readonly #seenOffsets: Int32Array;
  readonly #seenItems: Int32Array;
  readonly #counts: Int32Array;

  /** @param rows users by items; only which entries there are matters. */
  constructor(engine: Engine, rows: SparseRows, rank: number) {
    const { rowCount, columnCount, offsets, indices } = rows;
    this.rank = rank;
    this.#engine = engine;
    this.#rows = rows;
    const most = Math.min(MOST_BLOCKS, rowCount, columnCount);
    this.blocks = Math.max(1, Math.min(most, Math.floor(Math.sqrt(indices.length / BLOCK_ENTRIES))));
    this.#scope = engine.arena.scope();
    this.userFactors = this.#scope.zeros('f64', rowCount * rank);
    this.itemFactors = this.#scope.zeros('f64', columnCount * rank);
    this.itemBiases = this.#scope.zeros('f64', columnCount);
    this.#users = this.#scope.allocate('i32', indices.length);
    this.#items = this.#scope.allocate('i32', indices.length);
    this.#seenOffsets = this.#scope.copy('i32', offsets);
    this.#seenItems = this.#scope.copy('i32', indices);
    this.#counts = this.#scope.zeros('i32', 2 * MOST_BLOCKS);
    this.#entryUsers = new Int32Array(indices.length);
    for (let user = 0; user < rowCount; user++) this.#entryUsers.fill(user, offsets[user]!, offsets[user + 1]!);
  }

  randomize(seed: number, scale: number): void {
    fillUniform(this.#engine, this.userFactors, randomKey(seed, 'bpr', 'users'), scale);
    fillUniform(this.#engine, this.itemFactors, randomKey(seed, 'bpr', 'items'), scale);
  }

  /** As many steps as there are entries. Returns how many counted, and in how many of these the order was right already. */
  async epoch({ seed, epoch, learningRate, regularization, signal }: RankingStep): Promise<{
    steps: number;
    right: number;
  }> {
    const { blocks, rank } = this;
    const { rowCount, columnCount, indices } = this.#rows;
    using scope = this.#engine.arena.scope();
    const dealt = await this.#deal(seed, epoch, scope, signal);
    const { keyLow, keyHigh } = randomKey(seed, 'bpr', 'steps', epoch);
    let [steps, right] = [0, 0];
    const pairs = Array.from({ length: blocks }, (_, turn) => dealt.pairsOf(turn));
    for (const turn of pairs) {
      const longest = Math.max(...turn.map(({ start, end }) => end - start));
      for (let done = 0; done < longest; done += TASK_STEPS) {
        const tasks = turn.map(({ start, end, itemBlock }, block): Task => {
          const values = [
            this.#users.byteOffset + 4 * start,
            this.#items.byteOffset + 4 * start,
            this.#seenOffsets.byteOffset,
            this.#seenItems.byteOffset,
            dealt.blockItems.byteOffset + 4 * dealt.itemStarts[itemBlock]!,
            this.userFactors.byteOffset,
            this.itemFactors.byteOffset,
            this.itemBiases.byteOffset,
            this.#counts.byteOffset + 8 * block,
            keyLow,
            keyHigh,
            start + done,
            Math.max(0, Math.min(TASK_STEPS, end - start - done)),
            end - start,
            dealt.itemStarts[itemBlock + 1]! - dealt.itemStarts[itemBlock]!,
          ];
          const shape = [rowCount, columnCount, indices.length, rank, learningRate, regularization];
          return { kernel: 'bpr_update_f64', values: [...values, ...shape] };
        });
        await this.#engine.run(tasks, signal);
        for (let block = 0; block < blocks; block++) {
          right += this.#counts[2 * block]!;
          steps += this.#counts[2 * block + 1]!;
        }
      }
    }
    return { steps, right };
  }

  /** Entries sorted by block of users, then of items; and the items of each block. */
  async #deal(seed: number, epoch: number, scope: Scope, signal: AbortSignal | undefined) {
    const { blocks } = this;
    const { rowCount, columnCount, indices } = this.#rows;
    const breather = new Breather();
    const userBlock = blocksOf(permutation(seed, ['bpr', 'blocks of users', epoch], rowCount), blocks);
    const order = permutation(seed, ['bpr', 'blocks of items', epoch], columnCount);
    const itemBlock = blocksOf(order, blocks);
    const itemStarts = Int32Array.from({ length: blocks + 1 }, (_, b) => Math.floor((b * columnCount) / blocks));
    const blockItems = scope.copy('i32', order);
    const starts = new Int32Array(blocks * blocks + 1);
    const cell = (e: number) => userBlock[this.#entryUsers[e]!]! * blocks + itemBlock[indices[e]!]!;
    for (let e = 0; e < indices.length; e++) {
      starts[cell(e) + 1]!++;
      if ((e & 0xfffff) === 0xfffff) await breather.breathe(signal);
    }
    for (let c = 0; c < blocks * blocks; c++) starts[c + 1]! += starts[c]!;
    const next = starts.slice();
    for (let e = 0; e < indices.length; e++) {
      const place = next[cell(e)]!++;
      this.#users[place] = this.#entryUsers[e]!;
      this.#items[place] = indices[e]!;
      if ((e & 0xfffff) === 0xfffff) await breather.breathe(signal);
    }
    const pairsOf = (turn: number) =>
      Array.from({ length: blocks }, (_, block) => {
        const other = (block + turn) % blocks;
        const place = block * blocks + other;
        return { start: starts[place]!, end: starts[place + 1]!, itemBlock: other };
      });
    return { pairsOf, blockItems, itemStarts };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** The block of each thing: places of the order are cut into blocks of about equal length. */
function blocksOf(order: Uint32Array, blocks: number): Uint8Array {
  const block = new Uint8Array(order.length);
  for (let b = 0; b < blocks; b++) {
    const end = Math.floor(((b + 1) * order.length) / blocks);
    for (let place = Math.floor((b * order.length) / blocks); place < end; place++) block[order[place]!] = b;
  }
  return block;
}
