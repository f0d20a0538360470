import { exp, log, log1p } from '../../kernels/elementary.js';

/**
 * What boosting minimises: the mean over rows of a loss of the raw predictions, of which there are `outputs` a row, by
 * its first two derivatives. Hessians are ≥ 0.
 */
export interface BoostingLoss {
  readonly name: string;
  readonly outputs: number;
  /** The constant raw predictions of least loss over the rows. */
  base(targets: Float64Array, rows: Uint32Array, weights: Float64Array | undefined): Float64Array;
  /** Loss of one row: raw[output][row]. */
  loss(target: number, raw: readonly Float64Array[], row: number): number;
  /** What the derivatives are functions of: the raw predictions, their sigmoid, or their softmax over the outputs. */
  readonly activation: 'none' | 'sigmoid' | 'softmax';
  /** Writes the derivatives by output `output` of rows [start, end), unweighted, from the activated predictions. */
  derivatives(
    targets: Float64Array,
    activated: readonly Float64Array[],
    output: number,
    gradients: Float32Array,
    hessians: Float32Array,
    start: number,
    end: number,
  ): void;
}

/** Half the squared error, so that gradient and hessian are raw − target and 1. */
export const squaredLoss: BoostingLoss = {
  name: 'squared error',
  outputs: 1,
  activation: 'none',
  base(targets, rows, weights) {
    let [sum, total] = [0, 0];
    for (let i = 0; i < rows.length; i++) {
      const weight = weights ? weights[rows[i]!]! : 1;
      sum += weight * targets[rows[i]!]!;
      total += weight;
    }
    return Float64Array.of(sum / total);
  },
  loss(target, raw, row) {
    const error = raw[0]![row]! - target;
    return error * error;
  },
  derivatives(targets, activated, _output, gradients, hessians, start, end) {
    const predictions = activated[0]!;
    for (let row = start; row < end; row++) {
      gradients[row] = predictions[row]! - targets[row]!;
      hessians[row] = 1;
    }
  },
};

/** Log loss of two classes (targets 0 and 1); the raw prediction is the log odds of class 1. */
export const logLoss: BoostingLoss = {
  name: 'log loss',
  outputs: 1,
  activation: 'sigmoid',
  base(targets, rows, weights) {
    const share = squaredLoss.base(targets, rows, weights)[0]!;
    return Float64Array.of(log(share / (1 - share)));
  },
  loss(target, raw, row) {
    // log(1 + e^±raw), without overflow.
    const margin = target === 1 ? raw[0]![row]! : -raw[0]![row]!;
    return margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin;
  },
  derivatives(targets, activated, _output, gradients, hessians, start, end) {
    const probabilities = activated[0]!;
    for (let row = start; row < end; row++) {
      const probability = probabilities[row]!;
      gradients[row] = probability - targets[row]!;
      hessians[row] = probability * (1 - probability);
    }
  },
};

/** Log loss of several classes (targets 0 … classes − 1); raw predictions are log probabilities but for a constant. */
export function multinomialLoss(classes: number): BoostingLoss {
  return {
    name: 'log loss',
    outputs: classes,
    activation: 'softmax',
    base(targets, rows, weights) {
      const shares = new Float64Array(classes);
      for (let i = 0; i < rows.length; i++) shares[targets[rows[i]!]!]! += weights ? weights[rows[i]!]! : 1;
      const total = shares.reduce((sum, share) => sum + share, 0);
      // A class without weight keeps a probability, though a tiny one.
      return shares.map((share) => log(Math.max(share / total, Number.EPSILON)));
    },
    loss(target, raw, row) {
      const [largest, sum] = normalizer(raw, row);
      return largest + log(sum) - raw[target]![row]!;
    },
    derivatives(targets, activated, output, gradients, hessians, start, end) {
      const probabilities = activated[output]!;
      for (let row = start; row < end; row++) {
        const probability = probabilities[row]!;
        gradients[row] = probability - (targets[row] === output ? 1 : 0);
        hessians[row] = probability * (1 - probability);
      }
    },
  };
}

/** The largest raw prediction of a row, and Σ e^(raw − largest). */
function normalizer(raw: readonly Float64Array[], row: number): [number, number] {
  let largest = Number.NEGATIVE_INFINITY;
  for (const values of raw) largest = Math.max(largest, values[row]!);
  let sum = 0;
  for (const values of raw) sum += exp(values[row]! - largest);
  return [largest, sum];
}

/** Writes the softmax of rows [start, end): probabilities[output][row]. */
export function softmax(
  raw: readonly Float64Array[],
  probabilities: readonly Float64Array[],
  start: number,
  end: number,
): void {
  for (let row = start; row < end; row++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (const values of raw) largest = Math.max(largest, values[row]!);
    let sum = 0;
    for (let output = 0; output < raw.length; output++) {
      const part = exp(raw[output]![row]! - largest);
      probabilities[output]![row] = part;
      sum += part;
    }
    for (const values of probabilities) values[row] = values[row]! / sum;
  }
}
