import type { Scored } from '../table/interfaces.js';
import {
  classCount,
  defineScorer,
  requireProbabilities,
  requireTwoClasses,
  type Scorer,
  type WeightedScore,
} from './metric.js';
import { sortedRows } from './order.js';

/** Metrics of the order that probabilities put rows in. Ties are exact: rows of one score are one step. */

/** Rows from the highest score down, with the ends of the runs of equal scores. */
export interface Ranking {
  readonly rows: Uint32Array;
  /** 1 where the row at this place is positive. */
  readonly positive: Uint8Array;
  /** Places (exclusive) at which a run of equal scores ends. */
  readonly ends: Uint32Array;
}

/** Ranks the rows by score; `isPositive(row)` says which are to come first. */
export function rank(scores: Float64Array, isPositive: (row: number) => boolean, among?: Uint32Array): Ranking {
  const rows = among ? among.slice().sort((a, b) => scores[b]! - scores[a]! || a - b) : sortedRows(scores).reverse();
  const positive = Uint8Array.from(rows, (row) => (isPositive(row) ? 1 : 0));
  const ends: number[] = [];
  for (let place = 1; place <= rows.length; place++) {
    if (place === rows.length || scores[rows[place]!] !== scores[rows[place - 1]!]) ends.push(place);
  }
  return { rows, positive, ends: Uint32Array.from(ends) };
}

/**
 * Walks the runs of equal scores from the highest down; `visit` receives the weights of positives and negatives so far.
 * Runs without weight are left out.
 */
export function walkRanking(
  { rows, positive, ends }: Ranking,
  weights: Float64Array | undefined,
  visit: (positives: number, negatives: number, lastPlace: number) => void,
): void {
  let [positives, negatives, place] = [0, 0, 0];
  for (const end of ends) {
    const before = positives + negatives;
    for (; place < end; place++) {
      const weight = weights ? weights[rows[place]!]! : 1;
      if (positive[place] === 1) positives += weight;
      else negatives += weight;
    }
    if (positives + negatives !== before) visit(positives, negatives, end - 1);
  }
}

/** Area under the ROC curve: the probability that a positive row scores above a negative one, ties counting half. */
export function areaUnderRoc(ranking: Ranking, weights?: Float64Array): number {
  let [area, lastPositives, lastNegatives] = [0, 0, 0];
  walkRanking(ranking, weights, (positives, negatives) => {
    area += 0.5 * (positives + lastPositives) * (negatives - lastNegatives);
    [lastPositives, lastNegatives] = [positives, negatives];
  });
  return area / (lastPositives * lastNegatives);
}

/** Σ (recall step · precision), from the highest score down; 0 where there is no positive row. */
export function averagePrecision(ranking: Ranking, weights?: Float64Array): number {
  let [sum, lastPositives] = [0, 0];
  walkRanking(ranking, weights, (positives, negatives) => {
    sum += ((positives - lastPositives) * positives) / (positives + negatives);
    lastPositives = positives;
  });
  return lastPositives === 0 ? 0 : sum / lastPositives;
}

function binaryScorer(
  name: string,
  label: string,
  meaning: string,
  of: (ranking: Ranking, weights?: Float64Array) => number,
): Scorer {
  return defineScorer({
    name,
    label,
    meaning,
    task: 'classification',
    needs: 'probabilities',
    classes: 'binary',
    prepare: (scored) => {
      const probabilities = requireProbabilities(name, scored);
      requireTwoClasses(name, classCount(scored));
      const ranking = rank(probabilities[1]!, (row) => scored.target[row] === 1);
      return (weights) => of(ranking, weights);
    },
  });
}

