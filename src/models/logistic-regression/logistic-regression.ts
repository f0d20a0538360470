import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { blockSum } from '../../engine/linear-algebra.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { certified, verdictOf } from '../../training/verdict.js';
import { type ClassWeights, classFactors, weighClasses } from '../class-weights.js';
import {
  classificationOutputs,
  featureColumns,
  inputsOf,
  requireFinite,
  type Target,
  targetOf,
  weightsOf,
} from '../features.js';
import { importancesOf, originalUnits } from '../linear/coefficients.js';
import { makeModel } from '../model.js';
import { fitPenalized, type PenalizedFit, type PenalizedProblem } from '../penalized-fit.js';
import { lowerMixedLinear, mixedFeatures, mixedImportances } from '../texts.js';
import { readValidation } from '../validation.js';
import { type LogisticRegressionParameters, logisticRegressionParameters } from './parameters.js';

/** Logistic regression: two classes by the logistic function, more by softmax; with an L2, an L1, both or no penalty. */
export class LogisticRegression implements Estimator {
  readonly name = 'linear';
  readonly task = 'classification';
  readonly declarations: ParameterDeclarations = logisticRegressionParameters;
  readonly parameters: LogisticRegressionParameters;

  constructor(parameters: Partial<LogisticRegressionParameters> = {}) {
    this.parameters = checkParameters('LogisticRegression', logisticRegressionParameters, parameters);
  }

  with(parameters: Partial<LogisticRegressionParameters>): LogisticRegression {
    return new LogisticRegression({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options, { sparse: true });
    const target = targetOf(table, options, 'classification');
    const weights = classWeightsOf(target, weightsOf(table, options), this.parameters.classWeight);
    requireFinite('linear', columns);
    const engine = options.engine ?? (await defaultEngine());
    const problem = problemOf(this.parameters, columns, target, weights, options);
    const hasTexts = columns.some(({ type }) => type === 'text');
    const fitted = await fitPenalized(engine, problem, options, this.#isFree() && !hasTexts);
    const { minimum, history, convergence } = fitted;
    const lowered = lower(columns, target.classes!, fitted);
    const baselineLoss = priorLoss(target.values, target.classes!.length, weights, fitted.totalWeight);
    const warnings = this.#isFree() ? warningsOf(fitted) : [];
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      classes: target.classes!,
      ...lowered,
      interpretability: 'high',
      training: {
        rows: table.numRows,
        iterations: minimum.iterations,
        bestIteration: minimum.iterations,
        lossName: problem.l1 + problem.l2 > 0 ? 'log loss with its penalty' : 'log loss',
        history,
        verdict: [
          verdictOf({ history, convergence, bestIteration: minimum.iterations, baselineLoss }),
          ...remarksOf(fitted, warnings),
        ].join('; '),
        ...certified(convergence, warnings),
      },
    });
  }

  /** No penalty holds the coefficients: the data alone decide whether they are finite and unique. */
  #isFree(): boolean {
    return this.parameters.penalty === 'none';
  }
}

function problemOf(
  { C, penalty, l1Ratio, fitIntercept, maxIter, tol, solver }: LogisticRegressionParameters,
  columns: readonly RegisterColumn[],
  target: Target,
  weights: Float64Array | undefined,
  options: FitOptions,
): PenalizedProblem {
  const classCount = target.classes!.length;
  const rows = target.values.length;
  const total = weights ? blockSum(rows, (row) => weights[row]!) : rows;
  const share = { none: 0, l1: 1, l2: 0, elasticnet: l1Ratio }[penalty]!;
  const strength = penalty === 'none' ? 0 : 1 / C / total;
  const { validation } = options;
  return {
    loss: classCount === 2 ? 'logistic' : 'softmax',
    classCount,
    columns,
    target: target.values,
    weights,
    l1: share * strength,
    l2: (1 - share) * strength,
    fitIntercept,
    solver,
    tolerance: tol,
    maxIterations: maxIter,
    ...(validation && validation.numRows > 0 && { validation: readValidation(validation, columns, target, options) }),
  };
}

