import { LanewiseError } from '../../../errors.js';
import type { BoostingLoss, KernelLoss, ListLoss } from '../loss.js';
import { type Scales, scalesFor } from '../scales.js';

/** What rows that come in chunks can be fitted by. */
export type StreamedLoss = KernelLoss | ListLoss;

/**
 * A loss whose start is a function of sums or a quantile, which rows that come in chunks can give.
 * @throws LanewiseError `unsupported` for any other.
 */
export function requireStreamed(loss: BoostingLoss): StreamedLoss {
  if (loss.kind === 'lists' || (loss.kind === 'kernels' && (loss.baseOf || loss.renewal))) return loss;
  throw new LanewiseError('unsupported', `Expected a loss that can be fitted in chunks but received ${loss.name}`, {
    hint: 'A loss of one’s own may look at all rows at once, which are not in memory: fit a table, or take a loss by name.',
  });
}

/**
 * The constants that boosting starts from, of rows that come in chunks: summed row by row, as `BoostingLoss.base` does.
 * Where these are quantiles, which are no matter of sums, only the scales.
 */
export class StreamedBase {
  readonly #loss: StreamedLoss;
  /** By class the weights, or by target the sums. */
  readonly #sums: Float64Array;
  #total = 0;
  #largestTarget = 0;
  #largestWeight = 0;

  constructor(loss: StreamedLoss) {
    this.#loss = loss;
    this.#sums = new Float64Array(loss.outputs);
  }

  add(targets: readonly Float64Array[], rows: Uint32Array, weights: Float64Array | undefined): void {
    const byClass = this.#loss.link === 'softmax';
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const weight = weights ? weights[row]! : 1;
      if (byClass) this.#sums[targets[0]![row]!]! += weight;
      else for (let t = 0; t < targets.length; t++) this.#sums[t]! += weight * targets[t]![row]!;
      this.#total += weight;
      for (let t = 0; t < targets.length; t++) {
        this.#largestTarget = Math.max(this.#largestTarget, Math.abs(targets[t]![row]!));
      }
      this.#largestWeight = Math.max(this.#largestWeight, weight);
    }
  }

  get scales(): Scales {
    return scalesFor(this.#loss.link, this.#largestTarget, this.#largestWeight);
  }

  /** Of losses but those that start from quantiles. */
  get base(): Float64Array {
    if (this.#loss.kind === 'lists') return new Float64Array(1);
    const baseOf = this.#loss.baseOf!;
    if (this.#loss.link !== 'softmax') {
      return this.#sums.map((sum) => baseOf(Float64Array.of(sum / this.#total))[0]!);
    }
    // As in memory: the classes' weights are summed class by class.
    const total = this.#sums.reduce((sum, share) => sum + share, 0);
    return baseOf(this.#sums.map((sum) => sum / total));
  }
}
