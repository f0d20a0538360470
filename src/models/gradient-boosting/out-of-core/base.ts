import { LanewiseError } from '../../../errors.js';
import type { BoostingLoss } from '../loss.js';
import { type Scales, scalesFor } from '../scales.js';

/**
 * @throws LanewiseError `unsupported` where the start is a function of all rows at once, which are not in memory, and not
 * known otherwise.
 */
export function requireStreamedBase(loss: BoostingLoss, known: boolean): void {
  if (known || loss.kind !== 'host' || !loss.baseOfTargets) return;
  const message = `Expected no function base for rows beyond memory but the loss "${loss.name}" has one`;
  throw new LanewiseError('unsupported', message, {
    hint: 'It would look at the targets of all rows at once. Give the prediction to start from as baseScore, or leave base away to start from 0.',
  });
}

/**
 * The constants that boosting starts from, of rows that come in chunks: summed row by row, as `BoostingLoss.base` does.
 * Where these are quantiles, which are no matter of sums, only the scales.
 */
export class StreamedBase {
  readonly #loss: BoostingLoss;
  /** By class the weights, or by target the sums. */
  readonly #sums: Float64Array;
  #total = 0;
  #largestTarget = 0;
  #largestWeight = 0;

  constructor(loss: BoostingLoss) {
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
    if (this.#loss.kind !== 'kernels') return new Float64Array(1);
    const baseOf = this.#loss.baseOf!;
    if (this.#loss.link !== 'softmax') {
      return this.#sums.map((sum) => baseOf(Float64Array.of(sum / this.#total))[0]!);
    }
    // As in memory: the classes' weights are summed class by class.
    const total = this.#sums.reduce((sum, share) => sum + share, 0);
    return baseOf(this.#sums.map((sum) => sum / total));
  }
}
