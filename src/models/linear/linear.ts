import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { blockSum, DesignMatrix, LinearProblem, type Scaling } from '../../engine/linear-algebra.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations, type ParameterValue } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { featureColumns, inputsOf, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { importancesOf, originalUnits } from './coefficients.js';
import { solveByScatter } from './direct.js';
import { type RidgeParameters, ridgeParameters } from './parameters.js';
import { type Solution, solveLeastSquares } from './solve.js';

/** Least squares with an L2 penalty on the coefficients, not on the intercept. */
export class Ridge implements Estimator {
  readonly name = 'linear';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = ridgeParameters;
  readonly parameters: RidgeParameters;

  constructor(parameters: Partial<RidgeParameters> = {}) {
    this.parameters = checkParameters('Ridge', ridgeParameters, parameters);
  }

  with(parameters: Partial<RidgeParameters>): Ridge {
    return new Ridge({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitLeastSquares(this, this.parameters, table, options);
  }
}

/** The model of one penalty. */
export async function fitLeastSquares(
  estimator: { readonly name: string; readonly parameters: Readonly<Record<string, ParameterValue>> },
  { alpha, fitIntercept }: { alpha: number; fitIntercept: boolean },
  table: Table,
  options: FitOptions,
): Promise<Model> {
  const { signal } = options;
  throwIfCancelled(signal);
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'regression');
  const weights = weightsOf(table, options);
  const engine = options.engine ?? (await defaultEngine());
  const total = weights ? blockSum(table.numRows, (row) => weights[row]!) : table.numRows;
  const numeric = columns.every(({ type }) => type === 'number' || type === 'boolean');
  const values = columns.map((column) => column.values);
  const direct =
    fitIntercept && !weights && numeric
      ? await solveByScatter(engine, values, target.values, alpha, signal)
      : undefined;
  const solution =
    direct ?? (await solveRefined(engine, columns, target, weights, { alpha, fitIntercept, total, signal }));
  const { coefficients, intercepts } = originalUnits(
    solution.coefficients,
    Float64Array.of(solution.mean),
    solution.scaling,
  );
  const builder = new ProgramBuilder(inputsOf(columns));
  const register = builder.reserve();
  const inputs = columns.map((_, j) => j);
  builder.emit({ op: 'linear', inputs, outputs: [register], coefficients, intercepts });
  options.onProgress?.({ what: 'iteration', done: 1, total: 1, metrics: { loss: solution.loss } });
  const model = makeModel({
    estimator: estimator.name,
    task: 'regression',
    parameters: estimator.parameters,
    target: target.name,
    program: builder.build([{ name: 'prediction', register, type: 'number' }]),
    training: {
      rows: table.numRows,
      iterations: 1,
      bestIteration: 1,
      lossName: 'half squared error',
      history: [],
      verdict: solution.singular
        ? 'solved directly; columns are collinear, so the shortest of many solutions was taken'
        : 'solved directly',
    },
    importances: importancesOf(columns, solution.coefficients),
    interpretability: 'high',
  });
  return {
    ...model,
    training: { ...model.training, history: [await onlyPoint(model, target, solution.loss, options, engine)] },
  };
}

/** On standardised columns, refined against the residuals of the data. */
async function solveRefined(
  engine: Engine,
  columns: readonly RegisterColumn[],
  target: Target,
  weights: Float64Array | undefined,
  { alpha, fitIntercept, total, signal }: { alpha: number; fitIntercept: boolean; total: number; signal?: AbortSignal },
): Promise<Solution & { readonly scaling: Scaling; readonly mean: number }> {
  requireFinite('linear', columns);
  const rowCount = target.values.length;
  const mean = fitIntercept
    ? blockSum(rowCount, (row) => (weights ? weights[row]! : 1) * target.values[row]!) / total
    : 0;
  const values = columns.map((column) => column.values);
  using design = await DesignMatrix.of(engine, values, { weights, centred: fitIntercept, signal });
  const centredTarget = target.values.map((value) => value - mean);
  using problem = new LinearProblem(design, 'squared', centredTarget, { weights });
  const penalties = design.scaling.scales.map((scale) => alpha / (scale * scale));
  const solution = await solveLeastSquares(problem, penalties, total, signal);
  return { ...solution, scaling: design.scaling, mean };
}

/** The learning curve of a direct solution: one point. */
async function onlyPoint(
  model: Model,
  target: Target,
  loss: number,
  { validation, signal }: FitOptions,
  engine: Engine,
): Promise<HistoryPoint> {
  if (!validation) return { iteration: 1, loss };
  const truth = targetOf(validation, { target: target.name }, 'regression').values;
  const predicted = (await model.predict(validation, { engine, signal })).getChild('prediction')!;
  const squares = blockSum(truth.length, (row) => ((predicted.get(row) as number) - truth[row]!) ** 2);
  return { iteration: 1, loss, validationLoss: (0.5 * squares) / truth.length };
}
