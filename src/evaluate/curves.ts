import type { Scored } from '../table/interfaces.js';
import { quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { normalQuantile } from './distributions.js';
import { classCount } from './metric.js';
import { CALIBRATION_BINS, calibrationBin, confidences } from './probability.js';
import { areaUnderRoc, averagePrecision, rank, walkRanking } from './ranking.js';

/** Curves and tables behind the pictures of an evaluation: plain data, thinned to what a picture can show. */

const MOST_POINTS = 200;

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** The lowest probability that counts as positive at this point. */
  readonly threshold: number;
}

export interface RankingCurves {
  readonly label: string;
  /** x: false-positive rate, y: true-positive rate. */
  readonly roc: readonly CurvePoint[];
  readonly area: number;
  /** x: recall, y: precision. */
  readonly precisionRecall: readonly CurvePoint[];
  readonly averagePrecision: number;
  /** x: share of rows taken from the top, y: share of the positives among them over the share in all (lift). */
  readonly lift: readonly CurvePoint[];
}

/** Two classes: one pair of curves, of the positive class. More: one a class, against the rest. */
export function rankingCurves(scored: Scored, classes: readonly string[]): RankingCurves[] {
  const wanted = classes.length === 2 ? [1] : classes.map((_, k) => k);
  return wanted.map((k) => {
    const scores = scored.probabilities![k]!;
    const ranking = rank(scores, (row) => scored.target[row] === k);
    const steps: { positives: number; negatives: number; threshold: number }[] = [];
    walkRanking(ranking, scored.weights, (positives, negatives, place) => {
      steps.push({ positives, negatives, threshold: scores[ranking.rows[place]!]! });
    });
    const last = steps.at(-1) ?? { positives: 0, negatives: 0 };
    const [all, none] = [last.positives, last.negatives];
    const start = { x: 0, y: 0, threshold: Number.MAX_VALUE };
    const roc = steps.map((step) => ({ x: step.negatives / none, y: step.positives / all, threshold: step.threshold }));
    const precisionRecall = steps.map(({ positives, negatives, threshold }) => ({
      x: positives / all,
      y: positives / (positives + negatives),
      threshold,
    }));
    const lift = steps.map(({ positives, negatives, threshold }) => ({
      x: (positives + negatives) / (all + none),
      y: (positives / (positives + negatives)) * ((all + none) / all),
      threshold,
    }));
    return {
      label: classes[k]!,
      roc: thin([start, ...roc]),
      area: areaUnderRoc(ranking, scored.weights),
      precisionRecall: thin(precisionRecall),
      averagePrecision: averagePrecision(ranking, scored.weights),
      lift: thin(lift),
    };
  });
}

/** Keeps the ends and an even choice of the points between, by their place. */
function thin<T>(points: readonly T[]): T[] {
  if (points.length <= MOST_POINTS) return [...points];
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => points[Math.round(i * step)]!);
}

export interface CalibrationPoint {
  /** Mean probability of the bin's rows. */
  readonly predicted: number;
  /** Share of them that came true. */
  readonly observed: number;
  readonly rows: number;
  /** Wilson interval of the observed share, 95 %. */
  readonly low: number;
  readonly high: number;
}

/** Ten bins of equal width of the positive class's probability (more classes: of the predicted one's); empty ones left out. */
export function calibrationCurve(scored: Scored): CalibrationPoint[] {
  const { confidence, right } = confidences(scored);
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ rows: 0, predicted: 0, observed: 0 }));
  for (let row = 0; row < confidence.length; row++) {
    const bin = bins[calibrationBin(confidence[row]!)]!;
    bin.rows++;
    bin.predicted += confidence[row]!;
    bin.observed += right[row]!;
  }
  return bins
    .filter((bin) => bin.rows > 0)
    .map(({ rows, predicted, observed }) => ({
      predicted: predicted / rows,
      observed: observed / rows,
      rows,
      ...wilson(observed, rows),
    }));
}

/** Interval of a share (Wilson 1927). */
export function wilson(successes: number, trials: number, level = 0.95): { low: number; high: number } {
  const z = normalQuantile(0.5 * (1 + level));
  const share = successes / trials;
  const divisor = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / divisor;
  const half = (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / divisor;
  // At the ends the formula gives 0 and 1, but for rounding.
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  };
}

