import { type Evaluation, innerProduct, moved, type Objective } from './objective.js';

export interface Step extends Evaluation {
  readonly point: Float64Array;
  readonly step: number;
}

const DECREASE = 1e-4;
const CURVATURE = 0.9;

/**
 * A step along a descent direction that satisfies the weak Wolfe conditions, found by bracketing and bisection (Lewis and
 * Overton, "Nonsmooth optimization via quasi-Newton methods", 2013). Undefined where rounding allows no more descent.
 */
export async function searchLine(
  objective: Objective,
  from: { point: Float64Array; value: number; gradient: Float64Array },
  direction: Float64Array,
  firstStep = 1,
): Promise<Step | undefined> {
  const slope = innerProduct(from.gradient, direction);
  let [low, high, step] = [0, Number.POSITIVE_INFINITY, firstStep];
  let best: Step | undefined;
  for (let trial = 0; trial < 40; trial++) {
    const point = moved(from.point, step, direction);
    const evaluation = await objective.evaluate(point);
    if (!(evaluation.value <= from.value + DECREASE * step * slope)) high = step;
    else {
      best = { ...evaluation, point, step };
      if (innerProduct(evaluation.gradient, direction) >= CURVATURE * slope) return best;
      low = step;
    }
    step = high < Number.POSITIVE_INFINITY ? (low + high) / 2 : 2 * step;
  }
  return best;
}
