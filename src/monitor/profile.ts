import type { Table } from 'apache-arrow';
import { type Interval, scoreIntervals } from '../evaluate/bootstrap.js';
import { baselineScore } from '../evaluate/diagnosis.js';
import type { Scorer } from '../evaluate/metric.js';
import { metricNamed, primaryMetric } from '../evaluate/metrics.js';
import { scoreModel } from '../evaluate/report.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { Context, Model } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { binCounts, PSI_BINS, quantileEdges } from './population-stability.js';
import { type QuantileSummary, summarizeQuantiles } from './quantile-summary.js';

/**
 * What later data is compared with: aggregates of the training rows, never rows. Plain data, made at deployment and kept
 * in the artefact.
 */
export interface ReferenceProfile {
  readonly version: 1;
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
  readonly target?: ColumnProfile;
  readonly prediction?: ColumnProfile;
  readonly error?: ErrorReference;
}

export type ColumnProfile = NumberProfile | CategoryProfile;

interface ProfileBase {
  readonly name: string;
  readonly rows: number;
  /** Share of rows without a value. */
  readonly missing: number;
}

export interface NumberProfile extends ProfileBase {
  readonly kind: 'number';
  readonly mean: number;
  readonly standardDeviation: number;
  readonly min: number;
  readonly max: number;
  /** Inner edges of the bins of equal rows, and the rows of each bin. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly summary: QuantileSummary;
}

export interface CategoryProfile extends ProfileBase {
  readonly kind: 'category';
  /** The most frequent first; the rest is `otherCount`. */
  readonly labels: readonly string[];
  readonly counts: readonly number[];
  readonly otherCount: number;
  /** Labels beyond those listed: all of them are known, whatever their count. */
  readonly otherLabels: number;
}

/** How wrong the model was on rows it never saw, when it was deployed. */
export interface ErrorReference extends Interval {
  readonly metric: string;
  /** scikit-learn's sign. */
  readonly score: number;
  /** The score of predicting without features. */
  readonly baseline: number;
  readonly rows: number;
}

export interface ReferenceOptions extends Context {
  readonly target?: string;
  /** Default: the columns with the role `feature` (timestamps, which always move on, are left out). */
  readonly columns?: readonly string[];
  readonly model?: Model;
  /** Rows that the model never saw (the test rows): predictions and error are taken from them. */
  readonly heldOut?: Table;
  readonly metric?: string | Scorer;
  readonly resamples?: number;
}

const MOST_LABELS = 200;
/** Fewer rows may rise by chance. */
const FEWEST_RUNNING = 20;

/** Profiles the training rows and, given a model, its predictions and its error on held-out rows. */
export async function buildReference(table: Table, options: ReferenceOptions = {}): Promise<ReferenceProfile> {
  const { model, heldOut } = options;
  const target = options.target ?? model?.target;
  const names = options.columns ?? driftColumns(table, target);
  return {
    version: 1,
    rows: table.numRows,
    columns: names.map((name) => profileColumn(readRegister(table, name))),
    ...(target !== undefined && { target: profileTarget(table, target, model) }),
    ...(model && { prediction: await profilePredictions(model, heldOut ?? table, options) }),
    ...(model &&
      heldOut &&
      target !== undefined && { error: await referenceError(model, table, heldOut, target, options) }),
  };
}

/**
 * Columns whose drift is watched where none are named: not timestamps and running numbers, which always move on, nor
 * texts that are their rows' own (names, identifiers), which have no distribution and do not belong into a profile.
 */
export function driftColumns(table: Table, target?: string): string[] {
  return columnsOf(table)
    .filter(({ name, role, kind }) => role === 'feature' && kind !== 'timestamp' && name !== target)
    .filter(({ name }) => {
      const column = readRegister(table, name);
      return !isIdentifying(column) && !isRunningNumber(column);
    })
    .map(({ name }) => name);
}

/** Most of the labels stand in one row only. */
function isIdentifying({ values, labels }: RegisterColumn): boolean {
  if (!labels) return false;
  const counts = labelCounts(values, labels.length).filter((count) => count > 0);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return counts.length > 20 && counts.length > 0.5 * rows;
}

/** Classes of a numeric target are categories: 0 and 1 have no distance. */
function profileTarget(table: Table, target: string, model: Model | undefined): ColumnProfile {
  const column = readRegister(table, target);
  return profileColumn(model?.task === 'classification' ? asCategory(column) : column);
}

