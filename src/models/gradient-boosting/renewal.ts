import type { Engine, Task } from '../../engine/engine.js';
import { type MemoryRows, resultsOnRows } from '../../engine/trees/row-store.js';
import type { NodeRows, TreeWorkspace } from '../../engine/trees/tree-workspace.js';
import { ArenaBlock } from '../../engine/trees/trees.js';
import type { Renewal } from './loss.js';

/** Where residuals come from, in bytes: raw predictions, targets and weights (0: none) of every row. */
export interface ResidualColumns {
  readonly raw: number;
  readonly targets: number;
  readonly weights: number;
  readonly delta: number;
}

/** Leaves whose second step is computed at once: each wants a tile of its own. */
const TILED_LEAVES = 64;
const TILE = 256;

/**
 * New values of leaves: the quantile of their rows' residuals (target − raw), exactly, as LightGBM's RenewTreeOutput and
 * scikit-learn find it; for Huber's loss one step further (Friedman 2001, algorithm 4). The residuals lie where the
 * quantised gradients were, of which a grown tree has no more need; weights take 8 bytes a row besides.
 */
export class LeafRenewal implements Disposable {
  readonly #engine: Engine;
  readonly #rows: MemoryRows;
  readonly #renewal: Renewal;
  readonly #tiles: ArenaBlock<'f64'> | undefined;
  readonly #weights: ArenaBlock<'f64'> | undefined;

  constructor(
    engine: Engine,
    rows: MemoryRows,
    renewal: Renewal,
    sizes: { training: number; leaves: number; weighted: boolean },
  ) {
    const { training, leaves, weighted } = sizes;
    this.#engine = engine;
    this.#rows = rows;
    this.#renewal = renewal;
    const twice = renewal.deltaLevel !== undefined;
    this.#tiles = twice ? new ArenaBlock(engine.arena, 'f64', TILE * Math.min(leaves, TILED_LEAVES)) : undefined;
    this.#weights = weighted ? new ArenaBlock(engine.arena, 'f64', training) : undefined;
  }

  /** The value of each node, learning rate left out. */
  async valuesOf(
    workspace: TreeWorkspace,
    nodes: readonly NodeRows[],
    columns: ResidualColumns,
    signal?: AbortSignal,
  ): Promise<number[]> {
    const starts = [0];
    for (const { count } of nodes) starts.push(starts.at(-1)! + count);
    await this.#gather(workspace, nodes, starts, columns, signal);
    const { spare } = this.#rows;
    const leaf = (node: number) => {
      const from = 8 * starts[node]!;
      return { residuals: spare.values + from, weights: this.#weights ? this.#weights.offset + from : 0, from };
    };
    const select = nodes.map(({ count }, node): Task => {
      const { residuals, weights, from } = leaf(node);
      const { level } = this.#renewal;
      return { kernel: 'quantile_select_f64', values: [residuals, weights, spare.scratch + from, level, count] };
    });
    const quantiles = await resultsOnRows(this.#engine, this.#rows, select, signal);
    if (!this.#tiles) return quantiles;
    const values: number[] = [];
    for (let first = 0; first < nodes.length; first += TILED_LEAVES) {
      const steps = nodes.slice(first, first + TILED_LEAVES).map(({ count }, place): Task => {
        const { residuals, weights } = leaf(first + place);
        const tile = this.#tiles!.offset + 8 * TILE * place;
        const center = quantiles[first + place]!;
        return { kernel: 'clipped_mean_f64', values: [residuals, weights, tile, center, columns.delta, count] };
      });
      values.push(...(await resultsOnRows(this.#engine, this.#rows, steps, signal)));
    }
    return values;
  }

  /** Puts the residuals of every node's rows behind those of the node before. */
  async #gather(
    workspace: TreeWorkspace,
    nodes: readonly NodeRows[],
    starts: readonly number[],
    { raw, targets, weights }: ResidualColumns,
    signal?: AbortSignal,
  ): Promise<void> {
    const tasks: Task[] = [];
    const { rowCount } = workspace.rows;
    const at = starts.map((start) => 8 * start);
    await workspace.visitRows(nodes, (node, rows) => {
      if (rows.length === 0) return;
      const gather = (values: number, minuend: number, to: number): Task => ({
        kernel: 'values_gather_f64',
        values: [values, minuend, rows.byteOffset, to + at[node]!, 0, rowCount, rows.length],
      });
      tasks.push(gather(raw, targets, this.#rows.spare.values));
      if (this.#weights) tasks.push(gather(weights, 0, this.#weights.offset));
      at[node]! += 8 * rows.length;
    });
    await resultsOnRows(this.#engine, this.#rows, tasks, signal);
  }

  [Symbol.dispose](): void {
    for (const block of [this.#tiles, this.#weights]) block?.[Symbol.dispose]();
  }
}
