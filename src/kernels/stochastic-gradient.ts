import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { exp, log1p } from './elementary.js';
import { realValues } from './gradient-descent.js';

/**
 * Descent row by row: matrices are row-major here, and rows are padded with zeros to a multiple of eight, so that an inner
 * product runs in eight lanes, folded in halves, without a remainder. f64, no fused multiply-add.
 */
const LANES = 8;

/** Σ row·w in eight lanes. */
export function rowProduct(matrix: Float64Array, at: number, factors: Float64Array, width: number): number {
  const lanes = new Float64Array(LANES);
  for (let j = 0; j < width; j++) lanes[j % LANES]! += factors[j]! * matrix[at + j]!;
  for (let half = LANES / 2; half >= 1; half /= 2) {
    for (let lane = 0; lane < half; lane++) lanes[lane]! += lanes[lane + half]!;
  }
  return lanes[0]!;
}

/** The losses of `sgd_steps_f64`, by their number. `parameter` is a threshold of the first, a width of the last three. */
export const sgdLosses = [
  'hinge',
  'log_loss',
  'modified_huber',
  'squared_hinge',
  'squared_error',
  'huber',
  'epsilon_insensitive',
  'squared_epsilon_insensitive',
] as const;
export type SgdLoss = (typeof sgdLosses)[number];

/** Value and derivative by the decision; y is −1 or 1 for classes. */
export function sgdLossAt(loss: number, parameter: number, decision: number, y: number): [number, number] {
  const margin = y * decision;
  const error = decision - y;
  const size = Math.abs(error);
  switch (loss) {
    case 0:
      return margin <= parameter ? [parameter - margin, -y] : [0, 0];
    case 1: {
      const power = exp(-Math.abs(margin));
      const share = 1 / (1 + power);
      const value = log1p(power) + (margin < 0 ? -margin : 0);
      return [value, -y * (margin < 0 ? share : power * share)];
    }
    case 2: {
      if (margin >= 1) return [0, 0];
      if (margin >= -1) return [(1 - margin) * (1 - margin), 2 * (1 - margin) * -y];
      return [-4 * margin, -4 * y];
    }
    case 3: {
      const short = 1 - margin;
      return short > 0 ? [short * short, -2 * y * short] : [0, 0];
    }
    case 4:
      return [0.5 * error * error, error];
    case 5: {
      if (size <= parameter) return [0.5 * error * error, error];
      return [parameter * (size - 0.5 * parameter), error > 0 ? parameter : -parameter];
    }
    case 6:
      return size > parameter ? [size - parameter, error > 0 ? 1 : -1] : [0, 0];
    default: {
      const over = size - parameter;
      return over > 0 ? [over * over, error > 0 ? 2 * over : -2 * over] : [0, 0];
    }
  }
}

/** Derivatives beyond it are cut: one row must not carry a model out of the numbers. */
const LARGEST_DERIVATIVE = 1e12;
/** Behind coefficients, averages and what L1 has taken: intercept, its average, L1 due, steps, Σ weighted loss. */
export const SGD_SCALARS = 8;

/** Numbers of the state of one output. */
export const sgdStateLength = (width: number) => 3 * width + SGD_SCALARS;

function inputsOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  const width = LANES * (size >= 8192 ? 4 : random.integer(4));
  const orderCount = size >= 8192 ? size : random.integer(size + 1);
  const batchSize = 1 + random.integer(5);
  const loss = random.integer(sgdLosses.length);
  const classes = loss <= 3;
  const plain = flavour === 'special' ? 'plain' : flavour;
  const state = realValues(sgdStateLength(width), random, plain);
  state.fill(0, width, sgdStateLength(width));
  state[3 * width + 3] = random.integer(4);
  return {
    scalars: {
      width,
      rowCount: size,
      orderCount,
      batchSize,
      loss,
      parameter: random.uniform(),
      positive: classes ? random.integer(3) : -1,
      l1: random.integer(2) * 0.01,
      l2: random.integer(2) * 0.01,
      averageFrom: random.integer(4),
      intercept: random.integer(2),
    },
    buffers: {
      x: realValues(size * width, random, flavour),
      target: classes
        ? Float64Array.from({ length: size }, () => random.integer(3))
        : realValues(size, random, flavour),
      weights: random.integer(2) === 0 ? realValues(size, random, 'plain').map(Math.abs) : null,
      order: Int32Array.from({ length: orderCount }, () => random.integer(size)),
      rates: Float64Array.from({ length: Math.ceil(orderCount / batchSize) }, () => 0.1 * random.uniform()),
      state,
    },
  };
}

