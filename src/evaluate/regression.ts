import { exp, log, log1p } from '../kernels/elementary.js';
import type { Scored } from '../table/interfaces.js';
import {
  defineMeanScorer,
  defineScorer,
  type Mergeable,
  type Scorer,
  type WeightedScore,
  weightedSums,
} from './metric.js';
import { sortedRows } from './order.js';

/** Metrics of predicted numbers. */

type RowError = (target: number, prediction: number) => number;

const EPSILON = 2.220446049250313e-16;

const squared: RowError = (y, p) => (y - p) * (y - p);
const absolute: RowError = (y, p) => Math.abs(y - p);
const absolutePercentage: RowError = (y, p) => Math.abs(y - p) / Math.max(Math.abs(y), EPSILON);
const squaredLog: RowError = (y, p) => squared(log1p(y), log1p(p));
const poisson: RowError = (y, p) => (p > 0 && y >= 0 ? 2 * ((y === 0 ? 0 : y * log(y / p)) - y + p) : Number.NaN);
const gamma: RowError = (y, p) => (p > 0 && y > 0 ? 2 * (log(p / y) + y / p - 1) : Number.NaN);

const rows =
  (error: RowError) =>
  ({ target, prediction }: Scored): Float64Array =>
    target.map((value, row) => error(value, prediction[row]!));

function meanError(name: string, label: string, meaning: string, error: RowError, root = false): Scorer {
  return defineMeanScorer({
    name: `neg_${name}`,
    label,
    meaning,
    task: 'regression',
    needs: 'prediction',
    negated: true,
    ofRows: rows(error),
    ...(root && { finish: (mean: number) => -Math.sqrt(mean) }),
  });
}

/** The median of |error|; where half the weight lies on each side, the mean of the two in the middle. */
function medianError(scored: Scored): WeightedScore {
  const errors = rows(absolute)(scored);
  const order = sortedRows(errors);
  return (weights) => -weightedMedian(errors, order, weights);
}

function weightedMedian(values: Float64Array, order: Uint32Array, weights?: Float64Array): number {
  const weightOf = (row: number) => (weights ? weights[row]! : 1);
  let total = 0;
  for (const row of order) total += weightOf(row);
  let sum = 0;
  for (let place = 0; place < order.length; place++) {
    sum += weightOf(order[place]!);
    if (sum < 0.5 * total || sum === 0) continue;
    const value = values[order[place]!]!;
    if (sum > 0.5 * total) return value;
    const next = order.subarray(place + 1).find((row) => weightOf(row) > 0);
    return next === undefined ? value : 0.5 * (value + values[next]!);
  }
  return Number.NaN;
}

function maxError(scored: Scored): WeightedScore {
  const errors = rows(absolute)(scored);
  return (weights) => {
    let highest = 0;
    for (let row = 0; row < errors.length; row++) {
      if (!weights || weights[row]! > 0) highest = Math.max(highest, errors[row]!);
    }
    return -highest;
  };
}

// Moments of a chunk: weight, mean of the target, Σ w (target − mean)², Σ w error², mean of the error, rows.
const [WEIGHT, MEAN, SPREAD, SQUARED_ERROR, ERROR_MEAN, ROWS] = [0, 1, 2, 3, 4, 5];

/** Merges as Chan, Golub and LeVeque 1979 do, so that a large mean does not swallow the spread. */
function mergeMoments(left: Float64Array, right: Float64Array): Float64Array {
  const weight = left[WEIGHT]! + right[WEIGHT]!;
  if (weight === 0) return left;
  const share = right[WEIGHT]! / weight;
  const delta = right[MEAN]! - left[MEAN]!;
  return Float64Array.of(
    weight,
    left[MEAN]! + delta * share,
    left[SPREAD]! + right[SPREAD]! + delta * delta * left[WEIGHT]! * share,
    left[SQUARED_ERROR]! + right[SQUARED_ERROR]!,
    left[ERROR_MEAN]! + (right[ERROR_MEAN]! - left[ERROR_MEAN]!) * share,
    left[ROWS]! + right[ROWS]!,
  );
}

/** The moments of fixed rows under any weights. */
function prepareMoments({ target, prediction }: Scored): (weights?: Float64Array) => Float64Array {
  const errors = target.map((value, row) => value - prediction[row]!);
  const squaredErrors = errors.map((error) => error * error);
  const centred = new Float64Array(target.length);
  return (weights) => {
    const sums = weightedSums(target, weights);
    const weight = sums[1]!;
    const mean = sums[0]! / weight;
    for (let row = 0; row < centred.length; row++) centred[row] = (target[row]! - mean) * (target[row]! - mean);
    return Float64Array.of(
      weight,
      mean,
      weightedSums(centred, weights)[0]!,
      weightedSums(squaredErrors, weights)[0]!,
      weightedSums(errors, weights)[0]! / weight,
      weights ? weights.reduce((count, value) => count + Number(value > 0), 0) : target.length,
    );
  };
}

