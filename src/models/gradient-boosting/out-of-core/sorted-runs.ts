import type { SpilledRows } from '../../../engine/trees/spilled-rows.js';

/** Numbers of a run that are in memory at once. */
const CHUNK = 8_192;

/** One window's sorted numbers, chunk by chunk. */
interface Run {
  readonly window: number;
  /** Those that are not read yet: [at, end) of the window's. */
  at: number;
  readonly end: number;
  values: Float64Array;
  weights: Float64Array;
  /** The next number, in `values`. */
  place: number;
  count: number;
}

/**
 * Sorted numbers that lie where a window's quantised gradients do, with their weights (or what else goes along) in place of the gradients, merged
 * over all windows: ascending, equal ones in the order of the windows.
 */
export class SortedRuns {
  /** Numbers in all. */
  readonly count: number;
  readonly #rows: SpilledRows;
  readonly #weighted: boolean;
  readonly #stretches: readonly (readonly [from: number, to: number])[];

  /** `stretches`: window by window, which of its sorted numbers. `weighted`: something goes along with each. */
  constructor(rows: SpilledRows, stretches: readonly (readonly [from: number, to: number])[], weighted: boolean) {
    this.#rows = rows;
    this.#weighted = weighted;
    this.#stretches = stretches;
    this.count = stretches.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** Calls `visit` with each number and its weight (1 where there are none) until it returns false or none is left. */
  async each(visit: (value: number, weight: number) => boolean | Promise<boolean>): Promise<void> {
    const heap: Run[] = [];
    for (const [window, [from, to]] of this.#stretches.entries()) {
      if (from === to) continue;
      const size = Math.min(CHUNK, to - from);
      const weights = new Float64Array(this.#weighted ? size : 0);
      const run = { window, at: from, end: to, values: new Float64Array(size), weights, place: 0, count: 0 };
      await this.#fill(run);
      heap.push(run);
    }
    for (let place = (heap.length >>> 1) - 1; place >= 0; place--) sink(heap, place);
    const weighted = this.#weighted;
    while (heap.length > 0) {
      const run = heap[0]!;
      const more = visit(run.values[run.place]!, weighted ? run.weights[run.place]! : 1);
      if (!(typeof more === 'boolean' ? more : await more)) return;
      if (++run.place === run.count) {
        if (run.at < run.end) await this.#fill(run);
        else {
          const last = heap.pop()!;
          if (heap.length === 0) return;
          if (last !== run) heap[0] = last;
        }
      }
      if (heap.length > 1) sink(heap, 0);
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

function comesFirst(a: Run, b: Run): boolean {
  const [x, y] = [a.values[a.place]!, b.values[b.place]!];
  return x < y || (x === y && a.window < b.window);
}

/** Lets the run at `place` down to where it belongs in a heap whose first is the least. */
function sink(heap: Run[], place: number): void {
  const run = heap[place]!;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && comesFirst(heap[child + 1]!, heap[child]!)) child++;
    if (!comesFirst(heap[child]!, run)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = run;
}
