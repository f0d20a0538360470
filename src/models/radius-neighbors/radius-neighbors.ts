import type { Table } from 'apache-arrow';
import { unknownName } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { askedPoints } from '../k-nearest-neighbors/asked-points.js';
import { searchAlgorithms } from '../k-nearest-neighbors/parameters.js';
import { type Asks, storedClassification, storedRegression } from '../k-nearest-neighbors/stored.js';
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
    return storedRegression(this, table, options, asks(this.parameters));
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
    return storedClassification(this, table, options, {
      ...asks(this.parameters),
      otherwise: ({ weights }, codes, classes) =>
        sharesOfOutliers(this.parameters.outlierLabel, codes, weights, classes),
    });
  }
}

function asks({ radius, weights, metric, algorithm }: RadiusRegressorParameters): Asks {
  const asking = { k: 0, radius, weights, metric, algorithm: searchAlgorithms[algorithm] };
  return { asking, points: (table, options) => askedPoints('radius-neighbors', table, options, asking) };
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
