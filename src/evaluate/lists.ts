import { LanewiseError } from '../errors.js';
import { log } from '../kernels/elementary.js';
import type { Scored } from '../table/interfaces.js';
import { defineScorer, type Scorer } from './metric.js';

/**
 * Metrics of ranked lists: the rows of one group (a query, a session, a day) are ordered by predicted score, and targets
 * are grades of relevance, whole numbers from 0. A figure is the mean over lists; a list without a relevant row cannot be
 * ranked wrong and is left out. Rows of equal score are never to a model's advantage: NDCG averages over their orders (as
 * scikit-learn's ndcg_score), the other metrics put the relevant ones last among them.
 */

/** Discounts by place, from 0: 1 / log2(2 + place). */
export function discountsOf(places: number): Float64Array {
  return Float64Array.from({ length: places }, (_, place) => Math.LN2 / log(2 + place));
}

/** Burges' gain of a grade: 2^grade − 1. */
export function gainOf(grade: number): number {
  return 2 ** grade - 1;
}

/** The greatest DCG that rows of these gains can have within the first `k`. */
export function idealDcg(gains: Float64Array, discounts: Float64Array, k: number): number {
  const sorted = gains.slice().sort();
  let sum = 0;
  for (let place = 0; place < Math.min(k, sorted.length); place++) {
    sum += sorted[sorted.length - 1 - place]! * discounts[place]!;
  }
  return sum;
}

/** DCG of a list within the first `k` places; rows of one score share the mean of their places. */
export function dcg(scores: Float64Array, gains: Float64Array, discounts: Float64Array, k: number): number {
  const order = descending(scores);
  let [sum, begin] = [0, 0];
  while (begin < Math.min(k, order.length)) {
    const end = runEnd(order, scores, begin);
    let [gain, discount] = [0, 0];
    for (let place = begin; place < end; place++) {
      gain += gains[order[place]!]!;
      if (place < k) discount += discounts[place]!;
    }
    sum += (gain / (end - begin)) * discount;
    begin = end;
  }
  return sum;
}

function descending(scores: Float64Array): Uint32Array {
  const order = Uint32Array.from(scores, (_, place) => place);
  return order.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Behind the rows whose score is that of order[begin]. */
function runEnd(order: Uint32Array, scores: Float64Array, begin: number): number {
  let end = begin + 1;
  while (end < order.length && scores[order[end]!] === scores[order[begin]!]) end++;
  return end;
}

/** The rows of each list, ascending; lists in the order of their values. */
export function listsOf(groups: ArrayLike<number>): Uint32Array[] {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < groups.length; row++) {
    const list = rows.get(groups[row]!);
    if (list) list.push(row);
    else rows.set(groups[row]!, [row]);
  }
  return [...rows].sort(([a], [b]) => a - b).map(([, list]) => Uint32Array.from(list));
}

/** A list's figure from its scores and grades; NaN where it has none. */
type ListFigure = (scores: Float64Array, grades: Float64Array) => number;

function ndcgOfList(k: number): ListFigure {
  return (scores, grades) => {
    const gains = grades.map(gainOf);
    const discounts = discountsOf(grades.length);
    const ideal = idealDcg(gains, discounts, k);
    return ideal > 0 ? dcg(scores, gains, discounts, k) / ideal : Number.NaN;
  };
}

/** Mean over the relevant rows of the share of relevant ones among the rows that score at least as high. */
const averagePrecisionOfList: ListFigure = (scores, grades) => {
  const order = descending(scores);
  let [sum, relevant, begin] = [0, 0, 0];
  while (begin < order.length) {
    const end = runEnd(order, scores, begin);
    let found = 0;
    for (let place = begin; place < end; place++) if (grades[order[place]!]! > 0) found++;
    relevant += found;
    sum += (found * relevant) / end;
    begin = end;
  }
  return relevant > 0 ? sum / relevant : Number.NaN;
};

/** Place, from 1, of the first relevant row; behind the others of its score. */
function firstRelevant(scores: Float64Array, grades: Float64Array): number {
  let best = Number.NaN;
  for (let i = 0; i < grades.length; i++) if (grades[i]! > 0 && !(scores[i]! <= best)) best = scores[i]!;
  if (Number.isNaN(best)) return Number.NaN;
  return scores.reduce((place, score) => place + Number(score >= best), 0);
}

/** The mean of a figure over lists. A list weighs as its rows do on average. */
function listScorer(name: string, label: string, meaning: string, figure: ListFigure): Scorer {
  return defineScorer({
    name,
    label,
    meaning,
    task: 'ranking',
    needs: 'prediction',
    prepare: (scored) => {
      const lists = listsOf(requireGroups(name, scored));
      const pick = (values: Float64Array, rows: Uint32Array) => Float64Array.from(rows, (row) => values[row]!);
      const figures = lists.map((rows) => figure(pick(scored.prediction, rows), pick(scored.target, rows)));
      return (weights) => {
        let [sum, total] = [0, 0];
        figures.forEach((value, list) => {
          if (Number.isNaN(value)) return;
          const rows = lists[list]!;
          const weight = weights ? rows.reduce((all, row) => all + weights[row]!, 0) / rows.length : 1;
          sum += weight * value;
          total += weight;
        });
        return sum / total;
      };
    },
  });
}

function requireGroups(name: string, { groups }: Scored): Float64Array {
  if (groups) return groups;
  throw new LanewiseError('usage', `Expected the group of every row for ${name} but there is none`, {
    hint: 'Name the column whose values are the lists: { group }, --group, or the role group.',
  });
}

/** NDCG within the first `k` places (Järvelin and Kekäläinen 2002), gains 2^grade − 1. */
export function ndcgScorer(k = Number.POSITIVE_INFINITY): Scorer {
  const first = Number.isFinite(k) ? `@${k}` : '';
  const within = Number.isFinite(k) ? `the first ${k} places` : 'the whole list';
  const meaning = `Gain of ${within}, discounted by place, as a share of the best possible`;
  return listScorer(`ndcg${first}`, `NDCG${first}`, meaning, ndcgOfList(k));
}

/** Share of the lists with a relevant row among the first `k`. */
export function hitRateScorer(k: number): Scorer {
  const meaning = `Share of the lists with a relevant row among the first ${k}`;
  return listScorer(`hit_rate@${k}`, `Hit rate@${k}`, meaning, (scores, grades) => {
    const place = firstRelevant(scores, grades);
    return Number.isNaN(place) ? place : Number(place <= k);
  });
}

export const listScorers: readonly Scorer[] = [
  ndcgScorer(10),
  ndcgScorer(5),
  ndcgScorer(),
  listScorer(
    'mean_average_precision',
    'MAP',
    'Precision at the relevant rows, mean over them and over lists',
    averagePrecisionOfList,
  ),
  listScorer(
    'mean_reciprocal_rank',
    'MRR',
    '1 / place of the first relevant row, mean over lists',
    (scores, grades) => 1 / firstRelevant(scores, grades),
  ),
  hitRateScorer(1),
  hitRateScorer(10),
];
