import type { Table } from 'apache-arrow';
import type { Engine } from '../../engine/engine.js';
import { log } from '../../kernels/elementary.js';
import type { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model, TrainingWarning } from '../../table/interfaces.js';
import { classificationOutputs, type Target, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { readValidation } from '../validation.js';

/** What a discriminant analysis found. */
export interface Discriminant {
  readonly builder: ProgramBuilder;
  /** Registers, by class. */
  readonly probabilities: readonly number[];
  readonly target: Target;
  readonly columns: readonly RegisterColumn[];
  readonly importances?: Readonly<Record<string, number>>;
  readonly warnings: readonly TrainingWarning[];
  readonly interpretability: Model['interpretability'];
}

/** Probabilities of two classes from the log-odds of the second. */
export function logitOutputs(builder: ProgramBuilder, logit: number): number[] {
  const positive = builder.add({ op: 'unary', in: logit, function: 'sigmoid' });
  const one = builder.add({ op: 'constant', value: 1 });
  return [builder.add({ op: 'binary', left: one, right: positive, operator: 'subtract' }), positive];
}

export function softmaxOutputs(builder: ProgramBuilder, scores: readonly number[]): number[] {
  const first = builder.reserve(scores.length);
  const outputs = scores.map((_, k) => first + k);
  builder.emit({ op: 'softmax', inputs: scores, outputs });
  return outputs;
}

/** The model, its learning curve of one point: the log loss on the rows learnt from, and on those of validation. */
export async function finishDiscriminant(
  estimator: Estimator,
  found: Discriminant,
  table: Table,
  options: FitOptions,
  engine: Engine,
): Promise<Model> {
  const { builder, probabilities, target, columns, importances, warnings, interpretability } = found;
  const model = makeModel({
    estimator: estimator.name,
    task: estimator.task,
    parameters: estimator.parameters,
    target: target.name,
    classes: target.classes!,
    program: builder.build(classificationOutputs(builder, probabilities, target.classes!)),
    training: {
      rows: table.numRows,
      iterations: 1,
      bestIteration: 1,
      lossName: 'log loss',
      history: [],
      verdict: 'solved directly',
      ...(warnings.length > 0 && { warnings }),
    },
    importances,
    interpretability,
  });
  const loss = await logLoss(model, table, target.values, weightsOf(table, options), options, engine);
  options.onProgress?.({ what: 'iteration', done: 1, total: 1, metrics: { loss } });
  const point: HistoryPoint = { iteration: 1, loss, ...(await heldOutLoss(model, columns, target, options, engine)) };
  return { ...model, training: { ...model.training, history: [point] } };
}

async function heldOutLoss(
  model: Model,
  columns: readonly RegisterColumn[],
  target: Target,
  options: FitOptions,
  engine: Engine,
): Promise<{ validationLoss?: number }> {
  const { validation } = options;
  if (!validation || validation.numRows === 0) return {};
  const held = readValidation(validation, columns, target, options);
  return { validationLoss: await logLoss(model, validation, held.target, held.weights, options, engine) };
}

/** Probabilities below 2^-52 count as that, so that one row does not make the loss infinite. */
async function logLoss(
  model: Model,
  table: Table,
  codes: Float64Array,
  weights: Float64Array | undefined,
  { signal }: FitOptions,
  engine: Engine,
): Promise<number> {
  const predicted = await model.predict(table, { engine, signal });
  const columns = model.classes!.map((label) => predicted.getChild(`probability_${label}`)!);
  let [sum, total] = [0, 0];
  for (let row = 0; row < codes.length; row++) {
    const weight = weights ? weights[row]! : 1;
    sum -= weight * log(Math.max(2 ** -52, columns[codes[row]!]!.get(row) as number));
    total += weight;
  }
  return sum / total;
}