/** A column of numbers or booleans as categories. */
export function asCategory(column: RegisterColumn): RegisterColumn {
  if (column.type === 'category') return column;
  const distinct = [...new Set(column.values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const codes = new Map(distinct.map((value, code) => [value, code]));
  const text = (value: number) => (column.type === 'boolean' ? String(value === 1) : String(value));
  return {
    ...column,
    type: 'category',
    kind: 'categorical',
    labels: distinct.map(text),
    values: column.values.map((value) => codes.get(value) ?? Number.NaN),
  };
}

/** Whole numbers that only ever rise from row to row. */
function isRunningNumber({ type, values }: RegisterColumn): boolean {
  if (type !== 'number' || values.length < FEWEST_RUNNING) return false;
  return values.every((value, row) => Number.isInteger(value) && (row === 0 || value > values[row - 1]!));
}

async function profilePredictions(model: Model, table: Table, options: ReferenceOptions): Promise<ColumnProfile> {
  return profileColumn(await predictionColumn(model, table, options));
}

/** What prediction drift looks at: the number predicted, the positive class's probability, or the predicted class. */
export async function predictionColumn(model: Model, table: Table, context: Context): Promise<RegisterColumn> {
  const predictions = await model.predict(table, { engine: context.engine, signal: context.signal });
  if (model.classes?.length === 2) {
    return { ...readRegister(predictions, `probability_${model.classes[1]}`), name: 'prediction' };
  }
  return readRegister(predictions, 'prediction', model.classes);
}

async function referenceError(
  model: Model,
  train: Table,
  heldOut: Table,
  target: string,
  options: ReferenceOptions,
): Promise<ErrorReference> {
  const scorer = scorerOf(model, options.metric);
  const { scored } = await scoreModel(model, heldOut, target, options);
  const [interval] = await scoreIntervals([scorer], [scored], options);
  const trained = await scoreModel(model, train, target, options);
  return {
    metric: scorer.name,
    score: interval!.score,
    low: interval!.low,
    high: interval!.high,
    level: interval!.level,
    baseline: baselineScore(scorer, model.task, trained.scored.target, scored),
    rows: scored.target.length,
  };
}

/** The metric asked for, else the one that ranks models of this task. @throws LanewiseError `usage` with the nearest name. */
export function scorerOf(model: Model, metric: string | Scorer | undefined): Scorer {
  if (metric === undefined) return primaryMetric(model.task, model.classes?.length);
  return typeof metric === 'string' ? metricNamed(metric, model.task) : metric;
}

/** A column as drift is measured against it: counts of labels (also of false and true), or bins and quantiles of numbers. */
export function profileColumn(column: RegisterColumn): ColumnProfile {
  if (column.type === 'category') return profileCategories(column);
  if (column.type === 'boolean') return profileCategories(asCategory(column));
  return profileNumbers(column);
}

function profileNumbers({ name, values }: RegisterColumn): NumberProfile {
  const known = values.filter((value) => !Number.isNaN(value));
  const finite = known.filter(Number.isFinite);
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const variance = finite.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / finite.length;
  const edges = profileEdges(known);
  const range = finite.reduce(
    ([low, high], value) => [Math.min(low!, value), Math.max(high!, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return {
    kind: 'number',
    name,
    rows: values.length,
    missing: shareMissing(values),
    // A column without a single number has no moments; 0 keeps the profile plain JSON.
    mean: finite.length > 0 ? mean : 0,
    standardDeviation: finite.length > 0 ? Math.sqrt(variance) : 0,
    min: finite.length > 0 ? range[0]! : 0,
    max: finite.length > 0 ? range[1]! : 0,
    edges,
    counts: binCounts(known, edges),
    summary: summarizeQuantiles(finite),
  };
}

/** Quantiles; a column of few distinct values (0 and 1, months) gets a bin for each of them. */
function profileEdges(values: Float64Array): number[] {
  const distinct = new Set<number>();
  for (const value of values) {
    distinct.add(value);
    if (distinct.size > PSI_BINS) return quantileEdges(values);
  }
  return [...distinct].sort((a, b) => a - b).slice(1);
}

function profileCategories({ name, values, labels = [] }: RegisterColumn): CategoryProfile {
  const counts = labelCounts(values, labels.length);
  const order = labels.map((_, code) => code).filter((code) => counts[code]! > 0);
  order.sort((a, b) => counts[b]! - counts[a]! || a - b);
  const rest = order.slice(MOST_LABELS);
  return {
    kind: 'category',
    name,
    rows: values.length,
    missing: shareMissing(values),
    labels: order.slice(0, MOST_LABELS).map((code) => labels[code]!),
    counts: order.slice(0, MOST_LABELS).map((code) => counts[code]!),
    otherCount: rest.reduce((sum, code) => sum + counts[code]!, 0),
    otherLabels: rest.length,
  };
}

function labelCounts(values: Float64Array, labels: number): number[] {
  const counts = new Array<number>(labels).fill(0);
  for (const code of values) if (code < labels) counts[code]!++;
  return counts;
}

/** In [0, 1]; 0 of no rows. */
export function shareMissing(values: Float64Array): number {
  if (values.length === 0) return 0;
  return values.reduce((count, value) => count + Number(Number.isNaN(value)), 0) / values.length;
}
