import type { Table } from 'apache-arrow';
import { pointsOf } from '../../engine/distance.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, Training } from '../../table/interfaces.js';
import { namesWithRole } from '../../table/schema.js';
import { classificationOutputs, featureColumns, inputsOf, requireFinite, targetOf } from '../features.js';
import { makeModel } from '../model.js';
import { type NeighborsParameters, neighborsParameters } from './parameters.js';

/** The mean of the targets of the nearest training rows. */
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
    const columns = usableColumns(table, options, this.parameters);
    const builder = new ProgramBuilder(inputsOf(columns));
    const [register] = ask(builder, columns, this.parameters, target.values, 1);
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: builder.build([{ name: 'prediction', register: register!, type: 'number' }]),
      training: stored(table.numRows, 'squared'),
      interpretability: 'medium',
    });
  }
}

/** The class that most of the nearest training rows have. */
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
    const columns = usableColumns(table, options, this.parameters);
    const classes = target.classes!;
    const votes = new Float64Array(table.numRows * classes.length);
    target.values.forEach((code, row) => {
      votes[row * classes.length + code] = 1;
    });
    const builder = new ProgramBuilder(inputsOf(columns));
    const probabilities = ask(builder, columns, this.parameters, votes, classes.length);
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

function usableColumns(table: Table, options: FitOptions, { nNeighbors }: NeighborsParameters): RegisterColumn[] {
  const weights = options.weights ?? namesWithRole(table, 'weight')[0];
  if (weights !== undefined) {
    throw new LanewiseError(
      'unsupported',
      `Expected no row weights for k-nearest-neighbors but received "${weights}"`,
      {
        column: weights,
        hint: 'Give the column the role ignore, or choose another model.',
      },
    );
  }
  const columns = featureColumns(table, options);
  requireFinite('k-nearest-neighbors', columns);
  if (table.numRows < nNeighbors) {
    const message = `Expected at least nNeighbors = ${nNeighbors} rows for k-nearest-neighbors but received ${table.numRows}`;
    throw new LanewiseError('data', message, { hint: 'Ask for fewer neighbours: nNeighbors.' });
  }
  return columns;
}

function ask(
  builder: ProgramBuilder,
  columns: readonly RegisterColumn[],
  { nNeighbors, weights }: NeighborsParameters,
  targets: Float64Array,
  width: number,
): number[] {
  const first = builder.reserve(width);
  const outputs = Array.from({ length: width }, (_, k) => first + k);
  const points = pointsOf(columns.map((column) => column.values)).values;
  const inputs = columns.map((_, j) => j);
  builder.emit({ op: 'neighbors', inputs, outputs, k: nNeighbors, weights, points, targets: targets.slice() });
  return outputs;
}

function stored(rows: number, lossName: string): Training {
  const verdict = `keeps its ${rows} rows: there is nothing to optimise`;
  return { rows, iterations: 1, bestIteration: 1, lossName, history: [], verdict };
}
