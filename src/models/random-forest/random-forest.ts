import type { Table } from 'apache-arrow';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions } from '../../table/interfaces.js';
import { fitTrees, type TreeModel } from '../trees/fit.js';
import {
  forestClassifierParameters,
  forestRegressorParameters,
  type RandomForestClassifierParameters,
  type RandomForestRegressorParameters,
} from './parameters.js';

/**
 * A forest of trees for numbers, one or several (`targets`): the mean of trees that each see a bootstrap sample (Breiman
 * 2001). Missing values go to the better side of a split; categories are parted by the mean target. Parameters as
 * scikit-learn's RandomForestRegressor.
 */
export class RandomForestRegressor implements Estimator {
  readonly name = 'random-forest';
  readonly task = 'regression';
  readonly declarations = forestRegressorParameters;
  readonly parameters: RandomForestRegressorParameters;

  constructor(parameters: Partial<RandomForestRegressorParameters> = {}) {
    this.parameters = checkParameters('RandomForestRegressor', forestRegressorParameters, parameters);
  }

  with(parameters: Partial<RandomForestRegressorParameters>): RandomForestRegressor {
    return new RandomForestRegressor({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, { ...this.parameters, splitter: 'best', classWeight: null }, table, options);
  }
}

/**
 * A forest of trees for classes of one target or several: the mean of the trees' shares of classes. Categories are parted
 * along the direction in which their classes differ most. Parameters as scikit-learn's RandomForestClassifier.
 */
export class RandomForestClassifier implements Estimator {
  readonly name = 'random-forest';
  readonly task = 'classification';
  readonly declarations = forestClassifierParameters;
  readonly parameters: RandomForestClassifierParameters;

  constructor(parameters: Partial<RandomForestClassifierParameters> = {}) {
    this.parameters = checkParameters('RandomForestClassifier', forestClassifierParameters, parameters);
  }

  with(parameters: Partial<RandomForestClassifierParameters>): RandomForestClassifier {
    return new RandomForestClassifier({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, { ...this.parameters, splitter: 'best' }, table, options);
  }
}
