import {
  type CoordinateDescent,
  type CoordinatePenalties,
  coordinateDescent,
} from '../../engine/descent/coordinate-descent.js';
import type { Engine } from '../../engine/engine.js';
import { blockSum, DesignMatrix, LinearProblem, type Scaling } from '../../engine/linear-algebra.js';
import { LanewiseError } from '../../errors.js';
import { originalUnits } from '../linear/coefficients.js';

/** Rows to learn from. */
export interface Rows {
  readonly columns: readonly Float64Array[];
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** What the problem is besides its rows and its penalty. */
export interface ProblemSettings {
  readonly fitIntercept: boolean;
  /** true: penalties act on the coefficients of columns of unit deviation. */
  readonly standardize: boolean;
}

/** What is added to half the (weighted) mean squared error: alpha·(l1Ratio·Σ|w| + ½·(1 − l1Ratio)·Σw²). */
export interface Penalty {
  readonly alpha: number;
  readonly l1Ratio: number;
  readonly positive: boolean;
}

export interface LinearFunction {
  readonly coefficients: Float64Array;
  readonly intercept: number;
}

/**
 * An elastic net in units that coordinate descent likes: columns and target centred (where there is an intercept) and
 * scaled, rows multiplied by the roots of their weights, the penalties moved along, so that the solution is the same.
 */
export class ElasticNetProblem implements Disposable {
  readonly descent: CoordinateDescent;
  /** Σ of the weights. */
  readonly total: number;
  readonly #scaling: Scaling;
  /** By column: what its coefficient is divided by before the penalty sees it. */
  readonly #penalized: Float64Array;
  readonly #mean: number;
  /** The target's. */
  readonly #unit: number;
  readonly #design: DesignMatrix;

  private constructor(
    descent: CoordinateDescent,
    design: DesignMatrix,
    { total, mean, unit, standardize }: { total: number; mean: number; unit: number; standardize: boolean },
  ) {
    this.descent = descent;
    this.total = total;
    this.#design = design;
    this.#scaling = design.scaling;
    this.#penalized = standardize ? design.scaling.scales.map(() => 1) : design.scaling.scales;
    this.#mean = mean;
    this.#unit = unit;
  }

  static async of(
    engine: Engine,
    { columns, target, weights }: Rows,
    { fitIntercept, standardize }: ProblemSettings,
    signal?: AbortSignal,
  ): Promise<ElasticNetProblem> {
    const rows = target.length;
    const total = weights ? blockSum(rows, (row) => weights[row]!) : rows;
    const measured = fitIntercept ? blockSum(rows, (row) => (weights ? weights[row]! : 1) * (target[row]! / total)) : 0;
    const deviations = target.map((value, row) => (weights && weights[row] === 0 ? 0 : value - measured));
    const unit = deviations.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    const design = await DesignMatrix.of(engine, columns, { weights, centred: fitIntercept, signal });
    try {
      const scaled = deviations.map((value) => value / unit);
      if (weights) weigh(design, scaled, weights);
      const descent = await coordinateDescent(design, scaled, signal);
      const problem = new ElasticNetProblem(descent, design, { total, mean: measured, unit, standardize });
      if (![unit * unit, descent.targetSquares, ...descent.squares].every(Number.isFinite)) {
        problem[Symbol.dispose]();
        throw new LanewiseError('data', 'Expected numbers whose squares can be added but some are too large', {
          hint: 'Divide the largest columns by a power of ten first.',
        });
      }
      return problem;
    } catch (error) {
      design[Symbol.dispose]();
      throw error;
    }
  }

  penalties({ alpha, l1Ratio, positive }: Penalty): CoordinatePenalties {
    const scales = this.#penalized;
    return {
      l1: scales.map((scale) => (this.total * alpha * l1Ratio) / scale / this.#unit),
      l2: scales.map((scale) => (this.total * alpha * (1 - l1Ratio)) / scale / scale),
      positive,
    };
  }

  /** The least alpha at which every coefficient is 0. */
  async largestAlpha(l1Ratio: number, positive: boolean, signal?: AbortSignal): Promise<number> {
    const { squares, columnCount } = this.descent;
    this.descent.start(new Float64Array(columnCount));
    await this.descent.correlate(Int32Array.from(squares.keys()), signal);
    let largest = 0;
    for (let j = 0; j < columnCount; j++) {
      if (squares[j] === 0) continue;
      const correlation = this.descent.correlations[j]! * this.#penalized[j]! * this.#unit;
      largest = Math.max(largest, positive ? correlation : Math.abs(correlation));
    }
    return largest / (this.total * l1Ratio);
  }

  /** The objective of scikit-learn's documentation, of the one in the solver's units. */
  objectiveOf(scaled: number): number {
    return (scaled * this.#unit * this.#unit) / this.total;
  }

  /** What the penalty adds to the objective, in the units of the data. */
  sizeOf(penalty: Penalty, scaled: Float64Array): number {
    const { l1, l2 } = this.penalties(penalty);
    let size = 0;
    scaled.forEach((u, j) => {
      if (u !== 0) size += l1[j]! * Math.abs(u) + 0.5 * l2[j]! * u * u;
    });
    return this.objectiveOf(size);
  }

  /** From the solver's units to those of the data. */
  functionOf(scaled: Float64Array): LinearFunction {
    const inUnits = scaled.map((value) => value * this.#unit);
    const { coefficients, intercepts } = originalUnits(inUnits, Float64Array.of(this.#mean), this.#scaling);
    return { coefficients, intercept: intercepts[0]! };
  }

  /** The mean squared errors, on other rows, of coefficients in the solver's units. */
  async errorsOn(rows: Rows, solutions: readonly Float64Array[], signal?: AbortSignal): Promise<number[]> {
    const { columns, target, weights } = rows;
    const scaling = this.#scaling;
    using design = await DesignMatrix.of(this.#design.engine, columns, { centred: true, scaling, signal });
    const truth = target.map((value) => (value - this.#mean) / this.#unit);
    using problem = new LinearProblem(design, 'squared', truth, { weights });
    const total = weights ? blockSum(truth.length, (row) => weights[row]!) : truth.length;
    const errors: number[] = [];
    const point = new Float64Array(problem.dimension);
    for (const solution of solutions) {
      point.set(solution);
      const { loss } = await problem.evaluate(point, signal);
      errors.push(((2 * loss) / total) * this.#unit * this.#unit);
    }
    return errors;
  }

  [Symbol.dispose](): void {
    this.descent[Symbol.dispose]();
    this.#design[Symbol.dispose]();
  }
}

/** Multiplies rows by the roots of their weights: squares then count as often as their rows weigh. */
function weigh(design: DesignMatrix, target: Float64Array, weights: Float64Array): void {
  const roots = weights.map(Math.sqrt);
  const { rowCount, columnCount, values } = design;
  for (let j = 0; j < columnCount; j++) {
    for (let row = 0; row < rowCount; row++) {
      const at = j * rowCount + row;
      // A row of no weight may hold anything.
      values[at] = roots[row] === 0 ? 0 : values[at]! * roots[row]!;
    }
  }
  for (let row = 0; row < rowCount; row++) target[row]! *= roots[row]!;
}
