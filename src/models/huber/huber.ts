import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { blockSum, DesignMatrix, LinearProblem } from '../../engine/linear-algebra.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { minimizeLbfgs } from '../../training/lbfgs.js';
import { minimizeNewton } from '../../training/newton.js';
import { certified, convergenceOf, verdictOf } from '../../training/verdict.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { importancesOf, originalUnits } from '../linear/coefficients.js';
import { linearProgram } from '../linear/program.js';
import { makeModel } from '../model.js';
import { readValidation } from '../validation.js';
import { HuberObjective } from './objective.js';
import { type HuberParameters, huberParameters } from './parameters.js';

const NEWTON_COLUMNS = 256;
/** A scale below this share of the target's deviation: the rows that count lie on a plane. */
const NO_SCALE = 1e-9;

/**
 * Regression that outliers do not sway: squared error for residuals within epsilon scales, absolute error beyond; the
 * scale is learnt with the coefficients. Huber, "Robust Statistics", 1981; Owen, "A robust hybrid of lasso and ridge
 * regression", 2007.
 */
export class HuberRegressor implements Estimator {
  readonly name = 'huber';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = huberParameters;
  readonly parameters: HuberParameters;

  constructor(parameters: Partial<HuberParameters> = {}) {
    this.parameters = checkParameters('HuberRegressor', huberParameters, parameters);
  }

  with(parameters: Partial<HuberParameters>): HuberRegressor {
    return new HuberRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { signal } = options;
    throwIfCancelled(signal);
    const deadline = new Deadline(options.timeBudget);
    const { epsilon, alpha, fitIntercept, maxIter, tol } = this.parameters;
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'regression');
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const engine = options.engine ?? (await defaultEngine());
    const [rows, count] = [table.numRows, columns.length];
    const values = [...columns.map((column) => column.values), target.values];
    using design = await DesignMatrix.of(engine, values, { weights, centred: fitIntercept, signal });
    const { shifts, scales } = design.scaling;
    const [center, unit] = [shifts[count]!, scales[count]!];
    const total = weights ? blockSum(rows, (row) => weights[row]!) : rows;
    using problem = new LinearProblem(design, 'huber', new Float64Array(rows), {
      weights,
      a: epsilon,
      curvature: true,
    });
    const l2 = scales.subarray(0, count).map((scale) => ((alpha / total) * unit) / scale / scale);
    const objective = new HuberObjective(problem, total, l2, fitIntercept, signal);
    const functionOf = (point: Float64Array) => {
      const scaled = point.slice(0, count).map((value) => value * unit);
      return originalUnits(scaled, Float64Array.of(center + unit * point[count]!), {
        shifts: shifts.subarray(0, count),
        scales: scales.subarray(0, count),
      });
    };
    const { validation: given } = options;
    const held =
      given && given.numRows > 0 ? readValidation(given, columns, { name: target.name }, options) : undefined;
    if (held) requireFinite(this.name, held.columns);
    const history: HistoryPoint[] = [];
    let exact = false;
    const start = new Float64Array(count + 2);
    start[count + 1] = fitIntercept
      ? 1
      : Math.max(1, Math.abs(blockSum(rows, (row) => target.values[row]!) / rows / unit));
    const minimize = count <= NEWTON_COLUMNS ? minimizeNewton : minimizeLbfgs;
    const minimum = await minimize(objective, start, {
      tolerance: tol,
      maxIterations: maxIter,
      stop: () => exact || deadline.passed,
      onIteration: (iteration, value, point) => {
        exact = point[count + 1]! < NO_SCALE;
        const metrics = {
          loss: unit * value,
          ...(held && { validationLoss: meanHuber(held, functionOf(point), unit * point[count + 1]!, epsilon) }),
        };
        history.push({ iteration, ...metrics });
        options.onProgress?.({ what: 'iteration', done: iteration, total: maxIter, metrics });
      },
    });
    const { point, iterations } = minimum;
    const scale = unit * point[count + 1]!;
    const { coefficients, intercepts } = functionOf(point);
    const convergence = convergenceOf('gradient norm', exact ? 0 : minimum.largestDerivative, tol);
    const scaled = point.slice(0, count);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: linearProgram(columns, coefficients, intercepts),
      ...(scaled.some((value) => value !== 0) && { importances: importancesOf(columns, scaled) }),
      interpretability: 'high',
      training: {
        rows,
        iterations,
        bestIteration: iterations,
        lossName: "mean of Huber's joint loss with its penalty",
        history,
        verdict: [
          verdictOf({ history, convergence, bestIteration: iterations }),
          exact ? 'the rows that count lie on a plane' : `scale ${Number(scale.toPrecision(4))}`,
          ...(deadline.passed && !minimum.converged ? [`time budget of ${deadline.seconds} s used up`] : []),
        ].join('; '),
        ...certified(convergence),
      },
    });
  }
}

/** The joint loss of rows that are not learnt from, by their summed weight. */
function meanHuber(
  { columns, target, weights }: ReturnType<typeof readValidation>,
  { coefficients, intercepts }: { coefficients: Float64Array; intercepts: Float64Array },
  scale: number,
  epsilon: number,
): number {
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const loss = blockSum(target.length, (row) => {
    let score = intercepts[0]!;
    for (let j = 0; j < columns.length; j++) score += coefficients[j]! * columns[j]!.values[row]!;
    const z = Math.abs(target[row]! - score) / scale;
    return weight(row) * (z <= epsilon ? z * z : 2 * epsilon * z - epsilon * epsilon);
  });
  return scale * (1 + loss / blockSum(target.length, weight));
}