/** 1 − error/spread; a target without spread scores 1 where the error is 0 and 0 elsewhere, as in scikit-learn. */
function shareExplained(error: number, spread: number): number {
  if (spread === 0) return error === 0 ? 1 : 0;
  return 1 - error / spread;
}

function momentScorer(name: string, label: string, meaning: string, finish: (sums: Float64Array) => number): Scorer {
  const mergeable: Mergeable = {
    partial: (scored) => prepareMoments(scored)(scored.weights),
    merge: mergeMoments,
    finish,
  };
  return defineScorer({
    name,
    label,
    meaning,
    task: 'regression',
    needs: 'prediction',
    prepare: (scored) => {
      const moments = prepareMoments(scored);
      return (weights) => finish(moments(weights));
    },
    mergeable,
  });
}

/** The pinball loss of a quantile: an error weighs `alpha` where the target lies above, 1 − alpha below. */
export function pinballScorer(alpha: number): Scorer {
  const meaning = `Mean error, weighed ${alpha} where the target lies above and ${Number((1 - alpha).toPrecision(12))} below`;
  const error: RowError = (y, p) => (y >= p ? alpha * (y - p) : (1 - alpha) * (p - y));
  return meanError(`mean_pinball_loss@${alpha}`, `Pinball loss (${alpha})`, meaning, error);
}

/** The Tweedie deviance of a power in [1, 2]: 1 is Poisson's, 2 Gamma's. */
export function tweedieScorer(power: number): Scorer {
  const meaning = 'Mean deviance of amounts that may be 0; predictions must be > 0';
  return meanError(`mean_tweedie_deviance@${power}`, `Tweedie deviance (${power})`, meaning, tweedie(power));
}

function tweedie(power: number): RowError {
  if (power === 1) return poisson;
  if (power === 2) return gamma;
  return (y, p) => {
    if (!(p > 0 && y >= 0)) return Number.NaN;
    const constant = y === 0 ? 0 : exp((2 - power) * log(y)) / ((1 - power) * (2 - power));
    const z = log(p);
    return 2 * (constant - (y * exp((1 - power) * z)) / (1 - power) + exp((2 - power) * z) / (2 - power));
  };
}

export const regressionScorers: readonly Scorer[] = [
  meanError('root_mean_squared_error', 'RMSE', "Root of the mean squared error, in the target's unit", squared, true),
  meanError('mean_squared_error', 'MSE', 'Mean squared error', squared),
  meanError('mean_absolute_error', 'MAE', "Mean absolute error, in the target's unit", absolute),
  defineScorer({
    name: 'neg_median_absolute_error',
    label: 'Median absolute error',
    meaning: 'Half the rows have a smaller error',
    task: 'regression',
    needs: 'prediction',
    negated: true,
    prepare: medianError,
  }),
  meanError('mean_absolute_percentage_error', 'MAPE', 'Mean of |error| / |target|', absolutePercentage),
  defineScorer({
    name: 'neg_max_error',
    label: 'Largest error',
    meaning: 'The largest absolute error',
    task: 'regression',
    needs: 'prediction',
    negated: true,
    prepare: maxError,
  }),
  momentScorer('r2', 'R²', "Share of the target's variance that is explained", (sums) =>
    sums[ROWS]! < 2 ? Number.NaN : shareExplained(sums[SQUARED_ERROR]!, sums[SPREAD]!),
  ),
  momentScorer('explained_variance', 'Explained variance', 'As R², with a constant error forgiven', (sums) => {
    const error = sums[SQUARED_ERROR]! - sums[WEIGHT]! * sums[ERROR_MEAN]! * sums[ERROR_MEAN]!;
    return shareExplained(Math.max(0, error), sums[SPREAD]!);
  }),
  meanError('mean_squared_log_error', 'MSLE', 'Mean squared error of log(1 + x)', squaredLog),
  meanError('root_mean_squared_log_error', 'RMSLE', 'Root of the mean squared error of log(1 + x)', squaredLog, true),
  meanError('mean_poisson_deviance', 'Poisson deviance', 'Mean deviance of counts; predictions must be > 0', poisson),
  meanError('mean_gamma_deviance', 'Gamma deviance', 'Mean deviance of amounts; both must be > 0', gamma),
  tweedieScorer(1.5),
  pinballScorer(0.5),
];
