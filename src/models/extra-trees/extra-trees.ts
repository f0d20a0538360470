import type { Table } from 'apache-arrow';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions } from '../../table/interfaces.js';
import { fitTrees, type TreeModel } from '../trees/fit.js';
import {
  type ExtraTreesClassifierParameters,
  type ExtraTreesRegressorParameters,
  extraTreesClassifierParameters,
  extraTreesRegressorParameters,
} from './parameters.js';

/**
 * Extremely randomised trees for numbers (Geurts, Ernst and Wehenkel 2006): of each feature tried at a node one threshold
 * is drawn between the node's least and largest value, and the best of these parts it. Parameters as scikit-learn's
 * ExtraTreesRegressor.
 */
export class ExtraTreesRegressor implements Estimator {
  readonly name = 'extra-trees';
  readonly task = 'regression';
  readonly declarations = extraTreesRegressorParameters;
  readonly parameters: ExtraTreesRegressorParameters;

  constructor(parameters: Partial<ExtraTreesRegressorParameters> = {}) {
    this.parameters = checkParameters('ExtraTreesRegressor', extraTreesRegressorParameters, parameters);
  }

  with(parameters: Partial<ExtraTreesRegressorParameters>): ExtraTreesRegressor {
    return new ExtraTreesRegressor({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, { ...this.parameters, splitter: 'random', classWeight: null }, table, options);
  }
}

/** The same for classes. Parameters as scikit-learn's ExtraTreesClassifier. */
export class ExtraTreesClassifier implements Estimator {
  readonly name = 'extra-trees';
  readonly task = 'classification';
  readonly declarations = extraTreesClassifierParameters;
  readonly parameters: ExtraTreesClassifierParameters;

  constructor(parameters: Partial<ExtraTreesClassifierParameters> = {}) {
    this.parameters = checkParameters('ExtraTreesClassifier', extraTreesClassifierParameters, parameters);
  }

  with(parameters: Partial<ExtraTreesClassifierParameters>): ExtraTreesClassifier {
    return new ExtraTreesClassifier({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, { ...this.parameters, splitter: 'random' }, table, options);
  }
}
