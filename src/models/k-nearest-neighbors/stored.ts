import type { Table } from 'apache-arrow';
import { throwIfCancelled } from '../../errors.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model, Training } from '../../table/interfaces.js';
import { classificationOutputs, inputsOf, targetOf } from '../features.js';
import { makeModel } from '../model.js';
import { type AskedPoints, type Asking, emitMean, emitVotes, takeValues } from './asked-points.js';

/** How rows are asked, and how the rows that may be asked are found: what tells these models apart. */
export interface Asks {
  readonly asking: Asking;
  points(table: Table, options: FitOptions): AskedPoints;
  /** Shares of the classes where there is no neighbour; absent, or empty: missing. */
  otherwise?(asked: AskedPoints, codes: Float64Array, classes: readonly string[]): Float64Array;
}

/** A model of the mean of the neighbours' values. */
export function storedRegression(estimator: Estimator, table: Table, options: FitOptions, asks: Asks): Model {
  throwIfCancelled(options.signal);
  const target = targetOf(table, options, 'regression');
  const asked = asks.points(table, options);
  const builder = new ProgramBuilder(inputsOf(asked.columns));
  const register = emitMean(builder, asked, asks.asking, takeValues(target.values, asked.rows));
  options.onProgress?.({ what: 'model', done: 1, total: 1 });
  return makeModel({
    estimator: estimator.name,
    task: 'regression',
    parameters: estimator.parameters,
    target: target.name,
    program: builder.build([{ name: 'prediction', register, type: 'number' }]),
    training: stored(table.numRows, 'squared'),
    interpretability: 'medium',
  });
}

/** A model of the shares of the classes among the neighbours. */
export function storedClassification(estimator: Estimator, table: Table, options: FitOptions, asks: Asks): Model {
  throwIfCancelled(options.signal);
  const target = targetOf(table, options, 'classification');
  const asked = asks.points(table, options);
  const classes = target.classes!;
  const builder = new ProgramBuilder(inputsOf(asked.columns));
  const codes = takeValues(target.values, asked.rows);
  const otherwise = asks.otherwise?.(asked, codes, classes);
  const probabilities = emitVotes(builder, asked, asks.asking, codes, classes.length, otherwise);
  options.onProgress?.({ what: 'model', done: 1, total: 1 });
  return makeModel({
    estimator: estimator.name,
    task: 'classification',
    parameters: estimator.parameters,
    target: target.name,
    classes,
    program: builder.build(classificationOutputs(builder, probabilities, classes)),
    training: stored(table.numRows, 'log loss'),
    interpretability: 'medium',
  });
}

/** How the training of a model that keeps its rows went. */
function stored(rows: number, lossName: string): Training {
  const verdict = `keeps its ${rows} rows: there is nothing to optimise`;
  return { rows, iterations: 1, bestIteration: 1, lossName, history: [], verdict };
}
