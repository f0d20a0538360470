import type { Table } from 'apache-arrow';
import { DesignProducts } from '../../engine/descent/design-products.js';
import { defaultEngine } from '../../engine/engine.js';
import { blockSum, DesignMatrix } from '../../engine/linear-algebra.js';
import { invalid, throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { certified, convergenceOf, verdictOf } from '../../training/verdict.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { importancesOf, originalUnits } from '../linear/coefficients.js';
import { linearProgram } from '../linear/program.js';
import { makeModel } from '../model.js';
import { joined, readValidation, type ValidationRows } from '../validation.js';
import { type LinearProgram, solveInterior } from './interior-point.js';
import { type QuantileParameters, quantileParameters } from './parameters.js';

/**
 * A quantile of the target, linear in the columns, with an L1 penalty: the exact solution of the linear program. Koenker
 * and Bassett, "Regression quantiles", 1978.
 */
export class QuantileRegressor implements Estimator {
  readonly name = 'quantile';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = quantileParameters;
  readonly parameters: QuantileParameters;

  constructor(parameters: Partial<QuantileParameters> = {}) {
    this.parameters = checkParameters('QuantileRegressor', quantileParameters, parameters);
    const { quantile } = this.parameters;
    if (!(quantile < 1)) throw invalid('quantile of QuantileRegressor', 'a number above 0 and below 1', quantile);
  }

  with(parameters: Partial<QuantileParameters>): QuantileRegressor {
    return new QuantileRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { signal } = options;
    throwIfCancelled(signal);
    const deadline = new Deadline(options.timeBudget);
    const { quantile, alpha, fitIntercept, maxIter, tol } = this.parameters;
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'regression');
    const given = weightsOf(table, options);
    requireFinite(this.name, columns);
    const engine = options.engine ?? (await defaultEngine());
    // Rows of no weight cost nothing: the linear program has none of them.
    const kept = given ? Array.from(given.keys()).filter((row) => given[row]! > 0) : undefined;
    const pick = (values: Float64Array) => (kept ? Float64Array.from(kept, (row) => values[row]!) : values);
    const weights = given && pick(given);
    const truth = pick(target.values);
    const rows = truth.length;
    const total = weights ? blockSum(rows, (row) => weights[row]!) : rows;
    const mean = blockSum(rows, (row) => (weights ? weights[row]! : 1) * truth[row]!) / total;
    const center = fitIntercept ? mean : 0;
    const unit = blockSum(rows, (row) => Math.abs(truth[row]! - center)) / rows || 1;
    const values = columns.map((column) => pick(column.values));
    using design = await DesignMatrix.of(engine, values, { weights, centred: fitIntercept, signal });
    using products = new DesignProducts(design);
    const program = programOf(products, {
      target: truth.map((value) => (value - center) / unit),
      costs: Float64Array.from({ length: rows }, (_, row) => (weights ? weights[row]! : 1) / total),
      quantile,
      penalties: design.scaling.scales.map((scale) => alpha / scale),
      fitIntercept,
    });
    const functionOf = (point: Float64Array) => {
      const scaled = point.slice(0, columns.length).map((value) => unit * value);
      return originalUnits(scaled, Float64Array.of(center + unit * point[columns.length]!), design.scaling);
    };
    const { validation } = options;
    const held =
      validation && validation.numRows > 0
        ? readValidation(validation, columns, { name: target.name }, options)
        : undefined;
    if (held) requireFinite(this.name, held.columns);
    const history: HistoryPoint[] = [];
    const solution = await solveInterior(program, {
      tolerance: tol,
      maxIterations: maxIter,
      signal,
      onIteration: (iteration, { objective, coefficients }) => {
        const metrics = {
          loss: unit * objective,
          ...(held && { validationLoss: meanPinball(held, functionOf(coefficients), quantile) }),
        };
        history.push({ iteration, ...metrics });
        options.onProgress?.({ what: 'iteration', done: iteration, total: maxIter, metrics });
        return deadline.passed;
      },
    });
    const scaled = solution.coefficients.slice(0, columns.length);
    const { coefficients, intercepts } = functionOf(solution.coefficients);
    const convergence = convergenceOf('duality gap', solution.gap, tol);
    const outOfTime = deadline.passed && !convergence.reached;
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: linearProgram(columns, coefficients, intercepts),
      ...(scaled.some((value) => value !== 0) && { importances: importancesOf(columns, scaled) }),
      interpretability: 'high',
      training: {
        rows: table.numRows,
        iterations: history.length,
        bestIteration: history.length,
        lossName: 'mean pinball loss with its penalty',
        history,
        verdict: [
          verdictOf({ history, convergence, bestIteration: history.length }),
          ...(outOfTime ? [`time budget of ${deadline.seconds} s used up`] : []),
        ].join('; '),
        ...certified(convergence),
      },
    });
  }
}

function programOf(
  products: DesignProducts,
  settings: {
    target: Float64Array;
    costs: Float64Array;
    quantile: number;
    penalties: Float64Array;
    fitIntercept: boolean;
  },
): LinearProgram {
  const { target, costs, quantile, penalties, fitIntercept } = settings;
  const penalized = Array.from(penalties.keys()).filter((j) => penalties[j]! > 0);
  const held = Float64Array.from(penalized, (j) => Math.min(1e30, penalties[j]!));
  return {
    products,
    target: joined(target, new Float64Array(penalized.length)),
    above: joined(
      costs.map((cost) => quantile * cost),
      held,
    ),
    below: joined(
      costs.map((cost) => (1 - quantile) * cost),
      held,
    ),
    penalized,
    fitIntercept,
  };
}

/** The mean pinball loss of rows that are not learnt from. */
function meanPinball(
  { columns, target, weights }: ValidationRows,
  { coefficients, intercepts }: { coefficients: Float64Array; intercepts: Float64Array },
  quantile: number,
): number {
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const loss = blockSum(target.length, (row) => {
    let rest = target[row]! - intercepts[0]!;
    for (let j = 0; j < columns.length; j++) rest -= coefficients[j]! * columns[j]!.values[row]!;
    return weight(row) * (rest > 0 ? quantile * rest : (quantile - 1) * rest);
  });
  return loss / blockSum(target.length, weight);
}
