import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { takeRows } from '../../table/columns.js';
import { formatNumber } from '../../table/format.js';
import type { Fold, Scored } from '../../table/interfaces.js';
import type { Id, InteractionColumns, Recommender, RecommenderModel } from '../../table/recommendation.js';
import { type PairedDifference, pairedDifference } from '../bootstrap.js';
import type { Scorer } from '../metric.js';
import { evaluateRecommender, type RecommenderEvaluation, type RecommenderEvaluationOptions } from './evaluate.js';
import { listScorer } from './scorers.js';

/** One of those that are compared; its columns, as models of ratings take no weights. */
export interface RecommenderContestant {
  readonly name: string;
  readonly recommender: Recommender;
  readonly columns: InteractionColumns;
}

export interface RecommenderComparisonOptions extends RecommenderEvaluationOptions {
  /** What ranks; default ndcg. */
  readonly metric?: string;
}

export interface RecommenderCandidate {
  readonly name: string;
  readonly evaluation: RecommenderEvaluation;
  readonly fitSeconds: number;
  /** Less the best one's, over the users that both were scored on; the best has none. */
  readonly againstBest?: PairedDifference;
}

export interface RecommenderComparison {
  readonly task: 'recommendation';
  readonly metric: string;
  readonly metricLabel: string;
  /** The best first. */
  readonly candidates: readonly RecommenderCandidate[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
  readonly recommended: string;
  /** Which to take, and why. */
  readonly reason: string;
}

interface FittedCandidate {
  readonly candidate: RecommenderCandidate;
  readonly model: RecommenderModel;
}

/**
 * Fits each on the training rows of one fold and scores their lists on its test rows; differences from the best are paired by
 * user. One that cannot be fitted to these columns is named in `failed`.
 */
export async function compareRecommenders(
  contestants: readonly RecommenderContestant[],
  table: Table,
  fold: Fold,
  options: RecommenderComparisonOptions = {},
): Promise<{ readonly comparison: RecommenderComparison; readonly models: ReadonlyMap<string, RecommenderModel> }> {
  const { k = 10, metric = 'ndcg', onProgress } = options;
  const scorer = listScorer(metric, k);
  const [train, test] = [takeRows(table, fold.train), takeRows(table, fold.test)];
  const scored: FittedCandidate[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const [place, { name, recommender, columns }] of contestants.entries()) {
    const begin = performance.now();
    const { onProgress: _, ...context } = options;
    try {
      const model = await recommender.fit(train, { ...columns, ...context });
      const fitSeconds = (performance.now() - begin) / 1000;
      scored.push({
        candidate: { name, fitSeconds, evaluation: await evaluateRecommender(model, test, context) },
        model,
      });
    } catch (error) {
      if (!(error instanceof LanewiseError) || !['usage', 'unsupported'].includes(error.code)) throw error;
      failed.push({ name, error: error.message });
    }
    onProgress?.({ what: 'model', done: place + 1, total: contestants.length });
  }
  if (scored.length === 0) {
    const { name, error } = failed[0]!;
    throw new LanewiseError('data', `No recommender could be fitted; ${name}: ${error}`);
  }
  const figure = ({ evaluation }: RecommenderCandidate) => evaluation.metrics[scorer.of].value;
  scored.sort((a, b) => figure(b.candidate) - figure(a.candidate));
  const candidates: RecommenderCandidate[] = [];
  for (const { candidate } of scored) {
    const first = scored[0]!.candidate;
    if (candidate === first) candidates.push(candidate);
    else
      candidates.push({
        ...candidate,
        againstBest: await pairedByUser(scorer, candidate.evaluation, first.evaluation, options),
      });
  }
  const comparison: RecommenderComparison = {
    task: 'recommendation',
    metric,
    metricLabel: scorer.label,
    candidates,
    failed,
    recommended: candidates[0]!.name,
    reason: reasonOf(scorer, candidates),
  };
  return { comparison, models: new Map(scored.map(({ candidate, model }) => [candidate.name, model])) };
}

/** The difference of two evaluations over the users that both have. */
async function pairedByUser(
  scorer: ReturnType<typeof listScorer>,
  first: RecommenderEvaluation,
  second: RecommenderEvaluation,
  { seed = 0, level, resamples, signal }: RecommenderEvaluationOptions,
): Promise<PairedDifference> {
  const [a, b] = pairedScores(scorer, first, second);
  const given = { ...(level !== undefined && { level }), ...(resamples !== undefined && { resamples }) };
  return pairedDifference(scorer as Scorer, [a], [b], { seed, ...given, ...(signal && { signal }) });
}

/** The figures of the users that both evaluations scored, in the order of the first, as the gate takes them. */
export function pairedScores(
  { of }: ReturnType<typeof listScorer>,
  first: RecommenderEvaluation,
  second: RecommenderEvaluation,
): [Scored, Scored] {
  const places = new Map<Id, number>(second.perUser.users.map((user, place) => [user, place]));
  const both = first.perUser.users.flatMap((user, place) => {
    const other = places.get(user);
    return other === undefined ? [] : [[place, other] as const];
  });
  const scored = (figures: Float64Array, places: readonly number[]): Scored => {
    const prediction = Float64Array.from(places, (place) => figures[place]!);
    return { target: prediction, prediction };
  };
  return [
    scored(
      first.perUser.scores[of],
      both.map(([place]) => place),
    ),
    scored(
      second.perUser.scores[of],
      both.map(([, other]) => other),
    ),
  ];
}

function reasonOf({ label, of }: ReturnType<typeof listScorer>, candidates: readonly RecommenderCandidate[]): string {
  const [best, ...rest] = candidates;
  const figure = ({ evaluation }: RecommenderCandidate) => formatNumber(evaluation.metrics[of].value);
  const baseline = rest.find(({ name }) => name === 'popularity');
  if (best!.name === 'popularity') return 'Take popularity: nothing else orders better here.';
  if (!baseline) return `Take ${best!.name}: ${label} ${figure(best!)}.`;
  const apart = baseline.againstBest!.high < 0 ? '' : ', though by no more than chance may give';
  return `Take ${best!.name}: ${label} ${figure(best!)} where popularity has ${figure(baseline)}${apart}.`;
}
