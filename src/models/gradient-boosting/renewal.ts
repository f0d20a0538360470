import type { Engine, Task } from '../../engine/engine.js';
import type { NodeRows, TreeWorkspace } from '../../engine/tree-workspace.js';
import { ArenaBlock } from '../../engine/trees.js';
import type { Renewal } from './loss.js';

/** Where residuals come from, in bytes: raw predictions, targets and weights (0: none) of every row. */
export interface ResidualColumns {
  readonly raw: number;
  readonly targets: number;
  readonly weights: number;
  readonly delta: number;
}

/**
 * New values of leaves: the quantile of their rows' residuals (target − raw), exactly, as LightGBM's RenewTreeOutput and
 * scikit-learn find it; for Huber's loss one step further (Friedman 2001, algorithm 4). Residuals of all rows are in
 * memory at once, 16 bytes a row, 24 with weights, besides what other losses take.
 */
export class LeafRenewal implements Disposable {
  readonly #engine: Engine;
  readonly #renewal: Renewal;
  readonly #residuals: ArenaBlock<'f64'>;
  readonly #scratch: ArenaBlock<'f64'>;
  readonly #weights: ArenaBlock<'f64'> | undefined;

  constructor(engine: Engine, renewal: Renewal, sizes: { rows: number; leaves: number; weighted: boolean }) {
    const { rows, leaves, weighted } = sizes;
    this.#engine = engine;
    this.#renewal = renewal;
    this.#residuals = new ArenaBlock(engine.arena, 'f64', rows);
    this.#scratch = new ArenaBlock(engine.arena, 'f64', rows + leaves);
    this.#weights = weighted ? new ArenaBlock(engine.arena, 'f64', rows) : undefined;
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
    const leaf = (node: number) => {
      const from = 8 * starts[node]!;
      return {
        residuals: this.#residuals.offset + from,
        weights: this.#weights ? this.#weights.offset + from : 0,
        // One number more a leaf, so that an odd one may be worked on in pairs.
        scratch: this.#scratch.offset + from + 8 * node,
      };
    };
    const select = nodes.map(({ count }, node): Task => {
      const { residuals, weights, scratch } = leaf(node);
      return { kernel: 'quantile_select_f64', values: [residuals, weights, scratch, this.#renewal.level, count] };
    });
    const quantiles = await this.#engine.run(select, signal);
    if (this.#renewal.deltaLevel === undefined) return quantiles;
    const steps = nodes.map(({ count }, node): Task => {
      const { residuals, weights, scratch } = leaf(node);
      const center = quantiles[node]!;
      return { kernel: 'clipped_mean_f64', values: [residuals, weights, scratch, center, columns.delta, count] };
    });
    return await this.#engine.run(steps, signal);
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
      const gather = (values: number, minuend: number, to: ArenaBlock<'f64'>): Task => ({
        kernel: 'values_gather_f64',
        values: [values, minuend, rows.byteOffset, to.offset + at[node]!, 0, rowCount, rows.length],
      });
      tasks.push(gather(raw, targets, this.#residuals));
      if (this.#weights) tasks.push(gather(weights, 0, this.#weights));
      at[node]! += 8 * rows.length;
    });
    await this.#engine.run(tasks, signal);
  }

  [Symbol.dispose](): void {
    for (const block of [this.#residuals, this.#scratch, this.#weights]) block?.[Symbol.dispose]();
  }
}
