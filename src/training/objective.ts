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

/** An objective whose curvature is known by its products with vectors. */
export interface ProductObjective extends Objective {
  /** hessian·vector at the point evaluated last. */
  hessianTimes(vector: Float64Array): Promise<Float64Array>;
}

/** A smooth function to which l1[i]·|x[i]| is added for every coordinate. */
export interface CompositeObjective extends Objective {
  readonly l1: Float64Array;
}

/** A composite objective whose quadratic model, of the point evaluated last, can be minimised. */
export interface QuadraticObjective extends CompositeObjective {
  /**
   * The minimum of gradient·(x − point) + ½(x − point)ᵀ·hessian·(x − point) + Σ l1·|x|, until no coordinate gains more
   * than `limit`.
   */
  minimizeModel(point: Float64Array, gradient: Float64Array, limit: number): Promise<Float64Array>;
}

export interface MinimizeOptions {
  /** Stops where no derivative is larger. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** An estimate of the Hessian's diagonal, all > 0: methods that know gradients alone measure coordinates by it. */
  readonly diagonal?: Float64Array;
  /** Called after every iteration. */
  readonly onIteration?: (iteration: number, value: number, point: Float64Array) => Promise<void> | void;
  /** Asked after every iteration: true ends it where it stands. */
  readonly stop?: () => boolean;
  /** Goes on from here instead of from the start, to the bits of a descent without the pause. */
  readonly resume?: DescentState;
  /** Called after every iteration; what is given makes the state, for those who want to keep it. */
  readonly onState?: (stateOf: () => DescentState) => Promise<void>;
}

/** Where a descent stands after an iteration: all that going on takes. */
export interface DescentState {
  readonly iterations: number;
  readonly point: Float64Array;
  /** Of methods that remember steps: each step and how the gradient changed along it, one after the other. */
  readonly pairs: Float64Array;
  readonly least: number;
  readonly stalled: number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Did the derivatives fall below the tolerance? */
  readonly converged: boolean;
  /** Largest derivative (of a composite objective: subderivative), in absolute value, at the end. */
  readonly largestDerivative: number;
}

/** A point and what the objective says of it. */
export interface Place extends Evaluation {
  readonly point: Float64Array;
}

/** Counts iterations and sees when they should end: at the tolerance, at the limit, or where only rounding is left. */
export class Descent {
  readonly options: MinimizeOptions;
  iterations: number;
  #least: number;
  #stalled: number;

  constructor(options: MinimizeOptions) {
    const { iterations, least, stalled } = options.resume ?? {
      iterations: 0,
      least: Number.POSITIVE_INFINITY,
      stalled: 0,
    };
    this.options = options;
    this.iterations = iterations;
    this.#least = least;
    this.#stalled = stalled;
  }

  goesOn(largest: number): boolean {
    const { maxIterations, tolerance, stop } = this.options;
    if (this.iterations > 0 && stop?.()) return false;
    return this.iterations < maxIterations && largest > tolerance && this.#stalled < 4;
  }

  /** After a step: `gained` is how much the value fell. */
  async stepped(
    to: { value: number; point: Float64Array },
    gained: number,
    largest: number,
    pairsOf: () => Float64Array = () => new Float64Array(0),
  ): Promise<void> {
    this.iterations++;
    // The value moves in its last places only: slopes may still fall, but not for long.
    const still = gained <= 1e-15 * Math.abs(to.value) && !(largest < 0.5 * this.#least);
    this.#stalled = still ? this.#stalled + 1 : 0;
    this.#least = Math.min(this.#least, largest);
    await this.options.onIteration?.(this.iterations, to.value, to.point);
    const { iterations } = this;
    const [least, stalled] = [this.#least, this.#stalled];
    await this.options.onState?.(() => ({ iterations, point: to.point, pairs: pairsOf(), least, stalled }));
  }

  end({ point, value }: { value: number; point: Float64Array }, largestDerivative: number): Minimum {
    const converged = largestDerivative <= this.options.tolerance;
    return { point, value, iterations: this.iterations, converged, largestDerivative };
  }
}

export function largestOf(gradient: Float64Array): number {
  let largest = 0;
  for (const derivative of gradient) {
    if (Number.isNaN(derivative)) return Number.NaN;
    largest = Math.max(largest, Math.abs(derivative));
  }
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
