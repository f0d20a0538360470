import type { Table } from 'apache-arrow';
import { invalid, LanewiseError } from '../errors.js';
import { formatNumber } from '../table/format.js';
import type { Estimator, Model } from '../table/interfaces.js';
import {
  type BootstrapOptions,
  type Interval,
  listsIn,
  meanOverGroups,
  percentileInterval,
  resample,
} from './bootstrap.js';
import { measureLatency, programBytes } from './cost.js';
import {
  type CrossValidateOptions,
  type CrossValidation,
  crossValidate,
  lossMetrics,
  planFolds,
} from './cross-validate.js';
import type { Scorer } from './metric.js';
import { correctedResampledT, type PairedTest } from './significance.js';

export interface CompareEntry {
  readonly name: string;
  readonly estimator: Estimator;
}

export interface CompareOptions extends CrossValidateOptions, Pick<BootstrapOptions, 'resamples' | 'level'> {
  /** Below this p, and with the interval of the difference beside 0, a difference counts; default 0.05. */
  readonly significance?: number;
}

export interface Candidate {
  readonly name: string;
  readonly estimator: string;
  /** 1 is the best score. */
  readonly rank: number;
  /** Mean over the folds of the metric that ranks. */
  readonly score: number;
  /** Population standard deviation over the folds. */
  readonly std: number;
  /** Bootstrap over out-of-fold rows. */
  readonly interval: Interval;
  readonly foldScores: readonly number[];
  /** Every metric, mean and standard deviation over the folds. */
  readonly metrics: CrossValidation['metrics'];
  /** Against the best: corrected resampled t over the folds; absent for the best itself. */
  readonly againstBest?: PairedTest & {
    /** Interval of (this − best) over out-of-fold rows, paired. */
    readonly interval: Interval;
    /** Both agree that it is worse. */
    readonly worse: boolean;
  };
  /** Mean over the folds. */
  readonly fitSeconds: number;
  /** Median of one row. */
  readonly latencyMicroseconds: number;
  readonly modelBytes: number;
  readonly interpretability: Model['interpretability'];
}

export interface Comparison {
  readonly metric: string;
  readonly metricLabel: string;
  readonly splitter: string;
  readonly rows: number;
  readonly excludedRows: number;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** Estimators that could not be fitted, with the reason. */
  readonly failed: readonly { readonly name: string; readonly error: string; readonly hint?: string }[];
  readonly recommended: string;
  /** Which to take and why, in a sentence or two. */
  readonly reason: string;
}

export interface ComparisonResult {
  /** Plain data. */
  readonly comparison: Comparison;
  readonly crossValidations: Readonly<Record<string, CrossValidation>>;
}

interface Measured {
  readonly entry: CompareEntry;
  readonly validation: CrossValidation;
  readonly latency: number;
  readonly bytes: number;
  readonly interpretability: Model['interpretability'];
}

/** Cross-validates every entry on the same folds, ranks them by the first metric, and says which to take. */
export async function compare(
  entries: readonly CompareEntry[],
  table: Table,
  options: CompareOptions = {},
): Promise<ComparisonResult> {
  checkEntries(entries);
  const metrics = options.metrics ?? lossMetrics(entries.map(({ estimator }) => estimator));
  const plan = planFolds(entries[0]!.estimator.task, table, { ...options, metrics });
  const measured: Measured[] = [];
  const failed: { name: string; error: string; hint?: string }[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      let last: Model | undefined;
      const validation = await crossValidate(
        entry.estimator,
        table,
        {
          ...options,
          onProgress: undefined,
          onModel: (model, fold) => {
            last = model;
            options.onModel?.(model, fold);
          },
        },
        plan,
      );
      const latency = await measureLatency(last!, table);
      measured.push({
        entry,
        validation,
        latency: latency.medianMicroseconds,
        bytes: programBytes(last!.program),
        interpretability: last!.interpretability,
      });
    } catch (error) {
      if (!(error instanceof LanewiseError) || error.code === 'cancelled' || error.code === 'internal') throw error;
      failed.push({ name: entry.name, error: error.message, ...(error.hint && { hint: error.hint }) });
    }
    options.onProgress?.({ what: 'model', done: index + 1, total: entries.length });
  }
  if (measured.length === 0) {
    throw new LanewiseError('data', `None of the ${entries.length} models could be fitted: ${failed[0]!.error}`, {
      hint: failed[0]!.hint,
    });
  }
  const scorer = plan.scorers[0]!;
  const candidates = await rankCandidates(measured, scorer, options);
  const advice = recommend(candidates, scorer);
  return {
    comparison: {
      metric: scorer.name,
      metricLabel: scorer.label,
      splitter: plan.splitter,
      rows: table.numRows - plan.excludedRows.length,
      excludedRows: plan.excludedRows.length,
      candidates,
      failed,
      ...advice,
    },
    crossValidations: Object.fromEntries(measured.map(({ entry, validation }) => [entry.name, validation])),
  };
}

