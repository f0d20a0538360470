import { LanewiseError } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import type { Target } from '../features.js';
import { type CustomLoss, customLoss } from './custom-loss.js';
import {
  absoluteLoss,
  forEachTarget,
  huberLoss,
  logLoss,
  multinomialLoss,
  quantileLoss,
  squaredLoss,
  tweedieLoss,
} from './kernel-losses.js';
import type { BoostingLoss, KernelLoss } from './loss.js';
import type { BoostingRegressorParameters } from './loss-parameters.js';

/**
 * The loss of a regression by its parameters, its targets checked.
 * @throws LanewiseError `data` for a target outside what the loss is defined for; `unsupported` for several targets of a
 * custom loss; `usage` for 'custom' without functions.
 */
export function regressionLoss(
  parameters: BoostingRegressorParameters,
  custom: CustomLoss | undefined,
  targets: readonly Target[],
): BoostingLoss {
  if (parameters.loss === 'custom') {
    if (targets.length > 1) {
      throw new LanewiseError('unsupported', `Expected one target for a custom loss but received ${targets.length}`, {
        hint: 'Fit a model for each target.',
      });
    }
    return customLoss(requireCustom(custom));
  }
  const loss = namedLoss(parameters.loss, parameters);
  for (const { name, values } of targets) checkTarget(parameters, name, values);
  return targets.length > 1 ? forEachTarget(loss, targets.length) : loss;
}

function namedLoss(
  name: Exclude<BoostingRegressorParameters['loss'], 'custom'>,
  { quantile, alpha, tweedieVariancePower }: BoostingRegressorParameters,
): KernelLoss {
  switch (name) {
    case 'squared_error':
      return squaredLoss;
    case 'absolute_error':
      return absoluteLoss;
    case 'quantile':
      return quantileLoss(quantile);
    case 'huber':
      return huberLoss(alpha);
    case 'poisson':
      return tweedieLoss('half Poisson deviance', 1);
    case 'gamma':
      return tweedieLoss('half Gamma deviance', 2);
    case 'tweedie':
      return tweedieLoss(`half Tweedie deviance (${tweedieVariancePower})`, tweedieVariancePower);
  }
}

/** Log loss, or a custom loss of two classes. */
export function classificationLoss(
  name: 'log_loss' | 'custom',
  custom: CustomLoss | undefined,
  classes: readonly string[],
): BoostingLoss {
  if (name === 'log_loss') return classes.length === 2 ? logLoss : multinomialLoss(classes.length);
  if (classes.length === 2) return customLoss(requireCustom(custom), 'logit');
  throw new LanewiseError('unsupported', `Expected two classes for a custom loss but received ${classes.length}`);
}

function requireCustom(custom: CustomLoss | undefined): CustomLoss {
  if (custom) return custom;
  throw new LanewiseError('usage', 'Expected the functions of a custom loss but received its name alone', {
    hint: 'Give them as the loss: new GradientBoostingRegressor({ loss: { name, derivatives, loss } }).',
  });
}

/** The power of a Tweedie deviance; undefined for losses that are defined for all numbers. */
function powerOf({ loss, tweedieVariancePower }: BoostingRegressorParameters): number | undefined {
  if (loss === 'poisson') return 1;
  if (loss === 'gamma') return 2;
  return loss === 'tweedie' ? tweedieVariancePower : undefined;
}

/** @throws LanewiseError `data` naming the loss, the column, and the first row it is not defined for. */
export function checkTarget(
  parameters: BoostingRegressorParameters,
  column: string,
  values: Float64Array,
  { of = '', firstRow = 0 }: { of?: string; firstRow?: number } = {},
): void {
  const power = powerOf(parameters);
  if (power === undefined) return;
  const above = power === 2;
  const row = values.findIndex((value) => !(above ? value > 0 : value >= 0));
  if (row < 0) return;
  const wanted = above ? '> 0' : '>= 0';
  const message = `Expected targets ${wanted} for the loss ${parameters.loss} but "${column}"${of} holds ${values[row]}`;
  throw new LanewiseError('data', message, {
    column,
    row: firstRow + row + 1,
    hint: above
      ? 'Amounts that may be 0 suit the loss tweedie; those below 0, squared_error or huber.'
      : 'Counts and amounts are not below 0: leave such rows out, or take squared_error or huber.',
  });
}

/**
 * Raw predictions to start from, of a prediction in its own unit; undefined: those of least loss.
 * @throws LanewiseError `usage` where the link has no such prediction.
 */
export function baseOf(baseScore: number | null, { link, outputs }: BoostingLoss): Float64Array | undefined {
  if (baseScore === null) return undefined;
  const refuse = (wanted: string) =>
    new LanewiseError('usage', `Expected ${wanted} as baseScore but received ${baseScore}`);
  if (link === 'softmax') throw refuse('null for more than two classes');
  if (link === 'log' && !(baseScore > 0)) throw refuse('a number > 0 for a loss under the log link');
  if (link === 'logit' && !(baseScore > 0 && baseScore < 1)) throw refuse('a probability in (0, 1)');
  const raw = link === 'log' ? log(baseScore) : link === 'logit' ? log(baseScore / (1 - baseScore)) : baseScore;
  return new Float64Array(outputs).fill(raw);
}
