import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { blockSum, DesignMatrix, LinearProblem, type Scaling } from '../../engine/linear-algebra.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { minimizeLbfgs } from '../../training/lbfgs.js';
import { minimizeNewton } from '../../training/newton.js';
import type { MinimizeOptions, Minimum } from '../../training/objective.js';
import { certified, convergenceOf, verdictOf } from '../../training/verdict.js';
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
import { PenalizedLogLoss } from './objective.js';
import { type LogisticRegressionParameters, logisticRegressionParameters } from './parameters.js';

/** Columns up to which the whole curvature is worth its cost: beyond, limited memory is faster. */
const NEWTON_COLUMNS = 256;

/** Logistic regression with an L2 penalty: two classes by the logistic function, more by softmax. */
export class LogisticRegression implements Estimator {
  readonly name = 'linear';
  readonly task = 'classification';
  readonly declarations = logisticRegressionParameters;
  readonly parameters: LogisticRegressionParameters;

  constructor(parameters: Partial<LogisticRegressionParameters> = {}) {
    this.parameters = checkParameters('LogisticRegression', logisticRegressionParameters, parameters);
  }

  with(parameters: Partial<LogisticRegressionParameters>): LogisticRegression {
    return new LogisticRegression({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'classification');
    const weights = weightsOf(table, options);
    requireFinite('linear', columns);
    const engine = options.engine ?? (await defaultEngine());
    const fitted = await this.#solve(engine, columns, target, weights, options);
    const { minimum } = fitted;
    const convergence = convergenceOf('gradient norm', minimum.largestDerivative, this.parameters.tol);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      classes: target.classes!,
      ...lower(columns, target.classes!, fitted),
      interpretability: 'high',
      training: {
        rows: table.numRows,
        iterations: minimum.iterations,
        bestIteration: minimum.iterations,
        lossName: 'log loss',
        history: fitted.history,
        verdict: verdictOf({
          history: fitted.history,
          convergence,
          bestIteration: minimum.iterations,
          baselineLoss: fitted.baselineLoss,
        }),
        ...certified(convergence),
      },
    });
  }

  async #solve(
    engine: Engine,
    columns: readonly RegisterColumn[],
    target: Target,
    weights: Float64Array | undefined,
    options: FitOptions,
  ): Promise<Fitted> {
    const { signal } = options;
    const { C, fitIntercept, maxIter, tol } = this.parameters;
    const rows = target.values.length;
    const classCount = target.classes!.length;
    const binary = classCount === 2;
    const newton = binary && columns.length <= NEWTON_COLUMNS;
    const values = columns.map((column) => column.values);
    using design = await DesignMatrix.of(engine, values, { weights, centred: fitIntercept, signal });
    const loss = binary ? 'logistic' : 'softmax';
    using problem = new LinearProblem(design, loss, target.values, { weights, classCount, curvature: newton });
    const total = weights ? blockSum(rows, (row) => weights[row]!) : rows;
    const penalties = design.scaling.scales.map((scale) => 1 / (C * total * scale * scale));
    const objective = new PenalizedLogLoss(problem, total, penalties, fitIntercept, signal);
    using validation = await validationLoss(engine, columns, target, design.scaling, options);
    const history: HistoryPoint[] = [];
    const minimizeOptions: MinimizeOptions = {
      tolerance: tol,
      maxIterations: maxIter,
      onIteration: async (iteration, value, point) => {
        const metrics = { loss: value, ...(validation && { validationLoss: await validation.at(point) }) };
        history.push({ iteration, ...metrics });
        options.onProgress?.({ what: 'iteration', done: iteration, total: maxIter, metrics });
      },
    };
    const start = new Float64Array(objective.dimension);
    const minimum = newton
      ? await minimizeNewton(objective, start, minimizeOptions)
      : await minimizeLbfgs(objective, start, minimizeOptions);
    const baselineLoss = priorLoss(target.values, classCount, weights, total);
    return { minimum, scaling: design.scaling, history, baselineLoss };
  }
}

