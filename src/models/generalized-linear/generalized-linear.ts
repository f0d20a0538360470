import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { blockSum, type LinearLossName } from '../../engine/linear-algebra.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { log, pow } from '../../kernels/elementary.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { certified, verdictOf } from '../../training/verdict.js';
import { featureColumns, inputsOf, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { importancesOf, originalUnits } from '../linear/coefficients.js';
import { makeModel } from '../model.js';
import { fitPenalized, type PenalizedFit, type PenalizedProblem } from '../penalized-fit.js';
import { readValidation, type ValidationRows } from '../validation.js';
import {
  type GammaParameters,
  gammaParameters,
  type PoissonParameters,
  poissonParameters,
  type TweedieParameters,
  tweedieParameters,
} from './parameters.js';

/** Counts and rates: the logarithm of the mean is linear, the variance equals the mean. */
export class PoissonRegressor implements Estimator {
  readonly name = 'poisson';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = poissonParameters;
  readonly parameters: PoissonParameters;

  constructor(parameters: Partial<PoissonParameters> = {}) {
    this.parameters = checkParameters('PoissonRegressor', poissonParameters, parameters);
  }

  with(parameters: Partial<PoissonParameters>): PoissonRegressor {
    return new PoissonRegressor({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitGeneralized(this, { ...this.parameters, power: 1, link: 'log' }, table, options);
  }
}

/** Amounts above 0: the logarithm of the mean is linear, the deviation is a share of the mean. */
export class GammaRegressor implements Estimator {
  readonly name = 'gamma';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = gammaParameters;
  readonly parameters: GammaParameters;

  constructor(parameters: Partial<GammaParameters> = {}) {
    this.parameters = checkParameters('GammaRegressor', gammaParameters, parameters);
  }

  with(parameters: Partial<GammaParameters>): GammaRegressor {
    return new GammaRegressor({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitGeneralized(this, { ...this.parameters, power: 2, link: 'log' }, table, options);
  }
}

/**
 * The family of both: the variance is a power of the mean. Jørgensen, "Exponential dispersion models", 1987.
 */
export class TweedieRegressor implements Estimator {
  readonly name = 'tweedie';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = tweedieParameters;
  readonly parameters: TweedieParameters;

  constructor(parameters: Partial<TweedieParameters> = {}) {
    this.parameters = checkParameters('TweedieRegressor', tweedieParameters, parameters);
    const { power } = this.parameters;
    if (power > 0 && power < 1) throw invalid('power of TweedieRegressor', 'a number not between 0 and 1', power);
  }

  with(parameters: Partial<TweedieParameters>): TweedieRegressor {
    return new TweedieRegressor({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { power, link } = this.parameters;
    const chosen = link === 'auto' ? (power <= 0 ? 'identity' : 'log') : link;
    return fitGeneralized(this, { ...this.parameters, link: chosen }, table, options);
  }
}

interface Settings extends PoissonParameters {
  readonly power: number;
  readonly link: string;
}

async function fitGeneralized(
  estimator: Pick<Estimator, 'name' | 'parameters'>,
  settings: Settings,
  table: Table,
  options: FitOptions,
): Promise<Model> {
  throwIfCancelled(options.signal);
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'regression');
  const weights = weightsOf(table, options);
  requireFinite(estimator.name, columns);
  requireDomain(estimator.name, settings, target, weights);
  const engine = options.engine ?? (await defaultEngine());
  const unit = unitOf(target.values, weights);
  const { validation: held } = options;
  const validation =
    held && held.numRows > 0 ? divided(readValidation(held, columns, { name: target.name }, options), unit) : undefined;
  const problem = problemOf(settings, columns, target, weights, unit);
  const fitted = await fitPenalized(engine, { ...problem, ...(validation && { validation }) }, options);
  const { minimum, convergence } = fitted;
  // The loss as it is in the data's units, up to what no coefficient changes.
  const scale = pow(unit, 2 - settings.power);
  const history = fitted.history.map((point) => ({
    ...point,
    loss: scale * point.loss,
    ...(point.validationLoss !== undefined && { validationLoss: scale * point.validationLoss }),
  }));
  const collinear = settings.alpha === 0 && fitted.singular;
  const message = 'some columns follow from others, so many coefficients fit alike; the shortest were taken';
  const lowered = lower(columns, fitted, settings.link, unit);
  requireFiniteFit(estimator.name, lowered.coefficients);
  return makeModel({
    estimator: estimator.name,
    task: 'regression',
    parameters: estimator.parameters,
    target: target.name,
    program: lowered.program,
    ...(lowered.importances && { importances: lowered.importances }),
    interpretability: 'high',
    training: {
      rows: table.numRows,
      iterations: minimum.iterations,
      bestIteration: minimum.iterations,
      lossName: 'half deviance with its penalty, less its constant part',
      history,
      verdict: [
        verdictOf({ history: shifted(fitted.history), convergence, bestIteration: minimum.iterations }),
        ...(fitted.outOfTime ? [`time budget of ${fitted.seconds} s used up`] : []),
        ...(collinear ? ['columns are collinear'] : []),
      ].join('; '),
      ...certified(convergence, collinear ? [{ name: 'collinear', message }] : []),
    },
  });
}

/** Losses without their constant part may be below 0; a verdict compares their sizes. */
function shifted(history: PenalizedFit['history']) {
  const least = history.reduce((low, { loss, validationLoss = loss }) => Math.min(low, loss, validationLoss), 0);
  return history.map((point) => ({
    ...point,
    loss: point.loss - least,
    ...(point.validationLoss !== undefined && { validationLoss: point.validationLoss - least }),
  }));
}

function problemOf(
  { power, link, alpha, fitIntercept, solver, tol, maxIter }: Settings,
  columns: readonly RegisterColumn[],
  { values, name }: Target,
  weights: Float64Array | undefined,
  unit: number,
): PenalizedProblem {
  const target = values.map((value) => value / unit);
  const mean = weightedMean(target, weights);
  if (link === 'identity' && power !== 0 && !fitIntercept) {
    throw new LanewiseError('unsupported', `Expected an intercept for "${name}": without one the first mean is 0`, {
      hint: 'Set fitIntercept, or take the link log.',
    });
  }
  const loss = lossOf(power, link);
  // Beyond these powers the loss is not convex: the expected curvature still is a curvature.
  const expected = link === 'identity' ? power !== 0 && power !== 1 : power < 1 || power > 2;
  return {
    ...loss,
    ...(expected && { b: 1 }),
    columns,
    target,
    weights,
    // In units of the mean the loss is smaller by unit^(2 − power), and with the link identity the coefficients by unit.
    l2: alpha * pow(unit, link === 'identity' ? power : power - 2),
    l1: 0,
    fitIntercept,
    solver,
    tolerance: tol,
    maxIterations: maxIter,
    intercepts: fitIntercept ? Float64Array.of(link === 'identity' ? mean : log(mean)) : new Float64Array(1),
  };
}

function lossOf(power: number, link: string): { loss: LinearLossName; a?: number } {
  if (link === 'identity') return power === 0 ? { loss: 'squared' } : { loss: 'tweedie-identity', a: power };
  if (power === 1) return { loss: 'poisson' };
  return power === 2 ? { loss: 'gamma' } : { loss: 'tweedie', a: power };
}

function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  const total = weights ? blockSum(values.length, (row) => weights[row]!) : values.length;
  return blockSum(values.length, (row) => (weights ? weights[row]! : 1) * values[row]!) / total;
}

/** What targets are counted in, so that no scale is too large or too small: their mean size, as a power of two. */
function unitOf(values: Float64Array, weights: Float64Array | undefined): number {
  const mean = weightedMean(values.map(Math.abs), weights);
  if (!(mean > 0 && mean < Number.POSITIVE_INFINITY)) return 1;
  let unit = 1;
  while (2 * unit <= mean && unit < 1e300) unit *= 2;
  while (unit > mean && unit > 1e-300) unit /= 2;
  return unit;
}

function divided(rows: ValidationRows, unit: number): ValidationRows {
  return { ...rows, target: rows.target.map((value) => value / unit) };
}

/** @throws LanewiseError `data` for targets that the distribution cannot have. */
function requireDomain(
  name: string,
  { power, link }: Settings,
  target: Target,
  weights: Float64Array | undefined,
): void {
  const above = power >= 2;
  const from = power >= 1;
  const wrong = from ? target.values.findIndex((value) => (above ? value <= 0 : value < 0)) : -1;
  if (wrong >= 0) {
    const expected = above ? 'above 0' : 'of at least 0';
    const received = target.values[wrong];
    const message = `Expected targets ${expected} for ${name}${power > 2 || power < 2 ? ` (power ${power})` : ''} but "${target.name}" holds ${received}`;
    const hint = 'Take the model linear, or huber, for targets of any sign.';
    throw new LanewiseError('data', message, { column: target.name, row: wrong + 1, hint });
  }
  const needsMean = link === 'log' || power !== 0;
  if (needsMean && !(weightedMean(target.values, weights) > 0)) {
    const message = `Expected a mean above 0 in target "${target.name}" for ${name}: its logarithm is linear`;
    throw new LanewiseError('data', message, { column: target.name, hint: 'Take the model linear.' });
  }
}

/** @throws LanewiseError `data` where coefficients left the range of numbers. */
function requireFiniteFit(name: string, coefficients: Float64Array): void {
  if (coefficients.every(Number.isFinite)) return;
  throw new LanewiseError(
    'data',
    `Expected columns of a scale that ${name} can compute with but coefficients overflowed`,
    {
      hint: 'Divide very large or very small columns by a common factor, or scale them.',
    },
  );
}

/** The program: the linear score, and its exponential where the link is the logarithm. */
function lower(columns: readonly RegisterColumn[], fitted: PenalizedFit, link: string, unit: number) {
  const { point } = fitted.minimum;
  const count = columns.length;
  const scaled = point.slice(0, count);
  const { coefficients, intercepts } = originalUnits(scaled, point.slice(count), fitted.scaling);
  const builder = new ProgramBuilder(inputsOf(columns));
  const score = builder.reserve();
  const inputs = columns.map((_, j) => j);
  if (link === 'identity') {
    coefficients.forEach((value, j) => {
      coefficients[j] = unit * value;
    });
    intercepts[0]! *= unit;
  } else intercepts[0]! += log(unit);
  builder.emit({ op: 'linear', inputs, outputs: [score], coefficients, intercepts });
  const register = link === 'identity' ? score : builder.add({ op: 'unary', in: score, function: 'exp' });
  return {
    program: builder.build([{ name: 'prediction', register, type: 'number' }]),
    coefficients: Float64Array.of(...coefficients, ...intercepts),
    importances: scaled.some((value) => value !== 0) ? importancesOf(columns, scaled) : undefined,
  };
}
