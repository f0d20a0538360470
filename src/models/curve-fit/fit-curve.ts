import type { Table } from 'apache-arrow';
import { blockSum } from '../../engine/block-sums.js';
import { DoubleDoubleVectors } from '../../engine/linear-algebra/double-double.js';
import { householder } from '../../engine/linear-algebra/householder.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError } from '../../errors.js';
import { studentCritical } from '../../evaluate/distributions.js';
import { log } from '../../kernels/elementary.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { Context, RegressionSummary, Training } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { minimizeResiduals, type ResidualMinimum } from '../../training/levenberg-marquardt.js';
import { certified, convergenceOf, verdictOf } from '../../training/verdict.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { inverseRows } from '../linear-regression/least-squares.js';
import { coefficientOf, known, logLikelihood, rowLength } from '../linear-regression/statistics.js';

/** Numbers by name: the features of a row, the parameters of a curve. The object is used again for the next row. */
export type Named = Readonly<Record<string, number>>;

export interface CurveFitOptions extends Context {
  /** Overrides the schema's role. */
  readonly target?: string;
  /** A column of weights ≥ 0, inverse to the rows' variances; overrides the schema's role. */
  readonly weights?: string;
  /** What is expected of a row: `({ x }, { half, limit }) => (limit * x) / (half + x)`. */
  readonly model: (features: Named, parameters: Named) => number;
  /** ∂ model / ∂ each parameter, by name. By differences of fourth order where it is absent. */
  readonly derivatives?: (features: Named, parameters: Named) => Named;
  /** The parameters, where the search begins. */
  readonly start: Named;
  /** Default 1000. */
  readonly maxIter?: number;
  /** Default 1e-8: see `convergence` of the result. */
  readonly tol?: number;
  /** Of the intervals; default 0.95. */
  readonly confidence?: number;
  /** Seconds after which the search ends with the best parameters so far. */
  readonly timeBudget?: number;
}

/** A fitted curve. */
export interface CurveFit {
  readonly parameters: Named;
  /** Errors, tests and intervals by the linear model at the solution; R² about the mean; F and the condition are null. */
  readonly summary: RegressionSummary;
  /** Its certificate, 'gauss-newton step', is the share by which one more such step would move the parameters. */
  readonly training: Training;
  /** One number a row. @throws LanewiseError where the table lacks a feature. */
  predict(table: Table): Float64Array;
}

/**
 * Fits a curve to the numeric features of a table by nonlinear least squares (Levenberg and Marquardt's method; see
 * src/training/levenberg-marquardt.ts). Held to NIST's certified values: docs/statistical-accuracy.md.
 * @throws LanewiseError `usage` where the start has no parameters, `data` where the curve is no finite number there, or
 * there are fewer rows than parameters
 */
export async function fitCurve(table: Table, options: CurveFitOptions): Promise<CurveFit> {
  const { start, model, tol = 1e-8, maxIter = 1000, confidence = 0.95, signal } = options;
  const names = Object.keys(start);
  const features = featureColumns(table, options);
  requireFinite('fitCurve', features);
  const target = targetOf(table, options, 'regression');
  const given = weightsOf(table, options);
  const rows = Uint32Array.from(target.values.keys()).filter((row) => !given || given[row]! > 0);
  const weights = given && Float64Array.from(rows, (row) => given[row]!);
  checkShape(names, rows.length);
  const curve = new Curve(names, features, rows);
  const roots = weights?.map(Math.sqrt);
  const truth = Float64Array.from(rows, (row) => target.values[row]!);
  const problem = problemOf(curve, truth, roots, options);
  const first = Float64Array.from(names, (name) => start[name]!);
  requireFiniteStart(problem, first);
  const deadline = new Deadline(options.timeBudget);
  const breather = new Breather();
  const history: { iteration: number; loss: number }[] = [];
  const total = weights ? blockSum(weights.length, (i) => weights[i]!) : rows.length;
  const minimum = await minimizeResiduals(problem, first, {
    maxIterations: maxIter,
    tolerance: tol,
    signal,
    onIteration: async (iteration, sum) => {
      const loss = sum / total;
      history.push({ iteration, loss });
      options.onProgress?.({ what: 'iteration', done: iteration, total: maxIter, metrics: { loss } });
      await breather.breathe(signal);
      return deadline.passed;
    },
  });
  const parameters = Object.fromEntries(names.map((name, j) => [name, minimum.point[j]!]));
  return {
    parameters,
    summary: await summarise(names, minimum, truth, weights, confidence),
    training: trainingOf(minimum, history, tol, table.numRows, deadline),
    predict(other) {
      const columns = features.map(({ name, labels }) => readRegister(other, name, labels));
      const all = Uint32Array.from({ length: other.numRows }, (_, row) => row);
      const out = new Float64Array(other.numRows);
      new Curve(names, columns, all).evaluate(minimum.point, model, (row, value) => {
        out[row] = value;
      });
      return out;
    },
  };
}

function checkShape(names: readonly string[], rows: number): void {
  if (names.length === 0) {
    throw new LanewiseError('usage', 'Expected the parameters of the curve in `start` but it is empty', {
      hint: 'Name each with the value where the search begins: { rate: 0.1, limit: 100 }.',
    });
  }
  if (rows >= names.length) return;
  throw new LanewiseError('data', `Expected at least ${names.length} rows, one a parameter, but received ${rows}`);
}

