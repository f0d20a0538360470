import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import type { SgdLoss } from '../../kernels/stochastic-gradient.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { fitSgd } from './fit.js';
import {
  type SgdClassifierParameters,
  type SgdRegressorParameters,
  sgdClassifierParameters,
  sgdRegressorParameters,
} from './parameters.js';
import type { SgdSubject } from './subject.js';

export interface PartialFitOptions extends Omit<FitOptions, 'validation' | 'timeBudget' | 'checkpoint'> {
  /** All classes that there will be, where the first rows do not have them all. */
  readonly classes?: readonly string[];
}

/**
 * A linear classifier learnt by stochastic gradient descent, one class against the rest where there are several; for more
 * rows than other solvers have patience for, and for rows that come bit by bit. Bottou, 2012.
 */
export class SgdClassifier implements Estimator {
  readonly name = 'sgd';
  readonly task = 'classification';
  readonly declarations: ParameterDeclarations = sgdClassifierParameters;
  readonly parameters: SgdClassifierParameters;

  constructor(parameters: Partial<SgdClassifierParameters> = {}) {
    this.parameters = checkParameters('SgdClassifier', sgdClassifierParameters, parameters);
  }

  with(parameters: Partial<SgdClassifierParameters>): SgdClassifier {
    return new SgdClassifier({ ...this.parameters, ...parameters });
  }

  /** With `warmStart`, goes on until the model has maxIter epochs. */
  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitSgd(this.#subject(), table, options);
  }

  /**
   * One epoch over these rows; with `warmStart`, from that model on, saved or not. Columns are scaled as the first rows were.
   * @throws LanewiseError `usage` for classWeight 'balanced', which needs all rows at once
   */
  async partialFit(table: Table, { classes, ...options }: PartialFitOptions = {}): Promise<Model> {
    if (this.parameters.classWeight === 'balanced') {
      throw new LanewiseError('usage', "Expected factors of classes for partialFit but classWeight is 'balanced'", {
        hint: 'Its factors follow from all rows; name them: { yes: 3 }.',
      });
    }
    return fitSgd(this.#subject(), table, options, { classes });
  }

  #subject(): SgdSubject {
    const { loss } = this.parameters;
    const named: SgdLoss = loss === 'perceptron' ? 'hinge' : loss;
    const parameter = loss === 'perceptron' ? 0 : 1;
    return { ...this.parameters, estimator: this, task: this.task, lossName: loss, loss: named, parameter };
  }
}

/** A linear regression learnt by stochastic gradient descent. */
export class SgdRegressor implements Estimator {
  readonly name = 'sgd';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = sgdRegressorParameters;
  readonly parameters: SgdRegressorParameters;

  constructor(parameters: Partial<SgdRegressorParameters> = {}) {
    this.parameters = checkParameters('SgdRegressor', sgdRegressorParameters, parameters);
  }

  with(parameters: Partial<SgdRegressorParameters>): SgdRegressor {
    return new SgdRegressor({ ...this.parameters, ...parameters });
  }

  /** With `warmStart`, goes on until the model has maxIter epochs. */
  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitSgd(this.#subject(), table, options);
  }

  /** One epoch over these rows; with `warmStart`, from that model on. Columns are scaled as the first rows were. */
  partialFit(table: Table, options: Omit<PartialFitOptions, 'classes'> = {}): Promise<Model> {
    return fitSgd(this.#subject(), table, options, {});
  }

  #subject(): SgdSubject {
    const { loss, epsilon } = this.parameters;
    return {
      ...this.parameters,
      estimator: this,
      task: this.task,
      lossName: loss,
      parameter: epsilon,
      classWeight: null,
      probability: false,
    };
  }
}
