import { DoubleDoubleVectors, fromNumber, toNumber } from '../engine/linear-algebra/double-double.js';
import { type Factorization, householder, solveUpper } from '../engine/linear-algebra/householder.js';

/** Residuals of which the sum of squares is to be made small. */
export interface ResidualProblem {
  readonly residualCount: number;
  readonly parameterCount: number;
  residuals(point: Float64Array, out: Float64Array): void;
  /** out[j·residualCount + i] = ∂ residual i / ∂ parameter j. By differences of fourth order where it is absent. */
  jacobian?(point: Float64Array, out: Float64Array): void;
}

export interface ResidualOptions {
  readonly maxIterations: number;
  /** Converged where a step of Gauss and Newton would move the point by at most this share of its length. */
  readonly tolerance: number;
  readonly signal?: AbortSignal;
  /** Called after every iteration with half the sum of squares; true ends the search. */
  readonly onIteration?: (iteration: number, loss: number, point: Float64Array) => Promise<boolean> | boolean;
}

export interface ResidualMinimum {
  readonly point: Float64Array;
  readonly residuals: Float64Array;
  /** Columns of the Jacobian at the point. */
  readonly jacobian: Float64Array;
  readonly squares: number;
  readonly iterations: number;
  /** The share by which a step of Gauss and Newton would still move the point: ‖D·δ‖ / ‖D·point‖. */
  readonly step: number;
  readonly converged: boolean;
}

/** The first trust region, as a multiple of the start's length (MINPACK's factor). */
const FIRST_RADIUS = 100;
const EPSILON = 2 ** -52;

/**
 * Nonlinear least squares by Levenberg and Marquardt's method as Moré has it: a trust region in units of the Jacobian's
 * columns, its multiplier by Newton's method (J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory",
 * 1978; MINPACK's lmder). Each linear problem is solved by QR in double-doubles, so that only the residuals' own rounding
 * limits the result; where that is reached, steps of Gauss and Newton follow as long as they grow shorter.
 */
export async function minimizeResiduals(
  problem: ResidualProblem,
  start: Float64Array,
  options: ResidualOptions,
): Promise<ResidualMinimum> {
  const { maxIterations, tolerance, onIteration, signal } = options;
  let state = await linearise(problem, start, new Float64Array(start.length), signal);
  let radius = FIRST_RADIUS * (scaledLength(state.point, state.scales) || 1);
  let multiplier = 0;
  let iterations = 0;
  while (iterations < maxIterations && !(state.step <= tolerance) && state.squares > 0) {
    iterations++;
    const moved = await tryStep(problem, state, radius, multiplier, signal);
    ({ radius, multiplier } = moved);
    if (moved.point) state = await linearise(problem, moved.point, state.scales, signal);
    if (await onIteration?.(iterations, state.squares / 2, state.point)) break;
    if (moved.stalled || radius <= EPSILON * scaledLength(state.point, state.scales)) break;
  }
  state = await polish(problem, state, signal);
  const { point, residuals, jacobian, squares, step } = state;
  return { point, residuals, jacobian, squares, iterations, step, converged: step <= tolerance || squares === 0 };
}

/** The linear problem at a point. */
interface State {
  readonly point: Float64Array;
  readonly residuals: Float64Array;
  readonly jacobian: Float64Array;
  readonly squares: number;
  /** D: the longest that each column of the Jacobian has been. */
  readonly scales: Float64Array;
  /** QR of J·D⁻¹ and Qᵀ·residuals. */
  readonly factorization: Factorization;
  readonly right: Float64Array;
  /** D·δ of Gauss and Newton; undefined where columns depend on one another. */
  readonly newton: Float64Array | undefined;
  readonly step: number;
}

async function linearise(
  problem: ResidualProblem,
  point: Float64Array,
  scales: Float64Array,
  signal?: AbortSignal,
): Promise<State> {
  const { residualCount: rows, parameterCount: count } = problem;
  const residuals = new Float64Array(rows);
  problem.residuals(point, residuals);
  const jacobian = new Float64Array(rows * count);
  if (problem.jacobian) problem.jacobian(point, jacobian);
  else differentiate(problem, point, jacobian);
  const column = (j: number) => jacobian.subarray(j * rows, (j + 1) * rows);
  const grown = scales.map((scale, j) => Math.max(scale, lengthOf(column(j))) || 1);
  const vectors = new DoubleDoubleVectors(count + 1, rows);
  for (let j = 0; j < count; j++)
    vectors.high.set(
      column(j).map((value) => value / grown[j]!),
      j * rows,
    );
  vectors.high.set(residuals, count * rows);
  const factorization = await factorise(vectors, count, signal);
  await factorization.reflect(count, signal);
  const rank = factorization.independent.length;
  const reflected = Array.from({ length: rank }, (_, i) => vectors.get(count, i));
  const regular = rank === count;
  const newton = regular
    ? Float64Array.from(solveUpper(factorization, reflected), (value) => -toNumber(value))
    : undefined;
  const step = newton ? lengthOf(newton) / (scaledLength(point, grown) || 1) : Number.POSITIVE_INFINITY;
  const squares = residuals.reduce((sum, value) => sum + value * value, 0);
  return {
    point,
    residuals,
    jacobian,
    squares,
    scales: grown,
    factorization,
    right: Float64Array.from(reflected, toNumber),
    newton,
    step,
  };
}

