import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { shuffle, stream } from '../../engine/random.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations, type ParameterValue } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model, PenaltySearch } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { certified, convergenceOf, verdictOf } from '../../training/verdict.js';
import { featureColumns, inputsOf, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { importancesOf } from '../linear/coefficients.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { readValidation } from '../validation.js';
import { crossValidatePenalty, type PenaltyGrid } from './cross-validation.js';
import {
  type ElasticNetCvParameters,
  type ElasticNetParameters,
  elasticNetCvParameters,
  elasticNetParameters,
  type LassoCvParameters,
  type LassoParameters,
  lassoCvParameters,
  lassoParameters,
} from './parameters.js';
import { ElasticNetProblem, type Penalty, type Rows } from './problem.js';
import { type SolveOptions, solveElasticNet } from './solve.js';

/** Least squares with an L1 penalty: coefficients of columns that add too little are exactly 0. */
export class Lasso implements Estimator {
  readonly name = 'lasso';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = lassoParameters;
  readonly parameters: LassoParameters;

  constructor(parameters: Partial<LassoParameters> = {}) {
    this.parameters = checkParameters('Lasso', lassoParameters, parameters);
  }

  with(parameters: Partial<LassoParameters>): Lasso {
    return new Lasso({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { alpha, ...rest } = this.parameters;
    return fitElasticNet(this, { ...rest, choose: { alpha, l1Ratio: 1 } }, table, options);
  }
}

/** Least squares with an L1 and an L2 penalty: sparse as the lasso is, and even-handed with columns that go together. */
export class ElasticNet implements Estimator {
  readonly name = 'elastic-net';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = elasticNetParameters;
  readonly parameters: ElasticNetParameters;

  constructor(parameters: Partial<ElasticNetParameters> = {}) {
    this.parameters = checkParameters('ElasticNet', elasticNetParameters, parameters);
  }

  with(parameters: Partial<ElasticNetParameters>): ElasticNet {
    return new ElasticNet({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { alpha, l1Ratio, ...rest } = this.parameters;
    return fitElasticNet(this, { ...rest, choose: { alpha, l1Ratio } }, table, options);
  }
}

/** The lasso with the penalty whose mean squared error is least in a cross-validation along its path. */
export class LassoCV implements Estimator {
  readonly name = 'lasso-cv';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = lassoCvParameters;
  readonly parameters: LassoCvParameters;

  constructor(parameters: Partial<LassoCvParameters> = {}) {
    this.parameters = checkParameters('LassoCV', lassoCvParameters, parameters);
  }

  with(parameters: Partial<LassoCvParameters>): LassoCV {
    return new LassoCV({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { parameters } = this;
    return fitElasticNet(this, { ...parameters, choose: { ...parameters, l1Ratios: [1] } }, table, options);
  }
}

/** The elastic net with the penalty and the share of L1 whose mean squared error is least in a cross-validation. */
export class ElasticNetCV implements Estimator {
  readonly name = 'elastic-net-cv';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = elasticNetCvParameters;
  readonly parameters: ElasticNetCvParameters;

  constructor(parameters: Partial<ElasticNetCvParameters> = {}) {
    this.parameters = checkParameters('ElasticNetCV', elasticNetCvParameters, parameters);
  }

  with(parameters: Partial<ElasticNetCvParameters>): ElasticNetCV {
    return new ElasticNetCV({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { parameters } = this;
    const choose = { ...parameters, l1Ratios: parameters.l1Ratio };
    return fitElasticNet(this, { ...parameters, choose }, table, options);
  }
}

interface FitSettings {
  /** The penalty, or what it is chosen of. */
  readonly choose: { readonly alpha: number; readonly l1Ratio: number } | PenaltyGrid;
  readonly fitIntercept: boolean;
  readonly standardize: boolean;
  readonly positive: boolean;
  readonly maxIter: number;
  readonly tol: number;
  readonly selection: 'cyclic' | 'random';
  readonly randomState: number;
}

async function fitElasticNet(
  estimator: { readonly name: string; readonly parameters: Readonly<Record<string, ParameterValue>> },
  settings: FitSettings,
  table: Table,
  options: FitOptions,
): Promise<Model> {
  const { signal } = options;
  throwIfCancelled(signal);
  const deadline = new Deadline(options.timeBudget);
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'regression');
  requireFinite(estimator.name, columns);
  const rows = {
    columns: columns.map(({ values }) => values),
    target: target.values,
    weights: weightsOf(table, options),
  };
  const engine = options.engine ?? (await defaultEngine());
  const { positive, maxIter, tol, choose } = settings;
  using problem = await ElasticNetProblem.of(engine, rows, settings, signal);
  const arrange = arrangement(settings, options);
  const solving = { tolerance: tol, maxPasses: maxIter, signal, ...(arrange && { arrange }) };
  const search =
    'alpha' in choose
      ? undefined
      : await crossValidatePenalty(problem, table, rows, { ...settings, ...choose, target: target.name }, solving, {
          ...options,
          engine,
          deadline,
        });
  const { alpha, l1Ratio } = search ?? (choose as { alpha: number; l1Ratio: number });
  const penalty = { alpha, l1Ratio, positive };
  const fitted = await solveWatched(problem, penalty, solving, { options, deadline });
  const { coefficients, intercept } = problem.functionOf(fitted.coefficients);
  const { program } = lower(columns, coefficients, intercept);
  const convergence = convergenceOf('duality gap', fitted.gap, tol);
  const curve = { history: fitted.history, bestIteration: fitted.history.length, convergence, unit: 'round' };
  const held = await validated(problem, penalty, fitted.coefficients, columns, target, options);
  const history = held === undefined ? fitted.history : withLast(fitted.history, held);
  return makeModel({
    estimator: estimator.name,
    task: 'regression',
    parameters: estimator.parameters,
    target: target.name,
    program,
    // Where nothing works, nothing has a share in it.
    ...(coefficients.some((value) => value !== 0) && { importances: importancesOf(columns, fitted.coefficients) }),
    interpretability: 'high',
    training: {
      rows: table.numRows,
      iterations: history.length,
      bestIteration: history.length,
      lossName: 'half mean squared error with its penalty',
      history,
      verdict: [verdictOf({ ...curve, history }), ...remarks(coefficients, search, deadline)].join('; '),
      ...certified(convergence),
      ...(search && { search }),
    },
  });
}

function remarks(coefficients: Float64Array, search: PenaltySearch | undefined, deadline: Deadline): string[] {
  const used = coefficients.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
  const lines = [`${used} of ${coefficients.length} coefficients are not 0`];
  if (search) {
    const { alpha, l1Ratio } = search;
    lines.push(`alpha ${Number(alpha.toPrecision(4))}, l1Ratio ${l1Ratio} had the least error in cross-validation`);
  }
  if (deadline.passed) lines.push(`time budget of ${deadline.seconds} s used up`);
  return lines;
}

/** The order of visits, where it is drawn: keyed by the round. */
function arrangement({ selection, randomState }: FitSettings, options: FitOptions): SolveOptions['arrange'] {
  if (selection === 'cyclic') return undefined;
  const seed = seedOf(randomState, options);
  return (columns, round) => {
    shuffle(columns, stream(seed, 'coordinates', round));
  };
}

/** Solves, and tells of every round. */
async function solveWatched(
  problem: ElasticNetProblem,
  penalty: Penalty,
  solving: SolveOptions,
  { options, deadline }: { options: FitOptions; deadline: Deadline },
) {
  const history: HistoryPoint[] = [];
  const { onProgress, signal } = options;
  const solution = await solveElasticNet(problem.descent, problem.penalties(penalty), {
    ...solving,
    onRound: ({ passes, objective }) => {
      const loss = problem.objectiveOf(objective);
      history.push({ iteration: history.length + 1, loss });
      onProgress?.({ what: 'pass', done: Math.max(1, passes), total: solving.maxPasses, metrics: { loss } });
      throwIfCancelled(signal);
      return deadline.passed;
    },
  });
  return { ...solution, history };
}

/** The loss on rows that are not learnt from, with the same penalty. */
async function validated(
  problem: ElasticNetProblem,
  penalty: Penalty,
  solution: Float64Array,
  columns: readonly RegisterColumn[],
  target: Target,
  options: FitOptions,
): Promise<number | undefined> {
  const { validation, signal } = options;
  if (!validation || validation.numRows === 0) return undefined;
  const held = readValidation(validation, columns, target, options);
  requireFinite('elastic-net', held.columns);
  const rows: Rows = { ...held, columns: held.columns.map(({ values }) => values) };
  const [error] = await problem.errorsOn(rows, [solution], signal);
  return 0.5 * error! + problem.sizeOf(penalty, solution);
}

function withLast(history: readonly HistoryPoint[], validationLoss: number): HistoryPoint[] {
  return history.map((point, k) => (k === history.length - 1 ? { ...point, validationLoss } : point));
}

/** A linear function of the columns whose coefficient is not 0; the program still takes every column of training. */
function lower(columns: readonly RegisterColumn[], coefficients: Float64Array, intercept: number) {
  const builder = new ProgramBuilder(inputsOf(columns));
  const register = builder.reserve();
  const inputs = columns.map((_, j) => j).filter((j) => coefficients[j] !== 0);
  builder.emit({
    op: 'linear',
    inputs,
    outputs: [register],
    coefficients: Float64Array.from(inputs, (j) => coefficients[j]!),
    intercepts: Float64Array.of(intercept),
  });
  return { program: builder.build([{ name: 'prediction', register, type: 'number' }]) };
}