export interface ResidualReport {
  /** Of target − prediction. */
  readonly mean: number;
  readonly standardDeviation: number;
  readonly quantiles: Readonly<Record<'p05' | 'p25' | 'p50' | 'p75' | 'p95', number>>;
  /** 30 bins of equal width between the 0.5 % and the 99.5 % quantile; the outer bins take in what lies beyond. */
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** An even choice of at most 1,000 rows, by prediction. */
  readonly points: readonly { readonly prediction: number; readonly residual: number }[];
  /** Twenty bins of equal rows by prediction: the residual's mean and middle half, to see bias and spread. */
  readonly byPrediction: readonly {
    readonly prediction: number;
    readonly mean: number;
    readonly p25: number;
    readonly p75: number;
    readonly rows: number;
  }[];
}

const HISTOGRAM_BINS = 30;
const PREDICTION_BINS = 20;
const MOST_RESIDUAL_POINTS = 1000;

/** Residuals, target − prediction, in the target's unit; both are finite, one a row. */
export function residualReport({ target, prediction }: Scored): ResidualReport {
  const residuals = target.map((value, row) => value - prediction[row]!);
  const sorted = sortedPresent(residuals);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / sorted.length;
  const at = (probability: number) => quantileOfSorted(sorted, probability);
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    quantiles: { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
    histogram: residualHistogram(sorted),
    ...residualsByPrediction(prediction, residuals),
  };
}

function residualHistogram(sorted: Float64Array): ResidualReport['histogram'] {
  const [low, high] = [quantileOfSorted(sorted, 0.005), quantileOfSorted(sorted, 0.995)];
  if (!(high > low)) return { edges: [low, high], counts: [sorted.length] };
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  const width = (high - low) / HISTOGRAM_BINS;
  for (const value of sorted) {
    counts[Math.min(HISTOGRAM_BINS - 1, Math.max(0, Math.floor((value - low) / width)))]!++;
  }
  return { edges: Array.from({ length: HISTOGRAM_BINS + 1 }, (_, i) => low + i * width), counts };
}

function residualsByPrediction(
  prediction: Float64Array,
  residuals: Float64Array,
): Pick<ResidualReport, 'points' | 'byPrediction'> {
  const order = Array.from(prediction, (_, row) => row).sort((a, b) => prediction[a]! - prediction[b]! || a - b);
  const taken = Math.min(order.length, MOST_RESIDUAL_POINTS);
  const points = Array.from({ length: taken }, (_, i) => {
    const row = order[Math.floor((i * order.length) / taken)]!;
    return { prediction: prediction[row]!, residual: residuals[row]! };
  });
  const bins = Math.max(1, Math.min(PREDICTION_BINS, Math.floor(order.length / 5)));
  const byPrediction = Array.from({ length: bins }, (_, bin) => {
    const rows = order.slice(Math.floor((bin * order.length) / bins), Math.floor(((bin + 1) * order.length) / bins));
    const inBin = Float64Array.from(rows, (row) => residuals[row]!).sort();
    return {
      prediction: rows.reduce((sum, row) => sum + prediction[row]!, 0) / rows.length,
      mean: inBin.reduce((sum, value) => sum + value, 0) / rows.length,
      p25: quantileOfSorted(inBin, 0.25),
      p75: quantileOfSorted(inBin, 0.75),
      rows: rows.length,
    };
  });
  return { points, byPrediction };
}

export interface ThresholdRow {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Share of rows called positive. */
  readonly positiveShare: number;
}

/** What calling a row positive from a probability on would mean, at 0.05 … 0.95. Two classes only. */
export function thresholdTable(scored: Scored): ThresholdRow[] {
  if (classCount(scored) !== 2 || !scored.probabilities) return [];
  const positive = scored.probabilities[1]!;
  const actual = scored.target.reduce((sum, value) => sum + value, 0);
  return Array.from({ length: 19 }, (_, i) => {
    const threshold = (i + 1) / 20;
    let [called, right] = [0, 0];
    for (let row = 0; row < positive.length; row++) {
      if (positive[row]! < threshold) continue;
      called++;
      right += scored.target[row]!;
    }
    return {
      threshold,
      precision: called === 0 ? 0 : right / called,
      recall: actual === 0 ? 0 : right / actual,
      f1: called + actual === 0 ? 0 : (2 * right) / (called + actual),
      positiveShare: called / positive.length,
    };
  });
}
