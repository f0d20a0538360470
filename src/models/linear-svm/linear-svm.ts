import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { fitLinearSvc } from './classify.js';
import {
  type LinearSvcParameters,
  type LinearSvrParameters,
  linearSvcParameters,
  linearSvrParameters,
} from './parameters.js';
import { fitLinearSvr } from './regress.js';

/**
 * A linear support vector machine, one class against the rest where there are several. The squared hinge is met in the
 * primal by Newton's method, the hinge in the dual by coordinate descent.
 */
export class LinearSVC implements Estimator {
  readonly name = 'linear-svm';
  readonly task = 'classification';
  readonly declarations: ParameterDeclarations = linearSvcParameters;
  readonly parameters: LinearSvcParameters;

  /** @throws LanewiseError `usage` also for combinations that no solver has: the hinge with L1, or L1 in the dual. */
  constructor(parameters: Partial<LinearSvcParameters> = {}) {
    this.parameters = checkParameters('LinearSVC', linearSvcParameters, parameters);
    const { loss, penalty, dual } = this.parameters;
    if (penalty === 'l1' && (loss === 'hinge' || dual === 'true')) {
      throw new LanewiseError(
        'usage',
        "Expected loss 'squared_hinge' in the primal for penalty 'l1' but received others",
        {
          hint: "Leave dual at 'auto', or take penalty 'l2'.",
        },
      );
    }
    if (loss === 'hinge' && dual === 'false') {
      throw new LanewiseError('usage', "Expected dual 'auto' or 'true' for loss 'hinge' but received 'false'", {
        hint: "The hinge has a corner; the primal wants loss 'squared_hinge'.",
      });
    }
  }

  with(parameters: Partial<LinearSvcParameters>): LinearSVC {
    return new LinearSVC({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitLinearSvc(this, this.parameters, table, options);
  }
}

/** Linear support vector regression, by dual coordinate descent. */
export class LinearSVR implements Estimator {
  readonly name = 'linear-svm';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = linearSvrParameters;
  readonly parameters: LinearSvrParameters;

  constructor(parameters: Partial<LinearSvrParameters> = {}) {
    this.parameters = checkParameters('LinearSVR', linearSvrParameters, parameters);
  }

  with(parameters: Partial<LinearSvrParameters>): LinearSVR {
    return new LinearSVR({ ...this.parameters, ...parameters });
  }

  fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitLinearSvr(this, this.parameters, table, options);
  }
}
