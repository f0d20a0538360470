import { searchLine } from './line-search.js';
import { type CurvedObjective, largestOf, type MinimizeOptions, type Minimum } from './objective.js';

/** Newton's method with a line search: few steps, each with the whole curvature. */
export async function minimizeNewton(
  objective: CurvedObjective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  let current = { point: start, ...(await objective.evaluate(start)) };
  let iterations = 0;
  while (iterations < options.maxIterations && largestOf(current.gradient) > options.tolerance) {
    const direction = await objective.solveHessian(current.gradient.map((value) => -value));
    const next = await searchLine(objective, current, direction);
    if (!next) break;
    iterations++;
    const gained = current.value - next.value;
    current = next;
    await options.onIteration?.(iterations, current.value, current.point);
    if (gained <= 1e-16 * Math.abs(current.value)) break;
  }
  const largestDerivative = largestOf(current.gradient);
  const converged = largestDerivative <= options.tolerance;
  return { point: current.point, value: current.value, iterations, converged, largestDerivative };
}
