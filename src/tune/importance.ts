import { etaSquared } from '../table/association.js';
import { averageRanks } from '../table/statistics.js';
import type { Dimension, ParameterSet, Space } from './space.js';

/**
 * How much of the scores' spread each parameter explains by itself: the adjusted share of variance between thirds of its
 * range (between its values, for choices), scores taken as ranks so that one disastrous trial does not decide. Shares
 * sum to 1 where any parameter explains anything. With some twenty trials this is a hint, not a measurement.
 */
export function parameterImportances(
  space: Space,
  trials: readonly { readonly parameters: ParameterSet; readonly score?: number }[],
): Record<string, number> {
  const scored = trials.filter((trial) => trial.score !== undefined && Number.isFinite(trial.score));
  const ranks = averageRanks(Float64Array.from(scored, (trial) => trial.score!));
  const shares = space.map((dimension) => explainedShare(groupsOf(dimension, scored), ranks));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return Object.fromEntries(space.map(({ name }, index) => [name, total > 0 ? shares[index]! / total : 0]));
}

/** Each trial's group, from 0. */
function groupsOf(dimension: Dimension, trials: readonly { readonly parameters: ParameterSet }[]): Int32Array {
  const values = trials.map(({ parameters }) => parameters[dimension.name]);
  if (dimension.kind === 'choice') {
    return Int32Array.from(values, (value) => 1 + dimension.choices.indexOf(value ?? null)); // 0: none of the choices
  }
  const numbers = Float64Array.from(values, (value) => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY));
  return Int32Array.from(averageRanks(numbers), (rank) => Math.min(2, Math.floor((3 * (rank - 1)) / numbers.length)));
}

/** ε²: η² less what chance gives to so many groups; at least 0. */
function explainedShare(groups: Int32Array, ranks: Float64Array): number {
  const levels = new Set(groups).size;
  if (levels < 2 || ranks.length <= levels) return 0;
  const share = etaSquared(groups, Math.max(...groups) + 1, ranks);
  return Math.max(0, share - ((levels - 1) * (1 - share)) / (ranks.length - levels)) || 0; // NaN: all scores are equal
}
