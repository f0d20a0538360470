import type { Engine } from '../../../engine/engine.js';
import { resultsOnRows } from '../../../engine/trees/row-store.js';
import type { SpilledRows } from '../../../engine/trees/spilled-rows.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import { SORT_COUNTERS } from '../../../kernels/statistics.js';

/** Numbers of a run that are in memory at once. */
const CHUNK = 8_192;

/** By window, which of its sorted numbers: [from, to). */
export type Stretches = readonly (readonly [from: number, to: number])[];

/** One window's sorted numbers, chunk by chunk. */
interface Run {
  readonly window: number;
  /** Those that are not read yet: [at, end) of the window's. */
  at: number;
  readonly end: number;
  readonly values: Float64Array;
  readonly weights: Float64Array;
  /** Those that wait: [place, count) of `values`. */
  place: number;
  count: number;
}

/** Numbers in order, with what goes along. */
export interface SortedNumbers {
  readonly values: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** Numbers that come one behind the other among all of them, and how to go on from the first of them. */
export interface SortedBlock {
  readonly count: number;
  /** These and all that follow. */
  readonly rest: Stretches;
  /** Puts them in order; the arrays are good until memory grows or the next block comes. */
  sorted(): Promise<SortedNumbers>;
}

/**
 * Sorted numbers that lie where a window's quantised gradients do, with their weights (or what else goes along) in place of
 * the gradients, merged over all windows: ascending, equal ones in the order of the windows. They come in blocks: of every
 * run what is certainly not behind what is yet to be read, which a stable sort puts in order.
 */
export class SortedRuns {
  /** Numbers in all. */
  readonly count: number;
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #weighted: boolean;
  readonly #stretches: Stretches;

  /** `weighted`: something goes along with each number. */
  constructor(engine: Engine, rows: SpilledRows, stretches: Stretches, weighted: boolean) {
    this.#engine = engine;
    this.#rows = rows;
    this.#weighted = weighted;
    this.#stretches = stretches;
    this.count = stretches.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** The same numbers from a block on. */
  from({ rest }: Pick<SortedBlock, 'rest'>): SortedRuns {
    return new SortedRuns(this.#engine, this.#rows, rest, this.#weighted);
  }

  /** Calls `visit` with each block until it returns false or none is left. */
  async eachBlock(visit: (block: SortedBlock) => boolean | Promise<boolean>): Promise<void> {
    const runs = this.#stretches.map(([from, to], window): Run => {
      const size = Math.min(CHUNK, to - from);
      const weights = new Float64Array(this.#weighted ? size : 0);
      return { window, at: from, end: to, values: new Float64Array(size), weights, place: 0, count: 0 };
    });
    const room = runs.reduce((sum, { values }) => sum + values.length, 0);
    const { arena } = this.#engine;
    using values = new ArenaBlock(arena, 'f64', room);
    using weights = new ArenaBlock(arena, 'f64', this.#weighted ? room : 0);
    using scratch = new ArenaBlock(arena, 'f64', 2 * room + SORT_COUNTERS);
    for (;;) {
      for (const run of runs) if (run.place === run.count && run.at < run.end) await this.#fill(run);
      const rest = runs.map(({ at, place, count, end }) => [at - (count - place), end] as const);
      const parts = takeParts(runs);
      const count = parts.reduce((sum, { from, to }) => sum + to - from, 0);
      if (count === 0) return;
      const sorted = async () => {
        this.#put(parts, values, weights);
        if (parts.length > 1) {
          const offsets = [values.offset, this.#weighted ? weights.offset : 0, scratch.offset];
          const sort = { kernel: 'values_sort_f64', values: [...offsets, count] } as const;
          await resultsOnRows(this.#engine, this.#rows, [sort]);
        }
        const own = this.#weighted ? weights.values.subarray(0, count) : undefined;
        return { values: values.values.subarray(0, count), weights: own };
      };
      if (!(await visit({ count, rest, sorted }))) return;
    }
  }

  #put(parts: readonly Part[], values: ArenaBlock<'f64'>, weights: ArenaBlock<'f64'>): void {
    let at = 0;
    for (const { run, from, to } of parts) {
      values.values.set(run.values.subarray(from, to), at);
      if (this.#weighted) weights.values.set(run.weights.subarray(from, to), at);
      at += to - from;
    }
  }

  async #fill(run: Run): Promise<void> {
    const { window, at, end, values, weights } = run;
    run.count = Math.min(values.length, end - at);
    run.place = 0;
    run.at += run.count;
    const bytes = (array: Float64Array) => new Uint8Array(array.buffer, 0, 8 * run.count);
    await this.#rows.readPart(window, 'packed', 8 * at, bytes(values));
    if (weights.length > 0) await this.#rows.readPart(window, 'gradients', 8 * at, bytes(weights));
  }
}

/** Numbers [from, to) of what a run has in memory. */
interface Part {
  readonly run: Run;
  readonly from: number;
  readonly to: number;
}

/**
 * Takes from every run what comes before all that is not in memory: numbers below the least of the last ones, and equal
 * ones up to the first run that it is the last of, for those of later windows come behind what that run has yet to read.
 */
function takeParts(runs: readonly Run[]): Part[] {
  let [limit, last] = [Number.POSITIVE_INFINITY, runs.length];
  runs.forEach(({ values, count, at, end }, index) => {
    if (at === end || !(last === runs.length || values[count - 1]! < limit)) return;
    limit = values[count - 1]!;
    last = index;
  });
  const parts: Part[] = [];
  runs.forEach((run, index) => {
    const from = run.place;
    const to = index > last ? firstFrom(run, (value) => value >= limit) : firstFrom(run, (value) => value > limit);
    if (to > from) parts.push({ run, from, to });
    run.place = to;
  });
  return parts;
}

/** The first of the waiting numbers from which on all are `beyond`. */
function firstFrom({ values, place, count }: Run, beyond: (value: number) => boolean): number {
  let [low, high] = [place, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (beyond(values[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
