import type { Engine, Task } from '../../engine/engine.js';
import { permutation } from '../../engine/random.js';
import { ArenaBlock } from '../../engine/trees/trees.js';
import { discountsOf, idealDcg, listsOf } from '../../evaluate/lists.js';
import type { Derivatives } from './loss.js';

/** Rows of the lists of one task, about: a task is long enough to share out, and short enough for the event loop. */
export const TASK_ROWS = 4_096;

/** Where what lists are computed from lies, in bytes. */
export interface ListColumns {
  readonly raw: number;
  readonly gains: number;
  /** 0: none */
  readonly weights: number;
  readonly rowCount: number;
}

/** Some rows of the data, list by list, in the engine's memory. */
export class RankedLists implements Disposable {
  readonly count: number;
  readonly #engine: Engine;
  readonly #rows: ArenaBlock<'u32'>;
  readonly #ends: ArenaBlock<'i32'>;
  readonly #inverseIdeal: ArenaBlock<'f64'>;
  readonly #discounts: ArenaBlock<'f64'>;
  readonly #weights: ArenaBlock<'f64'>;
  readonly #scratch: ArenaBlock<'f64'>;
  readonly #longest: number;
  /** First list of each task, and behind the last. */
  readonly #parts: readonly number[];
  /** The weights of the lists that have a relevant row. */
  readonly #relevant: readonly number[];

  /** `ideals`: the greatest DCG of each list, see `idealsOf`. */
  constructor(engine: Engine, lists: readonly Uint32Array[], weights: Float64Array | undefined, ideals: Float64Array) {
    const { arena } = engine;
    this.#engine = engine;
    this.count = lists.length;
    this.#longest = lists.reduce((most, list) => Math.max(most, list.length), 1);
    const ends = new Int32Array(lists.length + 1);
    lists.forEach((list, index) => {
      ends[index + 1] = ends[index]! + list.length;
    });
    const total = ends.at(-1)!;
    this.#rows = new ArenaBlock(arena, 'u32', total);
    lists.forEach((list, index) => {
      this.#rows.values.set(list, ends[index]);
    });
    this.#ends = new ArenaBlock(arena, 'i32', ends.length);
    this.#ends.values.set(ends);
    this.#discounts = new ArenaBlock(arena, 'f64', this.#longest);
    this.#discounts.values.set(discountsOf(this.#longest));
    this.#inverseIdeal = new ArenaBlock(arena, 'f64', lists.length);
    this.#inverseIdeal.values.set(ideals.map((ideal) => (ideal > 0 ? 1 / ideal : 0)));
    // A list weighs as its rows do on average.
    const weightOf = (list: Uint32Array) =>
      weights ? list.reduce((sum, row) => sum + weights[row]!, 0) / list.length : 1;
    this.#weights = new ArenaBlock(arena, 'f64', lists.length);
    this.#weights.values.set(lists.map(weightOf));
    this.#relevant = lists.filter((_, index) => ideals[index]! > 0).map(weightOf);
    this.#parts = partsOf(ends);
    this.#scratch = new ArenaBlock(arena, 'f64', (this.#parts.length - 1) * this.#scratchLength);
  }

