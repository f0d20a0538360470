import type { Network } from '../../engine/descent/network.js';
import type { FitOptions, HistoryPoint } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import type { OptimizerState } from '../../training/optimizer.js';
import type { NetworkData } from './data.js';
import type { PerceptronRegressorParameters } from './parameters.js';

/** A network on its way: with it training goes on as if it had never stopped. */
export interface NetworkState {
  readonly parameters: Float32Array;
  /** Running means and variances of batch normalisation. */
  readonly running: Float32Array;
  /** Epochs and batches that are over: they key the random numbers. */
  readonly epoch: number;
  readonly step: number;
  readonly optimizer?: OptimizerState;
  /** The best so far, where validation rows judge. */
  readonly best?: NetworkState;
}

/** What training in batches and on all rows have in common. */
export interface Fitting {
  readonly network: Network;
  readonly parameters: PerceptronRegressorParameters;
  readonly training: NetworkData;
  readonly validation: NetworkData | undefined;
  readonly seed: number;
  readonly options: FitOptions;
  readonly deadline: Deadline;
  readonly save?: (state: NetworkState, history: readonly HistoryPoint[]) => Promise<void>;
}

export interface Curve {
  readonly history: readonly HistoryPoint[];
  readonly converged: boolean;
  readonly stoppedEarly: boolean;
  readonly outOfTime: boolean;
  readonly bestIteration: number;
  /** After the last epoch: what training goes on from. */
  readonly final: NetworkState;
  /** What the model predicts with: that of the best epoch. */
  readonly kept: NetworkState;
}

export function snapshot(network: Network, epoch: number, step: number): NetworkState {
  return { parameters: network.parameters.slice(), running: network.running.slice(), epoch, step };
}

/** Rows that are judged at once. */
export const JUDGED_ROWS = 1024;

/** The mean loss of rows as the fitted network sees them, without the penalty. */
export async function meanLoss({ network, options }: Fitting, data: NetworkData): Promise<number> {
  let loss = 0;
  for (let start = 0; start < data.rows; start += JUDGED_ROWS) {
    loss += await network.judge(data.slice(start, Math.min(data.rows, start + JUDGED_ROWS)), options.signal);
  }
  return loss / data.weightOf();
}

/** ½·alpha·Σ weight², over as many rows as share it: scikit-learn's penalty. */
export function penaltyOf({ network, parameters }: Fitting, rows: number): number {
  if (parameters.alpha === 0 || parameters.solver === 'adamw') return 0;
  return (0.5 * parameters.alpha * network.sumOfSquares(network.parameters, network.weightCount)) / rows;
}
