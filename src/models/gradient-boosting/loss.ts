import type { Engine, Task } from '../../engine/engine.js';
import type { SpareRoom } from '../../engine/trees/row-store.js';
import type { Scales } from './scales.js';

/** The link whose inverse makes a prediction of what the trees add up to. */
export type Link = 'identity' | 'log' | 'logit' | 'softmax';

/** Rows whose numbers lie one behind the other in the engine's memory: byte offsets, 0 where absent. */
export interface RowBlock {
  /** f64, of output 0; each further output lies `stride` numbers behind. */
  readonly raw: number;
  readonly stride: number;
  /** f64, of output 0; where each output has a target of its own, `targetStride` numbers apart, else 0. */
  readonly targets: number;
  readonly targetStride: number;
  /** f64 */
  readonly weights: number;
  /** f64: log Σ e^raw over the outputs, where the link is softmax. */
  readonly normalizers: number;
  readonly rows: number;
}

/** Where the weighted derivatives of a block go: f32, each times a power of two. */
export interface Derivatives {
  readonly gradients: number;
  readonly hessians: number;
  readonly gradientScale: number;
  readonly hessianScale: number;
}

/** The rows to learn from, before the first round. */
export interface BaseRows {
  readonly engine: Engine;
  /** Of every row of the data. */
  readonly targets: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly rows: Uint32Array;
  /** Where numbers of all rows can be kept meanwhile. */
  readonly spare?: SpareRoom;
}

/**
 * How leaves get their values where a Newton step will not do: the quantile of their rows' residuals (target − raw). With
 * `deltaLevel`, the Huber loss's: that level of the |residuals| of all rows becomes `delta` before each round, and leaves
 * move from the median by the mean of what lies within.
 */
export interface Renewal {
  readonly level: number;
  readonly deltaLevel?: number;
}

/** What must be known of any loss. */
interface LossFacts {
  /** In words: 'squared error', 'log loss'. */
  readonly name: string;
  readonly outputs: number;
  readonly link: Link;
  /** The constant raw predictions of least loss, one an output. */
  base(rows: BaseRows): Float64Array;
  readonly renewal?: Renewal;
  /** How far a leaf of these sums may move at most, where Newton's step overshoots. */
  mostStep?(gradient: number, hessian: number): number;
}

/** A loss in kernels: tasks for the pool. `delta` is Huber's, and 0 for others. */
export interface KernelLoss extends LossFacts {
  readonly kind: 'kernels';
  /**
   * The base from the weighted mean of a target, or of classes their shares; absent where it is no function of these but
   * the quantile `renewal.level` of the targets.
   */
  baseOf?(means: Float64Array): Float64Array;
  /** Writes the derivatives by one output. */
  derivatives(block: RowBlock, output: number, to: Derivatives, delta: number): Task;
  /** Returns Σ weight·loss over the rows and outputs that `output` stands for; `tile` is 2 KiB of scratch. */
  value(block: RowBlock, output: number, tile: number, delta: number): Task;
}

/** A block of rows as a callback sees it. */
export interface RowViews {
  readonly raw: Float64Array;
  readonly targets: Float64Array;
  readonly weights: Float64Array | undefined;
  /** Number of the first row, for messages. */
  readonly firstRow: number;
}

/** A loss computed by callbacks, on this thread. */
export interface HostLoss extends LossFacts {
  readonly kind: 'host';
  /** true: `base` is a function of the targets of all rows at once; false: it is 0. */
  readonly baseOfTargets: boolean;
  /** Writes weighted derivatives. */
  derivatives(views: RowViews, gradients: Float32Array, hessians: Float32Array, scales: Scales): void;
  /** Σ weight·loss. */
  value(views: RowViews): number;
}

/** Ranking: rows are compared within their lists, so the unit of work is a list and not a block of rows. */
export interface ListLoss extends LossFacts {
  readonly kind: 'lists';
  /** Places of a list that count in training. */
  readonly truncation: number;
  readonly normalise: boolean;
  /** Places that the NDCG of the loss curve and of early stopping looks at. */
  readonly evalAt: number;
}

/**
 * What boosting minimises: the weighted mean over rows of a loss of the raw predictions, by its first two derivatives.
 * Hessians are ≥ 0. Early stopping watches the same mean on validation rows; of lists, 1 − NDCG.
 */
export type BoostingLoss = KernelLoss | HostLoss | ListLoss;

/** Σ weight·target / Σ weight of the rows. */
export function meanTarget({ targets, weights, rows }: BaseRows): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const weight = weights ? weights[rows[i]!]! : 1;
    sum += weight * targets[rows[i]!]!;
    total += weight;
  }
  return sum / total;
}
