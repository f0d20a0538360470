import { searchLine } from './line-search.js';
import { innerProduct, largestOf, type MinimizeOptions, type Minimum, type Objective } from './objective.js';

const MEMORY = 10;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

/**
 * Limited-memory BFGS: gradients alone, ten pairs remembered.
 * Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
 */
export async function minimizeLbfgs(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const pairs: Pair[] = [];
  let current = { point: start, ...(await objective.evaluate(start)) };
  let iterations = 0;
  while (iterations < options.maxIterations && largestOf(current.gradient) > options.tolerance) {
    const direction = descentDirection(pairs, current.gradient);
    const firstStep = pairs.length === 0 ? Math.min(1, 1 / largestOf(current.gradient)) : 1;
    const next = await searchLine(objective, current, direction, firstStep);
    if (!next) {
      if (pairs.length === 0) break;
      pairs.length = 0; // the remembered curvature misled: once more, from the steepest descent
      continue;
    }
    iterations++;
    remember(pairs, current, next);
    const gained = current.value - next.value;
    current = next;
    await options.onIteration?.(iterations, current.value, current.point);
    // The value no longer moves in its last places: rounding, not slope, decides from here on.
    if (gained <= 1e-16 * Math.abs(current.value)) break;
  }
  const largestDerivative = largestOf(current.gradient);
  const converged = largestDerivative <= options.tolerance;
  return { point: current.point, value: current.value, iterations, converged, largestDerivative };
}

function remember(
  pairs: Pair[],
  from: { point: Float64Array; gradient: Float64Array },
  to: { point: Float64Array; gradient: Float64Array },
): void {
  const step = to.point.map((value, i) => value - from.point[i]!);
  const change = to.gradient.map((value, i) => value - from.gradient[i]!);
  const curvature = innerProduct(step, change);
  if (curvature <= 0) return;
  pairs.push({ step, change, curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

/** Minus the inverse Hessian, as far as remembered, times the gradient: the two loops. */
function descentDirection(pairs: readonly Pair[], gradient: Float64Array): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { step, change, curvature } of pairs.toReversed()) {
    const share = innerProduct(step, direction) / curvature;
    shares.push(share);
    for (let i = 0; i < direction.length; i++) direction[i]! -= share * change[i]!;
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = last.curvature / innerProduct(last.change, last.change);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (const { step, change, curvature } of pairs) {
    const share = shares.pop()! - innerProduct(change, direction) / curvature;
    for (let i = 0; i < direction.length; i++) direction[i]! += share * step[i]!;
  }
  return direction;
}