export const sgd_steps_f64 = defineKernel({
  name: 'sgd_steps_f64',
  family: 'gradient-descent',
  summary: 'Stochastic gradient steps of a linear model over rows in a given order, a batch a step.',
  source: 'Bottou, "Stochastic gradient descent tricks", 2012; L1 by Tsuruoka, Tsujii and Ananiadou, 2009',
  arguments: [
    {
      name: 'x',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.width!,
      meaning: 'matrix, row-major; columns are padded with zeros',
    },
    {
      name: 'target',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'what is to be predicted: a value or a class index',
    },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'row weights; absent: 1',
      optional: true,
    },
    { name: 'order', role: 'in', dtype: 'i32', length: (s) => s.orderCount!, meaning: 'the rows, in their order' },
    {
      name: 'rates',
      role: 'in',
      dtype: 'f64',
      length: (s) => Math.ceil(s.orderCount! / s.batchSize!),
      meaning: 'the learning rate of each batch; 0 changes nothing but the sum of losses and the steps',
    },
    {
      name: 'state',
      role: 'inout',
      dtype: 'f64',
      length: (s) => 3 * s.width! + 8,
      meaning:
        'coefficients, their averages, what L1 has taken of each; then intercept, its average, L1 due, steps, Σ weighted loss',
    },
    { name: 'updates', role: 'scratch', dtype: 'f64', length: (s) => s.batchSize!, meaning: 'one a row of a batch' },
    { name: 'width', dtype: 'i32', meaning: 'numbers a row, a multiple of 8' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of x' },
    { name: 'orderCount', dtype: 'i32', meaning: 'rows to be visited' },
    { name: 'batchSize', dtype: 'i32', meaning: 'rows a step' },
    { name: 'loss', dtype: 'i32', meaning: 'see sgdLosses' },
    { name: 'parameter', dtype: 'f64', meaning: 'of the loss: threshold or width' },
    { name: 'positive', dtype: 'i32', meaning: 'the class that is 1, all others −1; below 0: targets are values' },
    { name: 'l1', dtype: 'f64', meaning: 'L1 penalty' },
    { name: 'l2', dtype: 'f64', meaning: 'L2 penalty' },
    { name: 'averageFrom', dtype: 'i32', meaning: 'the step, from 1, at which averaging starts; 0: none' },
    { name: 'intercept', dtype: 'i32', meaning: '1: an intercept is learnt; else 0' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    x,
    target,
    weights,
    order,
    rates,
    state,
    updates,
    width,
    _rowCount,
    orderCount,
    batchSize,
    loss,
    parameter,
    positive,
    l1,
    l2,
    averageFrom,
    intercept,
  ) => {
    const scalars = state.subarray(3 * width);
    const average = state.subarray(width, 2 * width);
    const taken = state.subarray(2 * width, 3 * width);
    for (let start = 0; start < orderCount; start += batchSize) {
      const end = Math.min(orderCount, start + batchSize);
      const rate = rates[start / batchSize]!;
      for (let i = start; i < end; i++) {
        const row = order[i]!;
        const decision = rowProduct(x, row * width, state, width) + scalars[0]!;
        const y = positive < 0 ? target[row]! : target[row] === positive ? 1 : -1;
        const weight = weights ? weights[row]! : 1;
        const [value, slope] = sgdLossAt(loss, parameter, decision, y);
        const derivative =
          slope > LARGEST_DERIVATIVE ? LARGEST_DERIVATIVE : slope < -LARGEST_DERIVATIVE ? -LARGEST_DERIVATIVE : slope;
        scalars[4]! += weight * value;
        updates[i - start] = (-rate * derivative * weight) / (end - start);
      }
      const kept = 1 - rate * l2;
      const shrink = kept > 0 ? kept : 0;
      for (let j = 0; j < width; j++) state[j]! *= shrink;
      for (let i = start; i < end; i++) {
        const [row, update] = [order[i]!, updates[i - start]!];
        if (update === 0) continue;
        for (let j = 0; j < width; j++) state[j] = state[j]! + update * x[row * width + j]!;
        if (intercept === 1) scalars[0]! += update;
      }
      scalars[3]! += 1;
      if (l1 > 0) {
        scalars[2]! += rate * l1;
        const due = scalars[2]!;
        for (let j = 0; j < width; j++) {
          const before = state[j]!;
          let after = before;
          if (before > 0) {
            const left = before - (due + taken[j]!);
            after = left > 0 ? left : 0;
          } else if (before < 0) {
            const left = before + (due - taken[j]!);
            after = left < 0 ? left : 0;
          }
          state[j] = after;
          taken[j]! += after - before;
        }
      }
      if (averageFrom > 0 && scalars[3]! >= averageFrom) {
        const share = 1 / (scalars[3]! - averageFrom + 1);
        for (let j = 0; j < width; j++) average[j] = average[j]! + (state[j]! - average[j]!) * share;
        scalars[1] = scalars[1]! + (scalars[0]! - scalars[1]!) * share;
      }
    }
  },
  inputs: inputsOfCase,
  work: (s) => ({ elements: s.orderCount! * s.width!, flops: 4 * s.orderCount! * s.width! }),
});

/** How far 0 lies outside [low, high], the derivatives of an objective at a point; below 0: how far inside. */
function violationOf(low: number, high: number): number {
  return low > -high ? low : -high;
}

export const dual_coordinate_steps_f64 = defineKernel({
  name: 'dual_coordinate_steps_f64',
  family: 'gradient-descent',
  summary:
    'One pass of dual coordinate descent of a linear support vector machine over the listed rows. Rows that stay at a bound are taken from the list. Returns how many are left.',
  source:
    'Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale linear SVM", 2008; Ho and Lin, "Large-scale linear support vector regression", 2012',
  arguments: [
    {
      name: 'x',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.width!,
      meaning: 'matrix, row-major; columns are padded with zeros',
    },
    { name: 'target', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'a value, or −1 or 1' },
    { name: 'upper', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'the most a dual variable may be' },
    { name: 'diagonal', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'added to x·x of each row' },
    { name: 'squares', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'x·x of each row' },
    {
      name: 'order',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.orderCount!,
      meaning: 'rows, in their order; then those left, first',
    },
    { name: 'duals', role: 'inout', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'a signed dual variable a row' },
    {
      name: 'coefficients',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.width!,
      meaning: 'what follows them: Σ dual·x',
    },
    {
      name: 'largest',
      role: 'out',
      dtype: 'f64',
      length: () => 1,
      meaning: 'the largest violation of optimality that was met',
    },
    { name: 'width', dtype: 'i32', meaning: 'numbers a row, a multiple of 8' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of x' },
    { name: 'orderCount', dtype: 'i32', meaning: 'rows to be visited' },
    { name: 'epsilon', dtype: 'f64', meaning: 'errors up to it cost nothing' },
    { name: 'oneSided', dtype: 'i32', meaning: '1: dual variables have the sign of their target; 0: either' },
    {
      name: 'threshold',
      dtype: 'f64',
      meaning: 'a row whose dual variable is held in its place by more than this is taken out',
    },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (
    x,
    target,
    upper,
    diagonal,
    squares,
    order,
    duals,
    w,
    largest,
    width,
    _rows,
    count,
    epsilon,
    oneSided,
    threshold,
  ) => {
    let kept = 0;
    let most = 0;
    for (let k = 0; k < count; k++) {
      const row = order[k]!;
      const [y, bound, dual] = [target[row]!, upper[row]!, duals[row]!];
      const least = oneSided === 1 && y >= 0 ? 0 : -bound;
      const highest = oneSided === 1 && y < 0 ? 0 : bound;
      const slope = rowProduct(x, row * width, w, width) - y + diagonal[row]! * dual;
      let low = dual > 0 ? slope + epsilon : slope - epsilon;
      let high = dual < 0 ? slope - epsilon : slope + epsilon;
      if (dual <= least) low = Number.NEGATIVE_INFINITY;
      if (dual >= highest) high = Number.POSITIVE_INFINITY;
      const violation = violationOf(low, high);
      if (violation < -threshold) continue;
      order[kept++] = row;
      if (!(violation > 0)) continue;
      if (violation > most) most = violation;
      const curvature = squares[row]! + diagonal[row]!;
      let next = low > 0 ? least : highest;
      if (curvature > 0) {
        const free = dual - slope / curvature;
        const dead = epsilon / curvature;
        next = free > dead ? free - dead : free < -dead ? free + dead : 0;
        if (next < least) next = least;
        if (next > highest) next = highest;
      }
      const change = next - dual;
      if (change === 0) continue;
      duals[row] = next;
      for (let j = 0; j < width; j++) w[j] = w[j]! + change * x[row * width + j]!;
    }
    largest[0] = most;
    return kept;
  },
  inputs: (size, random, flavour) => {
    const width = LANES * (size >= 8192 ? 4 : random.integer(4));
    const plain = flavour === 'special' ? 'plain' : flavour;
    const oneSided = random.integer(2);
    const order = Int32Array.from({ length: size }, (_, row) => row).filter(() => random.integer(8) > 0);
    const upper = Float64Array.from({ length: size }, () => (random.integer(4) === 0 ? Number.POSITIVE_INFINITY : 0.3));
    const target = oneSided
      ? Float64Array.from({ length: size }, () => 2 * random.integer(2) - 1)
      : realValues(size, random, plain);
    return {
      scalars: {
        width,
        rowCount: size,
        orderCount: order.length,
        epsilon: oneSided ? 0 : 0.1,
        oneSided,
        threshold: random.integer(2) === 0 ? 0.2 : Number.POSITIVE_INFINITY,
      },
      buffers: {
        x: realValues(size * width, random, flavour),
        target,
        upper,
        diagonal: Float64Array.from(upper, (bound) => (bound === 0.3 ? 0 : 0.5)),
        squares: realValues(size, random, 'plain').map((value) =>
          random.integer(9) === 0 ? 0 : width * Math.abs(value),
        ),
        order,
        duals: target.map((value) => random.integer(3) * 0.15 * (oneSided ? value : 1)),
        coefficients: realValues(width, random, plain),
      },
    };
  },
  work: (s) => ({ elements: s.orderCount! * s.width!, flops: 4 * s.orderCount! * s.width! }),
});
