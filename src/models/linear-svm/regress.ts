import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { throwIfCancelled } from '../../errors.js';
import { sgdLossAt, sgdLosses } from '../../kernels/stochastic-gradient.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { certified, verdictOf } from '../../training/verdict.js';
import { decisionsOf, regressionProgram } from '../decisions.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { readValidation } from '../validation.js';
import { fitDual, interceptOf } from './dual-fit.js';
import { spreadImportances } from './importances.js';
import type { LinearSvrParameters } from './parameters.js';

/** Fits one function of the columns. */
export async function fitLinearSvr(
  estimator: Estimator,
  parameters: LinearSvrParameters,
  table: Table,
  options: FitOptions,
): Promise<Model> {
  throwIfCancelled(options.signal);
  const deadline = new Deadline(options.timeBudget);
  const { C, epsilon, loss, tol, maxIter } = parameters;
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'regression');
  const weights = weightsOf(table, options);
  requireFinite(estimator.name, columns);
  const engine = options.engine ?? (await defaultEngine());
  const values = columns.map((column) => column.values);
  const costs = Float64Array.from(target.values, (_, row) => C * (weights ? weights[row]! : 1));
  const problem = { columns: values, target: target.values, costs, loss, epsilon, intercept: interceptOf(parameters) };
  const seed = seedOf(parameters.randomState, options);
  const share = { of: 1, at: 0 };
  const found = await fitDual(problem, { engine, options, deadline, seed, tol, maxIter, share });
  const decisions = { coefficients: found.coefficients, intercepts: Float64Array.of(found.intercept) };
  const history = [...found.history];
  if (options.validation && options.validation.numRows > 0) {
    const held = readValidation(options.validation, columns, target, options);
    requireFinite(estimator.name, held.columns);
    const predicted = await decisionsOf(
      engine,
      held.columns.map((column) => column.values),
      decisions,
      options.signal,
    );
    const number = sgdLosses.indexOf(loss);
    const sum = held.target.reduce((all, y, row) => all + sgdLossAt(number, epsilon, predicted[0]![row]!, y)[0], 0);
    history.push({ ...history.pop()!, validationLoss: sum / held.target.length });
  }
  const { convergence } = found;
  const verdict = verdictOf({ history, bestIteration: history.length, convergence, unit: 'round' });
  return makeModel({
    estimator: estimator.name,
    task: 'regression',
    parameters: estimator.parameters,
    target: target.name,
    program: regressionProgram(columns, decisions),
    ...(await spreadImportances(columns, decisions.coefficients, weights, options.signal)),
    interpretability: 'high',
    training: {
      rows: table.numRows,
      iterations: history.length,
      bestIteration: history.length,
      lossName: `mean ${loss} with its penalty`,
      history,
      verdict: deadline.passed ? `${verdict}; time budget of ${deadline.seconds} s used up` : verdict,
      ...certified(convergence),
    },
  });
}
