import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { throwIfCancelled } from '../../errors.js';
import { sgdLossAt, sgdLosses } from '../../kernels/stochastic-gradient.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { certified, verdictOf } from '../../training/verdict.js';
import { classFactors, weighClasses } from '../class-weights.js';
import {
  calibrate,
  classificationProgram,
  crossValidateDecisions,
  decisionsOf,
  type LinearDecisions,
} from '../decisions.js';
import { featureColumns, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { originalUnits } from '../linear/coefficients.js';
import { makeModel } from '../model.js';
import { fitPenalized } from '../penalized-fit.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { readValidation } from '../validation.js';
import {
  type FitContext,
  type FittedFunction,
  fitDual,
  interceptOf,
  meanHistory,
  worstConvergence,
} from './dual-fit.js';
import { spreadImportances } from './importances.js';
import type { LinearSvcParameters } from './parameters.js';

/** Columns up to which the primal is solved even where rows are fewer. */
const PRIMAL_COLUMNS = 1024;
/** Coefficients up to which the whole curvature is worth its cost. */
const CHOLESKY_COLUMNS = 512;

interface Rows {
  readonly columns: readonly RegisterColumn[];
  /** Class indices. */
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** Fits a function for each class against the rest; of two classes, one. */
export async function fitLinearSvc(
  estimator: Estimator,
  parameters: LinearSvcParameters,
  table: Table,
  options: FitOptions,
): Promise<Model> {
  const { signal } = options;
  throwIfCancelled(signal);
  const deadline = new Deadline(options.timeBudget);
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'classification');
  requireFinite(estimator.name, columns);
  const classes = target.classes!;
  const own = weightsOf(table, options);
  const counted = { targets: target.values, classes, rows: weighingRows(table.numRows, own) };
  const weights = weighClasses(target.values, classFactors(parameters.classWeight, counted), own);
  const engine = options.engine ?? (await defaultEngine());
  const seed = seedOf(parameters.randomState, options);
  const outputs = classes.length === 2 ? [1] : classes.map((_, k) => k);
  const rows = { columns, target: target.values, weights };
  const context = { engine, options, deadline, seed, tol: parameters.tol, maxIter: parameters.maxIter };
  const functions = await fitAll(parameters, rows, outputs, context);
  const decisions = joined(functions);
  const values = columns.map((column) => column.values);
  const found = await decisionsOf(engine, values, decisions, signal);
  if (parameters.probability) {
    const learn = async (training: Uint32Array) => {
      const quiet = { ...context, options: { signal } };
      return joined(await fitAll(parameters, takeRows(rows, training), outputs, quiet));
    };
    await crossValidateDecisions(found, { table, target: target.name, columns, weights, engine, seed }, learn, signal);
  }
  const history = await withValidation(meanHistory(functions), parameters, target, columns, decisions, outputs, {
    ...options,
    engine,
  });
  const convergence = worstConvergence(functions);
  const verdict = verdictOf({ history, bestIteration: history.length, convergence, unit: 'round' });
  return makeModel({
    estimator: estimator.name,
    task: 'classification',
    parameters: estimator.parameters,
    target: target.name,
    classes,
    program: classificationProgram(columns, classes, decisions, calibrate(found, outputs, target.values, weights)),
    ...(await spreadImportances(columns, decisions.coefficients, own, signal)),
    interpretability: 'high',
    training: {
      rows: table.numRows,
      iterations: history.length,
      bestIteration: history.length,
      lossName: `mean ${parameters.loss} with its penalty`,
      history,
      verdict: deadline.passed ? `${verdict}; time budget of ${deadline.seconds} s used up` : verdict,
      ...certified(convergence),
    },
  });
}

async function fitAll(
  parameters: LinearSvcParameters,
  rows: Rows,
  outputs: readonly number[],
  context: Omit<FitContext, 'share'>,
): Promise<FittedFunction[]> {
  const functions: FittedFunction[] = [];
  for (const [at, positive] of outputs.entries()) {
    const share = { of: outputs.length, at };
    const fit = inDual(parameters, rows) ? fitInDual : fitInPrimal;
    functions.push(await fit(parameters, rows, positive, { ...context, share }));
  }
  return functions;
}

function inDual({ loss, penalty, dual }: LinearSvcParameters, { columns, target }: Rows): boolean {
  if (loss === 'hinge' || dual === 'true') return true;
  if (penalty === 'l1' || dual === 'false') return false;
  return columns.length > PRIMAL_COLUMNS && columns.length > target.length;
}

function fitInDual(
  parameters: LinearSvcParameters,
  { columns, target, weights }: Rows,
  positive: number,
  context: FitContext,
): Promise<FittedFunction> {
  const { C, loss } = parameters;
  return fitDual(
    {
      columns: columns.map((column) => column.values),
      target: target.map((code) => (code === positive ? 1 : -1)),
      costs: Float64Array.from(target, (_, row) => C * (weights ? weights[row]! : 1)),
      loss,
      epsilon: 0,
      intercept: interceptOf(parameters),
    },
    context,
  );
}

/** The mean squared hinge with penalties of 1/C: the same minimum. */
async function fitInPrimal(
  parameters: LinearSvcParameters,
  { columns, target, weights }: Rows,
  positive: number,
  { engine, options, deadline, tol, maxIter, share }: FitContext,
): Promise<FittedFunction> {
  const { C, penalty, fitIntercept, interceptScaling } = parameters;
  const rows = target.length;
  const total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : rows;
  const penalized = fitIntercept && interceptScaling !== null;
  // A penalised intercept is the coefficient of one more column.
  const constant = { name: '', type: 'number', values: new Float64Array(penalized ? rows : 0) } as const;
  if (penalized) constant.values.fill(interceptScaling!);
  const problem = {
    loss: 'squared-hinge',
    columns: penalized ? [...columns, constant] : columns,
    target: target.map((code) => (code === positive ? 1 : 0)),
    weights,
    l2: penalty === 'l2' ? 1 / (C * total) : 0,
    l1: penalty === 'l1' ? 1 / (C * total) : 0,
    fitIntercept: fitIntercept && !penalized,
    solver:
      penalty === 'l1' || columns.length <= CHOLESKY_COLUMNS
        ? penalty === 'l1'
          ? 'auto'
          : 'newton-cholesky'
        : 'newton-cg',
    tolerance: tol,
    maxIterations: maxIter,
  } as const;
  const fit = await fitPenalized(engine, problem, {
    signal: options.signal,
    ...(deadline.seconds !== undefined && { timeBudget: deadline.left }),
    onProgress: (progress) => {
      throwIfCancelled(options.signal);
      const done = share.at * maxIter + progress.done;
      options.onProgress?.({ ...progress, done, total: share.of * maxIter });
    },
  });
  const { point } = fit.minimum;
  const count = problem.columns.length;
  const own = originalUnits(point.slice(0, count), Float64Array.of(point[count]!), fit.scaling);
  const last = penalized ? own.coefficients[count - 1]! * interceptScaling! : 0;
  return {
    coefficients: own.coefficients.slice(0, columns.length),
    intercept: own.intercepts[0]! + last,
    history: fit.history.length > 0 ? fit.history : [{ iteration: 1, loss: fit.minimum.value }],
    convergence: fit.convergence,
  };
}

function joined(functions: readonly FittedFunction[]): LinearDecisions {
  const count = functions[0]!.coefficients.length;
  const coefficients = new Float64Array(functions.length * count);
  functions.forEach((own, k) => {
    coefficients.set(own.coefficients, k * count);
  });
  return { coefficients, intercepts: Float64Array.from(functions, ({ intercept }) => intercept) };
}

function takeRows({ columns, target, weights }: Rows, rows: Uint32Array): Rows {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  const taken = columns.map((column) => ({ ...column, values: take(column.values) }));
  return { columns: taken, target: take(target), weights: weights && take(weights) };
}

/** The mean loss on rows that are not learnt from, behind the last point. */
async function withValidation(
  history: HistoryPoint[],
  { loss }: LinearSvcParameters,
  target: Target,
  columns: readonly RegisterColumn[],
  decisions: LinearDecisions,
  outputs: readonly number[],
  { validation, engine, signal, ...options }: FitOptions & Required<Pick<FitOptions, 'engine'>>,
): Promise<HistoryPoint[]> {
  if (!validation || validation.numRows === 0) return history;
  const held = readValidation(validation, columns, target, options);
  requireFinite('linear-svm', held.columns);
  const found = await decisionsOf(
    engine,
    held.columns.map((column) => column.values),
    decisions,
    signal,
  );
  const number = sgdLosses.indexOf(loss);
  let sum = 0;
  found.forEach((values, k) => {
    values.forEach((value, row) => {
      sum += sgdLossAt(number, 1, value, held.target[row] === outputs[k] ? 1 : -1)[0];
    });
  });
  const validationLoss = sum / (held.target.length * outputs.length);
  return history.map((point, i) => (i === history.length - 1 ? { ...point, validationLoss } : point));
}
