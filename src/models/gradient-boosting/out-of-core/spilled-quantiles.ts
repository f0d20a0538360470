import type { Engine, Task } from '../../../engine/engine.js';
import { type RowPart, resultsOnRows, type Uses } from '../../../engine/trees/row-store.js';
import type { SpilledRows, SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import type { NodeRows, TreeWorkspace } from '../../../engine/trees/tree-workspace.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import { Breather } from '../../../engine/turn.js';
import { SORT_COUNTERS } from '../../../kernels/statistics.js';
import { type SortedBlock, type SortedNumbers, SortedRuns } from './sorted-runs.js';

/** Nodes whose rows are sorted at once. */
const NODES_AT_ONCE = 64;
/** Numbers of a node up to which they are not sorted twice, once for the sum of their weights and once to find the place. */
const KEPT_NUMBERS = 2 ** 18;
const WRITTEN: Uses['write'] = ['packed', 'gradients', 'hessians'];

/** Which numbers of rows quantiles are of. */
export interface QuantileValues {
  readonly read: readonly RowPart[];
  readonly absolute: boolean;
  /** Byte offsets of a window's: how far `values` lie from `minuend` (0: themselves). */
  of(window: SpilledWindow): { readonly values: number; readonly minuend: number };
}

/**
 * Weighted quantiles of numbers of spilled rows, as kernel quantile_select_f64 finds them, bit by bit: its sums of weights
 * run in the order of the numbers, so these are sorted. That is done window by window, where the file has room between
 * trees (the quantised gradients, and the gradients), and the windows' sorted runs are merged as they are read again.
 */
export class SpilledQuantiles {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #workspace: TreeWorkspace;
  readonly #breather = new Breather();

  constructor(engine: Engine, rows: SpilledRows, workspace: TreeWorkspace) {
    this.#engine = engine;
    this.#rows = rows;
    this.#workspace = workspace;
  }

  /** Of each node's rows that are learnt from; 0 for a node without rows. */
  async of(
    nodes: readonly NodeRows[],
    level: number,
    numbers: QuantileValues,
    signal?: AbortSignal,
  ): Promise<number[]> {
    // By window: where each node's run begins, and behind the last one's end.
    const starts: number[][] = [];
    const uses = { read: ['order', 'weights', ...numbers.read] as const, write: WRITTEN };
    await this.#workspace.visitWindows(nodes, uses, async (opened, stretches) => {
      const window = opened as SpilledWindow;
      const from = this.#gather(window, stretches, numbers);
      starts.push(from.starts);
      await resultsOnRows(this.#engine, this.#rows, from.tasks, signal);
      // Equal numbers are summed in the order of their rows: the sort would put −0 before 0.
      if (window.weights > 0) unsignZeros(this.#engine, window.packed, from.starts.at(-1)!);
      await this.#sort(window, from.starts, signal);
    });
    const quantiles: number[] = [];
    // As many at once as threads: one is sorted while another is read.
    for (let first = 0; first < nodes.length; first += this.#engine.threads) {
      const some = nodes.slice(first, first + this.#engine.threads);
      const found = await Promise.allSettled(some.map((_, node) => this.#merge(starts, first + node, level)));
      for (const one of found) {
        if (one.status === 'rejected') throw one.reason;
        quantiles.push(one.value);
      }
      await this.#breather.breathe(signal);
    }
    return quantiles;
  }

  #merge(starts: readonly (readonly number[])[], node: number, level: number): Promise<number> {
    const { weighted } = this.#rows;
    const stretches = starts.map((from) => [from[node]!, from[node + 1]!] as const);
    const runs = new SortedRuns(this.#engine, this.#rows, stretches, weighted);
    return weighted ? weightedQuantile(runs, level) : quantileOf(runs, level);
  }

  /** Puts the numbers of every node's rows, and their weights, behind those of the node before. */
  #gather(
    window: SpilledWindow,
    stretches: readonly Uint32Array[][],
    { of, absolute }: QuantileValues,
  ): { tasks: Task[]; starts: number[] } {
    const { values, minuend } = of(window);
    const tasks: Task[] = [];
    const starts = [0];
    let at = 0;
    const gather = (column: number, from: number, rows: Uint32Array, to: number, sign: number): Task => ({
      kernel: 'values_gather_f64',
      values: [column, from, rows.byteOffset, to + 8 * at, sign, window.rowCount, rows.length],
    });
    for (const ofNode of stretches) {
      for (const rows of ofNode) {
        if (rows.length === 0) continue;
        tasks.push(gather(values, minuend, rows, window.packed, absolute ? 1 : 0));
        if (window.weights > 0) tasks.push(gather(window.weights, 0, rows, window.gradients, 0));
        at += rows.length;
      }
      starts.push(at);
    }
    return { tasks, starts };
  }

  async #sort(window: SpilledWindow, starts: readonly number[], signal?: AbortSignal): Promise<void> {
    const nodes = starts.length - 1;
    for (let first = 0; first < nodes; first += NODES_AT_ONCE) {
      const behind = Math.min(nodes, first + NODES_AT_ONCE);
      const rows = starts[behind]! - starts[first]!;
      using scratch = new ArenaBlock(this.#engine.arena, 'f64', 2 * rows + SORT_COUNTERS * (behind - first));
      const tasks: Task[] = [];
      for (let node = first; node < behind; node++) {
        const [start, count] = [starts[node]!, starts[node + 1]! - starts[node]!];
        if (count < 2) continue;
        const room = scratch.offset + 8 * (2 * (start - starts[first]!) + SORT_COUNTERS * (node - first));
        const weights = window.weights > 0 ? window.gradients + 8 * start : 0;
        tasks.push({ kernel: 'values_sort_f64', values: [window.packed + 8 * start, weights, room, count] });
      }
      await resultsOnRows(this.#engine, this.#rows, tasks, signal);
    }
  }
}

function unsignZeros({ arena }: Engine, offset: number, count: number): void {
  const values = new Float64Array(arena.memory.buffer, offset, count);
  for (let i = 0; i < count; i++) values[i] = values[i]! + 0;
}

async function quantileOf(runs: SortedRuns, level: number): Promise<number> {
  const { count } = runs;
  if (count === 0) return 0;
  const limit = level * count;
  const wanted = Math.min(count - 1, Math.max(0, Math.ceil(limit) - 1));
  const last = wanted + 1 === limit && wanted + 1 < count ? wanted + 1 : wanted;
  const found: number[] = [];
  let seen = 0;
  await runs.eachBlock(async (block) => {
    const first = seen;
    seen += block.count;
    if (seen <= wanted) return true;
    const { values } = await block.sorted();
    for (let place = Math.max(wanted, first); place <= last && place < seen; place++)
      found.push(values[place - first]!);
    return seen <= last;
  });
  return middle(found[0]!, found.at(-1)!);
}

/** What comes before a block: numbers of a weight above 0, and the sum of their weights. */
interface Before {
  readonly block: Pick<SortedBlock, 'rest'>;
  readonly sum: number;
  readonly weighing: number;
}

async function weightedQuantile(runs: SortedRuns, level: number): Promise<number> {
  const starts: Before[] = [];
  const kept: SortedNumbers[] = [];
  let [total, weighing] = [0, 0];
  await runs.eachBlock(async (block) => {
    starts.push({ block: { rest: block.rest }, sum: total, weighing });
    const { values, weights } = await block.sorted();
    const added = addWeights(total, weights!);
    total = added.sum;
    weighing += added.weighing;
    if (runs.count <= KEPT_NUMBERS) kept.push({ values: values.slice(), weights: weights!.slice() });
    return true;
  });
  if (weighing === 0) return 0;
  const limit = level * total;
  const first = Math.max(
    0,
    starts.findLastIndex(({ sum, weighing: seen }) => sum < limit && seen < weighing),
  );
  const place = new WeightedPlace(starts[first]!, limit, weighing);
  if (kept.length > 0) {
    for (let block = first; block < kept.length && place.look(kept[block]!); block++);
  } else {
    await runs.from(starts[first]!.block).eachBlock(async (block) => place.look(await block.sorted()));
  }
  return middle(place.value, place.next);
}

/** A sum with the weights above 0 added one by one, and how many they are. */
function addWeights(before: number, weights: Float64Array): { sum: number; weighing: number } {
  let [sum, weighing] = [before, 0];
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! > 0)) continue;
    sum += weights[i]!;
    weighing++;
  }
  return { sum, weighing };
}

/** Where the weights reach a limit. */
class WeightedPlace {
  value = 0;
  /** Another number, where the limit is met exactly; else the same. */
  next = 0;
  readonly #limit: number;
  readonly #weighing: number;
  #sum: number;
  #seen: number;
  #found = false;

  /** `weighing`: numbers of a weight above 0 in all. */
  constructor({ sum, weighing: seen }: Before, limit: number, weighing: number) {
    this.#limit = limit;
    this.#weighing = weighing;
    this.#sum = sum;
    this.#seen = seen;
  }

  /** Looks at the next numbers; returns whether those behind them are wanted. */
  look({ values, weights: some }: SortedNumbers): boolean {
    const weights = some!;
    for (let i = 0; i < values.length; i++) {
      if (!(weights[i]! > 0)) continue;
      this.next = values[i]!;
      if (this.#found) return false;
      this.#sum += weights[i]!;
      this.#seen++;
      if (this.#sum < this.#limit && this.#seen < this.#weighing) continue;
      this.value = this.next;
      this.#found = true;
      if (this.#sum !== this.#limit || this.#seen >= this.#weighing) return false;
    }
    return true;
  }
}

/** + 0: whether −0 or 0 is found among equals must not show. */
function middle(value: number, next: number): number {
  return (next === value ? value : 0.5 * value + 0.5 * next) + 0;
}