function factorise(vectors: DoubleDoubleVectors, count: number, signal?: AbortSignal): Promise<Factorization> {
  return householder(vectors, count, { noise: new Float64Array(count).fill(2 ** -54), unit: 1, signal });
}

interface Move {
  /** Where to go; undefined: stay, with a smaller region. */
  readonly point: Float64Array | undefined;
  readonly radius: number;
  readonly multiplier: number;
  /** Neither the model nor the residuals expect more than rounding from a further step. */
  readonly stalled: boolean;
}

/** One step within the region, and what its outcome says of the region. */
async function tryStep(
  problem: ResidualProblem,
  state: State,
  radius: number,
  multiplier: number,
  signal?: AbortSignal,
): Promise<Move> {
  const { point, scales, squares } = state;
  const found = await boundedStep(state, radius, multiplier, signal);
  const length = lengthOf(found.step);
  const next = point.map((value, j) => value + found.step[j]! / scales[j]!);
  const residuals = new Float64Array(problem.residualCount);
  problem.residuals(next, residuals);
  const after = residuals.reduce((sum, value) => sum + value * value, 0);
  // Far off, a model may overflow: that is no improvement.
  const actual = after < 100 * squares ? 1 - after / squares : -1;
  const linear = found.linear / squares;
  const damping = (found.multiplier * length * length) / squares;
  const predicted = linear + 2 * damping;
  const ratio = predicted > 0 ? actual / predicted : 0;
  let nextRadius = radius;
  let nextMultiplier = found.multiplier;
  if (!(ratio > 0.25)) {
    const slope = -(linear + damping);
    const shrink = actual >= 0 ? 0.5 : (0.5 * slope) / (slope + 0.5 * actual);
    const factor = after < 100 * squares && shrink >= 0.1 ? shrink : 0.1;
    nextRadius = factor * Math.min(radius, length / 0.1);
    nextMultiplier = found.multiplier / factor;
  } else if (ratio >= 0.75 || found.multiplier === 0) {
    nextRadius = length / 0.5;
    nextMultiplier = found.multiplier * 0.5;
  }
  return {
    point: ratio >= 1e-4 ? next : undefined,
    radius: nextRadius,
    multiplier: nextMultiplier,
    stalled: Math.abs(actual) <= EPSILON && predicted <= EPSILON && ratio <= 2,
  };
}

/** Moré's multiplier: ‖step‖ within a tenth of the radius, or 0 where the step of Gauss and Newton lies inside. */
async function boundedStep(state: State, radius: number, multiplier: number, signal?: AbortSignal) {
  const { newton, factorization, right } = state;
  if (newton && lengthOf(newton) <= 1.1 * radius) {
    return { step: newton, multiplier: 0, linear: right.reduce((sum, value) => sum + value * value, 0) };
  }
  const gradient = gradientOf(factorization, right);
  let low = 0;
  if (newton) {
    const length = lengthOf(newton);
    low = (length - radius) / (radius * slopeOf(factorization, newton, length));
  }
  let high = lengthOf(gradient) / radius || EPSILON / Math.min(radius, 0.1);
  let value = Math.min(Math.max(multiplier, low), high) || lengthOf(gradient) / (newton ? lengthOf(newton) : radius);
  for (let round = 1; ; round++) {
    if (value === 0) value = Math.max(EPSILON * EPSILON, 1e-3 * high);
    const damped = await dampedFactor(state, value, signal);
    const step = damped.step;
    const length = lengthOf(step);
    const excess = length - radius;
    if (Math.abs(excess) <= 0.1 * radius || (low === 0 && !newton && excess < 0) || round === 10) {
      return { step, multiplier: value, linear: movedSquares(factorization, right.length, step) };
    }
    const correction = excess / (radius * slopeOf(damped.factorization, step, length));
    if (excess > 0) low = Math.max(low, value);
    else high = Math.min(high, value);
    value = Math.max(low, value + correction);
  }
}

