import { LanewiseError } from '../../../errors.js';
import type { BoostingLoss, KernelLoss } from '../loss.js';
import { type Scales, scalesFor } from '../scales.js';

/**
 * A loss whose start is a function of sums, which rows that come in chunks can give.
 * @throws LanewiseError `unsupported` for any other.
 */
export function requireStreamed(loss: BoostingLoss): KernelLoss {
  if (loss.kind === 'kernels' && loss.baseOf) return loss;
  throw new LanewiseError('unsupported', `Expected a loss that can be fitted in chunks but received ${loss.name}`, {
    hint: 'Rows beyond memory are fitted by squared_error, poisson, gamma, tweedie or log_loss.',
  });
}

/** The constants that boosting starts from, of rows that come in chunks: summed row by row, as `BoostingLoss.base` does. */
export class StreamedBase {
  readonly #loss: KernelLoss;
  readonly #sums: Float64Array;
  #total = 0;
  #largestTarget = 0;
  #largestWeight = 0;

  constructor(loss: KernelLoss) {
    this.#loss = loss;
    this.#sums = new Float64Array(loss.outputs);
  }

  add(targets: Float64Array, rows: Uint32Array, weights: Float64Array | undefined): void {
    const byClass = this.#loss.link === 'softmax';
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const weight = weights ? weights[row]! : 1;
      if (byClass) this.#sums[targets[row]!]! += weight;
      else this.#sums[0]! += weight * targets[row]!;
      this.#total += weight;
      this.#largestTarget = Math.max(this.#largestTarget, Math.abs(targets[row]!));
      this.#largestWeight = Math.max(this.#largestWeight, weight);
    }
  }

  finish(): { base: Float64Array; scales: Scales } {
    const scales = scalesFor(this.#loss.link, this.#largestTarget, this.#largestWeight);
    // As in memory: the classes' weights are summed class by class.
    const byClass = this.#loss.link === 'softmax';
    const total = byClass ? this.#sums.reduce((sum, share) => sum + share, 0) : this.#total;
    return { base: this.#loss.baseOf!(this.#sums.map((sum) => sum / total)), scales };
  }
}
