import type { SmoothProblem } from '../engine/descent/linear-problem.js';
import { cholesky, choleskySolve } from '../engine/linear-algebra.js';
import { LanewiseError } from '../errors.js';
import type { CurvedObjective, Evaluation, ProductObjective, QuadraticObjective } from '../training/objective.js';

export interface Penalties {
  /** Σ ½·l2[j]·coefficient², a column each. */
  readonly l2: Float64Array;
  /** Σ l1[j]·|coefficient|, a column each. */
  readonly l1?: Float64Array;
}

/** Largest penalty of a coefficient: one that is infinite would make 0·∞ of a coefficient of 0. */
const MOST_PENALTY = 1e290;

/**
 * The mean loss of a linear model and its penalties, the intercepts free (or held at 0), as a function of the scaled
 * coefficients, an output after the other. L1 penalties are the caller's to add: `evaluate` is the smooth part.
 */
export class PenalizedLoss implements CurvedObjective, ProductObjective, QuadraticObjective {
  readonly dimension: number;
  /** Of every coefficient. */
  readonly l1: Float64Array;
  /** Was a Hessian singular to working precision? */
  singular = false;
  readonly #problem: SmoothProblem;
  readonly #totalWeight: number;
  readonly #l2: Float64Array;
  readonly #intercept: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor(
    problem: SmoothProblem,
    totalWeight: number,
    penalties: Penalties,
    intercept: boolean,
    signal?: AbortSignal,
  ) {
    this.dimension = problem.dimension;
    this.#problem = problem;
    this.#totalWeight = totalWeight;
    this.#l2 = this.#perCoefficient(penalties.l2);
    this.l1 = this.#perCoefficient(penalties.l1);
    this.#intercept = intercept;
    this.#signal = signal;
  }

  /** An estimate of the Hessian's diagonal, where `curvature` is that of a row: of columns whose mean square is 1, or given. */
  diagonal(curvature: number, meanSquares?: Float64Array): Float64Array {
    const columns = this.#problem.design.columnCount;
    return this.#l2.map((penalty, i) => curvature * (meanSquares?.[i % (columns + 1)] ?? 1) + penalty);
  }

  async evaluate(point: Float64Array): Promise<Evaluation> {
    const { loss, gradient } = await this.#problem.evaluate(point, this.#signal);
    let penalty = 0;
    for (let i = 0; i < gradient.length; i++) {
      const slope = gradient[i]! / this.#totalWeight + this.#l2[i]! * point[i]!;
      gradient[i] = this.#isHeld(i) ? 0 : slope;
      penalty += 0.5 * this.#l2[i]! * point[i]! * point[i]!;
    }
    return { value: loss / this.#totalWeight + penalty, gradient };
  }

  async hessianTimes(vector: Float64Array): Promise<Float64Array> {
    const product = await this.#problem.hessianTimes(vector, this.#signal);
    return product.map((value, i) =>
      this.#isHeld(i) ? vector[i]! : value / this.#totalWeight + this.#l2[i]! * vector[i]!,
    );
  }

  /** The Hessian of the smooth part, row-major, at the point evaluated last. */
  async hessian(): Promise<Float64Array> {
    const size = this.dimension;
    const hessian = await this.#problem.hessian?.(this.#signal);
    if (!hessian) throw new LanewiseError('internal', 'Expected a problem whose whole Hessian can be formed');
    for (let i = 0; i < hessian.length; i++) hessian[i]! /= this.#totalWeight;
    for (let i = 0; i < size; i++) {
      hessian[i * size + i]! += this.#l2[i]!;
      if (this.#isHeld(i)) {
        for (let j = 0; j < size; j++) hessian[i * size + j] = hessian[j * size + i] = 0;
      }
      // A constant column has no weight at all: any step would do, 0 is the shortest.
      if (hessian[i * size + i] === 0) hessian[i * size + i] = 1;
    }
    return hessian;
  }

  async solveHessian(right: Float64Array): Promise<Float64Array> {
    const hessian = await this.hessian();
    this.#tieClasses(hessian);
    return (await this.#factorOf(hessian))(right);
  }

  /** A Hessian's inverse as a function, for several right sides. */
  async inverse(): Promise<(right: Float64Array) => Float64Array> {
    const hessian = await this.hessian();
    this.#tieClasses(hessian);
    return this.#factorOf(hessian);
  }

  async minimizeModel(point: Float64Array, gradient: Float64Array, limit: number): Promise<Float64Array> {
    const { dimension: size, l1 } = this;
    const { engine } = this.#problem.design;
    const hessian = await this.hessian();
    using scope = engine.arena.scope();
    const gram = scope.copy('f64', hessian);
    const at = scope.copy('f64', point);
    // What is left to be explained: hessian·point − gradient, less hessian·point.
    const correlations = scope.copy(
      'f64',
      gradient.map((slope) => -slope),
    );
    const thresholds = scope.copy('f64', l1);
    const ridges = scope.zeros('f64', size);
    const indices = scope.copy(
      'i32',
      Int32Array.from({ length: size }, (_, i) => i),
    );
    const buffers = [gram, correlations, at, thresholds, ridges, indices].map(({ byteOffset }) => byteOffset);
    for (let round = 0; round < 500; round++) {
      const passes = Math.max(1, Math.ceil(2 ** 22 / (size * size)));
      const values = [...buffers, size, size, 0, limit, passes];
      const [done] = await engine.run([{ kernel: 'coordinate_gram_f64', values }], this.#signal);
      if (done! < passes) break;
    }
    return at.slice();
  }

  /** Cholesky; where that fails, on a diagonal that is raised until it does not: directions of no weight stay put. */
  async #factorOf(hessian: Float64Array): Promise<(right: Float64Array) => Float64Array> {
    const size = this.dimension;
    const { engine } = this.#problem.design;
    let largest = 0;
    for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(hessian[i * size + i]!));
    for (let raised = 0; raised < 1e6; raised = Math.max(1e-11, 100 * raised)) {
      const matrix = hessian.slice();
      for (let i = 0; i < size; i++) matrix[i * size + i]! += raised * largest;
      const factor = await cholesky(engine, matrix, size, { signal: this.#signal });
      if (factor) return (right) => choleskySolve(factor, right);
      this.singular = true;
    }
    return (right) => right;
  }

  /**
   * Softmax does not change when all classes' coefficients of a column move alike. Where no penalty holds them, a term
   * that the gradient does not see makes the Hessian regular.
   */
  #tieClasses(hessian: Float64Array): void {
    const classes = this.#problem.outputCount;
    const columns = this.dimension / classes;
    if (classes === 1) return;
    for (let j = 0; j < columns; j++) {
      if (this.#l2[j] !== 0 || this.#isHeld(j)) continue;
      const at = (k: number, l: number) => (k * columns + j) * this.dimension + l * columns + j;
      let trace = 0;
      for (let k = 0; k < classes; k++) trace += hessian[at(k, k)]!;
      for (let k = 0; k < classes; k++) {
        for (let l = 0; l < classes; l++) hessian[at(k, l)]! += trace / (classes * classes);
      }
    }
  }

  #isHeld(index: number): boolean {
    const columns = this.#problem.design.columnCount;
    return !this.#intercept && index % (columns + 1) === columns;
  }

  #perCoefficient(perColumn: Float64Array | undefined): Float64Array {
    const columns = this.#problem.design.columnCount;
    return Float64Array.from({ length: this.dimension }, (_, i) => {
      const j = i % (columns + 1);
      return j === columns || !perColumn ? 0 : Math.min(MOST_PENALTY, perColumn[j]!);
    });
  }
}
