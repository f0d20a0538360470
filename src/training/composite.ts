import { Memory } from './lbfgs.js';
import {
  type CompositeObjective,
  Descent,
  innerProduct,
  largestOf,
  type MinimizeOptions,
  type Minimum,
  moved,
  type Place,
  type QuadraticObjective,
} from './objective.js';

/** The shortest subgradient of value + Σ l1·|x|: 0 at the minimum, and there only. */
export function shortestSubgradient(point: Float64Array, gradient: Float64Array, l1: Float64Array): Float64Array {
  return gradient.map((slope, i) => {
    const [at, penalty] = [point[i]!, l1[i]!];
    if (at !== 0) return slope + Math.sign(at) * penalty;
    return slope > penalty ? slope - penalty : slope < -penalty ? slope + penalty : 0 * slope;
  });
}

function withPenalty(value: number, point: Float64Array, l1: Float64Array): number {
  return value + point.reduce((sum, at, i) => sum + l1[i]! * Math.abs(at), 0);
}

/** A place whose value counts the penalty; its gradient is that of the smooth part. */
async function visit(objective: CompositeObjective, point: Float64Array): Promise<Place> {
  const { value, gradient } = await objective.evaluate(point);
  return { point, value: withPenalty(value, point, objective.l1), gradient };
}

/**
 * The first of the steps 1, ½, ¼, … that lowers the value by a share of what was expected (`expected(step)` < 0, a first
 * order estimate); where values differ by rounding alone, one that shortens the subgradient.
 */
async function backtrack(
  objective: CompositeObjective,
  from: Place,
  pointAt: (step: number) => Float64Array,
  expected: (point: Float64Array, step: number) => number,
): Promise<Place | undefined> {
  const noise = 1e-14 * Math.abs(from.value);
  const before = largestOf(shortestSubgradient(from.point, from.gradient, objective.l1));
  for (let step = 1; step > 1e-12; step /= 2) {
    const point = pointAt(step);
    const at = await visit(objective, point);
    if (at.value <= from.value + 1e-4 * expected(point, step)) return at;
    const shorter = largestOf(shortestSubgradient(point, at.gradient, objective.l1)) < 0.9 * before;
    if (at.value <= from.value + noise && shorter) return at;
  }
  return undefined;
}

/** Curvature·change² of a visit that is rounding: no model is solved more exactly, it would never be done. */
const LEAST_MOVE = 1e-29;

/**
 * Proximal Newton: every step goes towards the minimum of the quadratic model with the penalty, found by coordinate
 * descent. Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014; as newGLMNET,
 * Yuan, Ho and Lin, 2012.
 */
export async function minimizeProximalNewton(
  objective: QuadraticObjective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const { l1 } = objective;
  const violation = ({ point, gradient }: Place) => largestOf(shortestSubgradient(point, gradient, l1));
  const descent = new Descent(options);
  let current = await visit(objective, options.resume?.point ?? start);
  while (descent.goesOn(violation(current))) {
    const from = current;
    const wanted = 0.01 * Math.min(0.1, violation(from)) * violation(from);
    const goal = await objective.minimizeModel(from.point, from.gradient, Math.max(wanted * wanted, LEAST_MOVE));
    const direction = goal.map((value, i) => value - from.point[i]!);
    const slope = innerProduct(from.gradient, direction);
    const kept = withPenalty(0, from.point, l1);
    const next = await backtrack(
      objective,
      from,
      // The model's own zeros stay zeros.
      (step) => (step === 1 ? goal : moved(from.point, step, direction)),
      (_, step) => step * (slope + withPenalty(0, goal, l1) - kept),
    );
    if (!next) break;
    current = next;
    await descent.stepped(current, from.value - current.value, violation(current));
  }
  return descent.end(current, violation(current));
}

/**
 * L-BFGS that keeps to an orthant a step, so that |x| is smooth along it: for objectives with too many coordinates for
 * their Hessian. Andrew and Gao, "Scalable training of L1-regularized log-linear models", 2007.
 */
export async function minimizeOrthantWise(
  objective: CompositeObjective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const { l1 } = objective;
  const descent = new Descent(options);
  const memory = new Memory(undefined, options.diagonal, options.resume);
  let current = await visit(objective, options.resume?.point ?? start);
  let slopes = shortestSubgradient(current.point, current.gradient, l1);
  while (descent.goesOn(largestOf(slopes))) {
    const from = current;
    const direction = alignedDirection(memory, slopes);
    const first = memory.empty && !options.diagonal ? Math.min(1, 1 / largestOf(slopes)) : 1;
    const next = await backtrack(
      objective,
      from,
      (step) => withinOrthant(from.point, slopes, moved(from.point, first * step, direction), l1),
      (point) => point.reduce((sum, at, i) => sum + slopes[i]! * (at - from.point[i]!), 0),
    );
    if (!next) {
      if (memory.empty) break;
      memory.clear();
      continue;
    }
    memory.remember(from, next);
    current = next;
    slopes = shortestSubgradient(current.point, current.gradient, l1);
    await descent.stepped(current, from.value - current.value, largestOf(slopes), () => memory.save());
  }
  return descent.end(current, largestOf(slopes));
}

/** The quasi-Newton direction, without the coordinates in which it would climb. */
function alignedDirection(memory: Memory, slopes: Float64Array): Float64Array {
  return memory.descentDirection(slopes).map((value, i) => (value * slopes[i]! < 0 ? value : 0));
}

/** Coordinates that would change their sign stop at 0. */
function withinOrthant(from: Float64Array, slopes: Float64Array, to: Float64Array, l1: Float64Array): Float64Array {
  return to.map((value, i) => {
    if (l1[i] === 0) return value;
    const side = from[i] === 0 ? -Math.sign(slopes[i]!) : Math.sign(from[i]!);
    return value * side > 0 ? value : 0;
  });
}
