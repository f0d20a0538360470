import type { Table } from 'apache-arrow';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model, Training } from '../../table/interfaces.js';
import { classificationOutputs, featureColumns, inputsOf, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import {
  classifierParameters,
  type DummyClassifierParameters,
  type DummyRegressorParameters,
  regressorParameters,
} from './parameters.js';

/** Predicts the mean (or median) of the training targets, whatever the features: what every regressor has to beat. */
export class DummyRegressor implements Estimator {
  readonly name = 'dummy';
  readonly task = 'regression';
  readonly declarations = regressorParameters;
  readonly parameters: DummyRegressorParameters;

  constructor(parameters: Partial<DummyRegressorParameters> = {}) {
    this.parameters = checkParameters('DummyRegressor', regressorParameters, parameters);
  }

  with(parameters: Partial<DummyRegressorParameters>): DummyRegressor {
    return new DummyRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'regression');
    const weights = weightsOf(table, options) ?? new Float64Array(target.values.length).fill(1);
    const value =
      this.parameters.strategy === 'mean'
        ? weightedMean(target.values, weights)
        : weightedMedian(target.values, weights);
    const builder = new ProgramBuilder(inputsOf(columns));
    const register = builder.add({ op: 'constant', value });
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: builder.build([{ name: 'prediction', register, type: 'number' }]),
      training: nothingLearnt(table.numRows, 'squared'),
      interpretability: 'high',
    });
  }
}

/** Predicts the most frequent class, with the shares of the classes as probabilities, whatever the features. */
export class DummyClassifier implements Estimator {
  readonly name = 'dummy';
  readonly task = 'classification';
  readonly declarations = classifierParameters;
  readonly parameters: DummyClassifierParameters;

  constructor(parameters: Partial<DummyClassifierParameters> = {}) {
    this.parameters = checkParameters('DummyClassifier', classifierParameters, parameters);
  }

  with(parameters: Partial<DummyClassifierParameters>): DummyClassifier {
    return new DummyClassifier({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'classification');
    const classes = target.classes!;
    const shares = new Float64Array(classes.length).fill(this.parameters.strategy === 'uniform' ? 1 : 0);
    if (this.parameters.strategy === 'prior') addShares(shares, target.values, weightsOf(table, options));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const builder = new ProgramBuilder(inputsOf(columns));
    const probabilities = [...shares].map((share) => builder.add({ op: 'constant', value: share / total }));
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      classes,
      program: builder.build(classificationOutputs(builder, probabilities, classes)),
      training: nothingLearnt(table.numRows, 'log loss'),
      interpretability: 'high',
    });
  }
}

function nothingLearnt(rows: number, lossName: string): Training {
  const verdict = 'baseline: learns nothing from the features';
  return { rows, iterations: 1, bestIteration: 1, lossName, history: [], verdict };
}

function addShares(shares: Float64Array, codes: Float64Array, weights: Float64Array | undefined): void {
  for (let row = 0; row < codes.length; row++) shares[codes[row]!]! += weights ? weights[row]! : 1;
}

function weightedMean(values: Float64Array, weights: Float64Array): number {
  let [sum, total] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    sum += weights[row]! * values[row]!;
    total += weights[row]!;
  }
  return sum / total;
}

/** The value with half of the weight on either side; the mean of two where the middle falls between them. */
function weightedMedian(values: Float64Array, weights: Float64Array): number {
  const order = Uint32Array.from(values, (_, row) => row).sort((a, b) => values[a]! - values[b]! || a - b);
  const half = order.reduce((sum, row) => sum + weights[row]!, 0) / 2;
  let below = 0;
  for (let place = 0; place < order.length; place++) {
    const row = order[place]!;
    below += weights[row]!;
    if (below > half) return values[row]!;
    if (below === half) {
      const next = order.subarray(place + 1).find((other) => weights[other]! > 0) ?? row;
      return (values[row]! + values[next]!) / 2;
    }
  }
  return values[order.at(-1)!]!;
}
