import type { Table } from 'apache-arrow';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model, Training } from '../../table/interfaces.js';
import { classificationOutputs, inputsOf, targetOf } from '../features.js';
import { makeModel } from '../model.js';
import { type AskedPoints, type Asking, askedPoints, emitMean, emitVotes, takeValues } from './asked-points.js';
import { type NeighborsParameters, neighborsParameters } from './parameters.js';

/** The mean of the targets of the nearest training rows, weighted by distance and by the rows' weights where wished. */
export class KNeighborsRegressor implements Estimator {
  readonly name = 'k-nearest-neighbors';
  readonly task = 'regression';
  readonly declarations = neighborsParameters;
  readonly parameters: NeighborsParameters;

  constructor(parameters: Partial<NeighborsParameters> = {}) {
    this.parameters = checkParameters('KNeighborsRegressor', neighborsParameters, parameters);
  }

  with(parameters: Partial<NeighborsParameters>): KNeighborsRegressor {
    return new KNeighborsRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const target = targetOf(table, options, 'regression');
    const asked = nearestPoints(table, options, this.parameters);
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

/** The class that most of the nearest training rows have; rows have a vote by distance and by their weight where wished. */
export class KNeighborsClassifier implements Estimator {
  readonly name = 'k-nearest-neighbors';
  readonly task = 'classification';
  readonly declarations = neighborsParameters;
  readonly parameters: NeighborsParameters;

  constructor(parameters: Partial<NeighborsParameters> = {}) {
    this.parameters = checkParameters('KNeighborsClassifier', neighborsParameters, parameters);
  }

  with(parameters: Partial<NeighborsParameters>): KNeighborsClassifier {
    return new KNeighborsClassifier({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const target = targetOf(table, options, 'classification');
    const asked = nearestPoints(table, options, this.parameters);
    const classes = target.classes!;
    const builder = new ProgramBuilder(inputsOf(asked.columns));
    const codes = takeValues(target.values, asked.rows);
    const probabilities = emitVotes(builder, asked, asking(this.parameters), codes, classes.length);
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

function asking({ nNeighbors, weights, metric, algorithm }: NeighborsParameters): Asking {
  return { k: nNeighbors, radius: 0, weights, metric, algorithm };
}

function nearestPoints(table: Table, options: FitOptions, parameters: NeighborsParameters): AskedPoints {
  const { nNeighbors } = parameters;
  const asked = askedPoints('k-nearest-neighbors', table, options, asking(parameters));
  if (asked.rows.length < nNeighbors) {
    const weighted = asked.weights ? ' with a weight above 0' : '';
    const message = `Expected at least nNeighbors = ${nNeighbors} rows${weighted} for k-nearest-neighbors but received ${asked.rows.length}`;
    throw new LanewiseError('data', message, { hint: 'Ask for fewer neighbours: nNeighbors.' });
  }
  return asked;
}

/** How the training of a model that keeps its rows went. */
export function stored(rows: number, lossName: string): Training {
  const verdict = `keeps its ${rows} rows: there is nothing to optimise`;
  return { rows, iterations: 1, bestIteration: 1, lossName, history: [], verdict };
}
