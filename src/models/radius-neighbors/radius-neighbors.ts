import type { Table } from 'apache-arrow';
import { throwIfCancelled, unknownName } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { classificationOutputs, inputsOf, targetOf } from '../features.js';
import { type Asking, askedPoints, emitMean, emitVotes, takeValues } from '../k-nearest-neighbors/asked-points.js';
import { stored } from '../k-nearest-neighbors/k-nearest-neighbors.js';
import { makeModel } from '../model.js';
import {
  type RadiusClassifierParameters,
  type RadiusRegressorParameters,
  radiusClassifierParameters,
  radiusRegressorParameters,
} from './parameters.js';

/** The mean of the targets of the training rows within a radius; a row that has none gets no prediction. */
export class RadiusNeighborsRegressor implements Estimator {
  readonly name = 'radius-neighbors';
  readonly task = 'regression';
  readonly declarations = radiusRegressorParameters;
  readonly parameters: RadiusRegressorParameters;

  constructor(parameters: Partial<RadiusRegressorParameters> = {}) {
    this.parameters = checkParameters('RadiusNeighborsRegressor', radiusRegressorParameters, parameters);
  }

  with(parameters: Partial<RadiusRegressorParameters>): RadiusNeighborsRegressor {
    return new RadiusNeighborsRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const target = targetOf(table, options, 'regression');
    const asked = askedPoints(this.name, table, options, asking(this.parameters));
    const builder = new ProgramBuilder(inputsOf(asked.columns));
    const register = emitMean(builder, asked, asking(this.parameters), takeValues(target.values, asked.rows));
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: builder.build([{ name: 'prediction', register, type: 'number' }]),
      training: stored(table.numRows, 'squared'),
      interpretability: 'medium',
    });
  }
}

/** The class that most of the training rows within a radius have. */
export class RadiusNeighborsClassifier implements Estimator {
  readonly name = 'radius-neighbors';
  readonly task = 'classification';
  readonly declarations = radiusClassifierParameters;
  readonly parameters: RadiusClassifierParameters;

  constructor(parameters: Partial<RadiusClassifierParameters> = {}) {
    this.parameters = checkParameters('RadiusNeighborsClassifier', radiusClassifierParameters, parameters);
  }

  with(parameters: Partial<RadiusClassifierParameters>): RadiusNeighborsClassifier {
    return new RadiusNeighborsClassifier({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const target = targetOf(table, options, 'classification');
    const asked = askedPoints(this.name, table, options, asking(this.parameters));
    const classes = target.classes!;
    const builder = new ProgramBuilder(inputsOf(asked.columns));
    const codes = takeValues(target.values, asked.rows);
    const otherwise = sharesOfOutliers(this.parameters.outlierLabel, codes, asked.weights, classes);
    const probabilities = emitVotes(builder, asked, asking(this.parameters), codes, classes.length, otherwise);
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      classes,
      program: builder.build(classificationOutputs(builder, probabilities, classes)),
      training: stored(table.numRows, 'log loss'),
      interpretability: 'medium',
    });
  }
}

function asking({ radius, weights, metric, algorithm }: RadiusRegressorParameters): Asking {
  return { k: 0, radius, weights, metric, algorithm };
}

/** Shares of the classes where there is no neighbour: all for one, or none given. */
function sharesOfOutliers(
  label: string,
  codes: Float64Array,
  weights: Float64Array | undefined,
  classes: readonly string[],
): Float64Array {
  if (label === 'missing' && !classes.includes(label)) return new Float64Array(0);
  const shares = new Float64Array(classes.length);
  shares[classes.includes(label) ? classes.indexOf(label) : mostFrequent(label, codes, weights, classes)] = 1;
  return shares;
}

function mostFrequent(
  label: string,
  codes: Float64Array,
  weights: Float64Array | undefined,
  classes: readonly string[],
) {
  if (label !== 'most_frequent') throw unknownName('class for outlierLabel', label, classes);
  const totals = new Float64Array(classes.length);
  codes.forEach((code, row) => {
    totals[code] = totals[code]! + (weights ? weights[row]! : 1);
  });
  return totals.indexOf(totals.reduce((a, b) => Math.max(a, b)));
}
