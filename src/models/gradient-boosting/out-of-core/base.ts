import { LanewiseError } from '../../../errors.js';
import { log } from '../../../kernels/elementary.js';
import { type BoostingLoss, logLoss, squaredLoss } from '../loss.js';

/** The constants that boosting starts from, of rows that come in chunks: summed row by row, as `BoostingLoss.base` does. */
export class StreamedBase {
  readonly #loss: BoostingLoss;
  readonly #sums: Float64Array;
  #total = 0;

  /** @throws LanewiseError `unsupported` for a loss whose start is no function of sums. */
  constructor(loss: BoostingLoss) {
    this.#loss = loss;
    this.#sums = new Float64Array(loss.outputs);
    if (loss !== squaredLoss && loss !== logLoss && loss.activation !== 'softmax') {
      throw new LanewiseError('unsupported', `Expected a loss that can be fitted in chunks but received ${loss.name}`, {
        hint: 'Rows beyond memory are fitted by squared error or log loss.',
      });
    }
  }

  add(targets: Float64Array, rows: Uint32Array, weights: Float64Array | undefined): void {
    const byClass = this.#loss.activation === 'softmax';
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const weight = weights ? weights[row]! : 1;
      if (byClass) this.#sums[targets[row]!]! += weight;
      else this.#sums[0]! += weight * targets[row]!;
      this.#total += weight;
    }
  }

  finish(): Float64Array {
    const shares = this.#sums.map((sum) => sum / this.#total);
    if (this.#loss === logLoss) return shares.map((share) => log(share / (1 - share)));
    return this.#loss === squaredLoss ? shares : shares.map((share) => log(Math.max(share, Number.EPSILON)));
  }
}
