import { rankValues } from './ranks.js';
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
  const ranks = rankValues(scored.map((trial) => trial.score!));
  const shares = space.map((dimension) => explainedShare(groupsOf(dimension, scored), ranks));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return Object.fromEntries(space.map(({ name }, index) => [name, total > 0 ? shares[index]! / total : 0]));
}

function groupsOf(dimension: Dimension, trials: readonly { readonly parameters: ParameterSet }[]): number[] {
  const values = trials.map(({ parameters }) => parameters[dimension.name]);
  if (dimension.kind === 'choice') return values.map((value) => dimension.choices.indexOf(value ?? null));
  const places = rankValues(values.map((value) => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY)));
  return places.map((place) => Math.min(2, Math.floor((3 * place) / Math.max(1, places.length))));
}

/** ε²: η² less what chance gives to so many groups; at least 0. */
function explainedShare(groups: readonly number[], ranks: readonly number[]): number {
  const members = new Map<number, number[]>();
  groups.forEach((group, index) => {
    members.set(group, [...(members.get(group) ?? []), ranks[index]!]);
  });
  const count = ranks.length;
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / count;
  const total = ranks.reduce((sum, rank) => sum + (rank - mean) * (rank - mean), 0);
  if (members.size < 2 || count <= members.size || total === 0) return 0;
  let between = 0;
  for (const group of members.values()) {
    const own = group.reduce((sum, rank) => sum + rank, 0) / group.length;
    between += group.length * (own - mean) * (own - mean);
  }
  const within = (total - between) / (count - members.size);
  return Math.max(0, (between - (members.size - 1) * within) / total);
}