/** @throws LanewiseError `data` where no row of a class weighs anything. */
function classWeightsOf(
  { values, classes, name }: Target,
  weights: Float64Array | undefined,
  classWeight: ClassWeights,
): Float64Array | undefined {
  if (!weights && classWeight === null) return undefined;
  const rows = Uint32Array.from(values.keys()).filter((row) => !weights || weights[row]! > 0);
  const factors = classFactors(classWeight, { targets: values, classes: classes!, rows });
  const weighed = weighClasses(values, factors, weights);
  if (!weighed) return undefined;
  const totals = new Float64Array(classes!.length);
  for (let row = 0; row < values.length; row++) totals[values[row]!]! += weighed[row]!;
  const empty = totals.findIndex((total) => total === 0);
  if (empty < 0) return weighed;
  const message = `Expected rows of every class of "${name}" with a weight above 0 but "${classes![empty]}" has none`;
  const hint = 'Leave the rows of that class out, or give them weight.';
  throw new LanewiseError('data', message, { column: name, hint });
}

function remarksOf({ outOfTime, seconds }: PenalizedFit, warnings: readonly TrainingWarning[]): string[] {
  const remarks = warnings.map(({ name }) =>
    name === 'separable' ? 'the classes are separable' : `columns are ${name}`,
  );
  return outOfTime ? [`time budget of ${seconds} s used up`, ...remarks] : remarks;
}

/** What a fit without a penalty may not have: an end, or one solution. */
function warningsOf(fitted: PenalizedFit): TrainingWarning[] {
  const separable = isSeparable(fitted);
  const warnings: TrainingWarning[] = [];
  if (separable) {
    const message =
      'a boundary parts the rows of classes, so the coefficients grow for ever: only their direction means something; add a penalty';
    warnings.push({ name: 'separable', message });
  } else if (fitted.singular) {
    const message = 'some columns follow from others, so many coefficients fit alike; the shortest were taken';
    warnings.push({ name: 'collinear', message });
  }
  return warnings;
}

/**
 * Where a boundary parts classes, slope and curvature fall together along its direction: at the tolerance, Newton's next
 * step is as long as ever. Elsewhere it is next to nothing.
 */
function isSeparable({ minimum, convergence, furtherStep = 0, parted }: PenalizedFit): boolean {
  if (parted) return true;
  return convergence.reached && furtherStep > 0.02 && minimum.point.some((value) => Math.abs(value) > 3);
}

/** The program: margins, probabilities, class. */
function lower(
  columns: readonly RegisterColumn[],
  classes: readonly string[],
  { minimum, scaling, spreads }: PenalizedFit,
) {
  const features = mixedFeatures(columns);
  const { count } = features;
  const outputCount = minimum.point.length / (count + 1);
  const scaled = new Float64Array(outputCount * count);
  const scaledIntercepts = new Float64Array(outputCount);
  for (let k = 0; k < outputCount; k++) {
    scaled.set(minimum.point.subarray(k * (count + 1), k * (count + 1) + count), k * count);
    scaledIntercepts[k] = minimum.point[k * (count + 1) + count]!;
  }
  const { coefficients, intercepts } = originalUnits(scaled, scaledIntercepts, scaling);
  const builder = new ProgramBuilder(inputsOf(columns));
  const byFeature = transposed(coefficients, outputCount, count);
  const margins = lowerMixedLinear(builder, features, byFeature, intercepts);
  const probabilities = classes.length === 2 ? binaryProbabilities(builder, margins[0]!) : softmax(builder, margins);
  return {
    program: builder.build(classificationOutputs(builder, probabilities, classes)),
    importances: spreads ? mixedImportances(features, scaled, spreads) : importancesOf(columns, scaled),
  };
}

/** Rows of a row-major matrix as its columns. */
function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

function binaryProbabilities(builder: ProgramBuilder, margin: number): number[] {
  const positive = builder.add({ op: 'unary', in: margin, function: 'sigmoid' });
  const one = builder.add({ op: 'constant', value: 1 });
  return [builder.add({ op: 'binary', left: one, right: positive, operator: 'subtract' }), positive];
}

function softmax(builder: ProgramBuilder, margins: readonly number[]): number[] {
  const first = builder.reserve(margins.length);
  const outputs = margins.map((_, k) => first + k);
  builder.emit({ op: 'softmax', inputs: margins, outputs });
  return outputs;
}

/** The log loss of predicting the shares of the classes. */
function priorLoss(codes: Float64Array, classCount: number, weights: Float64Array | undefined, total: number): number {
  const totals = new Float64Array(classCount);
  for (let row = 0; row < codes.length; row++) totals[codes[row]!]! += weights ? weights[row]! : 1;
  let loss = 0;
  for (const sum of totals) if (sum > 0) loss -= (sum / total) * log(sum / total);
  return loss;
}
