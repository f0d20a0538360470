import { formatNumber } from '../table/format.js';
import type { Scored, TaskKind } from '../table/interfaces.js';
import type { Scorer } from './metric.js';

/** Over-fitting, in plain language. */

/** Scores of one metric on what the model learnt from, what it was chosen by, and what it never saw. */
export interface StageScores {
  readonly train?: number;
  /** Cross-validation or a validation set. */
  readonly validation?: number;
  readonly test: number;
  /** Interval of the test score. */
  readonly testLow?: number;
  readonly testHigh?: number;
  /** The score of predicting the mean, or the classes' shares, whatever the features. */
  readonly baseline?: number;
}

export interface Diagnosis {
  readonly verdict: 'good' | 'slight-over-fit' | 'over-fit' | 'under-fit' | 'shift' | 'useless' | 'unknown';
  readonly sentence: string;
  /** Share of the baseline's shortfall that the model removes: 0 no better, 1 perfect. */
  readonly skill: { readonly train?: number; readonly validation?: number; readonly test: number };
}

/** The gap of skill from which an over-fit is spoken of. */
const SLIGHT = 0.05;
const CLEAR = 0.15;
const UNDER_FIT = 0.25;

/**
 * Compares the stages by skill, so that one rule serves every metric. A gap between training and test alone is common
 * (forests repeat their training rows); it harms only where it comes with a test skill far below it. A test score below
 * the validation score's, beyond the test interval, says that the test rows are of another kind.
 */
export function diagnose(scorer: Scorer, stages: StageScores): Diagnosis {
  const skillOf = (score: number | undefined) =>
    score === undefined || stages.baseline === undefined ? undefined : skill(scorer, score, stages.baseline);
  const test = skillOf(stages.test);
  if (test === undefined || Number.isNaN(test)) {
    return { verdict: 'unknown', sentence: 'There is no baseline to compare with.', skill: { test: Number.NaN } };
  }
  const [train, validation] = [skillOf(stages.train), skillOf(stages.validation)];
  const skills = { ...(train !== undefined && { train }), ...(validation !== undefined && { validation }), test };
  const { verdict, sentence } = verdictOf(scorer, stages, skills);
  return { verdict, sentence: `${sentence}${promise(scorer, stages, verdict)}`, skill: skills };
}

/** Where the test score keeps what validation promised, a gap to training rows is a habit of the model, no surprise. */
function promise(scorer: Scorer, { validation, testLow }: StageScores, verdict: Diagnosis['verdict']): string {
  if (validation === undefined || verdict === 'shift' || verdict === 'useless') return '';
  const promised = `${formatNumber(scorer.natural(validation))} of validation`;
  if (testLow !== undefined && validation < testLow) return ` It is better than the ${promised}.`;
  return ` It keeps what the ${promised} promised, within chance.`;
}

function verdictOf(
  scorer: Scorer,
  stages: StageScores,
  { train, validation, test }: Diagnosis['skill'],
): Pick<Diagnosis, 'verdict' | 'sentence'> {
  const figure = (score: number) => formatNumber(scorer.natural(score));
  const unseen = `${scorer.label} ${figure(stages.test)} on rows it never saw`;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (test < 0.02) {
    return { verdict: 'useless', sentence: `${unseen} is no better than predicting without any feature.` };
  }
  const shifted =
    stages.validation !== undefined && stages.testHigh !== undefined && stages.validation > stages.testHigh;
  if (shifted && validation! - test > SLIGHT) {
    return {
      verdict: 'shift',
      sentence:
        `${unseen} is worse than the ${figure(stages.validation!)} of validation promised, beyond chance: ` +
        'the test rows differ from the training rows, or choosing among models has flattered the validation score.',
    };
  }
  if (train === undefined) {
    return { verdict: 'unknown', sentence: `${unseen}; without a training score nothing can be said of over-fitting.` };
  }
  const both = `${figure(stages.train!)} on training rows against ${figure(stages.test)} on rows it never saw`;
  const gap = train - test;
  if (gap > CLEAR) {
    return {
      verdict: 'over-fit',
      sentence:
        `Over-fit: ${scorer.label} ${both}. ${percent(gap)} of what it seems to explain is memory of the training rows; ` +
        'more rows, fewer features or a stronger regularisation would help.',
    };
  }
  if (gap > SLIGHT) {
    return {
      verdict: 'slight-over-fit',
      sentence: `Slightly over-fit, within what is usual: ${scorer.label} ${both}.`,
    };
  }
  if (train < UNDER_FIT) {
    return {
      verdict: 'under-fit',
      sentence:
        `Under-fit: ${scorer.label} ${both}; both remove only ${percent(test)} of the baseline's shortfall, ` +
        'so a more flexible model or better features are worth a try.',
    };
  }
  return { verdict: 'good', sentence: `No over-fit: ${scorer.label} ${both}.` };
}

/** (score − baseline) / (best possible − baseline). */
function skill(scorer: Scorer, score: number, baseline: number): number {
  const best = scorer.name.startsWith('neg_') ? 0 : 1;
  return best === baseline ? Number.NaN : (score - baseline) / (best - baseline);
}

/** The score, on `scored`, of predicting the training target's mean or class shares for every row. */
export function baselineScore(scorer: Scorer, task: TaskKind, trainTarget: Float64Array, scored: Scored): number {
  const known = trainTarget.filter((value) => !Number.isNaN(value));
  const rows = scored.target.length;
  if (task !== 'classification') {
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return scorer.score({ ...scored, prediction: new Float64Array(rows).fill(mean) });
  }
  const classes = scored.probabilities?.length ?? highest(known, scored.target) + 1;
  const shares = new Float64Array(classes);
  for (const code of known) shares[code]! += 1 / known.length;
  const commonest = shares.indexOf(Math.max(...shares));
  return scorer.score({
    ...scored,
    prediction: new Float64Array(rows).fill(commonest),
    probabilities: Array.from(shares, (share) => new Float64Array(rows).fill(share)),
  });
}

function highest(...columns: readonly Float64Array[]): number {
  return columns.reduce((top, column) => column.reduce((best, value) => Math.max(best, value), top), 1);
}
