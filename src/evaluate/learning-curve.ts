import type { Table } from 'apache-arrow';
import { shuffle, stream } from '../engine/random.js';
import { invalid } from '../errors.js';
import { formatNumber } from '../table/format.js';
import type { Estimator } from '../table/interfaces.js';
import { type CrossValidateOptions, crossValidate, planFolds, summarize } from './cross-validate.js';

export interface LearningCurveOptions extends Omit<CrossValidateOptions, 'trainScores' | 'onModel'> {
  /** Shares of the training rows, ascending; default 0.1, 0.325, 0.55, 0.775, 1 (scikit-learn's). */
  readonly shares?: readonly number[];
}

export interface LearningPoint {
  /** Mean over the folds. */
  readonly trainRows: number;
  readonly train: { readonly mean: number; readonly std: number };
  readonly validation: { readonly mean: number; readonly std: number };
}

export interface LearningCurve {
  readonly metric: string;
  readonly metricLabel: string;
  readonly points: readonly LearningPoint[];
  /** Would more rows help? */
  readonly verdict: string;
}

const DEFAULT_SHARES = [0.1, 0.325, 0.55, 0.775, 1];

/** Scores by the number of training rows. Every smaller set is part of the larger ones. */
export async function learningCurve(
  estimator: Estimator,
  table: Table,
  options: LearningCurveOptions = {},
): Promise<LearningCurve> {
  const { shares = DEFAULT_SHARES, seed = 0 } = options;
  for (const share of shares) if (!(share > 0 && share <= 1)) throw invalid('shares', 'numbers in (0, 1]', share);
  const plan = planFolds(estimator.task, table, options);
  const scorer = plan.scorers[0]!;
  const shuffled = plan.folds.map(({ train }, fold) => shuffle(train.slice(), stream(seed, 'learning-curve', fold)));
  const points: LearningPoint[] = [];
  for (const [index, share] of shares.entries()) {
    const folds = plan.folds.map(({ test }, fold) => ({
      train: shuffled[fold]!.slice(0, Math.max(2, Math.round(share * shuffled[fold]!.length))).sort(),
      test,
    }));
    const inner = { ...options, trainScores: true, onProgress: undefined };
    const result = await crossValidate(estimator, table, inner, { ...plan, folds, scorers: [scorer] });
    const { mean, std } = result.metrics[scorer.name]!;
    const train = summarize(result.folds.map((fold) => fold.trainScores![scorer.name]!));
    const trainRows = folds.reduce((sum, fold) => sum + fold.train.length, 0) / folds.length;
    points.push({ trainRows, train: { mean: train.mean, std: train.std }, validation: { mean, std } });
    options.onProgress?.({ what: 'share', done: index + 1, total: shares.length, metrics: { [scorer.name]: mean } });
  }
  const figure = (score: number) => `${scorer.label} ${formatNumber(scorer.natural(score))}`;
  return {
    metric: scorer.name,
    metricLabel: scorer.label,
    points,
    verdict: verdictOf(points, plan.folds.length, figure),
  };
}

function verdictOf(points: readonly LearningPoint[], folds: number, figure: (score: number) => string): string {
  const [before, last] = [points.at(-2), points.at(-1)!];
  if (!before) return 'One size says nothing about growth.';
  const gain = last.validation.mean - before.validation.mean;
  const noise = last.validation.std / Math.sqrt(folds);
  const scores = `${figure(before.validation.mean)} with ${Math.round(before.trainRows)} rows, ${figure(last.validation.mean)} with ${Math.round(last.trainRows)}`;
  if (gain > noise) return `More rows would probably help: ${scores}.`;
  return `The curve has levelled off: ${scores}; other features or models will do more than rows.`;
}
