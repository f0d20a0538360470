import type { Engine, Task } from '../../engine/engine.js';
import { LanewiseError } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { type BaseRows, type Derivatives, type KernelLoss, meanTarget, type RowBlock } from './loss.js';

/** The arguments with which every kernel of rows begins. */
function rowsOf({ raw, stride, targets, targetStride, weights }: RowBlock, output: number): number[] {
  return [raw + 8 * stride * output, targets + 8 * targetStride * output, weights];
}

function task(kernel: string, ...values: number[]): Task {
  return { kernel, values } as Task;
}

const outOf = ({ gradients, hessians }: Derivatives) => [gradients, hessians];
const scalesOf = ({ gradientScale, hessianScale }: Derivatives) => [gradientScale, hessianScale];

/** Half the squared error, so that gradient and hessian are raw − target and 1; reported is the squared error. */
export const squaredLoss: KernelLoss = {
  kind: 'kernels',
  name: 'squared error',
  outputs: 1,
  link: 'identity',
  base: (rows) => Float64Array.of(meanTarget(rows)),
  baseOf: (means) => means,
  derivatives: (block, output, to) =>
    task('derivatives_squared_f32', ...rowsOf(block, output), ...outOf(to), ...scalesOf(to), block.rows),
  value: (block, output, tile) => task('loss_squared_f64', ...rowsOf(block, output), tile, block.rows),
};

/** Losses whose slope is constant beyond ±delta; leaves are renewed from residuals. */
function robustLoss(
  parts: Pick<KernelLoss, 'name' | 'renewal' | 'base'>,
  slopes: (delta: number) => readonly [number, number],
): KernelLoss {
  return {
    ...parts,
    kind: 'kernels',
    outputs: 1,
    link: 'identity',
    derivatives: (block, output, to, delta) => {
      const values = [...rowsOf(block, output), ...outOf(to), delta, ...slopes(delta), ...scalesOf(to)];
      return task('derivatives_robust_f32', ...values, block.rows);
    },
    value: (block, output, tile, delta) =>
      task('loss_robust_f64', ...rowsOf(block, output), tile, delta, ...slopes(delta), block.rows),
  };
}

/** |target − raw|; leaves hold medians. */
export const absoluteLoss: KernelLoss = robustLoss(
  {
    name: 'absolute error',
    renewal: { level: 0.5 },
    base: (rows) => Float64Array.of(quantileOfRows(rows, 0.5)),
  },
  () => [-1, 1],
);

/** The pinball loss: a target above the prediction costs `level` a unit, one below 1 − level. Leaves hold quantiles. */
export function quantileLoss(level: number): KernelLoss {
  return robustLoss(
    {
      name: `pinball loss (${level})`,
      renewal: { level },
      base: (rows) => Float64Array.of(quantileOfRows(rows, level)),
    },
    () => [-level, 1 - level],
  );
}

/**
 * Huber's loss: half the squared residual within ±delta, linear beyond; delta is the `deltaLevel` quantile of the
 * |residuals| before each round, as in Friedman's M-regression (2001) and scikit-learn's GradientBoostingRegressor.
 */
export function huberLoss(deltaLevel: number): KernelLoss {
  return robustLoss(
    {
      name: 'Huber loss',
      renewal: { level: 0.5, deltaLevel },
      base: (rows) => Float64Array.of(quantileOfRows(rows, 0.5)),
    },
    (delta) => [-delta, delta],
  );
}

/** Log loss of two classes (targets 0 and 1); the raw prediction is the log odds of class 1. */
export const logLoss: KernelLoss = {
  kind: 'kernels',
  name: 'log loss',
  outputs: 1,
  link: 'logit',
  base: (rows) => logOdds(Float64Array.of(meanTarget(rows))),
  baseOf: logOdds,
  derivatives: (block, output, to) =>
    task('derivatives_logistic_f32', ...rowsOf(block, output), ...outOf(to), ...scalesOf(to), block.rows),
  value: (block, output, tile) => task('loss_logistic_f64', ...rowsOf(block, output), tile, block.rows),
};

/** A class without weight keeps a probability, though a tiny one. */
function logOdds(shares: Float64Array): Float64Array {
  return shares.map((share) => {
    const held = Math.min(Math.max(share, Number.EPSILON), 1 - Number.EPSILON);
    return log(held / (1 - held));
  });
}

