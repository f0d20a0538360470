import type { Training } from '../../table/interfaces.js';
import type { Boosted } from './boosting.js';
import type { BoostingLoss } from './loss.js';
import type { EnsembleArrays } from './lower.js';
import type { GradientBoostingParameters } from './parameters.js';

/** The share of all gain that each feature's splits brought. */
export function importances(
  { feature, gain }: EnsembleArrays,
  features: readonly { readonly name: string }[],
): Record<string, number> {
  const gains = new Float64Array(features.length);
  let total = 0;
  feature.forEach((index, node) => {
    if (index < 0) return;
    gains[index]! += gain![node]!;
    total += gain![node]!;
  });
  return Object.fromEntries(features.map(({ name }, index) => [name, total > 0 ? gains[index]! / total : 0]));
}

export function describeTraining(
  boosted: Boosted,
  loss: BoostingLoss,
  rows: number,
  parameters: GradientBoostingParameters,
): Training {
  const { history, bestIteration } = boosted;
  return {
    rows,
    iterations: Math.max(1, history.length),
    bestIteration: Math.max(1, bestIteration),
    lossName: loss.name,
    history,
    verdict: verdictOf(boosted, parameters),
  };
}

/** What the curve says, in a sentence. */
function verdictOf({ history, bestIteration, stopped }: Boosted, parameters: GradientBoostingParameters): string {
  const rounds = history.length;
  const last = history.at(-1);
  if (!last) return 'nothing to learn: no split was allowed, every row gets the same prediction';
  const shown = (value: number) => Number(value.toPrecision(4));
  if (stopped === 'time used up') {
    const best =
      last.validationLoss === undefined ? '' : `; validation loss was least at round ${bestIteration}, which was kept`;
    return `time budget used up after ${rounds} of ${parameters.maxIter} rounds${best}: more may help`;
  }
  if (stopped === 'converged') return `converged: after ${rounds} rounds no split gains anything more`;
  const best = history[bestIteration - 1]!;
  if (stopped === 'no improvement') {
    const gap = best.validationLoss! > 2 * best.loss ? '; it fits training rows far better than new ones' : '';
    return (
      `stopped early: validation loss was least (${shown(best.validationLoss!)}) at round ${bestIteration} and did not ` +
      `improve in the ${parameters.nIterNoChange} rounds after it, so later trees only over-fit${gap}`
    );
  }
  if (last.validationLoss === undefined) {
    return `used all ${rounds} rounds; training loss ${shown(last.loss)}, and no validation rows to tell whether it over-fits`;
  }
  if (bestIteration === rounds) {
    return `still improving at the last of ${rounds} rounds (validation loss ${shown(last.validationLoss)}): more may help`;
  }
  return `used all ${rounds} rounds; validation loss was least (${shown(best.validationLoss!)}) at round ${bestIteration}`;
}
