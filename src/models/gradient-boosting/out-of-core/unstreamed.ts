import { LanewiseError } from '../../../errors.js';
import type { FitOptions } from '../../../table/interfaces.js';
import type { GradientBoostingParameters } from '../parameters.js';

/** @throws LanewiseError `unsupported` for what only rows in memory are fitted with. */
export function refuseUnstreamed(parameters: GradientBoostingParameters, { warmStart, checkpoint }: FitOptions): void {
  const asked =
    (parameters.boostingType === 'dart' && 'boostingType dart') ||
    (warmStart && 'warmStart') ||
    (checkpoint && 'checkpoint');
  if (!asked) return;
  throw new LanewiseError('unsupported', `Expected no ${asked} for rows beyond memory`, {
    hint: 'Fit a table in memory, or leave it out.',
  });
}