function checkEntries(entries: readonly CompareEntry[]): void {
  if (entries.length === 0) throw invalid('the models to compare', 'at least one', 'none');
  const names = entries.map((entry) => entry.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid('the models to compare', 'each name once', twice);
  const task = entries[0]!.estimator.task;
  const other = entries.find(({ estimator }) => estimator.task !== task);
  if (other) throw invalid(`the task of ${other.name}`, `the others' (${task})`, other.estimator.task);
}

async function rankCandidates(
  measured: readonly Measured[],
  scorer: Scorer,
  options: CompareOptions,
): Promise<Candidate[]> {
  const scoreOf = ({ validation }: Measured) => validation.metrics[scorer.name]!.mean;
  // A score that is undefined ranks last; among equals the order given stays.
  const key = (entry: Measured) => (Number.isNaN(scoreOf(entry)) ? Number.NEGATIVE_INFINITY : scoreOf(entry));
  const ordered = [...measured].sort((a, b) => (key(b) === key(a) ? 0 : key(b) - key(a)));
  const groups = ordered.map(({ validation }) => validation.outOfFold.map(({ scored }) => scored));
  const samples = await resample(
    groups.map((group) => meanOverGroups(scorer, group)),
    groups[0]!.map((scored) => scored.target.length),
    options,
    listsIn(groups[0]!),
  );
  const best = ordered[0]!;
  return ordered.map((entry, index) => {
    const summary = entry.validation.metrics[scorer.name]!;
    const { folds } = entry.validation;
    const candidate: Candidate = {
      name: entry.entry.name,
      estimator: entry.validation.estimator,
      rank: index + 1,
      score: summary.mean,
      std: summary.std,
      interval: percentileInterval(samples[index]!, options.level),
      foldScores: summary.values,
      metrics: entry.validation.metrics,
      fitSeconds: folds.reduce((sum, fold) => sum + fold.fitSeconds, 0) / folds.length,
      latencyMicroseconds: entry.latency,
      modelBytes: entry.bytes,
      interpretability: entry.interpretability,
    };
    if (index === 0) return candidate;
    const differences = samples[index]!.map((value, b) => value - samples[0]![b]!);
    return { ...candidate, againstBest: againstBest(entry, best, scorer, differences, options) };
  });
}

function againstBest(
  entry: Measured,
  best: Measured,
  scorer: Scorer,
  differences: Float64Array,
  { level, significance = 0.05 }: CompareOptions,
): Candidate['againstBest'] {
  const valuesOf = ({ validation }: Measured) => validation.metrics[scorer.name]!.values;
  const { folds } = entry.validation;
  const testToTrain = folds.reduce((sum, fold) => sum + fold.testRows / fold.trainRows, 0) / folds.length;
  const test = correctedResampledT(valuesOf(entry), valuesOf(best), testToTrain);
  const interval = percentileInterval(differences, level);
  // Five folds alone rarely reach significance: a difference that the rows show beyond doubt counts as one too.
  const worse = interval.high < 0 || (test.difference < 0 && test.p < significance);
  return { ...test, interval, worse };
}

const INTERPRETABILITY = { high: 0, medium: 1, low: 2 } as const;

/**
 * The simplest model that is not surely worse than the best: by interpretability, then by the time of one row. What is
 * "surely worse" is said by the rows (paired bootstrap) or by the folds (corrected resampled t).
 */
function recommend(candidates: readonly Candidate[], scorer: Scorer): { recommended: string; reason: string } {
  const best = candidates[0]!;
  const contenders = candidates.filter(({ againstBest }) => !againstBest?.worse);
  const simplest = [...contenders].sort(
    (a, b) =>
      INTERPRETABILITY[a.interpretability] - INTERPRETABILITY[b.interpretability] ||
      Number(b === best) - Number(a === best) ||
      // Not by latency: a measured time must not decide which model a seed leads to.
      a.modelBytes - b.modelBytes,
  )[0]!;
  const figure = (score: number) => formatNumber(scorer.natural(score));
  const range = ({ interval }: Candidate) => {
    const ends = [scorer.natural(interval.low), scorer.natural(interval.high)].sort((a, b) => a - b);
    return `${Math.round(interval.level * 100)} % interval ${ends.map((end) => formatNumber(end)).join(' … ')}`;
  };
  const scoreText = `${scorer.label} ${figure(best.score)} (${range(best)})`;
  const dummy = contenders.find(({ estimator }) => estimator === 'dummy');
  if (dummy) {
    return {
      recommended: dummy.name,
      reason:
        `No model is surely better than ${dummy.name}, which looks at no feature: ` +
        `the columns do not tell the target (best: ${best.name}, ${scoreText}).`,
    };
  }
  if (simplest !== best) {
    const p = formatNumber(simplest.againstBest!.p);
    return {
      recommended: simplest.name,
      reason:
        `Take ${simplest.name}: its ${scorer.label} of ${figure(simplest.score)} is not surely worse than that of ${best.name}, ` +
        `${figure(best.score)} (p = ${p}, and the interval of the difference holds 0), and it is ${easier(simplest, best)}.`,
    };
  }
  const rivals = contenders.filter((candidate) => candidate !== best);
  const next = candidates[1];
  if (!next) return { recommended: best.name, reason: `Take ${best.name}: ${scoreText}; nothing else was compared.` };
  if (rivals.length > 0) {
    return {
      recommended: best.name,
      reason:
        `Take ${best.name}: ${scoreText}. ${listed(rivals.map(({ name }) => name))} ` +
        `${rivals.length === 1 ? 'is' : 'are'} not surely worse, but no easier to follow.`,
    };
  }
  return {
    recommended: best.name,
    reason:
      `Take ${best.name}: ${scoreText}, surely better than ${next.name} in second place ` +
      `(${figure(next.score)}, ${evidence(next.againstBest!)})${costOf(best, candidates)}.`,
  };
}

function evidence({ p, interval }: NonNullable<Candidate['againstBest']>): string {
  const folds = `p = ${formatNumber(p)} over the folds`;
  if (!(interval.high < 0)) return folds;
  return `${folds}, and the rows' paired interval ${formatNumber(interval.low)} … ${formatNumber(interval.high)} lies below 0`;
}

function easier(simple: Candidate, best: Candidate): string {
  const clearer = INTERPRETABILITY[simple.interpretability] < INTERPRETABILITY[best.interpretability];
  const faster = best.latencyMicroseconds / simple.latencyMicroseconds;
  const speed = faster >= 1.5 ? `answers a row ${formatNumber(faster)} times as fast` : '';
  if (clearer) return `easier to follow${speed && ` and ${speed}`}`;
  return speed ? `as easy to follow and ${speed}` : 'as easy to follow';
}

function costOf(best: Candidate, candidates: readonly Candidate[]): string {
  const clearer = candidates.find(
    (other) => INTERPRETABILITY[other.interpretability] < INTERPRETABILITY[best.interpretability],
  );
  return clearer ? `; ${clearer.name} would be easier to follow, at the price of that difference` : '';
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
