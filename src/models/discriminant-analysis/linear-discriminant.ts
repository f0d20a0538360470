import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { timesPowerOfTwo } from '../../engine/linear-algebra/double-double.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { featureColumns, inputsOf, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { importancesOf } from '../linear/coefficients.js';
import { type Analysis, analyse, type ClassMoments, covarianceOf } from './class-moments.js';
import { finishDiscriminant, logitOutputs, softmaxOutputs } from './finish.js';
import { type LinearDiscriminantParameters, linearDiscriminantParameters } from './parameters.js';
import { solveCovariance, solveWithin } from './solve.js';

/**
 * Linear discriminant analysis: classes are normal with one covariance, so that the log-odds are linear (Fisher 1936;
 * Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.3). Weights are taken by their ratios.
 */
export class LinearDiscriminantAnalysis implements Estimator {
  readonly name = 'linear-discriminant-analysis';
  readonly task = 'classification';
  readonly declarations = linearDiscriminantParameters;
  readonly parameters: LinearDiscriminantParameters;

  constructor(parameters: Partial<LinearDiscriminantParameters> = {}) {
    this.parameters = checkParameters('LinearDiscriminantAnalysis', linearDiscriminantParameters, parameters);
    const { solver, shrinkage } = this.parameters;
    if (solver === 'svd' && shrinkage !== 'none') {
      throw new LanewiseError('usage', `Expected no shrinkage with solver svd but received ${shrinkage}`, {
        hint: 'The solvers lsqr and eigen shrink covariances; svd never forms them.',
      });
    }
  }

  with(parameters: Partial<LinearDiscriminantParameters>): LinearDiscriminantAnalysis {
    return new LinearDiscriminantAnalysis({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'classification');
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const engine = options.engine ?? (await defaultEngine());
    const analysis = analyse(columns, target, weights, this.parameters.priors);
    const { directions, left } = await this.#solve(engine, analysis, options.signal);
    const lowered = lower(columns, target, analysis, directions);
    return finishDiscriminant(
      this,
      { ...lowered, target, columns, warnings: warningsOf(left), interpretability: 'high' },
      table,
      options,
      engine,
    );
  }

  /** By class, Σ⁻¹·(mean − mean of the means by the priors), in the units of the analysis; and how much was left out. */
  async #solve(engine: Engine, analysis: Analysis, signal?: AbortSignal): Promise<Directions> {
    const { classes, priors } = analysis;
    const { solver, shrinkage, tol } = this.parameters;
    const size = analysis.active.length;
    if (size === 0) return { directions: classes.map(() => new Float64Array(0)), left: 0 };
    const middle = middleOf(classes, priors);
    const offsets = classes.map(({ mean, rows }) => mean.map((value, j) => (rows > 0 ? value - middle[j]! : 0)));
    if (solver === 'svd') return solveWithin(engine, analysis, offsets, tol, signal);
    const pooled = new Float64Array(size * size);
    for (const [k, moments] of classes.entries()) {
      const covariance = await covarianceOf(engine, analysis, moments, shrinkage, signal);
      for (let i = 0; i < pooled.length; i++) pooled[i]! += priors[k]! * covariance[i]!;
    }
    return solveCovariance(engine, pooled, offsets, solver === 'eigen', signal);
  }
}

interface Directions {
  readonly directions: readonly Float64Array[];
  readonly left: number;
}

function middleOf(classes: readonly ClassMoments[], priors: Float64Array): Float64Array {
  return classes[0]!.mean.map((_, j) => classes.reduce((sum, { mean }, k) => sum + priors[k]! * mean[j]!, 0));
}

/**
 * The score of class k at z is d·(z − middle) − ½·d·(mean − middle) + ln prior, d its direction. Of two classes, the
 * difference of the scores; of more, all of them, softmax behind.
 */
function lower(
  columns: readonly RegisterColumn[],
  { classes: labels }: Target,
  analysis: Analysis,
  directions: readonly Float64Array[],
) {
  const { active, units, classes, priors } = analysis;
  const middle = middleOf(classes, priors);
  const coefficients = new Float64Array(classes.length * columns.length);
  const intercepts = new Float64Array(classes.length);
  const standardised = new Float64Array(coefficients.length);
  const deviations = deviationsOf(analysis);
  classes.forEach(({ mean }, k) => {
    let intercept = log(priors[k]!);
    active.forEach((column, j) => {
      const { shift, exponent } = units[column]!;
      const direction = directions[k]![j]!;
      const coefficient = timesPowerOfTwo(direction, -exponent);
      coefficients[k * columns.length + column] = coefficient;
      standardised[k * columns.length + column] = direction * deviations[j]!;
      intercept -= direction * (middle[j]! + 0.5 * (mean[j]! - middle[j]!)) + coefficient * shift;
    });
    intercepts[k] = intercept;
  });
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = columns.map((_, j) => j);
  const binary = labels!.length === 2;
  const scores = binary ? differenceOf(coefficients, intercepts) : { coefficients, intercepts };
  requireRange([...scores.coefficients, ...intercepts.filter((_, k) => priors[k]! > 0)]);
  const first = builder.reserve(scores.intercepts.length);
  const outputs = Array.from(scores.intercepts, (_, k) => first + k);
  builder.emit({ op: 'linear', inputs, outputs, ...scores });
  const probabilities = binary ? logitOutputs(builder, first) : softmaxOutputs(builder, outputs);
  return { builder, probabilities, importances: importancesOf(columns, standardised) };
}

/** Of the active columns, over all rows, about their middles. */
function deviationsOf({ classes, active, rowCount }: Analysis): Float64Array {
  const means = middleOf(
    classes,
    Float64Array.from(classes, ({ weight }) => weight / rowCount),
  );
  return Float64Array.from(active, (_, j) => {
    const squares = classes.reduce((sum, { centred, mean, weights, weight }) => {
      const within = centred[j]!.reduce((part, value, i) => part + (weights ? weights[i]! : 1) * value * value, 0);
      return sum + within + weight * (mean[j]! - means[j]!) ** 2;
    }, 0);
    return Math.sqrt(squares / rowCount);
  });
}

function differenceOf(coefficients: Float64Array, intercepts: Float64Array) {
  const count = coefficients.length / 2;
  const difference = coefficients.subarray(count).map((value, j) => value - coefficients[j]!);
  return { coefficients: difference, intercepts: Float64Array.of(intercepts[1]! - intercepts[0]!) };
}

function requireRange(coefficients: readonly number[]): void {
  if (coefficients.every(Number.isFinite)) return;
  throw new LanewiseError('data', 'Expected coefficients within the range of numbers but some are not', {
    hint: 'A column is very small or hardly varies; measure it in other units, or leave it out.',
  });
}

function warningsOf(left: number): TrainingWarning[] {
  if (left === 0) return [];
  const message = `${left} ${left === 1 ? 'direction' : 'directions'} of the features do not vary within classes and were left out`;
  return [{ name: 'singular-covariance', message }];
}
