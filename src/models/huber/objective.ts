import { cholesky, choleskySolve, type LinearProblem } from '../../engine/linear-algebra.js';
import type { CurvedObjective, Evaluation } from '../../training/objective.js';

/**
 * Huber's joint objective of coefficients u, intercept c and scale s, by the summed weight: s·(1 + Σ w·h((y − x·u − c)/s))
 * + Σ l2·u², h the square up to epsilon, straight beyond. It is the perspective of a function of θ = (u, −1, c)/s whose
 * columns are those of x and y itself: value, gradient and Hessian follow from that function's. Point: u, c, s.
 */
export class HuberObjective implements CurvedObjective {
  readonly dimension: number;
  readonly #problem: LinearProblem;
  readonly #totalWeight: number;
  readonly #l2: Float64Array;
  readonly #intercept: boolean;
  readonly #signal: AbortSignal | undefined;
  #theta = new Float64Array(0);
  #point = new Float64Array(0);

  /** @param problem the loss huber, with y as the last column and targets of 0 */
  constructor(problem: LinearProblem, totalWeight: number, l2: Float64Array, intercept: boolean, signal?: AbortSignal) {
    this.dimension = l2.length + 2;
    this.#problem = problem;
    this.#totalWeight = totalWeight;
    this.#l2 = l2;
    this.#intercept = intercept;
    this.#signal = signal;
  }

  async evaluate(point: Float64Array): Promise<Evaluation> {
    const count = this.#l2.length;
    const scale = point[count + 1]!;
    if (!(scale > 0))
      return { value: Number.POSITIVE_INFINITY, gradient: new Float64Array(this.dimension).fill(Number.NaN) };
    this.#theta = Float64Array.of(...point.subarray(0, count), -1, point[count]!).map((value) => value / scale);
    this.#point = point.slice();
    const { loss, gradient: slopes } = await this.#problem.evaluate(this.#theta, this.#signal);
    const mean = (2 * loss) / this.#totalWeight;
    const gradient = new Float64Array(this.dimension);
    let [penalty, along] = [0, 0];
    for (let j = 0; j < count + 2; j++) along += this.#theta[j]! * ((2 * slopes[j]!) / this.#totalWeight);
    for (let j = 0; j < count; j++) {
      gradient[j] = (2 * slopes[j]!) / this.#totalWeight + 2 * this.#l2[j]! * point[j]!;
      penalty += this.#l2[j]! * point[j]! * point[j]!;
    }
    if (this.#intercept) gradient[count] = (2 * slopes[count + 1]!) / this.#totalWeight;
    gradient[count + 1] = 1 + mean - along;
    return { value: scale * (1 + mean) + penalty, gradient };
  }

  async solveHessian(right: Float64Array): Promise<Float64Array> {
    const size = this.dimension;
    const hessian = await this.#hessian();
    let largest = 0;
    for (let i = 0; i < size; i++) largest = Math.max(largest, hessian[i * size + i]!);
    for (let raised = 0; raised < 1e6; raised = Math.max(1e-11, 100 * raised)) {
      const matrix = hessian.slice();
      for (let i = 0; i < size; i++) matrix[i * size + i]! += raised * largest;
      const factor = await cholesky(this.#problem.design.engine, matrix, size, { signal: this.#signal });
      if (factor) return choleskySolve(factor, right);
    }
    return right;
  }

  /** From the curvature K of the inner function: K/s by u and c, −Kθ/s across, θᵀKθ/s by s. */
  async #hessian(): Promise<Float64Array> {
    const [size, count] = [this.dimension, this.#l2.length];
    const scale = this.#point[count + 1]!;
    const inner = await this.#problem.hessian(this.#signal);
    const factor = 2 / this.#totalWeight / scale;
    // Of θ: u, then −1 (the target's column), then c.
    const times = this.#theta.map((_, i) =>
      this.#theta.reduce((sum, value, j) => sum + factor * inner[i * size + j]! * value, 0),
    );
    const innerOf = (i: number) => (i === count ? count + 1 : i);
    const hessian = new Float64Array(size * size);
    for (let i = 0; i <= count; i++) {
      for (let j = 0; j <= count; j++) hessian[i * size + j] = factor * inner[innerOf(i) * size + innerOf(j)]!;
      hessian[i * size + count + 1] = hessian[(count + 1) * size + i] = -times[innerOf(i)]!;
      if (i < count) hessian[i * size + i]! += 2 * this.#l2[i]!;
    }
    hessian[size * size - 1] = this.#theta.reduce((sum, value, i) => sum + value * times[i]!, 0);
    if (!this.#intercept) for (let j = 0; j < size; j++) hessian[count * size + j] = hessian[j * size + count] = 0;
    for (let i = 0; i < size; i++) if (hessian[i * size + i] === 0) hessian[i * size + i] = 1;
    return hessian;
  }
}
