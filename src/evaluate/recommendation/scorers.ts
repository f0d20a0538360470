import { unknownName } from '../../errors.js';
import { defineMeanScorer, type Scorer } from '../metric.js';
import type { ListScores } from './metrics.js';

/** Measures of lists by the name that a workflow file and a study give them. */
const measures = {
  ndcg: { of: 'ndcg', label: 'NDCG', meaning: 'hits count, and more the higher they stand' },
  map: { of: 'averagePrecision', label: 'MAP', meaning: 'mean precision at each hit' },
  mrr: { of: 'reciprocalRank', label: 'MRR', meaning: '1 / rank of the first hit' },
  recall: { of: 'recall', label: 'recall', meaning: 'share of what was to be found that the list holds' },
  precision: { of: 'precision', label: 'precision', meaning: 'share of the list that was to be found' },
  hit_rate: { of: 'hitRate', label: 'hit rate', meaning: 'share of the lists with any hit' },
} as const satisfies Record<string, { of: keyof ListScores; label: string; meaning: string }>;

export const listMetricNames = Object.keys(measures) as readonly (keyof typeof measures)[];

/** A measure of lists as a scorer of users: what is scored are the figures of single users, in `prediction`. */
export interface ListScorer extends Scorer {
  readonly of: keyof ListScores;
}

/** @throws LanewiseError `usage` with the nearest name. */
export function listScorer(name: string, k: number): ListScorer {
  if (!Object.hasOwn(measures, name)) throw unknownName('measure of lists', name, listMetricNames);
  const { of, label, meaning } = measures[name as keyof typeof measures];
  const scorer = defineMeanScorer({
    name,
    task: 'recommendation',
    label: `${label}@${k}`,
    meaning,
    needs: 'prediction',
    ofRows: ({ prediction }) => prediction,
  });
  return { ...scorer, of };
}
