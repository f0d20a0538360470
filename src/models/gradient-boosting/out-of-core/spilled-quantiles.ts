import type { Engine, Task } from '../../../engine/engine.js';
import { type RowPart, resultsOnRows, type Uses } from '../../../engine/trees/row-store.js';
import type { SpilledRows, SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import type { NodeRows, TreeWorkspace } from '../../../engine/trees/tree-workspace.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import { Breather } from '../../../engine/turn.js';
import { SORT_COUNTERS } from '../../../kernels/statistics.js';
import { SortedRuns } from './sorted-runs.js';

/** Nodes whose rows are sorted at once. */
const NODES_AT_ONCE = 64;
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
    for (let node = 0; node < nodes.length; node++) {
      const runs = new SortedRuns(
        this.#rows,
        starts.map((from) => [from[node]!, from[node + 1]!]),
        this.#rows.weighted,
      );
      quantiles.push(await (this.#rows.weighted ? weightedQuantile(runs, level) : quantileOf(runs, level)));
      await this.#breather.breathe(signal);
    }
    return quantiles;
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
  const between = wanted + 1 === limit && wanted + 1 < count;
  let [seen, value, next] = [0, 0, 0];
  await runs.each((number) => {
    if (seen++ < wanted) return true;
    if (seen === wanted + 1) value = next = number;
    else next = number;
    return between && seen === wanted + 1;
  });
  return middle(value, next);
}

async function weightedQuantile(runs: SortedRuns, level: number): Promise<number> {
  let [total, weighing] = [0, 0];
  await runs.each((_, weight) => {
    if (weight > 0) {
      total += weight;
      weighing++;
    }
    return true;
  });
  if (weighing === 0) return 0;
  const limit = level * total;
  let [sum, seen, value, next] = [0, 0, 0, 0];
  let found = false;
  await runs.each((number, weight) => {
    if (!(weight > 0)) return true;
    next = number;
    if (found) return false;
    sum += weight;
    seen++;
    if (sum < limit && seen < weighing) return true;
    value = number;
    found = true;
    return sum === limit && seen < weighing;
  });
  return middle(value, next);
}

/** + 0: whether −0 or 0 is found among equals must not show. */
function middle(value: number, next: number): number {
  return (next === value ? value : 0.5 * value + 0.5 * next) + 0;
}
