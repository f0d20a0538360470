import { randomKey, streamOf } from '../../engine/random.js';
import { sigmoid } from '../../kernels/elementary.js';
import { isSeen, laneDot } from '../../kernels/factorization.js';
import type { FactorScoring, RecommenderState } from './state.js';

/**
 * The row of a new user in a model of Bayesian personalised ranking: its own steps of descent, the items staying as they
 * are, as many epochs as in training. Keyed by the seed; the same events give the same row.
 */
export function foldUserIntoRanking(
  { rank, itemFactors }: FactorScoring,
  itemBiases: Float64Array,
  seen: Int32Array,
  parameters: RecommenderState['parameters'],
  seed: number,
): Float64Array {
  const [epochs, rate, pull] = ['maxIter', 'learningRate', 'regularization'].map((name) => Number(parameters[name]));
  const random = streamOf(randomKey(seed, 'bpr', 'fold-in'));
  const row = Float64Array.from({ length: rank }, () => (2 * random.uniform() - 1) / (2 * rank));
  const difference = new Float64Array(rank);
  for (let step = 0; step < epochs! * seen.length; step++) {
    const item = seen[random.integer(seen.length)]!;
    const other = random.integer(itemBiases.length);
    if (isSeen(seen, 0, seen.length, other)) continue;
    for (let j = 0; j < rank; j++) difference[j] = itemFactors[item * rank + j]! - itemFactors[other * rank + j]!;
    const lead = itemBiases[item]! - itemBiases[other]! + laneDot(row, 0, difference, 0, rank);
    const z = sigmoid(-lead);
    for (let j = 0; j < rank; j++) row[j]! += rate! * (z * difference[j]! - pull! * row[j]!);
  }
  return row;
}
