import { LanewiseError } from '../errors.js';
import { exp, log, log1p } from '../kernels/elementary.js';

/** P(positive | decision) = 1 / (1 + e^(slope·decision + offset)); slope is below 0 where larger decisions mean positive. */
export interface PlattScaling {
  readonly slope: number;
  readonly offset: number;
}

const MOST_STEPS = 100;
const SMALLEST_STEP = 1e-10;
/** Added to the Hessian's diagonal, so that constant decisions have an answer too. */
const RIDGE = 1e-12;
const DECREASE = 1e-4;
/** Of the gradient, a unit of weight. Newton's steps come this near in one step more than 1e-5 needs. */
const TOLERANCE = 1e-10;

/**
 * The sigmoid that turns a classifier's decision values into probabilities, by maximum likelihood on smoothed targets:
 * Platt, "Probabilistic outputs for support vector machines", 1999, with the Newton method and backtracking of Lin, Lin and
 * Weng, "A note on Platt's probabilistic outputs for support vector machines", 2007. The decisions should be of rows that
 * the classifier did not learn from: of cross-validation, or held out.
 * @param decisions finite decision values, a row each
 * @param positive 1 where the row is of the positive class, else 0
 * @param weights of the rows, ≥ 0; absent: 1
 * @throws LanewiseError `data` for a decision that is not finite
 */
export function fitPlatt(
  decisions: ArrayLike<number>,
  positive: ArrayLike<number>,
  weights?: ArrayLike<number>,
): PlattScaling {
  const unit = powerOfTwoAbove(largestSize(decisions));
  const problem = new Problem(decisions, positive, weights, unit);
  if (problem.total === 0) return { slope: 0, offset: 0 };
  let at = { slope: 0, offset: log((problem.negatives + 1) / (problem.positives + 1)) };
  let value = problem.value(at);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { direction, descent, flat } = problem.newton(at);
    if (flat) break;
    let size = 1;
    let next = at;
    let nextValue = value;
    for (; size >= SMALLEST_STEP; size /= 2) {
      next = { slope: at.slope + size * direction.slope, offset: at.offset + size * direction.offset };
      nextValue = problem.value(next);
      if (nextValue < value + DECREASE * size * descent) break;
    }
    if (size < SMALLEST_STEP) break; // rounding allows no more descent
    [at, value] = [next, nextValue];
  }
  return { slope: at.slope / unit, offset: at.offset };
}

/** The probability of the positive class at a decision value. */
export function plattProbability({ slope, offset }: PlattScaling, decision: number): number {
  return share(slope * decision + offset);
}

/** 1 / (1 + e^x), without overflow. */
function share(x: number): number {
  const power = exp(-Math.abs(x));
  return x >= 0 ? power / (1 + power) : 1 / (1 + power);
}

/** The cross-entropy of smoothed targets, as a function of slope and offset; decisions are divided by `unit`. */
class Problem {
  readonly positives: number;
  readonly negatives: number;
  readonly total: number;
  readonly #decisions: Float64Array;
  readonly #targets: Float64Array;
  readonly #weights: Float64Array;

  constructor(
    decisions: ArrayLike<number>,
    positive: ArrayLike<number>,
    weights: ArrayLike<number> | undefined,
    unit: number,
  ) {
    const rows = decisions.length;
    this.#decisions = Float64Array.from(decisions, (decision) => decision / unit);
    this.#weights = weights ? Float64Array.from(weights) : new Float64Array(rows).fill(1);
    let [positives, negatives] = [0, 0];
    for (let row = 0; row < rows; row++) {
      if (positive[row]! > 0) positives += this.#weights[row]!;
      else negatives += this.#weights[row]!;
    }
    [this.positives, this.negatives, this.total] = [positives, negatives, positives + negatives];
    // Platt's targets: as sure as the count of a class allows, never 0 or 1.
    const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)];
    this.#targets = Float64Array.from(decisions, (_, row) => (positive[row]! > 0 ? high : low));
  }

  value({ slope, offset }: PlattScaling): number {
    let sum = 0;
    for (let row = 0; row < this.#decisions.length; row++) {
      const x = slope * this.#decisions[row]! + offset;
      const target = this.#targets[row]!;
      // target·x + log(1 + e^−x), in the form that cancels nothing
      const linear = x >= 0 ? target * x : (target - 1) * x;
      sum += this.#weights[row]! * (linear + log1p(exp(-Math.abs(x))));
    }
    return sum;
  }

  /** Newton's direction, how steeply the value falls along it, and whether the gradient is as good as 0. */
  newton({ slope, offset }: PlattScaling) {
    let [g1, g2, h11, h12, h22] = [0, 0, RIDGE, 0, RIDGE];
    for (let row = 0; row < this.#decisions.length; row++) {
      const decision = this.#decisions[row]!;
      const probability = share(slope * decision + offset);
      const first = this.#weights[row]! * (this.#targets[row]! - probability);
      const second = this.#weights[row]! * probability * (1 - probability);
      g1 += decision * first;
      g2 += first;
      h11 += decision * decision * second;
      h12 += decision * second;
      h22 += second;
    }
    const determinant = h11 * h22 - h12 * h12;
    const direction = { slope: -(h22 * g1 - h12 * g2) / determinant, offset: -(h11 * g2 - h12 * g1) / determinant };
    const descent = g1 * direction.slope + g2 * direction.offset;
    return { direction, descent, flat: Math.max(Math.abs(g1), Math.abs(g2)) <= TOLERANCE * this.total };
  }
}

function largestSize(decisions: ArrayLike<number>): number {
  let largest = 0;
  for (let row = 0; row < decisions.length; row++) {
    const size = Math.abs(decisions[row]!);
    if (!(size < Number.POSITIVE_INFINITY)) {
      const message = `Expected a finite decision value to fit a probability to but row ${row + 1} has ${decisions[row]}`;
      throw new LanewiseError('data', message, { row: row + 1, hint: 'Scale the features first.' });
    }
    largest = Math.max(largest, size);
  }
  return largest;
}

/** Dividing by it changes no bit of the mantissa. */
function powerOfTwoAbove(value: number): number {
  let unit = 1;
  while (unit < value && unit < 1e308) unit *= 2;
  while (unit > 1e-300 && unit / 2 > value && value > 0) unit /= 2;
  return unit;
}
