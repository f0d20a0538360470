import { LanewiseError } from '../errors.js';
import type { Scored } from '../table/interfaces.js';
import { requireProbabilities, requireTwoClasses } from './metric.js';
import { rank, walkRanking } from './ranking.js';

/** What a threshold is chosen by: what mistakes cost, or the share of positives that must be found. */
export type ThresholdGoal =
  | { readonly falsePositive: number; readonly falseNegative: number }
  | { readonly recall: number };

export interface ChosenThreshold {
  /** Rows with at least this probability of the positive class are called positive. */
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  /** Mean cost a row; only where costs were given. */
  readonly cost?: number;
}

/**
 * The threshold with the least cost, or the highest one that reaches the recall. Choose it on validation or out-of-fold
 * rows: on the test rows it would flatter itself.
 * @throws LanewiseError `usage` for a recall outside (0, 1], a negative cost, or other than two classes.
 */
export function chooseThreshold(scored: Scored, goal: ThresholdGoal): ChosenThreshold {
  const probabilities = requireProbabilities('a threshold', scored);
  requireTwoClasses('roc_auc', probabilities.length);
  checkGoal(goal);
  const scores = probabilities[1]!;
  const ranking = rank(scores, (row) => scored.target[row] === 1);
  const steps: { positives: number; negatives: number; threshold: number }[] = [];
  walkRanking(ranking, scored.weights, (positives, negatives, place) => {
    steps.push({ positives, negatives, threshold: scores[ranking.rows[place]!]! });
  });
  const all = steps.at(-1);
  if (!all || all.positives === 0) {
    throw new LanewiseError('data', 'Expected rows of the positive class to choose a threshold on but there are none');
  }
  const [positiveRows, rows] = [all.positives, all.positives + all.negatives];
  const costOf = (positives: number, negatives: number) =>
    'recall' in goal ? 0 : (goal.falsePositive * negatives + goal.falseNegative * (positiveRows - positives)) / rows;
  // Calling nothing positive is a choice too, unless positives must be found.
  let best = { positives: 0, negatives: 0, threshold: Number.MAX_VALUE };
  for (const step of steps) {
    if ('recall' in goal) {
      if (best.positives < goal.recall * positiveRows) best = step;
    } else if (costOf(step.positives, step.negatives) < costOf(best.positives, best.negatives)) best = step;
  }
  const called = best.positives + best.negatives;
  return {
    threshold: best.threshold,
    precision: called === 0 ? 0 : best.positives / called,
    recall: best.positives / positiveRows,
    ...(!('recall' in goal) && { cost: costOf(best.positives, best.negatives) }),
  };
}

function checkGoal(goal: ThresholdGoal): void {
  if ('recall' in goal) {
    if (goal.recall > 0 && goal.recall <= 1) return;
    throw new LanewiseError('usage', `Expected a recall in (0, 1] for a threshold but received ${goal.recall}`);
  }
  if (goal.falsePositive >= 0 && goal.falseNegative >= 0) return;
  throw new LanewiseError('usage', 'Expected costs >= 0 for a threshold but received a negative one');
}
