import { cholesky, choleskySolve, type LinearProblem, solveSemidefinite } from '../../engine/linear-algebra.js';
import type { CurvedObjective, Evaluation } from '../../training/objective.js';

/** Mean log loss + ½·Σ penalties[j]·coefficient², the intercepts free (or held at 0): a function of the scaled coefficients. */
export class PenalizedLogLoss implements CurvedObjective {
  readonly dimension: number;
  readonly #problem: LinearProblem;
  readonly #totalWeight: number;
  readonly #penalties: Float64Array;
  readonly #intercept: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor(
    problem: LinearProblem,
    totalWeight: number,
    penalties: Float64Array,
    intercept: boolean,
    signal?: AbortSignal,
  ) {
    this.dimension = problem.dimension;
    this.#problem = problem;
    this.#totalWeight = totalWeight;
    this.#penalties = penalties;
    this.#intercept = intercept;
    this.#signal = signal;
  }

  async evaluate(point: Float64Array): Promise<Evaluation> {
    const { loss, gradient } = await this.#problem.evaluate(point, this.#signal);
    const columns = this.#penalties.length;
    let penalty = 0;
    for (let i = 0; i < gradient.length; i++) {
      const j = i % (columns + 1);
      if (j === columns) gradient[i] = this.#intercept ? gradient[i]! / this.#totalWeight : 0;
      else {
        gradient[i] = gradient[i]! / this.#totalWeight + this.#penalties[j]! * point[i]!;
        penalty += 0.5 * this.#penalties[j]! * point[i]! * point[i]!;
      }
    }
    return { value: loss / this.#totalWeight + penalty, gradient };
  }

  async solveHessian(right: Float64Array): Promise<Float64Array> {
    const columns = this.#penalties.length;
    const size = this.#intercept ? columns + 1 : columns;
    const hessian = await this.#problem.gram('curvature', this.#intercept, this.#signal);
    for (let i = 0; i < hessian.length; i++) hessian[i]! /= this.#totalWeight;
    for (let j = 0; j < columns; j++) hessian[j * size + j]! += this.#penalties[j]!;
    const { engine } = this.#problem.design;
    const factor = await cholesky(engine, hessian, size, { signal: this.#signal });
    const wanted = right.subarray(0, size);
    const solved = factor
      ? choleskySolve(factor, wanted)
      : await solveSemidefinite(hessian, size, wanted, this.#signal);
    const step = new Float64Array(right.length);
    step.set(solved);
    return step;
  }
}