/** One class against the rest, averaged over the classes that have rows on both sides. */
function oneVersusRest(name: string, weighted: boolean): (scored: Scored) => WeightedScore {
  return (scored) => {
    const probabilities = requireProbabilities(name, scored);
    const rankings = probabilities.map((scores, k) => rank(scores, (row) => scored.target[row] === k));
    return (weights) => {
      const shares = classWeights(scored, rankings.length, weights);
      return meanDefined(
        rankings.map((ranking) => areaUnderRoc(ranking, weights)),
        (k) => (weighted ? shares[k]! : 1),
      );
    };
  };
}

/** Hand and Till 2001, "A simple generalisation of the area under the ROC curve for multiple class problems". */
function oneVersusOne(name: string, weighted: boolean): (scored: Scored) => WeightedScore {
  return (scored) => {
    const probabilities = requireProbabilities(name, scored);
    const rowsOf = probabilities.map((_, k) =>
      Uint32Array.from({ length: scored.target.length }, (_, row) => row).filter((row) => scored.target[row] === k),
    );
    const pairs: { a: number; b: number; first: Ranking; second: Ranking }[] = [];
    for (let a = 0; a < probabilities.length; a++) {
      for (let b = a + 1; b < probabilities.length; b++) {
        const among = Uint32Array.from([...rowsOf[a]!, ...rowsOf[b]!]);
        const first = rank(probabilities[a]!, (row) => scored.target[row] === a, among);
        pairs.push({ a, b, first, second: rank(probabilities[b]!, (row) => scored.target[row] === b, among) });
      }
    }
    return (weights) => {
      const shares = classWeights(scored, probabilities.length, weights);
      return meanDefined(
        pairs.map(({ first, second }) => 0.5 * (areaUnderRoc(first, weights) + areaUnderRoc(second, weights))),
        (index) => (weighted ? shares[pairs[index]!.a]! + shares[pairs[index]!.b]! : 1),
      );
    };
  };
}

function classWeights({ target }: Scored, classes: number, weights?: Float64Array): Float64Array {
  const sums = new Float64Array(classes);
  for (let row = 0; row < target.length; row++) sums[target[row]!]! += weights ? weights[row]! : 1;
  return sums;
}

/** Weighted mean of the values that are numbers; a class without rows has no area. NaN where none is. */
function meanDefined(values: readonly number[], weightOf: (index: number) => number): number {
  let [sum, total] = [0, 0];
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    sum += weightOf(index) * value;
    total += weightOf(index);
  });
  return sum / total;
}

const multiclass = { task: 'classification', needs: 'probabilities' } as const;

export const rankingScorers: readonly Scorer[] = [
  binaryScorer('roc_auc', 'ROC AUC', 'Probability that a positive row scores above a negative one', areaUnderRoc),
  binaryScorer(
    'average_precision',
    'Average precision',
    'Precision averaged over the recall steps (area under the PR curve)',
    averagePrecision,
  ),
  defineScorer({
    ...multiclass,
    name: 'roc_auc_ovr',
    label: 'ROC AUC (one against the rest)',
    meaning: 'ROC AUC of each class against the rest, mean over the classes',
    prepare: oneVersusRest('roc_auc_ovr', false),
  }),
  defineScorer({
    ...multiclass,
    name: 'roc_auc_ovr_weighted',
    label: 'ROC AUC (one against the rest, weighted)',
    meaning: 'ROC AUC of each class against the rest, weighted by the rows of the class',
    prepare: oneVersusRest('roc_auc_ovr_weighted', true),
  }),
  defineScorer({
    ...multiclass,
    name: 'roc_auc_ovo',
    label: 'ROC AUC (one against one)',
    meaning: 'ROC AUC of each pair of classes, mean over the pairs',
    prepare: oneVersusOne('roc_auc_ovo', false),
  }),
  defineScorer({
    ...multiclass,
    name: 'roc_auc_ovo_weighted',
    label: 'ROC AUC (one against one, weighted)',
    meaning: 'ROC AUC of each pair of classes, weighted by the rows of the pair',
    prepare: oneVersusOne('roc_auc_ovo_weighted', true),
  }),
];
