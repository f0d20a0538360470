import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { type AskedPoints, type Asking, askedPoints } from './asked-points.js';
import { type NeighborsParameters, neighborsParameters, searchAlgorithms } from './parameters.js';
import { type Asks, storedClassification, storedRegression } from './stored.js';

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
    return storedRegression(this, table, options, asks(this.parameters));
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
    return storedClassification(this, table, options, asks(this.parameters));
  }
}

function asks({ nNeighbors, weights, metric, algorithm }: NeighborsParameters): Asks {
  const asking = { k: nNeighbors, radius: 0, weights, metric, algorithm: searchAlgorithms[algorithm] };
  return { asking, points: (table, options) => nearestPoints(table, options, asking) };
}

function nearestPoints(table: Table, options: FitOptions, asking: Asking): AskedPoints {
  const asked = askedPoints('k-nearest-neighbors', table, options, asking);
  if (asked.rows.length < asking.k) {
    const weighted = asked.weights ? ' with a weight above 0' : '';
    const message = `Expected at least nNeighbors = ${asking.k} rows${weighted} for k-nearest-neighbors but received ${asked.rows.length}`;
    throw new LanewiseError('data', message, { hint: 'Ask for fewer neighbours: nNeighbors.' });
  }
  return asked;
}