/** ‖R⁻ᵀ·step‖² / ‖step‖: how fast the step's length falls as the multiplier grows, over the length. */
function slopeOf({ independent, upper }: Factorization, step: Float64Array, length: number): number {
  const w = Float64Array.from(step, (value) => value / length);
  for (let i = 0; i < independent.length; i++) {
    const column = upper[independent[i]!]!;
    for (let k = 0; k < i; k++) w[i]! -= toNumber(column[k]!) * w[k]!;
    w[i]! /= toNumber(column[i]!);
  }
  return w.reduce((sum, value) => sum + value * value, 0);
}

/** Rᵀ·right, for all columns. */
function gradientOf({ upper }: Factorization, right: Float64Array): Float64Array {
  return Float64Array.from(upper, (column) =>
    column.reduce((sum, value, i) => sum + (i < right.length ? toNumber(value) * right[i]! : 0), 0),
  );
}

/** The QR of [R; √value·1] and its step, the solution of [R; √value·1]·step = −[right; 0]. */
async function dampedFactor({ factorization, right }: State, value: number, signal?: AbortSignal) {
  const count = factorization.upper.length;
  const rank = right.length;
  const vectors = new DoubleDoubleVectors(count + 1, rank + count);
  factorization.upper.forEach((column, j) => {
    column.forEach((entry, i) => {
      if (i < rank) vectors.set(j, i, entry);
    });
    vectors.set(j, rank + j, fromNumber(Math.sqrt(value)));
  });
  right.forEach((entry, i) => vectors.set(count, i, fromNumber(-entry)));
  const damped = await householder(vectors, count, { noise: new Float64Array(count), unit: 0, signal });
  await damped.reflect(count, signal);
  const reflected = Array.from({ length: count }, (_, i) => vectors.get(count, i));
  return { factorization: damped, step: Float64Array.from(solveUpper(damped, reflected), toNumber) };
}

/** ‖R·step‖² */
function movedSquares({ upper }: Factorization, rank: number, step: Float64Array): number {
  const moved = new Float64Array(rank);
  upper.forEach((column, j) => {
    for (let i = 0; i < column.length && i < rank; i++) moved[i]! += toNumber(column[i]!) * step[j]!;
  });
  return moved.reduce((sum, value) => sum + value * value, 0);
}

/** Steps of Gauss and Newton as long as they grow shorter: the sum of squares sees no difference any more. */
async function polish(problem: ResidualProblem, state: State, signal?: AbortSignal): Promise<State> {
  let best = state;
  for (let round = 0; round < 50 && best.newton && best.step > 0 && best.squares > 0; round++) {
    const point = best.point.map((value, j) => value + best.newton![j]! / best.scales[j]!);
    const residuals = new Float64Array(problem.residualCount);
    problem.residuals(point, residuals);
    const squares = residuals.reduce((sum, value) => sum + value * value, 0);
    if (!(squares <= best.squares * (1 + 1e-9) + Number.MIN_VALUE)) return best;
    const next = await linearise(problem, point, best.scales, signal);
    if (!(next.step < 0.8 * best.step)) return best;
    best = next;
  }
  return best;
}

/** Central differences of fourth order: errors of about 1e-12 where the model is smooth over a 5,000th of a parameter. */
function differentiate(problem: ResidualProblem, point: Float64Array, jacobian: Float64Array): void {
  const { residualCount: rows } = problem;
  const moved = point.slice();
  const parts = Array.from({ length: 4 }, () => new Float64Array(rows));
  const [shifts, factors] = [
    [-2, -1, 1, 2],
    [1, -8, 8, -1],
  ];
  point.forEach((value, j) => {
    // A step that can be added exactly, so that the difference of the arguments is what it is taken for.
    const width = 2 ** -12 * (Math.abs(value) || 1);
    const step = value + width - value;
    shifts!.forEach((shift, k) => {
      moved[j] = value + shift * step;
      problem.residuals(moved, parts[k]!);
    });
    moved[j] = value;
    for (let i = 0; i < rows; i++) {
      jacobian[j * rows + i] = parts.reduce((sum, part, k) => sum + factors![k]! * part[i]!, 0) / (12 * step);
    }
  });
}

function scaledLength(point: Float64Array, scales: Float64Array): number {
  return lengthOf(point.map((value, j) => value * scales[j]!));
}

/** Without overflow or underflow on the way. */
function lengthOf(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return largest;
  return largest * Math.sqrt(values.reduce((sum, value) => sum + (value / largest) ** 2, 0));
}
