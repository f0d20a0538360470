import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { heldOutErrors } from './leave-one-out.js';
import { fitLeastSquares } from './linear.js';
import { type RidgeCvParameters, ridgeCvParameters } from './parameters.js';

/**
 * Ridge regression with the penalty that leaves the least squared error on each row when it is fitted to the others: by
 * a formula, without refitting (Golub, Heath and Wahba, "Generalized cross-validation", 1979). The first of equal
 * penalties is taken; all errors stand in `training.search`.
 */
export class RidgeCV implements Estimator {
  readonly name = 'ridge-cv';
  readonly task = 'regression';
  readonly declarations: ParameterDeclarations = ridgeCvParameters;
  readonly parameters: RidgeCvParameters;

  constructor(parameters: Partial<RidgeCvParameters> = {}) {
    this.parameters = checkParameters('RidgeCV', ridgeCvParameters, parameters);
  }

  with(parameters: Partial<RidgeCvParameters>): RidgeCV {
    return new RidgeCV({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { signal } = options;
    throwIfCancelled(signal);
    const { alphas, criterion, fitIntercept } = this.parameters;
    const columns = featureColumns(table, options);
    requireFinite(this.name, columns);
    const target = targetOf(table, options, 'regression').values;
    const engine = options.engine ?? (await defaultEngine());
    const values = columns.map((column) => column.values);
    const weights = weightsOf(table, options);
    const errors = await heldOutErrors(engine, values, target, { alphas, fitIntercept, weights, criterion, signal });
    let best = 0;
    errors.forEach((error, i) => {
      if (error < errors[best]! || Number.isNaN(errors[best])) best = i;
    });
    const alpha = alphas[best]!;
    if (!Number.isFinite(errors[best])) {
      throw new LanewiseError('data', `Expected an error of every row left out, but at alpha ${alpha} there is none`, {
        hint: 'Columns that depend on one another, or as many as there are rows, want a larger alpha.',
      });
    }
    const model = await fitLeastSquares(this, { alpha, fitIntercept }, table, { ...options, engine });
    const search = {
      alpha,
      l1Ratio: 0,
      folds: criterion === 'leave-one-out' ? 'leave one out' : 'generalized cross-validation',
      l1Ratios: [0],
      alphas: [alphas],
      meanSquaredErrors: [errors.map((error) => [error])],
    };
    return { ...model, training: { ...model.training, search } };
  }
}
