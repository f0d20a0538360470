/** A smooth function to be made small. */
export interface Objective {
  readonly dimension: number;
  evaluate(point: Float64Array): Promise<Evaluation>;
}

export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** An objective that also knows its curvature. */
export interface CurvedObjective extends Objective {
  /** Solves hessian·x = right at the point evaluated last. */
  solveHessian(right: Float64Array): Promise<Float64Array>;
}

export interface MinimizeOptions {
  /** Stops where no derivative is larger. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Called after every iteration. */
  readonly onIteration?: (iteration: number, value: number, point: Float64Array) => Promise<void> | void;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Did the derivatives fall below the tolerance? */
  readonly converged: boolean;
  /** Largest derivative, in absolute value, at the end. */
  readonly largestDerivative: number;
}

export function largestOf(gradient: Float64Array): number {
  let largest = 0;
  for (const derivative of gradient) largest = Math.max(largest, Math.abs(derivative));
  return largest;
}

export function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** point + step·direction */
export function moved(point: Float64Array, step: number, direction: Float64Array): Float64Array {
  return point.map((value, i) => value + step * direction[i]!);
}