  get #scratchLength(): number {
    return 8 * this.#longest + 8;
  }

  /** LambdaRank's derivatives of every row of the lists. */
  async derive(
    { raw, gains, weights, rowCount }: ListColumns,
    { gradients, hessians, gradientScale, hessianScale }: Derivatives,
    { truncation, normalise }: { truncation: number; normalise: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    const tasks = this.#tasks(({ ends, inverseIdeal, scratch, lists }): Task => {
      const columns = [raw, gains, weights, this.#rows.offset, ends, inverseIdeal, this.#discounts.offset];
      const how = [truncation, normalise ? 1 : 0, 1, gradientScale, hessianScale];
      return {
        kernel: 'derivatives_lambdarank_f32',
        values: [...columns, gradients, hessians, scratch, ...how, ...this.#sizes(lists, rowCount)],
      };
    });
    await this.#engine.run(tasks, signal);
  }

  /** The weighted mean NDCG of the lists within the places that the greatest DCG counts; 1 where no row is relevant. */
  async ndcg(columns: ListColumns, within: number, signal?: AbortSignal): Promise<number> {
    return meanNdcg(await this.ndcgSums(columns, within, signal), this.addWeights(0));
  }

  /** A sum of weights, with those of the lists that have a relevant row added one by one. */
  addWeights(sum: number): number {
    return this.#relevant.reduce((all, weight) => all + weight, sum);
  }

  /** Σ weight · NDCG of one part of the lists after the other. */
  async ndcgSums({ raw, gains, rowCount }: ListColumns, within: number, signal?: AbortSignal): Promise<number[]> {
    const tasks = this.#tasks(({ ends, inverseIdeal, weights, scratch, lists }): Task => {
      const columns = [raw, gains, weights, this.#rows.offset, ends, inverseIdeal, this.#discounts.offset, scratch];
      return { kernel: 'ndcg_sum_f64', values: [...columns, within, ...this.#sizes(lists, rowCount)] };
    });
    return await this.#engine.run(tasks, signal);
  }

  #sizes(lists: number, rowCount: number): number[] {
    return [this.#longest, lists, this.#rows.length, rowCount];
  }

  #tasks(make: (part: Part) => Task): Task[] {
    return this.#parts.slice(0, -1).map((first, part) =>
      make({
        ends: this.#ends.offset + 4 * first,
        inverseIdeal: this.#inverseIdeal.offset + 8 * first,
        weights: this.#weights.offset + 8 * first,
        scratch: this.#scratch.offset + 8 * part * this.#scratchLength,
        lists: this.#parts[part + 1]! - first,
      }),
    );
  }

  [Symbol.dispose](): void {
    const blocks = [this.#rows, this.#ends, this.#inverseIdeal, this.#discounts, this.#weights, this.#scratch];
    for (const block of blocks) block[Symbol.dispose]();
  }
}

/** The greatest DCG of each list, of which the first `within` places count: it depends on no prediction. */
export function idealsOf(lists: readonly Uint32Array[], gains: Float64Array, within: number): Float64Array {
  const discounts = discountsOf(lists.reduce((most, list) => Math.max(most, list.length), 1));
  return Float64Array.from(lists, (list) => {
    const own = Float64Array.from(list, (row) => gains[row]!);
    return idealDcg(own, discounts, within);
  });
}

/** Of the parts' sums and the weight of all lists with a relevant row; 1 where there is none. */
export function meanNdcg(sums: readonly number[], total: number): number {
  return total > 0 ? sums.reduce((sum, part) => sum + part, 0) / total : 1;
}

/** The offsets of one task's lists. */
interface Part {
  readonly ends: number;
  readonly inverseIdeal: number;
  readonly weights: number;
  readonly scratch: number;
  readonly lists: number;
}

/** Runs of lists of about TASK_ROWS rows. */
function partsOf(ends: Int32Array): number[] {
  const parts = [0];
  for (let list = 1; list < ends.length; list++) {
    const full = ends[list]! - ends[parts.at(-1)!]! >= TASK_ROWS;
    if (full || list === ends.length - 1) parts.push(list);
  }
  return parts;
}

/** Puts a share of the rows aside for validation, list by list in the random order of the seed: no list is cut. */
export function holdOutLists(
  rows: Uint32Array,
  groups: Float64Array,
  fraction: number,
  seed: number,
): { training: Uint32Array; validation: Uint32Array } {
  const lists = listsOf(Float64Array.from(rows, (row) => groups[row]!));
  const held = new Set<number>();
  for (const list of heldLists(
    lists.map(({ length }) => length),
    fraction,
    seed,
  )) {
    for (const place of lists[list]!) held.add(rows[place]!);
  }
  return { training: rows.filter((row) => !held.has(row)), validation: rows.filter((row) => held.has(row)) };
}

/** Which of the lists, by their numbers of rows, are put aside. */
export function heldLists(sizes: readonly number[], fraction: number, seed: number): Set<number> {
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const wanted = Math.max(1, Math.round(rows * fraction));
  const held = new Set<number>();
  let count = 0;
  // One list at least stays to learn from.
  for (const list of permutation(seed, 'validation', sizes.length).slice(0, -1)) {
    if (count >= wanted) break;
    held.add(list);
    count += sizes[list]!;
  }
  return held;
}
