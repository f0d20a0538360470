import type { Engine } from '../../../engine/engine.js';
import type { Uses } from '../../../engine/trees/row-store.js';
import type { SpilledRows, SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import type { NodeRows, TreeWorkspace } from '../../../engine/trees/tree-workspace.js';
import { laneSum } from '../../../kernels/sums.js';
import type { Renewal } from '../loss.js';
import { viewsOf } from './spilled-data.js';
import { type QuantileValues, SpilledQuantiles } from './spilled-quantiles.js';

const TILE = 256;
const RESIDUALS: Uses = { read: ['order', 'raw', 'targets', 'weights'], write: [] };

/** ../renewal.ts on rows in a file: the values of leaves by their rows' residuals, and Huber's delta by those of all. */
export class SpilledRenewal {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #workspace: TreeWorkspace;
  readonly #renewal: Renewal;
  readonly #quantiles: SpilledQuantiles;
  /** Huber's delta of each target before this round, and before the first: the loss curve has one yardstick. */
  deltas = new Float64Array(0);
  firstDeltas: Float64Array | undefined;

  /** `firstDeltas`: where they were found before. */
  constructor(
    engine: Engine,
    rows: SpilledRows,
    workspace: TreeWorkspace,
    renewal: Renewal,
    firstDeltas: Float64Array | undefined,
  ) {
    this.#engine = engine;
    this.#rows = rows;
    this.#workspace = workspace;
    this.#renewal = renewal;
    this.firstDeltas = firstDeltas;
    this.#quantiles = new SpilledQuantiles(engine, rows, workspace);
  }

  /** The constant of least loss. `all`: every row that is learnt from. */
  async baseOf(all: NodeRows, target: number, signal?: AbortSignal): Promise<number> {
    const values: QuantileValues = {
      read: ['targets'],
      absolute: false,
      of: ({ targets, outputBytes }) => ({ values: targets + target * outputBytes, minuend: 0 }),
    };
    return (await this.#quantiles.of([all], this.#renewal.level, values, signal))[0]!;
  }

  /** Before a round. `all`: every row that is learnt from, drawn or not. */
  async updateDeltas(all: () => Promise<NodeRows>, signal?: AbortSignal): Promise<void> {
    const level = this.#renewal.deltaLevel;
    if (level === undefined) return;
    const rows = [await all()];
    this.deltas = new Float64Array(this.#rows.targets);
    for (let target = 0; target < this.deltas.length; target++) {
      const values: QuantileValues = {
        read: ['raw', 'targets'],
        absolute: true,
        of: ({ raw, targets, outputBytes }) => {
          return { values: raw + target * outputBytes, minuend: targets + target * outputBytes };
        },
      };
      this.deltas[target] = (await this.#quantiles.of(rows, level, values, signal))[0]!;
    }
    this.firstDeltas ??= this.deltas;
  }

  /** The value of each leaf of an output's tree, learning rate left out. */
  async valuesOf(nodes: readonly NodeRows[], output: number, signal?: AbortSignal): Promise<number[]> {
    const own = this.#rows.targets > 1 ? output : 0;
    const residuals: QuantileValues = {
      read: ['raw', 'targets'],
      absolute: false,
      of: ({ raw, targets, outputBytes }) => {
        return { values: raw + output * outputBytes, minuend: targets + own * outputBytes };
      },
    };
    const quantiles = await this.#quantiles.of(nodes, this.#renewal.level, residuals, signal);
    return this.#renewal.deltaLevel === undefined ? quantiles : await this.#clippedMeans(nodes, output, quantiles);
  }

  /** Kernel clipped_mean_f64 for each node: its rows' tiles go on from one window to the next. */
  async #clippedMeans(nodes: readonly NodeRows[], output: number, centers: readonly number[]): Promise<number[]> {
    const target = this.#rows.targets > 1 ? output : 0;
    const means = centers.map((center) => new ClippedMean(center, this.deltas[target]!));
    await this.#workspace.visitWindows(nodes, RESIDUALS, (window, stretches) => {
      const views = viewsOf(this.#engine, window as SpilledWindow);
      const [raw, targets, weights] = [views.raw(output), views.target(target), views.weights];
      stretches.forEach((ofNode, node) => {
        for (const rows of ofNode) means[node]!.add(rows, raw, targets, weights);
      });
      return undefined;
    });
    return means.map((mean) => mean.finish());
  }
}

/** center + the weighted mean of residual − center, held to ±delta, of rows that come piece by piece. */
class ClippedMean {
  readonly #center: number;
  readonly #delta: number;
  readonly #terms = new Float64Array(TILE);
  readonly #weights = new Float64Array(TILE);
  #rows = 0;
  #sum = 0;
  #total = 0;

  constructor(center: number, delta: number) {
    this.#center = center;
    this.#delta = delta;
  }

  add(rows: Uint32Array, raw: Float64Array, targets: Float64Array, weights: Float64Array | undefined): void {
    const [center, delta] = [this.#center, this.#delta];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const distance = targets[row]! - raw[row]! - center;
      const weight = weights ? weights[row]! : 1;
      this.#terms[this.#rows] = weight * Math.min(delta, Math.max(distance, -delta));
      this.#weights[this.#rows] = weight;
      if (++this.#rows === TILE) this.#flush();
    }
  }

  #flush(): void {
    this.#sum += laneSum(0, this.#rows, (i) => this.#terms[i]!);
    this.#total += laneSum(0, this.#rows, (i) => this.#weights[i]!);
    this.#rows = 0;
  }

  finish(): number {
    if (this.#rows > 0) this.#flush();
    return this.#total > 0 ? this.#center + this.#sum / this.#total : this.#center;
  }
}
