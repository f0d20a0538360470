import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import type { PartialFitOptions } from '../sgd/sgd.js';
import { fitNetwork } from './fit.js';
import {
  type PerceptronClassifierParameters,
  type PerceptronRegressorParameters,
  perceptronClassifierParameters,
  perceptronRegressorParameters,
} from './parameters.js';

/**
 * A network of dense layers for classes: one output and the logistic loss for two, softmax and cross-entropy for more. Learns
 * in f32; features want to be on one scale.
 */
export class MultilayerPerceptronClassifier implements Estimator {
  readonly name = 'multilayer-perceptron';
  readonly task = 'classification';
  readonly declarations = perceptronClassifierParameters;
  readonly parameters: PerceptronClassifierParameters;

  constructor(parameters: Partial<PerceptronClassifierParameters> = {}) {
    this.parameters = checkParameters('MultilayerPerceptronClassifier', perceptronClassifierParameters, parameters);
  }

  with(parameters: Partial<PerceptronClassifierParameters>): MultilayerPerceptronClassifier {
    return new MultilayerPerceptronClassifier({ ...this.parameters, ...parameters });
  }

  /** With `warmStart`, training begins at that network's weights, with an optimiser that remembers nothing. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitNetwork(this, table, options, 'fit');
  }

  /**
   * One epoch over these rows; with `warmStart`, from that model on, saved or not, its optimiser included where partialFit
   * made it. Classes and scales are those of the first call.
   */
  async partialFit(table: Table, { classes, ...options }: PartialFitOptions = {}): Promise<Model> {
    return fitNetwork(oneEpoch(this), table, options, 'partialFit', classes);
  }
}

/** A network of dense layers for numbers: squared loss on the target, centred and scaled inside. Otherwise as the classifier. */
export class MultilayerPerceptronRegressor implements Estimator {
  readonly name = 'multilayer-perceptron';
  readonly task = 'regression';
  readonly declarations = perceptronRegressorParameters;
  readonly parameters: PerceptronRegressorParameters;

  constructor(parameters: Partial<PerceptronRegressorParameters> = {}) {
    this.parameters = checkParameters('MultilayerPerceptronRegressor', perceptronRegressorParameters, parameters);
  }

  with(parameters: Partial<PerceptronRegressorParameters>): MultilayerPerceptronRegressor {
    return new MultilayerPerceptronRegressor({ ...this.parameters, ...parameters });
  }

  /** With `warmStart`, training begins at that network's weights, with an optimiser that remembers nothing. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitNetwork(this, table, options, 'fit');
  }

  /** One epoch over these rows; with `warmStart`, from that model on. Scales, the target's too, are those of the first call. */
  async partialFit(table: Table, options: Omit<PartialFitOptions, 'classes'> = {}): Promise<Model> {
    return fitNetwork(oneEpoch(this), table, options, 'partialFit');
  }
}

/** Early stopping has nothing to judge in one epoch, and L-BFGS no batches. */
function oneEpoch<E extends MultilayerPerceptronClassifier | MultilayerPerceptronRegressor>(estimator: E): E {
  if (estimator.parameters.solver === 'lbfgs') {
    throw new LanewiseError('unsupported', 'Expected a solver that learns in batches for partialFit but it is lbfgs', {
      hint: 'Use adam, adamw, sgd, adagrad or rmsprop.',
    });
  }
  return estimator.with({ maxIter: 1, earlyStopping: false }) as E;
}