/** Log loss of several classes (targets 0 … classes − 1); raw predictions are log probabilities but for a constant. */
export function multinomialLoss(classes: number): KernelLoss {
  return {
    kind: 'kernels',
    name: 'log loss',
    outputs: classes,
    link: 'softmax',
    base({ targets, rows, weights }) {
      const shares = new Float64Array(classes);
      for (let i = 0; i < rows.length; i++) shares[targets[rows[i]!]!]! += weights ? weights[rows[i]!]! : 1;
      const total = shares.reduce((sum, share) => sum + share, 0);
      return logShares(shares.map((share) => share / total));
    },
    baseOf: logShares,
    derivatives: (block, output, to) => {
      const [raw, targets, weights] = rowsOf(block, output) as [number, number, number];
      const values = [raw, block.normalizers, targets, weights, ...outOf(to), output, ...scalesOf(to), block.rows];
      return task('derivatives_softmax_f32', ...values);
    },
    value: (block, _output, tile) =>
      task('loss_softmax_f64', ...rowsOf(block, 0), tile, classes, block.stride, block.rows),
  };
}

/** A class without weight keeps a probability, though a tiny one. */
function logShares(shares: Float64Array): Float64Array {
  return shares.map((share) => log(Math.max(share, Number.EPSILON)));
}

/** log Σ e^raw over the classes, before the trees of a round are grown one by one. */
export function normalizeTask({ raw, stride, normalizers, rows }: RowBlock, classes: number): Task {
  return task('softmax_normalizers_f64', raw, normalizers, classes, stride, rows);
}

/** Half the deviance of Tweedie's family under the log link: Poisson (power 1), Gamma (2), and between. */
export function tweedieLoss(name: string, power: number): KernelLoss {
  return {
    kind: 'kernels',
    name,
    outputs: 1,
    link: 'log',
    base: (rows) => logMean(name, Float64Array.of(meanTarget(rows))),
    baseOf: (means) => logMean(name, means),
    mostStep: (gradient, hessian) => mostLogStep(gradient, hessian, power),
    derivatives: (block, output, to) =>
      task('derivatives_tweedie_f32', ...rowsOf(block, output), ...outOf(to), power, ...scalesOf(to), block.rows),
    value: (block, output, tile) => task('loss_tweedie_f64', ...rowsOf(block, output), tile, power, block.rows),
  };
}

/**
 * Far from the mean of a leaf, Newton's step on the scale of logarithms overshoots without bound: where targets are a
 * thousand times the prediction, by e^1000. What the deviance is least at is known: of sums A of target · e^((1 − p) raw)
 * and B of e^((2 − p) raw), which the sums of gradient B − A and hessian (2 − p) B + (p − 1) A give away, it is log(A / B).
 * No leaf moves further than that, or than 4, up to which Newton’s steps are left as they are.
 */
function mostLogStep(gradient: number, hessian: number, power: number): number {
  const [observed, expected] = [hessian - (2 - power) * gradient, hessian + (power - 1) * gradient];
  if (!(observed > 0 && expected > 0)) return Number.POSITIVE_INFINITY;
  return Math.max(4, Math.abs(log(observed / expected)));
}

function logMean(name: string, means: Float64Array): Float64Array {
  if (means[0]! > 0) return means.map(log);
  throw new LanewiseError('data', `Expected a target above 0 in some row for ${name} but all that count are 0`);
}

/** The same loss for several targets, one output each; the base of output t is that of target t. */
export function forEachTarget(loss: KernelLoss, targets: number): KernelLoss {
  return {
    ...loss,
    outputs: targets,
    base({ targets: columns, ...rows }) {
      const rowCount = columns.length / targets;
      return Float64Array.from({ length: targets }, (_, t) => {
        return loss.base({ ...rows, targets: columns.subarray(t * rowCount, (t + 1) * rowCount) })[0]!;
      });
    },
  };
}

/** The weighted quantile of the rows' targets, by the kernel that renews leaves. */
function quantileOfRows({ engine, targets, weights, rows, spare }: BaseRows, level: number): number {
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  if (!spare) return quantileOf(engine, pick(targets), weights && pick(weights), level);
  using scope = engine.arena.scope();
  const weightOffset = weights ? scope.copy('f64', pick(weights)).byteOffset : 0;
  const values = spare.valuesIn();
  for (let i = 0; i < rows.length; i++) values[i] = targets[rows[i]!]!;
  return engine.kernels.quantile_select_f64(spare.values, weightOffset, spare.scratch, level, rows.length);
}

/** The weighted quantile of values (kernel quantile_select_f64). */
export function quantileOf(
  engine: Engine,
  values: Float64Array,
  weights: Float64Array | undefined,
  level: number,
): number {
  using scope = engine.arena.scope();
  // Offsets at once: in unshared memory, the next allocation detaches the array.
  const scratch = scope.allocate('f64', values.length).byteOffset;
  const weightOffset = weights ? scope.copy('f64', weights).byteOffset : 0;
  const from = scope.copy('f64', values).byteOffset;
  return engine.kernels.quantile_select_f64(from, weightOffset, scratch, level, values.length);
}