interface Fitted {
  readonly minimum: Minimum;
  readonly scaling: Scaling;
  readonly history: readonly HistoryPoint[];
  readonly baselineLoss: number;
}

/** The program: margins, probabilities, class. */
function lower(columns: readonly RegisterColumn[], classes: readonly string[], { minimum, scaling }: Fitted) {
  const count = columns.length;
  const outputCount = minimum.point.length / (count + 1);
  const scaled = new Float64Array(outputCount * count);
  const scaledIntercepts = new Float64Array(outputCount);
  for (let k = 0; k < outputCount; k++) {
    scaled.set(minimum.point.subarray(k * (count + 1), k * (count + 1) + count), k * count);
    scaledIntercepts[k] = minimum.point[k * (count + 1) + count]!;
  }
  const { coefficients, intercepts } = originalUnits(scaled, scaledIntercepts, scaling);
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = columns.map((_, j) => j);
  const first = builder.reserve(outputCount);
  const margins = Array.from({ length: outputCount }, (_, k) => first + k);
  builder.emit({ op: 'linear', inputs, outputs: margins, coefficients, intercepts });
  const probabilities = classes.length === 2 ? binaryProbabilities(builder, first) : softmax(builder, margins);
  return {
    program: builder.build(classificationOutputs(builder, probabilities, classes)),
    importances: importancesOf(columns, scaled),
  };
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

interface ValidationLoss extends Disposable {
  at(point: Float64Array): Promise<number>;
}

/** The mean log loss on rows that are not learnt from. */
async function validationLoss(
  engine: Engine,
  columns: readonly RegisterColumn[],
  target: Target,
  scaling: Scaling,
  { validation, signal }: FitOptions,
): Promise<ValidationLoss | undefined> {
  if (!validation || validation.numRows === 0) return undefined;
  const features = columns.map(({ name, labels }) => readRegister(validation, name, labels));
  requireFinite('linear', features);
  const classes = target.classes!;
  const held = validationTarget(validation, target.name, classes);
  const options = { centred: true, scaling, signal };
  const design = await DesignMatrix.of(
    engine,
    features.map((column) => column.values),
    options,
  );
  const loss = classes.length === 2 ? 'logistic' : 'softmax';
  const problem = new LinearProblem(design, loss, held, { classCount: classes.length });
  return {
    at: async (point) => (await problem.evaluate(point, signal)).loss / held.length,
    [Symbol.dispose]() {
      problem[Symbol.dispose]();
      design[Symbol.dispose]();
    },
  };
}

/** Class indices by the labels of training. */
function validationTarget(table: Table, name: string, classes: readonly string[]): Float64Array {
  const { values, type, labels } = readRegister(table, name);
  const position = new Map(classes.map((label, index) => [label, index]));
  return values.map((value) => {
    const label = type === 'category' ? labels![value] : type === 'boolean' ? String(value === 1) : String(value);
    const index = position.get(String(label));
    if (index !== undefined && !Number.isNaN(value)) return index;
    const shown = Number.isNaN(value) ? 'a missing value' : `"${label}"`;
    throw new LanewiseError(
      'data',
      `Expected a class seen in training in validation target "${name}" but received ${shown}`,
      {
        column: name,
        hint: `The classes are: ${classes.slice(0, 20).join(', ')}`,
      },
    );
  });
}

/** The log loss of predicting the shares of the classes. */
function priorLoss(codes: Float64Array, classCount: number, weights: Float64Array | undefined, total: number): number {
  let loss = 0;
  for (let k = 0; k < classCount; k++) {
    const share = blockSum(codes.length, (row) => (codes[row] === k ? (weights ? weights[row]! : 1) : 0)) / total;
    if (share > 0) loss -= share * log(share);
  }
  return loss;
}
