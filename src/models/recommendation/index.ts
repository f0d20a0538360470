import { unknownName } from '../../errors.js';
import type { ParameterValue } from '../../parameters.js';
import type { Recommender } from '../../table/recommendation.js';
import { ALS, BPR, ImplicitALS, ItemKNN, Popularity, UserKNN } from './estimators.js';

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
