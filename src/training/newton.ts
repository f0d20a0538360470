import { searchLine } from './line-search.js';
import {
  type CurvedObjective,
  Descent,
  innerProduct,
  largestOf,
  type MinimizeOptions,
  type Minimum,
  moved,
  type Objective,
  type Place,
  type ProductObjective,
} from './objective.js';

/** Newton's method with a line search: few steps, each with the whole curvature. */
export function minimizeNewton(
  objective: CurvedObjective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  return descend(objective, start, options, ({ gradient }) => objective.solveHessian(gradient.map((value) => -value)));
}

/**
 * Newton's method whose steps are found by conjugate gradients, from products of the Hessian with vectors: the nearer the
 * minimum, the more exactly (Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.1).
 */
export function minimizeNewtonCg(
  objective: ProductObjective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  return descend(objective, start, options, ({ gradient }) => conjugateGradients(objective, gradient));
}

async function descend(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions,
  directionFrom: (place: Place) => Promise<Float64Array>,
): Promise<Minimum> {
  const descent = new Descent(options);
  const first = options.resume?.point ?? start;
  let current: Place = { point: first, ...(await objective.evaluate(first)) };
  while (descent.goesOn(largestOf(current.gradient))) {
    const steepest = current.gradient.map((value) => -value);
    const direction = await directionFrom(current);
    const next =
      (await searchLine(objective, current, direction)) ??
      (await searchLine(objective, current, steepest, { firstStep: 1e-3 }));
    if (!next) break;
    const gained = current.value - next.value;
    current = next;
    await descent.stepped(current, gained, largestOf(current.gradient));
  }
  return descent.end(current, largestOf(current.gradient));
}

/** Solves hessian·x = −gradient until the rest is small against the gradient, or along the first negative curvature. */
async function conjugateGradients(objective: ProductObjective, gradient: Float64Array): Promise<Float64Array> {
  const norm = Math.sqrt(innerProduct(gradient, gradient));
  const enough = Math.min(0.1, Math.sqrt(norm)) * norm;
  let solution: Float64Array = new Float64Array(gradient.length);
  let rest: Float64Array = gradient.map((value) => -value);
  let direction: Float64Array = rest.slice();
  let squares = innerProduct(rest, rest);
  for (let round = 0; round < 10 * gradient.length && Math.sqrt(squares) > enough; round++) {
    const product = await objective.hessianTimes(direction);
    const curvature = innerProduct(direction, product);
    if (!(curvature > 1e-15 * innerProduct(direction, direction))) return round === 0 ? direction : solution;
    const step = squares / curvature;
    solution = moved(solution, step, direction);
    rest = moved(rest, -step, product);
    const next = innerProduct(rest, rest);
    direction = moved(rest, next / squares, direction);
    squares = next;
  }
  return solution;
}
