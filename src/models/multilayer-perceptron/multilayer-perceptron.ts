import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { CheckpointState, Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { type Continuation, fitNetwork, type PerceptronModel } from './fit.js';
import {
  type PerceptronClassifierParameters,
  type PerceptronRegressorParameters,
  perceptronClassifierParameters,
  perceptronRegressorParameters,
} from './parameters.js';

/** What `partialFit` goes on from; absent at the first call. */
export interface PartialFitOptions extends FitOptions {
  /** `state` of the model that the last call gave. */
  readonly state?: CheckpointState;
}

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
  async fit(table: Table, options: FitOptions = {}): Promise<PerceptronModel> {
    return fitNetwork(this, table, options, continuationOf(options));
  }

  /** One epoch over these rows, from `options.state` or else from the start; classes are those of the first call. */
  async partialFit(table: Table, options: PartialFitOptions = {}): Promise<PerceptronModel> {
    return fitNetwork(oneEpoch(this), table, options, options.state && { state: options.state, whole: true });
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
  async fit(table: Table, options: FitOptions = {}): Promise<PerceptronModel> {
    return fitNetwork(this, table, options, continuationOf(options));
  }

  /** One epoch over these rows, from `options.state` or else from the start; the target's scale is that of the first call. */
  async partialFit(table: Table, options: PartialFitOptions = {}): Promise<PerceptronModel> {
    return fitNetwork(oneEpoch(this), table, options, options.state && { state: options.state, whole: true });
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

function continuationOf({ warmStart }: FitOptions): Continuation | undefined {
  if (!warmStart) return undefined;
  const { state } = warmStart as Model & { state?: CheckpointState };
  if (state) return { state, whole: false };
  throw new LanewiseError(
    'unsupported',
    `Expected a multilayer-perceptron with its state for warmStart but the model of ${warmStart.estimator} has none`,
    { hint: 'The model that `fit` gives has it; one that was loaded from a file does not. Keep model.state (encodeCheckpoint) and hand it to partialFit.' },
  );
}
