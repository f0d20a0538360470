import { unknownName } from '../../errors.js';
import type { ParameterValue } from '../../parameters.js';
import type { InteractionColumns, Recommender } from '../../table/recommendation.js';
import { ALS, BPR, ImplicitALS, ItemKNN, Popularity, UserKNN } from './estimators.js';
import type { FittedRecommender } from './model.js';

export { ALS, BPR, ImplicitALS, ItemKNN, Popularity, UserKNN } from './estimators.js';
export { FittedRecommender } from './model.js';
export type { RecommenderState } from './state.js';

/** One line of the list of recommenders. */
export interface RecommenderEntry {
  /** As in `--model implicit-als`. */
  readonly name: string;
  /** explicit: needs ratings. both: takes them where they are. */
  readonly feedback: 'explicit' | 'implicit' | 'both';
  readonly create: (parameters?: Readonly<Record<string, ParameterValue>>) => Recommender;
}

/** Every recommender, the baseline first. */
export const recommenders: readonly RecommenderEntry[] = [
  { name: 'popularity', feedback: 'both', create: (parameters) => new Popularity(parameters) },
  { name: 'item-knn', feedback: 'both', create: (parameters) => new ItemKNN(parameters) },
  { name: 'user-knn', feedback: 'both', create: (parameters) => new UserKNN(parameters) },
  { name: 'als', feedback: 'explicit', create: (parameters) => new ALS(parameters) },
  { name: 'implicit-als', feedback: 'implicit', create: (parameters) => new ImplicitALS(parameters) },
  { name: 'bpr', feedback: 'implicit', create: (parameters) => new BPR(parameters) },
];

/** @throws LanewiseError `usage` with the nearest name. */
export function recommenderNamed(name: string): RecommenderEntry {
  const found = recommenders.find((entry) => entry.name === name);
  if (found) return found;
  throw unknownName(
    'recommender',
    name,
    recommenders.map((entry) => entry.name),
  );
}

/** The columns that a recommender reads: ratings are predicted as they are, so that where there are any, weights are for those that only order. */
export function columnsFor<C extends InteractionColumns>({ feedback }: RecommenderEntry, columns: C): C {
  if (feedback === 'implicit' || columns.rating === undefined) return columns;
  const { weight: _, ...rest } = columns;
  return rest as C;
}

/** What is known of a recommender's lists: as `evaluateRecommender` gives it, or as an artefact has kept it. */
interface ListFigures {
  readonly estimator: string;
  readonly k: number;
  readonly metrics: { readonly ndcg: { readonly value: number } };
}

/**
 * Says so where lists are ordered by predicted ratings, with the figures where the model was scored beside popularity and lost.
 * Ratings say how those who chose an item liked it, not who would choose it: the highest predictions go to what few have rated.
 */
export function worseThanPopularity(
  { estimator, feedback, state }: FittedRecommender,
  scores: unknown,
): string | undefined {
  if (feedback !== 'explicit' || state.scoring.kind === 'popularity') return undefined;
  const known = Array.isArray(scores) ? scores.filter(isFigures) : [];
  const [own, popular] = [estimator, 'popularity'].map((name) => known.find((score) => score.estimator === name));
  if (own && popular && own.metrics.ndcg.value >= popular.metrics.ndcg.value) return undefined;
  const figure = (score: ListFigures) => score.metrics.ndcg.value.toFixed(3);
  const measured = own && popular ? ` (NDCG@${own.k} ${figure(own)} where popularity has ${figure(popular)})` : '';
  const often = measured ? '' : 'often ';
  return `note: ${estimator} predicts ratings; lists in their order are ${often}worse than those of popularity${measured}. For lists take implicit-als, or item-knn with --param feedback=implicit.`;
}

/** What an artefact has kept is as it was written: anything. */
function isFigures(score: unknown): score is ListFigures {
  const { estimator, k, metrics } = (score ?? {}) as Partial<ListFigures>;
  return typeof estimator === 'string' && typeof k === 'number' && typeof metrics?.ndcg?.value === 'number';
}
