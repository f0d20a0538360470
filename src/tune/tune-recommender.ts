import type { Table } from 'apache-arrow';
import { invalid } from '../errors.js';
import {
  evaluateRecommender,
  listScorer,
  type RecommenderEvaluationOptions,
  recommendationSplitter,
} from '../evaluate/recommendation/index.js';
import { takeRows } from '../table/columns.js';
import type { Fold, Splitter } from '../table/interfaces.js';
import type { InteractionColumns, Recommender } from '../table/recommendation.js';
import { overrideSpace, type ParameterSet, type SpaceOverrides } from './space.js';
import { runStudy, type StudyOptions, type TuneResult } from './study.js';
import { defaultsOf, digestOf } from './tune.js';

export interface TuneRecommenderOptions
  extends StudyOptions,
    Pick<RecommenderEvaluationOptions, 'k' | 'relevantFrom' | 'filterSeen'> {
  readonly columns: InteractionColumns & { readonly user: string; readonly item: string };
  /** The measure of lists that decides; default ndcg. */
  readonly metric?: string;
  /** What each trial is tested on; default: by the columns (recommendationSplitter). */
  readonly splitter?: Splitter;
  /** Splits of a trial, each drawn anew; a split by time is one, whatever is asked for. Default 3. */
  readonly folds?: number;
  /** Changes to the declared ranges, by parameter. */
  readonly space?: SpaceOverrides;
}

/**
 * Searches the parameters of a recommender by the lists that it makes for the test users of splits of `table`, the same for
 * every trial. Rows that are to say what the winner is worth do not belong into `table`.
 */
export async function tuneRecommender(
  recommenderOf: (parameters: ParameterSet) => Recommender,
  table: Table,
  options: TuneRecommenderOptions,
): Promise<TuneResult> {
  const { columns, metric = 'ndcg', k = 10, folds = 3, seed = 0, engine, signal, relevantFrom, filterSeen } = options;
  if (!Number.isInteger(folds) || folds < 1) throw invalid('folds', 'an integer >= 1', folds);
  const scorer = listScorer(metric, k);
  const splitter = options.splitter ?? recommendationSplitter(columns);
  const splits = splitsOf(splitter, table, folds, seed);
  const parts = splits.map(({ train, test }) => ({ train: takeRows(table, train), test: takeRows(table, test) }));
  const base = recommenderOf({});
  const space = overrideSpace(base.declarations, options.space);
  const context = { ...(engine && { engine }), ...(signal && { signal }), seed };
  return runStudy(
    {
      estimator: base.name,
      scorer,
      splitter: `${splitter.name}${parts.length > 1 ? `, ${parts.length} times` : ''}`,
      space,
      defaults: defaultsOf(base.parameters, space),
      data: digestOf(table, JSON.stringify([columns, k, relevantFrom, filterSeen]), base.parameters),
      async score(parameters) {
        const recommender = recommenderOf(parameters);
        const scores: number[] = [];
        for (const { train, test } of parts) {
          const model = await recommender.fit(train, { ...columns, ...context });
          const evaluation = await evaluateRecommender(model, test, {
            ...context,
            k,
            resamples: 2,
            ...(relevantFrom !== undefined && { relevantFrom }),
            ...(filterSeen !== undefined && { filterSeen }),
          });
          scores.push(evaluation.metrics[scorer.of].value);
        }
        return scores;
      },
    },
    options,
  );
}

/** So many splits by seeds that follow one another; those that draw nothing (by time) come out alike and count once. */
function splitsOf(splitter: Splitter, table: Table, folds: number, seed: number): Fold[] {
  const splits: Fold[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const [split] = splitter.split(table, { seed: seed + fold });
    const again = splits.some(({ test }) => test.join() === split!.test.join());
    if (again) return splits;
    splits.push(split!);
  }
  return splits;
}