function requireFiniteStart(problem: ReturnType<typeof problemOf>, start: Float64Array): void {
  const out = new Float64Array(problem.residualCount);
  problem.residuals(start, out);
  const row = out.findIndex((value) => !Number.isFinite(value));
  if (row < 0 && start.every(Number.isFinite)) return;
  throw new LanewiseError(
    'data',
    'Expected a finite number of the curve in every row, at the start, but it gave none',
    {
      row: row < 0 ? undefined : row + 1,
      hint: 'Start nearer: an exponential that overflows or a root of a negative number cannot be descended from.',
    },
  );
}

/** The rows of a curve: features and parameters by name, without an object a row. */
class Curve {
  readonly #names: readonly string[];
  readonly #features: readonly RegisterColumn[];
  readonly #rows: Uint32Array;
  readonly #row: Record<string, number> = {};
  readonly #parameters: Record<string, number> = {};

  constructor(names: readonly string[], features: readonly RegisterColumn[], rows: Uint32Array) {
    this.#names = names;
    this.#features = features;
    this.#rows = rows;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  evaluate<T>(point: Float64Array, of: (row: Named, parameters: Named) => T, use: (i: number, value: T) => void): void {
    this.#names.forEach((name, j) => {
      this.#parameters[name] = point[j]!;
    });
    for (let i = 0; i < this.#rows.length; i++) {
      for (const { name, values } of this.#features) this.#row[name] = values[this.#rows[i]!]!;
      use(i, of(this.#row, this.#parameters));
    }
  }
}

/** Residuals times the roots of the weights: what the curve gives less the truth. */
function problemOf(
  curve: Curve,
  truth: Float64Array,
  roots: Float64Array | undefined,
  { model, derivatives, start }: CurveFitOptions,
) {
  const names = Object.keys(start);
  const rows = curve.rowCount;
  const jacobian = derivatives && {
    jacobian(point: Float64Array, out: Float64Array) {
      curve.evaluate(point, derivatives, (i, slopes) => {
        names.forEach((name, j) => {
          out[j * rows + i] = slopes[name]! * (roots ? roots[i]! : 1);
        });
      });
    },
  };
  return {
    residualCount: rows,
    parameterCount: names.length,
    residuals(point: Float64Array, out: Float64Array) {
      curve.evaluate(point, model, (i, value) => {
        out[i] = (value - truth[i]!) * (roots ? roots[i]! : 1);
      });
    },
    ...jacobian,
  };
}

/** Errors are those of the linear problem at the solution: s·‖rows of R⁻¹‖. */
async function summarise(
  names: readonly string[],
  { point, jacobian, squares }: ResidualMinimum,
  truth: Float64Array,
  weights: Float64Array | undefined,
  confidence: number,
): Promise<RegressionSummary> {
  const [rows, count] = [truth.length, names.length];
  const rest = rows - count;
  const inner = rest > 0 ? squares / rest : Number.NaN;
  const errors = await errorsOf(jacobian, rows, count);
  const critical = rest > 0 ? studentCritical(confidence, rest) : Number.NaN;
  const weight = (i: number) => (weights ? weights[i]! : 1);
  const mean = blockSum(rows, (i) => weight(i) * truth[i]!) / blockSum(rows, weight);
  const rSquared = 1 - squares / blockSum(rows, (i) => weight(i) * (truth[i]! - mean) ** 2);
  const likelihood = logLikelihood(rows, squares, weights);
  return {
    coefficients: names.map((name, j) => coefficientOf(name, point[j]!, errors[j]! * Math.sqrt(inner), rest, critical)),
    confidence,
    observations: rows,
    modelDegreesOfFreedom: count,
    residualDegreesOfFreedom: rest,
    residualSumOfSquares: known(squares),
    residualStandardError: known(Math.sqrt(inner)),
    rSquared: known(rSquared),
    adjustedRSquared: known(1 - ((1 - rSquared) * (rows - 1)) / rest),
    fStatistic: null,
    fPValue: null,
    logLikelihood: known(likelihood),
    aic: known(-2 * likelihood + 2 * count),
    bic: known(-2 * likelihood + log(rows) * count),
    conditionNumber: null,
  };
}

/** √ of the diagonal of (JᵀJ)⁻¹; NaN for all where columns of J depend on one another. */
async function errorsOf(jacobian: Float64Array, rows: number, count: number): Promise<Float64Array> {
  const scales = Float64Array.from({ length: count }, (_, j) =>
    jacobian.subarray(j * rows, (j + 1) * rows).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  const vectors = new DoubleDoubleVectors(count, rows);
  jacobian.forEach((value, place) => {
    vectors.high[place] = value / (scales[Math.floor(place / rows)]! || 1);
  });
  const noise = new Float64Array(count).fill(2 ** -54);
  const factorization = await householder(vectors, count, { noise, unit: 1 });
  if (factorization.dependent.length > 0) return new Float64Array(count).fill(Number.NaN);
  const inverse = await inverseRows(factorization);
  return scales.map((scale, j) => rowLength(inverse, j, count) / scale);
}

function trainingOf(
  minimum: ResidualMinimum,
  history: Training['history'],
  tolerance: number,
  rows: number,
  deadline: Deadline,
): Training {
  const { iterations, step, squares } = minimum;
  const convergence = convergenceOf('gauss-newton step', squares === 0 ? 0 : step, tolerance);
  const verdict = verdictOf({ history, convergence, bestIteration: iterations });
  const ended = !convergence.reached && deadline.passed;
  return {
    rows,
    iterations,
    bestIteration: iterations,
    lossName: 'half squared error',
    history,
    verdict: ended ? `time budget of ${deadline.seconds} s used up; ${verdict}` : verdict,
    ...certified(convergence),
  };
}
