import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { readRegister, takeRows } from '../table/columns.js';
import type { Context, Model, Scored } from '../table/interfaces.js';
import { quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { isSupervised } from '../table/tasks.js';
import { type BootstrapOptions, type Interval, scoreIntervals } from './bootstrap.js';
import { f1Of, precisionOf, recallOf } from './classification.js';
import { calinskiHarabasz, daviesBouldin, silhouette } from './clustering.js';
import { classCounts, confusionMatrix } from './confusion.js';
import { lossMetrics, resolveMetrics, scoredOf } from './cross-validate.js';
import {
  type CalibrationPoint,
  calibrationCurve,
  type RankingCurves,
  type ResidualReport,
  rankingCurves,
  residualReport,
  type ThresholdRow,
  thresholdTable,
} from './curves.js';
import { baselineScore, type Diagnosis, diagnose } from './diagnosis.js';
import type { Scorer } from './metric.js';
import { knownRows, readTruth, takeScored, targetName } from './target.js';

/** The evaluation of one fitted model on rows it never saw, as plain data; pages are drawn from it elsewhere. */

export interface EvaluateOptions extends Context, BootstrapOptions {
  readonly target?: string;
  readonly metrics?: readonly (string | Scorer)[];
  /** The rows it learnt from: for the over-fitting verdict and the baseline. */
  readonly train?: Table;
  /** The validation or cross-validation score of the first metric. */
  readonly validationScore?: number;
  /** Columns whose values make slices: the metrics of each slice of 30 rows or more. */
  readonly slices?: readonly string[];
}

export interface MetricReport extends Interval {
  readonly metric: string;
  readonly label: string;
  readonly meaning: string;
  /** scikit-learn's sign: greater is better. */
  readonly score: number;
  /** As people read it, with the interval's ends likewise: an error is positive. */
  readonly value: number;
  readonly valueLow: number;
  readonly valueHigh: number;
}

export interface SliceReport {
  readonly column: string;
  /** A category, or a range of a number. */
  readonly value: string;
  readonly rows: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** The interval lies wholly below the score of all rows. */
  readonly worse: boolean;
}

export interface EvaluationReport {
  readonly estimator: string;
  readonly task: Model['task'];
  readonly target: string;
  readonly rows: number;
  /** Rows whose target is missing, or a class that the model was never shown. */
  readonly excludedRows: number;
  readonly metrics: readonly MetricReport[];
  /** Scores of the first metric at each stage. */
  readonly stages: {
    readonly metric: string;
    readonly train?: number;
    readonly validation?: number;
    readonly test: number;
    readonly baseline?: number;
  };
  readonly diagnosis: Diagnosis;
  readonly regression?: ResidualReport;
  readonly classification?: ClassificationReport;
  readonly slices: readonly SliceReport[];
}

export interface ClassificationReport {
  readonly classes: readonly string[];
  /** matrix[target][prediction], in rows. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly {
    readonly label: string;
    readonly rows: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  }[];
  readonly curves: readonly RankingCurves[];
  readonly calibration: readonly CalibrationPoint[];
  readonly thresholds: readonly ThresholdRow[];
}

const FEWEST_SLICE_ROWS = 30;
const NUMBER_SLICES = 4;
const MOST_CATEGORIES = 30;

/** Predicts the table and evaluates it. @throws LanewiseError `data` where no row has a target. */
export async function evaluateModel(
  model: Model,
  table: Table,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const target = targetName(table, options.target ?? model.target);
  const { rows, scored, excludedRows } = await scoreModel(model, table, target, options);
  const scorers = resolveMetrics(options.metrics ?? lossMetrics([model]), model.task, model.classes?.length);
  const intervals = await scoreIntervals(scorers, [scored], options);
  const stages = await stagesOf(model, scorers[0]!, scored, target, intervals[0]!.score, options);
  const { low: testLow, high: testHigh } = intervals[0]!;
  return {
    estimator: model.estimator,
    task: model.task,
    target,
    rows: rows.length,
    excludedRows,
    metrics: intervals.map((interval, index) => metricReport(scorers[index]!, interval)),
    stages,
    diagnosis: diagnose(scorers[0]!, { ...stages, testLow, testHigh }),
    ...(model.task === 'regression' && { regression: residualReport(scored) }),
    ...(model.task === 'classification' && { classification: classificationReport(scored, model.classes!) }),
    slices: await sliceReports(scorers[0]!, scored, takeRows(table, rows), options),
  };
}

/** A model's predictions beside the truth, for the rows that have one. */
export async function scoreModel(
  model: Model,
  table: Table,
  target: string,
  { engine, signal }: Context = {},
): Promise<{ rows: Uint32Array; scored: Scored; excludedRows: number }> {
  if (!isSupervised(model.task)) {
    const hint =
      model.task === 'clustering'
        ? 'Use evaluateClustering(model, table).'
        : 'Compare the scores with known anomalies.';
    throw new LanewiseError('unsupported', `A model of ${model.task} has no target to be scored against`, { hint });
  }
  if (model.targets) {
    throw new LanewiseError('unsupported', `Expected a model of one target but it has ${model.targets.length}`, {
      hint: 'Score the model of each: modelOfTarget(model, name).',
    });
  }
  const truth = readTruth(table, target, model.task, model.classes);
  const { known, unknown } = knownRows(truth);
  if (known.length === 0) {
    throw new LanewiseError('data', `Expected rows with a target to evaluate but none of ${table.numRows} has one`, {
      column: target,
    });
  }
  const predictions = await model.predict(takeRows(table, known), { engine, signal });
  return { rows: known, scored: scoredOf(truth, known, predictions), excludedRows: unknown.length };
}

async function stagesOf(
  model: Model,
  scorer: Scorer,
  scored: Scored,
  target: string,
  test: number,
  options: EvaluateOptions,
): Promise<EvaluationReport['stages']> {
  const stages = {
    metric: scorer.name,
    test,
    ...(options.validationScore !== undefined && { validation: options.validationScore }),
  };
  if (!options.train) return stages;
  const train = await scoreModel(model, options.train, target, options);
  return {
    ...stages,
    train: scorer.score(train.scored),
    baseline: baselineScore(scorer, model.task, train.scored.target, scored),
  };
}

function metricReport(scorer: Scorer, interval: Interval & { score: number }): MetricReport {
  const ends = [scorer.natural(interval.low), scorer.natural(interval.high)].sort((a, b) => a - b);
  return {
    metric: scorer.name,
    label: scorer.label,
    meaning: scorer.meaning,
    score: interval.score,
    low: interval.low,
    high: interval.high,
    level: interval.level,
    value: scorer.natural(interval.score),
    valueLow: ends[0]!,
    valueHigh: ends[1]!,
  };
}

export function classificationReport(scored: Scored, classes: readonly string[]): ClassificationReport {
  const confusion = confusionMatrix(scored, classes.length);
  return {
    classes,
    confusion: classes.map((_, k) =>
      Array.from(confusion.matrix.subarray(k * classes.length, (k + 1) * classes.length)),
    ),
    perClass: classCounts(confusion).map((counts, k) => ({
      label: classes[k]!,
      rows: counts.actual,
      precision: precisionOf(counts),
      recall: recallOf(counts),
      f1: f1Of(counts),
    })),
    curves: scored.probabilities ? rankingCurves(scored, classes) : [],
    calibration: scored.probabilities ? calibrationCurve(scored) : [],
    thresholds: thresholdTable(scored),
  };
}

async function sliceReports(
  scorer: Scorer,
  scored: Scored,
  table: Table,
  options: EvaluateOptions,
): Promise<SliceReport[]> {
  const reports: SliceReport[] = [];
  const all = scorer.score(scored);
  for (const column of options.slices ?? []) {
    for (const { value, rows } of slicesOf(table, column)) {
      if (rows.length < FEWEST_SLICE_ROWS) continue;
      const [interval] = await scoreIntervals([scorer], [takeScored(scored, rows)], options);
      const { score, low, high } = interval!;
      if (Number.isNaN(score)) continue;
      reports.push({ column, value, rows: rows.length, score, low, high, worse: high < all });
    }
  }
  return reports;
}

function slicesOf(table: Table, column: string): { value: string; rows: number[] }[] {
  const { values, labels, type } = readRegister(table, column);
  const names: string[] = [];
  let codeOf: (value: number) => number;
  if (type === 'category' || type === 'boolean') {
    names.push(...(labels ?? ['false', 'true']).slice(0, MOST_CATEGORIES));
    codeOf = (value) => value;
  } else {
    const sorted = sortedPresent(values);
    const inner = Array.from({ length: NUMBER_SLICES - 1 }, (_, i) =>
      quantileOfSorted(sorted, (i + 1) / NUMBER_SLICES),
    );
    const edges = [...new Set(inner)];
    const show = (edge: number) => (type === 'timestamp' ? new Date(edge).toISOString() : String(edge));
    names.push(...[...edges, Number.POSITIVE_INFINITY].map((edge, i) => rangeName(edges[i - 1], edge, show)));
    codeOf = (value) => edges.filter((edge) => edge < value).length;
  }
  names.push('(missing)');
  const rows: number[][] = names.map(() => []);
  values.forEach((value, row) => {
    rows[Number.isNaN(value) ? names.length - 1 : codeOf(value)]?.push(row);
  });
  return names.map((value, index) => ({ value, rows: rows[index]! }));
}

function rangeName(above: number | undefined, to: number, show: (edge: number) => string): string {
  if (above === undefined) return Number.isFinite(to) ? `≤ ${show(to)}` : 'all';
  return Number.isFinite(to) ? `> ${show(above)}, ≤ ${show(to)}` : `> ${show(above)}`;
}

export interface ClusteringReport {
  readonly estimator: string;
  readonly clusters: number;
  /** Rows that have a cluster and every numeric input: those that the figures are of. */
  readonly rows: number;
  /** Rows in no cluster (−1). The figures leave them out; `agreement` takes them for one more group, as scikit-learn does. */
  readonly noise: number;
  readonly sizes: readonly number[];
  /** −1 … 1, higher is better; on at most 2,000 rows. */
  readonly silhouette: number;
  /** ≥ 0, lower is better. */
  readonly daviesBouldin: number;
  /** Higher is better. */
  readonly calinskiHarabasz: number;
  /** Against known groups, where a target is named. */
  readonly agreement?: Readonly<Record<string, number>>;
}

/**
 * Clusters on the model's numeric inputs, standardised, over the rows that have them all and a cluster.
 * @throws LanewiseError `usage` where there are fewer than two clusters
 */
export async function evaluateClustering(
  model: Model,
  table: Table,
  options: Context & { readonly target?: string } = {},
): Promise<ClusteringReport> {
  const predictions = await model.predict(table, options);
  const labels = readRegister(predictions, 'prediction').values;
  const numeric = model.program.inputs.filter((input) => input.type === 'number');
  const raw = numeric.map((input) => readRegister(table, input.name).values);
  const complete = Uint32Array.from({ length: table.numRows }, (_, row) => row).filter(
    (row) => labels[row]! >= 0 && raw.every((column) => Number.isFinite(column[row])),
  );
  const columns = raw.map((column) => standardize(Float64Array.from(complete, (row) => column[row]!)));
  const own = Float64Array.from(complete, (row) => labels[row]!);
  const sizes: number[] = [];
  for (const label of own) sizes[label] = (sizes[label] ?? 0) + 1;
  return {
    estimator: model.estimator,
    clusters: sizes.filter((size) => size > 0).length,
    rows: complete.length,
    noise: labels.reduce((noise, label) => noise + (label < 0 ? 1 : 0), 0),
    sizes: Array.from(sizes, (size) => size ?? 0),
    silhouette: silhouette(columns, own, { seed: options.seed }),
    daviesBouldin: daviesBouldin(columns, own),
    calinskiHarabasz: calinskiHarabasz(columns, own),
    ...(options.target !== undefined && { agreement: agreementWith(table, options.target, labels) }),
  };
}

function agreementWith(table: Table, target: string, labels: Float64Array): Record<string, number> {
  const truth = readTruth(table, target, 'classification');
  const { known } = knownRows(truth);
  const scored = {
    target: Float64Array.from(known, (row) => truth.values[row]!),
    prediction: Float64Array.from(known, (row) => labels[row]!),
  };
  return Object.fromEntries(
    resolveMetrics(undefined, 'clustering').map((scorer) => [scorer.name, scorer.score(scored)]),
  );
}

function standardize(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length;
  const scale = variance > 0 ? Math.sqrt(variance) : 1;
  return values.map((value) => (value - mean) / scale);
}
