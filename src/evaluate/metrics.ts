import { LanewiseError, unknownName } from '../errors.js';
import type { TaskKind } from '../table/interfaces.js';
import { classificationScorers } from './classification.js';
import { clusteringScorers } from './clustering.js';
import { hitRateScorer, listScorers, ndcgScorer } from './lists.js';
import type { Scorer } from './metric.js';
import { probabilityScorers } from './probability.js';
import { rankingScorers } from './ranking.js';
import { pinballScorer, regressionScorers, tweedieScorer } from './regression.js';

/** Every metric that Lanewise offers, by scikit-learn's scorer names. */
export const metrics: readonly Scorer[] = [
  ...classificationScorers,
  ...rankingScorers,
  ...probabilityScorers,
  ...regressionScorers,
  ...listScorers,
  ...clusteringScorers,
];

const byName = new Map(metrics.map((metric) => [metric.name, metric]));

/** Metrics of a number, which stands behind the name: `ndcg@7`, `neg_mean_pinball_loss@0.9`. */
const families: Readonly<Record<string, { of: (value: number) => Scorer; allows: (value: number) => boolean }>> = {
  ndcg: { of: ndcgScorer, allows: isPlace },
  hit_rate: { of: hitRateScorer, allows: isPlace },
  neg_mean_pinball_loss: { of: pinballScorer, allows: (alpha) => alpha > 0 && alpha < 1 },
  neg_mean_tweedie_deviance: { of: tweedieScorer, allows: (power) => power >= 1 && power <= 2 },
};

function isPlace(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function ofFamily(name: string): Scorer | undefined {
  const [family, text = ''] = name.split('@');
  if (!Object.hasOwn(families, family!) || text.trim() === '') return undefined;
  const { of, allows } = families[family!]!;
  return allows(Number(text)) ? of(Number(text)) : undefined;
}

/** @throws LanewiseError `usage` with the nearest name, or where the metric is for another task. */
export function metricNamed(name: string, task?: TaskKind): Scorer {
  const metric = byName.get(name) ?? ofFamily(name);
  const offered = metrics.filter((entry) => task === undefined || entry.task === task).map((entry) => entry.name);
  if (!metric) throw unknownName('metric', name, offered);
  if (task !== undefined && metric.task !== task) {
    throw new LanewiseError('usage', `Expected a metric for ${task} but ${name} is for ${metric.task}`, {
      hint: `For ${task} there are: ${offered.join(', ')}`,
    });
  }
  return metric;
}

/** What is reported where nothing else is asked for; the first is what models are ranked by. */
export function defaultMetrics(task: TaskKind, classCount = 2): Scorer[] {
  return defaultNames(task, classCount).map((name) => metricNamed(name));
}

/** The metric that ranks: RMSE for numbers, ROC AUC for two classes, accuracy for more, NDCG@10 for lists. */
export function primaryMetric(task: TaskKind, classCount = 2): Scorer {
  return defaultMetrics(task, classCount)[0]!;
}

/** The metric that a loss of boosting minimises, where it is not the squared error or the log loss. */
export function metricOfLoss(parameters: Readonly<Record<string, unknown>>): string | undefined {
  const { loss, quantile, tweedieVariancePower } = parameters;
  if (loss === 'absolute_error' || loss === 'huber') return 'neg_mean_absolute_error';
  if (loss === 'quantile') return `neg_mean_pinball_loss@${quantile}`;
  if (loss === 'poisson' || loss === 'gamma') return `neg_mean_${loss}_deviance`;
  return loss === 'tweedie' ? `neg_mean_tweedie_deviance@${tweedieVariancePower}` : undefined;
}

function defaultNames(task: TaskKind, classCount: number): string[] {
  if (task === 'ranking') return ['ndcg@10', 'ndcg@5', 'mean_average_precision', 'mean_reciprocal_rank', 'hit_rate@10'];
  if (task === 'clustering') return ['adjusted_rand_score', 'normalized_mutual_info_score'];
  if (task === 'regression') {
    return [
      'neg_root_mean_squared_error',
      'neg_mean_absolute_error',
      'r2',
      'neg_mean_squared_error',
      'neg_median_absolute_error',
    ];
  }
  if (classCount === 2) {
    return [
      'roc_auc',
      'average_precision',
      'accuracy',
      'balanced_accuracy',
      'f1',
      'f1_macro',
      'neg_log_loss',
      'neg_brier_score',
    ];
  }
  // Accuracy first: log loss would rank a forest, whose probabilities reach 0, by its few surest mistakes.
  return ['accuracy', 'neg_log_loss', 'balanced_accuracy', 'f1_macro', 'roc_auc_ovr', 'neg_brier_score'];
}
